"""Border: the paper's own rule, sparse rows first [CB]."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays import Demand, Scores, Sequence, Space
from pipeline.errors import ConfigError
from pipeline.selectors import Selector, by_key

if TYPE_CHECKING:
    from pipeline.executors import Executor


@dataclass(kw_only=True)
class Border(Selector):
    """Largest density distance first in every cluster: its first 40 % are the paper's border rows, core follows.

    Below 30 % this loses badly to a random subset (METHOD, section 6); it is here to be compared with.
    """

    def require(self, columns: Collection[str]) -> None:
        if "density" not in columns:
            raise ConfigError("selector=border orders by density, which is switched off; add scorer density again.")

    def rank(self, space: Space, scores: Scores, demand: Demand, executor: Executor, seed: int) -> Sequence:
        return by_key(-np.nan_to_num(scores.columns["density"], nan=np.inf), temper=1)
