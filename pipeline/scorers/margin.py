"""Margin: signed distance to the nearest decision surface between clusters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from pipeline.progress import track
from pipeline.scorers import Scorer, Verdicts

if TYPE_CHECKING:
    from pipeline.arrays import Space
    from pipeline.executors import Executor

BLOCK = 2048  # rows of one product
ALL = 256  # clusters: up to so many, all are rivals of each other
SAME = 1e-3  # means closer than this, which is the noise of a float32 product, have no surface between them


@dataclass(kw_only=True)
class Margin(Scorer):
    """Leave-one-out distance to the nearest bisector of spherical clusters (METHOD, section 4).

    Small is near a surface, negative is on its wrong side. Rivals are clusters of all categories: all of up to 256, of
    more the 128 whose centroids are nearest to that of the row's own.
    """

    version: ClassVar[int] = 2  # of many clusters, only near ones are rivals

    def score(self, space: Space, executor: Executor) -> Verdicts:
        bins, vectors = space.bins, space.embeddings.vectors
        everyone = np.arange(len(bins.sizes))
        tasks = (
            (rows, number, np.delete(everyone, number) if len(everyone) <= ALL else bins.nearby[number])
            for number, rows in enumerate(bins.members)
        )
        found = executor.map(partial(_margins, vectors, bins.centroids, bins.sums), tasks)
        values = np.empty(len(vectors), np.float32)
        steps = bins.sizes.tolist()
        for rows, margin in zip(bins.members, track(found, "margin", "rows", len(vectors), steps), strict=True):
            values[rows] = margin
        blank, lonely = space.embeddings.blank, bins.sizes[bins.cluster] == 1
        nulls = {
            "no known term in its text": int((np.isnan(values) & blank).sum()),
            "alone in its cluster": int((np.isnan(values) & lonely & ~blank).sum()),
            "no surface to another cluster": int((np.isnan(values) & ~lonely & ~blank).sum()),
        }
        return values, {reason: count for reason, count in nulls.items() if count}


def _margins(
    vectors: np.ndarray, centroids: np.ndarray, sums: np.ndarray, task: tuple[np.ndarray, int, np.ndarray]
) -> np.ndarray:
    """min over r of x.(mu_o' - mu_r) / |mu_o' - mu_r| for rows x of cluster o: float64[m].

    mu_o' = normalise(s_o - x). Nothing of the size of the rivals times d is formed: with t = |s_o - x|,
    mu_o'.mu_r = (s_o.mu_r - x.mu_r) / t, and |mu_o' - mu_r|^2 = 2 - 2 mu_o'.mu_r for unit means.

    Parameters
    ----------
    vectors : float32[n, d]
    centroids : float32[k, d]
    sums : float64[k, d]
    task : (int64[m], int, int64[r])
        All rows of a cluster, its number, and its rivals.
    """
    rows, own, rivals = task
    if len(rows) == 1:
        return np.array([np.nan])
    total, rival = sums[own], centroids[rivals]
    rival = rival[rival.any(axis=1)]  # one whose rows cancel out points nowhere
    to_total = total @ rival.T
    nearest = np.full(len(rows), np.nan)
    for start in range(0, len(rows), BLOCK):
        x = vectors[rows[start : start + BLOCK]]
        length = np.einsum("ij,ij->i", x, x, dtype=np.float64)  # 1, or 0 for a blank row
        to_sum = np.einsum("ij,j->i", x, total, dtype=np.float64)
        rest = np.sqrt(np.maximum(total @ total - 2 * to_sum + length, 0))
        known = (rest > SAME) & (length > 0)
        rest = np.where(known, rest, 1)
        to_rivals = (x @ rival.T).astype(np.float64)
        gap = np.sqrt(np.maximum(2 - 2 * (to_total - to_rivals) / rest[:, None], 0))
        margin = (((to_sum - length) / rest)[:, None] - to_rivals) / np.maximum(gap, SAME)
        margin[gap < SAME] = np.inf
        least = margin.min(axis=1, initial=np.inf)
        nearest[start : start + BLOCK] = np.where(known & np.isfinite(least), least, np.nan)
    return nearest
