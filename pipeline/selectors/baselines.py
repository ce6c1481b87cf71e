"""What every selection is compared with: random, stratified, longest, highest scores, and k-center."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays import Demand, Scores, Sequence, Space
from pipeline.errors import ConfigError
from pipeline.scorers.preference import NAME as PREFERENCE
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
class Top(Selector):
    """Highest score first, rows without one last; clusters play no part.

    Parameters
    ----------
    score : str
        A scorer, one of its parts as in ``quality_code``, or ``preference``.
    """

    score: str = PREFERENCE

    def require(self, columns: Collection[str]) -> None:
        # Which parts a scorer has shows when it has run.
        if not any(self.score == name or self.score.startswith(f"{name}_") for name in columns):
            raise ConfigError(
                f"selector.score={self.score} is no score of this run, which has {', '.join(sorted(columns))}; name "
                "one of these, or add its scorer."
            )

    def rank(self, space: Space, scores: Scores, demand: Demand, executor: Executor, seed: int) -> Sequence:
        if self.score not in scores.columns:
            raise ConfigError(
                f"selector.score={self.score} is no score of this run, which has {', '.join(scores.columns)}; mend it."
            )
        return by_key(np.nan_to_num(-scores.columns[self.score].astype(np.float64), nan=np.inf), CORPUS)


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
