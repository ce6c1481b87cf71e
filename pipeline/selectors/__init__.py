"""Who comes before whom."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.arrays import Sequence
from pipeline.component import Component
from pipeline.progress import track

if TYPE_CHECKING:
    from pipeline.arrays import Demand, Scores, Space
    from pipeline.executors import Executor

CORPUS = np.nan  # a temper that says: one sequence over the corpus, clusters play no part


@dataclass(kw_only=True)
class Selector(Component):
    """Ranks the rows of each cluster, or of the corpus; `apportion` merges what clusters and groups are due."""

    def require(self, columns: Collection[str]) -> None:
        """Refuse, before anything is computed, scores without which there is no order."""

    def rank(self, space: Space, scores: Scores, demand: Demand, executor: Executor, seed: int) -> Sequence:
        raise NotImplementedError


def in_clusters(
    space: Space, executor: Executor, order: Callable[[Any], np.ndarray], tasks: Iterable[Any]
) -> np.ndarray:
    """Rank of each row in its cluster, int64[n]: ``order`` gives positions in a cluster for its task, best first."""
    members, sizes = space.bins.members, space.bins.sizes.tolist()
    ordered = track(executor.map(order, tasks), "order", "rows", total=len(space), step=sizes)
    rank = np.empty(len(space), np.int64)
    for rows, sequence in zip(members, ordered, strict=True):
        rank[rows[sequence]] = np.arange(len(rows))
    return rank


def by_key(key: np.ndarray, temper: float) -> Sequence:
    """Sequence that sorts rows by ``key``, smallest first, ties by id."""
    rank = np.empty(len(key), np.int64)
    rank[np.argsort(key, kind="stable")] = np.arange(len(key))
    return Sequence(rank, np.array(float(temper)))
