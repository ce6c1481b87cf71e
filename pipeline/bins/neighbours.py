"""Nearest neighbours, searched in a row's own cluster and the clusters nearest to it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays import Bins, Embeddings, Neighbours
from pipeline.component import Component
from pipeline.errors import ConfigError
from pipeline.nearest import in_rows, smallest
from pipeline.progress import track

if TYPE_CHECKING:
    from pipeline.executors import Executor

BLOCK = 1024  # rows of one product
WIDE = 4096  # candidates of one product
NOBODY = np.int64(np.float32(np.inf).view(np.int32)) << 32  # farther than anyone
SAMPLE = 500  # rows on which recall is measured


@dataclass(kw_only=True)
class NeighbourSearch(Component):
    """Exact search in nearby clusters; what that misses is measured, not guessed.

    Parameters
    ----------
    m : int
        Neighbours of a row.
    nearby : int
        Clusters searched besides the row's own.
    """

    m: int = 16
    nearby: int = 8

    def __post_init__(self) -> None:
        if self.m < 1:
            raise ConfigError(f"neighbours.m is {self.m}; expected 1 or more; mend it.")
        if not 0 <= self.nearby <= 32:
            raise ConfigError(f"neighbours.nearby is {self.nearby}; expected 0 to 32; mend it.")

    def search(self, embeddings: Embeddings, bins: Bins, executor: Executor) -> Neighbours:
        """Find the neighbours of every row.

        Returns
        -------
        Neighbours
            Equal similarities are ordered by id.
        """
        n = len(bins.cluster)
        rows = np.full((n, self.m), -1, np.int32)
        similarity = np.full((n, self.m), -np.inf, np.float32)
        blocks = [(number, start) for number, size in enumerate(bins.sizes) for start in range(0, size, BLOCK)]
        sizes = [min(BLOCK, bins.sizes[number] - start) for number, start in blocks]
        tasks = (
            (start, size, np.concatenate([bins.members[c] for c in (number, *bins.nearby[number][: self.nearby])]))
            for (number, start), size in zip(blocks, sizes, strict=True)
        )
        found = executor.map(partial(_search, embeddings.vectors, self.m), tasks)
        found = track(found, "neighbours", "rows", total=n, step=sizes)
        for (number, start), size, (near, likeness) in zip(blocks, sizes, found, strict=True):
            block = bins.members[number][start : start + size]
            rows[block, : near.shape[1]] = near
            similarity[block, : near.shape[1]] = likeness
        return Neighbours(rows, similarity, self._recall(embeddings.vectors, rows))

    def _recall(self, vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
        sample = np.arange(min(SAMPLE, len(vectors)))
        exact = np.full((len(sample), self.m), -1)
        found, _ = _search(vectors, self.m, (0, len(sample), np.arange(len(vectors))))
        exact[:, : found.shape[1]] = found
        hits = [len(np.intersect1d(a[a >= 0], b[b >= 0])) for a, b in zip(exact, rows[sample], strict=True)]
        return np.array(sum(hits) / max(1, int((exact >= 0).sum())))


def _search(vectors: np.ndarray, m: int, task: tuple[int, int, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The m nearest of ``candidates`` to ``size`` of them from ``start`` on: int64[b, m'], float32[b, m']."""
    first, size, candidates = task
    queries = vectors[candidates[first : first + size]]
    best = np.empty((size, 0), np.int64)
    for start in range(0, len(candidates), WIDE):
        part = candidates[start : start + WIDE]
        distance = queries @ vectors[part].T
        np.clip(np.subtract(1, distance, out=distance), 0, 2, out=distance)
        itself = np.arange(max(first, start), min(first + size, start + len(part)))
        distance[itself - first, itself - start] = np.inf
        best = np.concatenate([best, _keys(distance, part, m)], axis=1)
        if best.shape[1] > m:
            best = np.partition(best, m - 1, axis=1)[:, :m]
    best.sort(axis=1)
    best = best[:, : int((best < NOBODY).sum(axis=1).min())]
    return best & 0xFFFFFFFF, 1 - (best >> 32).astype(np.int32).view(np.float32)


def _keys(distance: np.ndarray, names: np.ndarray, m: int) -> np.ndarray:
    """Of at least the m smallest of each row, in no order: int64[b, m'].

    The bits of a distance above, the id below: one integer, in which equal distances are ordered by id.

    Parameters
    ----------
    distance : float32[b, c]
        From 0.
    names : int64[c]
    m : int
    """
    row, column = smallest(distance, m)
    found = distance[row, column].view(np.int32).astype(np.int64) << 32 | names[column]
    return in_rows(found, row, len(distance), NOBODY)
