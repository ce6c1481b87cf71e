"""What is measured of rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CORE, BOUNDARY, OUTLIER = 0, 1, 2
REGIONS = ("core", "boundary", "outlier")


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
        CORE, BOUNDARY or OUTLIER.
    nearness : float32[n]
        Boundary rank b in [0, 1]; 1 is the row of its cluster nearest to a decision surface.
    """

    columns: dict[str, np.ndarray]
    nulls: dict[str, dict[str, int]]
    region: np.ndarray
    nearness: np.ndarray
