"""What bins get that the cut left too thin."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pipeline.arrays.saved import require


@dataclass(frozen=True)
class TopUp:
    """What is done for thin bins, beyond the budget.

    Attributes
    ----------
    rows : int64[m]
        Dropped rows that come back.
    bin : int32[n]
        Of each distinct row.
    name : str[b]
    kept : int64[b]
        Rows that the cut kept.
    target : int64[b]
        Rows that a bin should have; never fewer than it keeps.
    returned : int64[b]
        How many of ``rows`` are of a bin.
    written : int64[b]
        Rows that a language model added.
    weight : float64[b]
        What each of its kept rows weighs in training; 1 for bins that are not thin.
    """

    rows: np.ndarray
    bin: np.ndarray
    name: np.ndarray
    kept: np.ndarray
    target: np.ndarray
    returned: np.ndarray
    written: np.ndarray
    weight: np.ndarray

    def __post_init__(self) -> None:
        require(bool((self.target >= self.kept + self.returned).all()), "no bin gets more than its target")
        require(bool((self.weight >= 1).all()), "weights of 1 or more")

    @property
    def short(self) -> np.ndarray:
        """int64[b]: rows that are still lacking."""
        return np.maximum(self.target - self.kept - self.returned - self.written, 0)

    def with_written(self, written: np.ndarray, weight: np.ndarray, most: float) -> TopUp:
        """The same with rows that a model added, int64[b], that weigh float64[b]; real rows weigh the rest."""
        real = self.kept + self.returned
        return replace(self, written=written, weight=np.clip((self.target - weight) / np.maximum(real, 1), 1.0, most))

    def weights(self, rows: np.ndarray) -> np.ndarray:
        """float64[m]: of kept rows, int64[m]."""
        return self.weight[self.bin[rows]]
