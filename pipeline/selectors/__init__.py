"""Who comes before whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays import Sequence
from pipeline.component import Component

if TYPE_CHECKING:
    from pipeline.arrays import Demand, Scores, Space
    from pipeline.executors import Executor

CORPUS = np.nan  # a temper that says: one sequence over the corpus, clusters play no part


@dataclass(kw_only=True)
class Selector(Component):
    """Ranks the rows of each cluster, or of the corpus; `apportion` merges what clusters and groups are due."""

    def rank(self, space: Space, scores: Scores, demand: Demand, executor: Executor, seed: int) -> Sequence:
        raise NotImplementedError


def by_key(key: np.ndarray, temper: float) -> Sequence:
    """Sequence that sorts rows by ``key``, smallest first, ties by id."""
    rank = np.empty(len(key), np.int64)
    rank[np.argsort(key, kind="stable")] = np.arange(len(key))
    return Sequence(rank, np.array(float(temper)))
