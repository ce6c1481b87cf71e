"""What is measured of each row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.component import Component

if TYPE_CHECKING:
    from pipeline.arrays import Space
    from pipeline.executors import Executor

Verdicts = tuple[np.ndarray, dict[str, int]]


@dataclass(kw_only=True)
class Scorer(Component):
    """Gives every row a number, or no verdict and a reason for it."""

    def score(self, space: Space, executor: Executor) -> Verdicts:
        """float32[n] with NaN for no verdict, and how many rows had none for which reason."""
        raise NotImplementedError
