"""What is measured of rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CORE, BOUNDARY, OUTLIER, GARBAGE = 0, 1, 2, 3
REGIONS = ("core", "boundary", "outlier", "garbage")


@dataclass(frozen=True)
class Scores:
    """What is known of each row.

    Attributes
    ----------
    columns : dict of str to float32[n]
        One per scorer; NaN where it gave no verdict.
    nulls : dict of str to dict of str to int
        For each scorer, reasons for no verdict and how many rows have them.
    region : uint8[n]
        CORE, BOUNDARY, or set aside by the noise guard: OUTLIER, GARBAGE.
    nearness : float32[n]
        Boundary rank b in [0, 1]; 1 is the row of its cluster nearest to a decision surface.
    """

    columns: dict[str, np.ndarray]
    nulls: dict[str, dict[str, int]]
    region: np.ndarray
    nearness: np.ndarray

    @property
    def aside(self) -> np.ndarray:
        """bool[n]: rows that the noise guard sets aside, to be ordered last."""
        return self.region >= OUTLIER
