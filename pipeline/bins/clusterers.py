"""Spherical k-means inside each category (METHOD, section 3)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from pipeline.arrays import Bins, Categories, Embeddings
from pipeline.bins import Clusterer
from pipeline.embedders.chunks import unit
from pipeline.errors import ConfigError
from pipeline.executors import one_thread
from pipeline.progress import track

if TYPE_CHECKING:
    from pipeline.executors import Executor

BLOCK = 4096
ROWS = 256  # of a cluster of a large corpus: all work inside clusters and between near ones grows with n, not faster
FLAT = 256  # clusters that are trained at once; more are trained in two levels
SAMPLE, FEWER = 256, 128  # rows of a cluster that train k-means, and of a cluster of the second level
CELLS = 8  # of the first level, whose clusters a row is compared with
LARGEST = 4  # times the wanted size: beyond it a cluster is divided again, so that m x m arrays stay small


@dataclass(kw_only=True)
class SphericalKMeans(Clusterer):
    """k-means on unit vectors.

    Parameters
    ----------
    size : int, optional
        Rows in a cluster, on average. By default the square root of the rows of the corpus, at most 256: about
        sqrt(n) clusters on small corpora, clusters of about 256 rows on large ones.
    iterations : int

    Notes
    -----
    More than 256 clusters are found in two levels: k-means into about sqrt(k) cells, k-means inside each cell, and
    each row goes to the nearest cluster of those of the 8 cells nearest to its own.
    """

    version: ClassVar[int] = 2  # clusters of 256 rows, in two levels

    size: int | None = None
    iterations: int = 20

    def __post_init__(self) -> None:
        if self.size is not None and self.size < 2:
            raise ConfigError(f"clusterer.size is {self.size}; expected 2 rows or more; mend it or leave it out.")
        if self.iterations < 1:
            raise ConfigError(f"clusterer.iterations is {self.iterations}; expected 1 or more; mend it.")

    def settled(self, rows: int) -> SphericalKMeans:
        return replace(self, size=self.size or min(ROWS, max(2, math.isqrt(rows))))

    def assign(self, embeddings: Embeddings, categories: Categories, executor: Executor, seed: int) -> Bins:
        vectors = embeddings.vectors
        size = self.settled(len(vectors)).size
        cluster = np.empty(len(vectors), np.int32)
        found = 0
        everyone = np.split(np.argsort(categories.code, kind="stable"), np.cumsum(np.bincount(categories.code))[:-1])
        for own in track(everyone, "cluster", "categories", len(everyone)):
            for rows in self._divide(vectors, own, size, executor, seed):
                cluster[rows] = found
                found += 1
        members = np.split(np.argsort(cluster, kind="stable"), np.cumsum(np.bincount(cluster))[:-1])
        sums = np.stack([vectors[rows].sum(axis=0, dtype=np.float64) for rows in members])
        return Bins(categories.code, categories.name, cluster, sums, unit(sums))

    def _divide(
        self, vectors: np.ndarray, rows: np.ndarray, size: int, executor: Executor, seed: int
    ) -> list[np.ndarray]:
        """Rows of each cluster; none empty, none larger than LARGEST times ``size``."""
        wanted = round(len(rows) / size)
        if wanted < 2:
            return [rows]
        if wanted <= FLAT:
            centroids = _train(vectors, self.iterations, seed, (rows[: SAMPLE * wanted], wanted))
            nearest = _assign(vectors, [(rows, centroids)], executor)
        else:
            nearest = self._assign_in_two_levels(vectors, rows, size, executor, seed)
        order = np.argsort(nearest, kind="stable")
        parts = np.split(rows[order], np.flatnonzero(np.diff(nearest[order])) + 1)
        done = []
        for part in parts:
            if len(part) <= LARGEST * size:
                done.append(part)
            elif len(parts) > 1:
                done.extend(self._divide(vectors, part, size, executor, seed))
            else:  # k-means cannot tell these rows apart; their ids can
                done.extend(np.array_split(part, wanted))
        return done

    def _assign_in_two_levels(
        self, vectors: np.ndarray, rows: np.ndarray, size: int, executor: Executor, seed: int
    ) -> np.ndarray:
        """Nearest cluster of each of the rows, of those in the cells near its own: int64[m]."""
        many = math.isqrt(round(len(rows) / size))
        train = partial(_train, vectors, self.iterations, seed)
        cells = train((rows[: SAMPLE * many], many))
        cell = _assign(vectors, [(rows, cells)], executor)
        order = np.argsort(cell, kind="stable")
        members = np.split(order, np.cumsum(np.bincount(cell, minlength=many))[:-1])
        wanted = [max(1, round(len(own) / size)) for own in members]
        lessons = [(rows[own[: FEWER * k]], k) for own, k in zip(members, wanted, strict=True) if len(own)]
        trained = iter(track(executor.map(train, lessons), "cluster", "cells", total=len(lessons)))
        inside = [next(trained) if len(own) else cells[:0] for own in members]
        first = np.cumsum([0, *map(len, inside)])
        likeness = cells @ cells.T
        np.fill_diagonal(likeness, np.inf)
        near = np.argsort(-likeness, axis=1, kind="stable")[:, :CELLS]
        tasks = [
            (rows[own], np.concatenate([inside[c] for c in close])) for own, close in zip(members, near, strict=True)
        ]
        names = [np.concatenate([np.arange(first[c], first[c + 1]) for c in close]) for close in near]
        found = np.split(_assign(vectors, tasks, executor), np.cumsum([len(own) for own in members])[:-1])
        nearest = np.empty(len(rows), np.int64)
        for own, name, one in zip(members, names, found, strict=True):
            nearest[own] = name[one]
        return nearest


def _train(vectors: np.ndarray, iterations: int, seed: int, task: tuple[np.ndarray, int]) -> np.ndarray:
    """Centroids of k-means: float32[k, d]. Rows with small ids are a random sample, whatever the order of the input."""
    import faiss

    rows, wanted = task
    kmeans = faiss.Kmeans(
        vectors.shape[1],
        wanted,
        niter=iterations,
        seed=seed + 1,  # faiss takes 0 for "no seed"
        spherical=True,
        min_points_per_centroid=1,
        max_points_per_centroid=SAMPLE,
    )
    with one_thread():
        kmeans.train(np.ascontiguousarray(vectors[rows]))
    return kmeans.centroids


def _assign(vectors: np.ndarray, tasks: list[tuple[np.ndarray, np.ndarray]], executor: Executor) -> np.ndarray:
    """Position of the nearest of its task's centroids for every row of all tasks: int64[m]."""
    blocks = [
        (rows[start : start + BLOCK], centroids) for rows, centroids in tasks for start in range(0, len(rows), BLOCK)
    ]
    return np.concatenate(list(executor.map(partial(_nearest, vectors), blocks)))


def _nearest(vectors: np.ndarray, task: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    rows, centroids = task
    return (vectors[rows] @ centroids.T).argmax(axis=1)
