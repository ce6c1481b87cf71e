"""How many rows a bin should have."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

FACTORS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5)  # of what a bin lacks, which are tried


def by_size(kept: np.ndarray, power: float) -> np.ndarray:
    """T_c = max(n_c, B n_c^a / sum n^a), to the row (METHOD, section 7).

    Parameters
    ----------
    kept : int64[b]
        n_c, rows that a bin keeps; B is their sum. A bin that keeps none has a target of none, but for ``power`` 0.
    power : float
        a, from 0 (all bins alike) to 1 (as they are).

    Returns
    -------
    int64[b]
    """
    return _least(kept, np.where(kept > 0, kept.astype(np.float64) ** power, 0.0 if power else 1.0))


def by_share(kept: np.ndarray, names: np.ndarray, shares: Mapping[str, float]) -> np.ndarray:
    """T_c = max(n_c, B s_c / sum s): what a bin's share asks for, to the row; bins without a share keep what they have.

    Parameters
    ----------
    kept : int64[b]
    names : str[b]
    shares : mapping of str to float

    Returns
    -------
    int64[b]
    """
    return _least(kept, np.array([shares.get(str(name), 0.0) for name in names]))


def _least(kept: np.ndarray, part: np.ndarray) -> np.ndarray:
    due = np.floor(kept.sum() * part / max(part.sum(), 1e-300) + 0.5)
    return np.maximum(kept, due.astype(np.int64))
