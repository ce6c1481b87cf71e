"""Coverage: boundary-weighted facility location by greedy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from pipeline.arrays import Demand, Scores, Sequence, Space
from pipeline.errors import ConfigError
from pipeline.scorers.preference import NAME as PREFERENCE
from pipeline.selectors import Selector, in_clusters

if TYPE_CHECKING:
    from pipeline.executors import Executor

# Similarities and weights are whole numbers held in float64. Sums stay below 2 ** 53, so they are exact in any
# order of addition, equal gains are equal, and ties can break by id (METHOD, section 6).
FINE = 1 << 20
WEIGHT = 1 << 10
BLOCK = 512


@dataclass(kw_only=True)
class Coverage(Selector):
    """Each next row adds most to what the earlier rows of its cluster do not cover yet (METHOD, section 6).

    Maximises sum over i of w_i max(0, max over kept j of cos(i, j)), with w_i = 1 + beta b_i. Where rows have a
    preference, what a row adds is multiplied by it; one without counts as the mean row, neither preferred nor shunned.

    Parameters
    ----------
    beta : float
        How much more a row at a decision surface weighs (b_i = 1) than one in the core (b_i = 0).
    temper : float
        Clusters share their category in proportion to rows ** temper, times their rows' mean cost: 1 by size, 0 as
        many rows of each.
    preference : float
        Power to which preference is raised; 0 leaves it out.
    """

    version: ClassVar[int] = 2  # rows that wait need not be covered
    beta: float = 1.0
    temper: float = 1.0
    preference: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.beta <= 100:
            raise ConfigError(f"selector.beta is {self.beta}; expected 0 to 100; mend it.")
        if not 0 <= self.temper <= 2:
            raise ConfigError(f"selector.temper is {self.temper}; expected 0 to 2; mend it.")
        if not 0 <= self.preference <= 10:
            raise ConfigError(f"selector.preference is {self.preference}; expected 0 to 10; mend it.")

    def rank(self, space: Space, scores: Scores, demand: Demand, executor: Executor, seed: int) -> Sequence:
        weight = np.round((1 + self.beta * scores.nearness.astype(np.float64)) * WEIGHT)
        members, worth = space.bins.members, self._worth(scores)

        def tasks() -> Iterator[tuple[np.ndarray, ...]]:
            for rows in members:
                needed = weight[rows] * demand.sound(rows)
                yield rows, needed, worth[rows], demand.cost[rows], demand.first[rows], demand.last[rows]

        rank = in_clusters(space, executor, partial(_order_cluster, space.embeddings.vectors), tasks())
        return Sequence(rank, np.array(self.temper))

    def _worth(self, scores: Scores) -> np.ndarray:
        """By what the gain of each row is multiplied: float64[n]."""
        preferred = scores.columns.get(PREFERENCE)
        if preferred is None or np.isnan(preferred).all() or not self.preference:
            return np.ones(len(scores.region))
        exact = np.asarray(preferred, np.float64)
        return np.where(np.isnan(exact), np.nanmean(exact), exact) ** self.preference


def _order_cluster(vectors: np.ndarray, task: tuple[np.ndarray, ...]) -> np.ndarray:
    rows, weight, worth, cost, first, last = task
    x = vectors[rows]
    similarity = np.round(np.clip(x @ x.T, 0, 1).astype(np.float64) * FINE)
    # A product need not be symmetric to the last bit, nor 1 on its diagonal; the objective is.
    similarity = np.maximum(similarity, similarity.T)
    np.fill_diagonal(similarity, FINE)
    return greedy(similarity, weight, cost, first, last, worth)


def greedy(
    similarity: np.ndarray,
    weight: np.ndarray,
    cost: np.ndarray,
    first: np.ndarray,
    last: np.ndarray,
    worth: np.ndarray | float = 1.0,
) -> np.ndarray:
    """Greedy order of facility location, by worth times gain for cost, ties by position.

    Parameters
    ----------
    similarity : float64[m, m]
        Symmetric; whole numbers from 0.
    weight : float64[m]
        Whole numbers; 0 for rows that need not be covered. Nor do these cover others before they are kept.
    cost : int64[m]
    first, last : bool[m]
        Rows taken before all others, and after them.
    worth : float64[m]
        By what gains are multiplied; from 0.

    Returns
    -------
    int64[m]
        Positions, best first. The first s of them are the greedy solution for s.

    Notes
    -----
    Gains are kept up to date instead of being evaluated lazily: when row i's best similarity rises from a to b,
    every candidate c loses w_i (clip(s_ic, a, b) - a), one vectorised step for the rows that the new row serves.
    """
    m = len(weight)
    best = np.zeros(m)
    gain = weight @ similarity
    price = np.maximum(cost, 1)
    tier = np.where(first, 0, np.where(last, 2, 1))
    order = np.empty(m, np.int64)
    place = 0
    for current in (0, 1, 2):
        waiting = tier == current
        for _ in range(int(waiting.sum())):
            chosen = int(np.argmax(np.where(waiting, gain * worth / price, -1)))
            order[place] = chosen
            place += 1
            waiting[chosen] = False
            if not weight[chosen]:
                continue
            served = np.flatnonzero((similarity[chosen] > best) & (weight > 0))
            for start in range(0, len(served), BLOCK):
                rows = served[start : start + BLOCK]
                low, high = best[rows, None], similarity[chosen, rows, None]
                gain -= weight[rows] @ (np.clip(similarity[rows], low, high) - low)
            best[served] = similarity[chosen, served]
    return order
