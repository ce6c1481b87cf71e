"""Margin: signed distance to the nearest decision surface between clusters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from pipeline.progress import track
from pipeline.scorers import Scorer, Verdicts

if TYPE_CHECKING:
    from pipeline.arrays import Space
    from pipeline.executors import Executor

BLOCK = 2048
SAME = 1e-3  # means closer than this, which is the noise of a float32 product, have no surface between them


@dataclass(kw_only=True)
class Margin(Scorer):
    """Leave-one-out distance to the nearest bisector of spherical clusters (METHOD, section 4).

    Small is near a surface, negative is on its wrong side. Rivals are all clusters, across categories.
    """

    def score(self, space: Space, executor: Executor) -> Verdicts:
        bins, vectors = space.bins, space.embeddings.vectors
        blocks = [(start, min(start + BLOCK, len(vectors))) for start in range(0, len(vectors), BLOCK)]
        work = partial(_margins, vectors, bins.centroids, bins.sums, bins.cluster, bins.sizes)
        steps = [stop - start for start, stop in blocks]
        found = track(executor.map(work, blocks), "margin", "rows", total=len(vectors), step=steps)
        values = np.concatenate(list(found)).astype(np.float32)
        blank, lonely = space.embeddings.blank, bins.sizes[bins.cluster] == 1
        nulls = {
            "no known term in its text": int((np.isnan(values) & blank).sum()),
            "alone in its cluster": int((np.isnan(values) & lonely & ~blank).sum()),
            "no surface to another cluster": int((np.isnan(values) & ~lonely & ~blank).sum()),
        }
        return values, {reason: count for reason, count in nulls.items() if count}


def _margins(
    vectors: np.ndarray,
    centroids: np.ndarray,
    sums: np.ndarray,
    cluster: np.ndarray,
    sizes: np.ndarray,
    block: tuple[int, int],
) -> np.ndarray:
    """min over r != o of x.(mu_o' - mu_r) / |mu_o' - mu_r|, with mu_o' = normalise(s_o - x): float64[b].

    Nothing of the size of the rivals times d is formed: with t = |s_o - x|,
    mu_o'.mu_r = (s_o.mu_r - x.mu_r) / t, and |mu_o' - mu_r|^2 = 2 - 2 mu_o'.mu_r for unit means.
    """
    x = vectors[slice(*block)]
    own = cluster[slice(*block)]
    rows = np.arange(len(x))
    length = np.einsum("ij,ij->i", x, x, dtype=np.float64)  # 1, or 0 for a blank row
    to_sum = np.einsum("ij,ij->i", x, sums[own], dtype=np.float64)
    square = np.einsum("ij,ij->i", sums[own], sums[own], dtype=np.float64) - 2 * to_sum + length
    rest = np.sqrt(np.maximum(square, 0))
    known = (sizes[own] > 1) & (rest > SAME) & (length > 0)
    rest = np.where(known, rest, 1)

    used, position = np.unique(own, return_inverse=True)
    to_rivals = (x @ centroids.T).astype(np.float64)
    own_to_rivals = ((sums[used] @ centroids.T.astype(np.float64))[position] - to_rivals) / rest[:, None]
    gap = np.sqrt(np.maximum(2 - 2 * own_to_rivals, 0))
    own_part = (to_sum - length) / rest
    with np.errstate(divide="ignore", invalid="ignore"):
        margin = (own_part[:, None] - to_rivals) / gap
    margin[gap < SAME] = np.inf
    margin[:, ~centroids.any(axis=1)] = np.inf  # a cluster whose rows cancel out points nowhere
    margin[rows, own] = np.inf
    nearest = margin.min(axis=1)
    nearest[~known | ~np.isfinite(nearest)] = np.nan
    return nearest
