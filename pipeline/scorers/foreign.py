"""Foreign: the share of a row's neighbours that lie in other clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.scorers import Scorer, Verdicts

if TYPE_CHECKING:
    from pipeline.arrays import Space
    from pipeline.executors import Executor


@dataclass(kw_only=True)
class Foreign(Scorer):
    """0 where all neighbours are of the row's own cluster, 1 where none is."""

    def score(self, space: Space, executor: Executor) -> Verdicts:
        rows, cluster = space.neighbours.rows, space.bins.cluster
        there = rows >= 0
        elsewhere = there & (cluster[rows] != cluster[:, None])
        count = there.sum(axis=1)
        with np.errstate(invalid="ignore"):
            values = (elsewhere.sum(axis=1) / count).astype(np.float32)
        lonely = int((count == 0).sum())
        return values, {"no neighbour": lonely} if lonely else {}
