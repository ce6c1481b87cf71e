"""The smallest distances of each row, without sorting the others."""

from __future__ import annotations

import numpy as np

DEPTH = 16  # of groups of columns, whose minima tell how large the k-th smallest may be


def smallest(distance: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Where at least the k smallest of each row are: rows int64[s], ascending, and columns int64[s].

    The k-th smallest of the minima of groups of columns is no smaller than the k-th smallest of all, and hardly larger;
    finding it takes a fraction of the time of a partition, and all that is no larger is taken.

    Parameters
    ----------
    distance : float[b, c]
        Ties with the k-th smallest are all taken.
    k : int
        From 1.
    """
    rows, width = distance.shape
    depth = min(DEPTH, width // (4 * k))
    if depth < 2:
        return np.divmod(np.arange(distance.size), width)
    grouped = width // depth * depth
    minima = distance[:, :grouped].reshape(rows, depth, -1).min(axis=1)
    minima = np.concatenate([minima, distance[:, grouped:]], axis=1)
    limit = np.partition(minima, k - 1, axis=1)[:, k - 1, None]
    return np.divmod(np.flatnonzero(distance <= limit), width)


def nearest_first(distance: np.ndarray, k: int) -> np.ndarray:
    """Columns of the k smallest of each row, smallest first, equal ones by column: int64[b, k].

    Parameters
    ----------
    distance : float[b, c]
    k : int
        Up to c.
    """
    if k == 0:
        return np.empty((len(distance), 0), np.int64)
    row, column = smallest(distance, k)
    order = np.lexsort((column, distance[row, column], row))
    return in_rows(column[order], row, len(distance), -1)[:, :k]


def in_rows(values: np.ndarray, row: np.ndarray, rows: int, fill: float) -> np.ndarray:
    """Values of each row side by side, [rows, most]; ``row`` is ascending."""
    many = np.bincount(row, minlength=rows)
    found = np.full((rows, int(many.max(initial=0))), fill, values.dtype)
    found[row, np.arange(len(row)) - np.repeat(np.cumsum(many) - many, many)] = values
    return found
