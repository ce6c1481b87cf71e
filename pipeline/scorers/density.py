"""Density: how far the nearest rows of a row's own cluster are [CB]."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from pipeline.errors import ConfigError
from pipeline.nearest import in_rows, smallest
from pipeline.progress import track
from pipeline.scorers import Scorer, Verdicts

if TYPE_CHECKING:
    from pipeline.arrays import Space
    from pipeline.executors import Executor

BLOCK = 1024


@dataclass(kw_only=True)
class Density(Scorer):
    """Mean Euclidean distance to the k nearest rows of the same cluster: large where rows are sparse.

    It looks at no other cluster, so it says nothing of decision surfaces (METHOD, section 4).

    Parameters
    ----------
    k : int
        Nearest rows; cut to the others of the cluster where it has fewer.
    """

    version: ClassVar[int] = 2  # nearest rows found otherwise, to the seventh digit
    k: int = 100

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ConfigError(f"scorers.density.k is {self.k}; expected 1 or more; mend it.")

    def score(self, space: Space, executor: Executor) -> Verdicts:
        values = np.full(len(space), np.nan, np.float32)
        members = space.bins.members
        found = executor.map(partial(_cluster_distance, space.embeddings.vectors, self.k), members)
        sizes = space.bins.sizes.tolist()
        for rows, distance in zip(members, track(found, "density", "rows", total=len(space), step=sizes), strict=True):
            values[rows] = distance
        alone = int(np.isnan(values).sum())
        return values, {"alone in its cluster": alone} if alone else {}


def _cluster_distance(vectors: np.ndarray, k: int, rows: np.ndarray) -> np.ndarray:
    if len(rows) == 1:
        return np.array([np.nan])
    return mean_distance(vectors[rows], k)


def mean_distance(points: np.ndarray, k: int) -> np.ndarray:
    """Mean Euclidean distance of each point to its k nearest others (arXiv 2509.19856, section 3).

    Parameters
    ----------
    points : float[m, d]
        float32 is measured by products; float64 (raw tables) by differences once the nearest are known, so that equal
        distances come out equal.
    k : int
        Cut to m - 1.

    Returns
    -------
    float64[m]
        Zeros for a single point.
    """
    return distances_of(points, np.arange(len(points)), k)


def distances_of(points: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
    """As `mean_distance`, of some of the points to their nearest among all: float64[r]."""
    k = min(k, len(points) - 1)
    if k == 0 or not len(rows):
        return np.zeros(len(rows))
    exact = points.dtype == np.float64
    centred = points - points.mean(axis=0) if exact else points  # cancellation is least around the mean
    squares = np.einsum("ij,ij->i", centred, centred)
    blocks = [rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK)]
    return np.concatenate([_of_block(points, centred, squares, k, block) for block in blocks])


def _of_block(points: np.ndarray, centred: np.ndarray, squares: np.ndarray, k: int, rows: np.ndarray) -> np.ndarray:
    square = centred[rows] @ centred.T
    square *= -2
    square += squares[rows, None]
    square += squares
    square[np.arange(len(rows)), rows] = np.inf
    if points is not centred:  # exact: by differences
        near = np.argpartition(square, k - 1, axis=1)[:, :k]
        for number, (row, others) in enumerate(zip(rows, near, strict=True)):
            square[number, :k] = ((points[others] - points[row]) ** 2).sum(axis=1)
        nearest = square[:, :k]
    else:
        row, column = smallest(square, k)
        nearest = np.partition(in_rows(square[row, column], row, len(rows), np.inf), k - 1, axis=1)[:, :k]
    nearest = np.sort(nearest, axis=1)  # so that the order of addition is that of the distances
    return np.sqrt(np.maximum(nearest, 0), dtype=np.float64).mean(axis=1)
