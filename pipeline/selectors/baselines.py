"""What every selection is compared with: random, stratified, longest, and k-center."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays import Demand, Scores, Sequence, Space
from pipeline.selectors import CORPUS, Selector, by_key, in_clusters

if TYPE_CHECKING:
    from pipeline.executors import Executor


def shuffled(rows: int, seed: int) -> np.ndarray:
    """A random permutation of rows in id order, and so one that the order of the input cannot change."""
    return np.random.default_rng(seed).permutation(rows)


@dataclass(kw_only=True)
class Random(Selector):
    """Uniform over the distinct rows."""

    def rank(self, space: Space, scores: Scores, demand: Demand, executor: Executor, seed: int) -> Sequence:
        return by_key(shuffled(len(space), seed), CORPUS)


@dataclass(kw_only=True)
class Stratified(Selector):
    """Uniform inside each cluster, clusters in proportion to their size."""

    def rank(self, space: Space, scores: Scores, demand: Demand, executor: Executor, seed: int) -> Sequence:
        return by_key(shuffled(len(space), seed), temper=1)


@dataclass(kw_only=True)
class Longest(Selector):
    """Longest text first."""

    def rank(self, space: Space, scores: Scores, demand: Demand, executor: Executor, seed: int) -> Sequence:
        return by_key(-space.corpus.bytes, CORPUS)


@dataclass(kw_only=True)
class KCenter(Selector):
    """Farthest first in every cluster, from the row nearest to its mean (Gonzalez 1985)."""

    def rank(self, space: Space, scores: Scores, demand: Demand, executor: Executor, seed: int) -> Sequence:
        members = space.bins.members
        tasks = zip(members, space.bins.centroids, strict=True)
        rank = in_clusters(space, executor, partial(_farthest_first, space.embeddings.vectors), tasks)
        return Sequence(rank, np.array(1.0))


def _farthest_first(vectors: np.ndarray, task: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    rows, centroid = task
    x = vectors[rows]
    order = np.empty(len(rows), np.int64)
    order[0] = np.argmax(x @ centroid)
    nearest = np.full(len(rows), -np.inf, np.float32)
    for place in range(1, len(rows)):
        last = order[place - 1]
        nearest = np.maximum(nearest, x @ x[last])
        nearest[last] = np.inf
        order[place] = np.argmin(nearest)
    return order
