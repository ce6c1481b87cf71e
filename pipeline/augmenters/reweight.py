"""Reweight: thin bins get back rows that the cut dropped; where these do not suffice, their rows weigh more."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.arrays import BEYOND, TopUp
from pipeline.augmenters import Augmenter
from pipeline.augmenters.targets import by_share, by_size
from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from pipeline.arrays import Corpus, Demand, Order, Space
    from pipeline.budget import Budget
    from pipeline.config import Config

log = logging.getLogger("corebound")
By = StrEnum("By", ["category", "cluster"])


@dataclass(kw_only=True)
class Reweight(Augmenter):
    """Real rows first, then weight (arXiv 2406.03628 compares with both; METHOD, section 7).

    Rows that it gives back come on top of the budget, in the order of the selection; none that may be garbage.

    Parameters
    ----------
    by : By
        What a bin is: ``category`` or ``cluster``. Where there are shares, it is what they speak of (``budget.by``).
    power : float
        Bins should share the budget in proportion to their kept rows to this power: 0.5 halfway to alike.
    shares : dict of str to float
        Targets in the place of that; by default the budget's.
    give_back : bool
        Whether dropped rows may come back.
    most : float
        Weight of a row, at most.
    plan_only : bool
        Whether the run says what it would do, and stops.
    """

    by: By = By.category
    power: float = 0.5
    shares: dict[Any, float] = field(default_factory=dict)
    give_back: bool = True
    most: float = 10.0
    plan_only: bool = False

    def __post_init__(self) -> None:
        self.shares = {str(name): share for name, share in self.shares.items()}
        for name, share in self.shares.items():
            if not 0 <= share < np.inf:
                raise ConfigError(f"augmenter.shares.{name} is {share}; expected 0 or more; mend it.")
        if not 0 <= self.power <= 1:
            raise ConfigError(f"augmenter.power is {self.power}; expected 0 (all bins alike) to 1 (as they are).")
        if not 1 <= self.most < np.inf:
            raise ConfigError(f"augmenter.most is {self.most}; expected a weight of 1 or more; mend it.")

    def require(self, config: Config, corpus: Corpus) -> None:
        if config.budget.tokens is not None:
            raise ConfigError(
                "augmenter counts rows, and budget.tokens counts tokens; give budget.rows or budget.fraction, or leave "
                "the augmenter out."
            )

    def fill(self, space: Space, demand: Demand, order: Order, rows: int, budget: Budget) -> TopUp | None:
        shares = self.shares or budget.shares
        bins, names = (order.group, order.group_name) if shares else self._bins(space)
        kept = np.zeros(len(space), bool)
        kept[order.rows[:rows]] = True
        before = np.bincount(bins[kept], minlength=len(names))
        unknown = set(self.shares) - set(names.tolist())
        if unknown:
            raise ConfigError(
                f"augmenter.shares names '{min(unknown)}', and budget.by={budget.by} has "
                f"{', '.join(names.tolist()[:10])}; mend the name."
            )
        target = by_share(before, names, shares) if shares else by_size(before, self.power)
        if shares or self.by == budget.by:  # else ceilings are of other groups
            most = np.array([budget.ceilings.get(name, np.inf) for name in names.tolist()])
            target = np.maximum(before, np.minimum(target, most)).astype(np.int64)
        may = ~kept & ~demand.last & (demand.wait == 0) & (order.tier < BEYOND) & self.give_back
        returned = first_of_each(order.rows[may[order.rows]], bins, target - before)
        have = before + np.bincount(bins[returned], minlength=len(names))
        weight = np.clip(target / np.maximum(have, 1), 1.0, self.most)
        _say(names, have, target)
        return TopUp(returned, bins, names, before, target, have - before, np.zeros_like(have), weight)

    def _bins(self, space: Space) -> tuple[np.ndarray, np.ndarray]:
        """int32[n] and str[b]: the bin of each row, and their names."""
        if self.by == By.cluster:
            return space.bins.cluster, np.arange(len(space.bins.sizes)).astype(str)
        if len(space.bins.category_name) < 2:
            raise ConfigError(
                "augmenter.by=category, but the rows have one category; choose a categorizer, or set "
                "augmenter.by=cluster."
            )
        return space.bins.category, space.bins.category_name


def first_of_each(rows: np.ndarray, bins: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The first ``wanted[b]`` rows of each bin: int64[m], in their order.

    Parameters
    ----------
    rows : int64[k]
    bins : int32[n]
    wanted : int64[b]
    """
    own = bins[rows]
    by_bin = np.argsort(own, kind="stable")
    ends = np.cumsum(np.bincount(own, minlength=len(wanted)))
    place = np.empty(len(rows), np.int64)  # of a row among those of its bin
    place[by_bin] = np.arange(len(rows)) - np.concatenate([[0], ends[:-1]])[own[by_bin]]
    return rows[place < wanted[own]]


def _say(names: np.ndarray, have: np.ndarray, target: np.ndarray) -> None:
    empty = names[(have == 0) & (target > 0)]
    if len(empty):
        log.warning("augmenter: of %s nothing is kept, so that nothing can be weighed.", ", ".join(empty.tolist()[:5]))
