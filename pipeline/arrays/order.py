"""The order of rows, and what a cut of it keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from pipeline.arrays.saved import Saved, require

FLOOR, NORMAL, LAST, BEYOND = 0, 1, 2, 4  # tiers; 3, copies, is of input rows, not of distinct rows


@dataclass(frozen=True)
class Demand:
    """What the budget and the noise guard ask of an ordering.

    Attributes
    ----------
    cost : int64[n]
        Of each row, in the unit of the budget: 1, or tokens.
    unit : str
        ``rows`` or ``tokens``.
    first, last : bool[n]
        Always-keep rows; outliers and rows with empty answers.
    wait : float64[n]
        Share of the cost of its group, rows set aside apart, that has to be taken before a row is, while others are
        left there: 0 but for rows that may be garbage.
    """

    cost: np.ndarray
    unit: str
    first: np.ndarray
    last: np.ndarray
    wait: np.ndarray

    @cached_property
    def counts(self) -> np.ndarray:
        """bool[n]: rows that are always kept, or neither set aside nor waiting. The others have no say in the order."""
        return self.first | ~self.last & (self.wait == 0)

    def sound(self, rows: np.ndarray) -> np.ndarray:
        """bool[m]: those that count among rows of a cluster; where none does, those not set aside, or else all."""
        for some in (self.counts[rows], ~self.last[rows]):
            if some.any():
                return some
        return np.ones(len(rows), bool)

    def plain(self) -> Demand:
        """The same costs, and no row first, last or waiting."""
        nobody = np.zeros(len(self.cost), bool)
        return Demand(self.cost, self.unit, nobody, nobody, np.zeros(len(self.cost)))


@dataclass(frozen=True)
class Sequence(Saved):
    """What a selector decides: who comes before whom.

    Attributes
    ----------
    rank : int64[n]
        Inside the row's cluster, or over the corpus where ``temper`` is NaN; smaller comes first.
    temper : float64[]
        Clusters share their category in proportion to rows ** temper times the mean cost of a row; NaN: clusters play
        no part.
    """

    rank: np.ndarray
    temper: np.ndarray


@dataclass(frozen=True)
class Order:
    """One ordering of all distinct rows; a budget is a prefix of it.

    Attributes
    ----------
    rows : int64[n]
        A permutation of the corpus.
    tier : uint8[n]
        Of each corpus row: 0 floors and always-keep rows, 1 normal, 2 outliers and empty answers, 4 beyond a ceiling.
    group : int32[n]
        Of each corpus row: the group that shares, floors and ceilings speak of.
    group_name : str[g]
    cost : int64[n]
        Of each corpus row, in the unit of the budget: 1, or tokens.
    unit : str
    without_waiting : int64[n], optional
        ``rows`` if none had to wait, ranks inside clusters being the same; where any has to.
    """

    rows: np.ndarray
    tier: np.ndarray
    group: np.ndarray
    group_name: np.ndarray
    cost: np.ndarray
    unit: str
    without_waiting: np.ndarray | None = None

    def __post_init__(self) -> None:
        require(len(np.unique(self.rows)) == len(self.rows) == len(self.tier), "the order is a permutation")

    @cached_property
    def rank(self) -> np.ndarray:
        """int64[n]: position of each corpus row in the order, from 0."""
        rank = np.empty(len(self.rows), np.int64)
        rank[self.rows] = np.arange(len(self.rows))
        return rank

    @property
    def admissible(self) -> int:
        """How many rows a budget may keep: those not beyond a ceiling, which the order ends with."""
        return int((self.tier < BEYOND).sum())


@dataclass(frozen=True)
class Selection:
    """The outcome for every distinct row.

    Attributes
    ----------
    kept : bool[n]
    stand_in : int64[n]
        The kept row that stands for this row (itself when kept).
    similarity : float32[n]
        Cosine to it.
    reason : U11[n]
        Why: `ledger.REASONS`.
    copies : int64[c]
        Input rows kept although they copy a kept row (only where the budget allows copies).
    spent : int
        Cost of what was kept, in the unit of the budget.
    """

    kept: np.ndarray
    stand_in: np.ndarray
    similarity: np.ndarray
    reason: np.ndarray
    spent: int
    copies: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    def __post_init__(self) -> None:
        require(bool(self.kept[self.stand_in].all()), "only kept rows stand for others")
