"""Nearest neighbours, searched in a row's own cluster and the clusters nearest to it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays import Bins, Embeddings, Neighbours
from pipeline.component import Component
from pipeline.errors import ConfigError
from pipeline.progress import track

if TYPE_CHECKING:
    from pipeline.executors import Executor

BLOCK = 1024  # rows of one product
WIDE = 4096  # candidates of one product
SCALE = 1 << 29  # fixed point of a distance, which is at most 2: 31 bits above 32 of id
NOBODY = np.iinfo(np.int64).max
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
        tasks = [
            (block, np.concatenate([own, *(bins.members[c] for c in bins.nearby[number][: self.nearby])]))
            for number, own in enumerate(bins.members)
            for block in np.split(own, range(BLOCK, len(own), BLOCK))
        ]
        sizes = [len(block) for block, _ in tasks]
        found = executor.map(partial(_search, embeddings.vectors, self.m), tasks)
        for (block, _), (near, likeness) in zip(
            tasks, track(found, "neighbours", "rows", total=n, step=sizes), strict=True
        ):
            rows[block, : near.shape[1]] = near
            similarity[block, : near.shape[1]] = likeness
        return Neighbours(rows, similarity, self._recall(embeddings.vectors, rows))

    def _recall(self, vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
        sample = np.arange(min(SAMPLE, len(vectors)))
        exact = np.full((len(sample), self.m), -1)
        found, _ = _search(vectors, self.m, (sample, np.arange(len(vectors))))
        exact[:, : found.shape[1]] = found
        hits = [len(np.intersect1d(a[a >= 0], b[b >= 0])) for a, b in zip(exact, rows[sample], strict=True)]
        return np.array(sum(hits) / max(1, int((exact >= 0).sum())))


def _search(vectors: np.ndarray, m: int, task: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The m nearest of ``candidates`` to each row of ``block``, never itself: int64[b, m'], float32[b, m']."""
    block, candidates = task
    queries = vectors[block]
    best = np.empty((len(block), 0), np.int64)
    for start in range(0, len(candidates), WIDE):
        part = candidates[start : start + WIDE]
        # Distance in fixed point above, id below: one integer, in which equal distances are ordered by id.
        distance = np.clip(1 - queries @ vectors[part].T, 0, 2) * np.float32(SCALE)
        key = distance.astype(np.int64) << 32 | part
        key[block[:, None] == part[None, :]] = NOBODY
        best = np.concatenate([best, key], axis=1)
        if best.shape[1] > m:
            best = np.partition(best, m - 1, axis=1)[:, :m]
    best.sort(axis=1)
    best = best[:, : int((best < NOBODY).sum(axis=1).min())]
    return best & 0xFFFFFFFF, (1 - (best >> 32) / SCALE).astype(np.float32)
