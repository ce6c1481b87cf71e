"""Work that goes on where it was stopped: files that appear when they are complete, made by several processes."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from pipeline.progress import track


def once(path: Path, make: Callable[[Path], None]) -> None:
    """Make a file that appears when it is complete, unless it is there."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.draft")
        make(draft)
        os.replace(draft, path)


def each(
    work: Callable[[Any, dict[str, Any]], None], tasks: list[Any], chosen: dict[str, Any], what: str, unit: str
) -> None:
    """Do tasks, in ``chosen["workers"]`` processes where that is more than one; each finds itself what is done."""
    if chosen["workers"] == 1:
        for task in track(tasks, what, unit, total=len(tasks)):
            work(task, chosen)
        return
    with ProcessPoolExecutor(chosen["workers"], get_context("spawn"), start_worker, (chosen["workers"],)) as pool:
        jobs = [pool.submit(work, task, chosen) for task in tasks]
        try:
            for job in track(as_completed(jobs), what, unit, total=len(jobs)):
                job.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)  # the queue would run on for hours before the error is seen
            raise


def start_worker(workers: int) -> None:
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
