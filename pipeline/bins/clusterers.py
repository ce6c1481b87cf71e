"""Spherical k-means inside each category (METHOD, section 3)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

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
LARGEST = 4  # times the wanted size: beyond it a cluster is divided again, so that m x m arrays stay small


@dataclass(kw_only=True)
class SphericalKMeans(Clusterer):
    """k-means on unit vectors.

    Parameters
    ----------
    size : int, optional
        Rows in a cluster, on average. By default the square root of the rows of the corpus, at most 1,000: about
        sqrt(n) clusters on small corpora, clusters of about 1,000 rows on large ones.
    iterations : int
    """

    size: int | None = None
    iterations: int = 20

    def __post_init__(self) -> None:
        if self.size is not None and self.size < 2:
            raise ConfigError(f"clusterer.size is {self.size}; expected 2 rows or more; mend it or leave it out.")
        if self.iterations < 1:
            raise ConfigError(f"clusterer.iterations is {self.iterations}; expected 1 or more; mend it.")

    def assign(self, embeddings: Embeddings, categories: Categories, executor: Executor, seed: int) -> Bins:
        vectors = embeddings.vectors
        size = self.size or min(1000, max(2, math.isqrt(len(vectors))))
        cluster = np.empty(len(vectors), np.int32)
        found = 0
        for code in track(range(len(categories.name)), "cluster", "categories", len(categories.name)):
            for rows in self._divide(vectors, np.flatnonzero(categories.code == code), size, executor, seed):
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
        centroids = self._train(vectors, rows, wanted, seed)
        blocks = [rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK)]
        nearest = np.concatenate(list(executor.map(partial(_nearest, vectors, centroids), blocks)))
        parts = [rows[nearest == number] for number in np.unique(nearest)]
        done = []
        for part in parts:
            if len(part) <= LARGEST * size:
                done.append(part)
            elif len(parts) > 1:
                done.extend(self._divide(vectors, part, size, executor, seed))
            else:  # k-means cannot tell these rows apart; their ids can
                done.extend(np.array_split(part, wanted))
        return done

    def _train(self, vectors: np.ndarray, rows: np.ndarray, wanted: int, seed: int) -> np.ndarray:
        import faiss

        # The rows with the smallest ids are a random sample that the order of the input cannot change.
        sample = np.ascontiguousarray(vectors[rows[: 256 * wanted]])
        kmeans = faiss.Kmeans(
            vectors.shape[1],
            wanted,
            niter=self.iterations,
            seed=seed + 1,  # faiss takes 0 for "no seed"
            spherical=True,
            min_points_per_centroid=1,
            max_points_per_centroid=256,
        )
        with one_thread():
            kmeans.train(sample)
        return kmeans.centroids


def _nearest(vectors: np.ndarray, centroids: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return (vectors[rows] @ centroids.T).argmax(axis=1)
