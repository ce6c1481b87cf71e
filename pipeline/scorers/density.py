"""Density: how far the nearest rows of a row's own cluster are [CB]."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from pipeline.errors import ConfigError
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
        float32 is taken to be unit rows and measured by one product; float64 (raw tables) is measured by
        differences once the nearest are known, so that equal distances come out equal.
    k : int
        Cut to m - 1.

    Returns
    -------
    float64[m]
        Zeros for a single point.
    """
    k = min(k, len(points) - 1)
    if k == 0:
        return np.zeros(len(points))
    result = np.empty(len(points))
    exact = points.dtype == np.float64
    centred = points - points.mean(axis=0) if exact else points  # cancellation is least around the mean
    squares = np.einsum("ij,ij->i", centred, centred)
    for start in range(0, len(points), BLOCK):
        here = np.arange(start, min(start + BLOCK, len(points)))
        square = squares[here, None] + squares[None, :] - 2 * (centred[here] @ centred.T)
        square[np.arange(len(here)), here] = np.inf
        if exact:
            near = np.argpartition(square, k - 1, axis=1)[:, :k]
            for row, others in zip(here, near, strict=True):
                square[row - start, :k] = ((points[others] - points[row]) ** 2).sum(axis=1)
            nearest = np.sort(square[:, :k], axis=1)
        else:
            nearest = np.partition(square, k - 1, axis=1)[:, :k]
            nearest.sort(axis=1)
        result[here] = np.sqrt(np.maximum(nearest, 0), dtype=np.float64).mean(axis=1)
    return result
