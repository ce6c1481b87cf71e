"""What a process that trains does first."""

from __future__ import annotations

import logging
import os


def start(workers: int) -> None:
    """Take a fair share of the cores, and be quiet."""
    import torch

    torch.set_num_threads(max(1, (os.cpu_count() or 1) // workers))
    hush()


def hush() -> None:
    """The libraries' own bars and remarks, of which there would be several for every model."""
    import datasets
    from transformers.utils import logging as transformers_logging

    logging.disable(logging.WARNING)
    datasets.disable_progress_bars()
    transformers_logging.disable_progress_bar()
