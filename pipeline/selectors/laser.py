"""LASER's sampling: the preferred row of each of as many clusters as rows are due, then the preferred ones."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.arrays import Categories, Demand, Embeddings, Scores, Sequence, Space
from pipeline.bins.clusterers import SphericalKMeans
from pipeline.errors import ConfigError
from pipeline.scorers.preference import NAME
from pipeline.selectors import CORPUS, Selector, by_key

if TYPE_CHECKING:
    from pipeline.executors import Executor


@dataclass(kw_only=True)
class Laser(Selector):
    """Inside each category as many clusters as the paper's quota has rows; of each cluster the row with the highest
    preference, if that is above a percentile of its category; then all others by preference (arXiv 2505.22157, 3.5).

    An order, as every selector gives, but made for one size, ``rows``. Where a category is too small for its share the
    others take what it leaves. Clusters are those of `SphericalKMeans`, in two levels where there are many, so that
    there are about as many as asked for; of the vectors all components count, of which the paper keeps 99 % of the
    variance. To follow it, ``text`` is ``response``, and ``budget.shares`` has its proportions.

    Parameters
    ----------
    rows : int, optional
        The size of the set that is wanted; there is no order without it.
    shares : dict of str to float
        Of the categories in it, in any unit; without any they have the proportions of the corpus.
    percentile : float
        Of preference in a category, which the best row of a cluster has to exceed.
    """

    rows: int | None = None
    shares: dict[Any, float] = field(default_factory=dict)
    percentile: float = 80

    def __post_init__(self) -> None:
        if self.rows is not None and self.rows < 1:
            raise ConfigError(f"selector.rows is {self.rows}; expected 1 or more; mend it.")
        for name, share in self.shares.items():
            if not 0 <= share < np.inf:
                raise ConfigError(f"selector.shares.{name} is {share}; expected 0 or more; mend it.")
        if self.shares and not sum(self.shares.values()) > 0:
            raise ConfigError("selector.shares are all 0; expected at least one above 0; mend one.")
        if not 0 <= self.percentile <= 100:
            raise ConfigError(f"selector.percentile is {self.percentile}; expected 0 to 100; mend it.")

    def require(self, columns: Collection[str]) -> None:
        if self.rows is None:
            raise ConfigError(
                "selector=laser makes as many clusters as rows are wanted, and selector.rows is not set; set it, or "
                "budget.rows with experiment=laser."
            )
        if NAME not in columns:
            raise ConfigError(
                "selector=laser orders by preference, which needs scorers 'quality' and 'difficulty'; add them, as "
                "experiment=laser does."
            )

    def rank(self, space: Space, scores: Scores, demand: Demand, executor: Executor, seed: int) -> Sequence:
        preference = scores.columns[NAME].astype(np.float64)
        bins = space.bins
        size = np.bincount(bins.category, minlength=len(bins.category_name))
        shares = {str(name): value for name, value in self.shares.items()}
        share = np.array([shares.get(str(name), 0.0) for name in bins.category_name])
        share = share if share.sum() > 0 else size
        ahead = np.zeros(len(space), bool)
        for code, quota in enumerate(np.rint(self.rows * share / share.sum()).astype(int)):
            rows = np.flatnonzero((bins.category == code) & demand.counts & ~np.isnan(preference))
            if 0 < quota < len(rows):
                ahead[self._best(space, rows, int(quota), preference, executor, seed)] = True
        # All of a kind by preference; a rank is of the corpus, of which groups take their own.
        order = np.lexsort((np.arange(len(space)), -np.nan_to_num(preference, nan=-1), ~ahead))
        key = np.empty(len(space))
        key[order] = np.arange(len(space))
        return by_key(key, CORPUS)

    def _best(
        self, space: Space, rows: np.ndarray, quota: int, preference: np.ndarray, executor: Executor, seed: int
    ) -> np.ndarray:
        """The preferred row of each cluster of some rows, where it is above the percentile."""
        own = Embeddings(np.ascontiguousarray(space.embeddings.vectors[rows]), space.embeddings.long[rows])
        one = Categories(np.zeros(len(rows), np.int32), np.array(["all"]))
        found = SphericalKMeans(size=max(2, round(len(rows) / quota))).assign(own, one, executor, seed)
        by_preference = np.lexsort((np.arange(len(rows)), -preference[rows], found.cluster))
        best = by_preference[np.unique(found.cluster[by_preference], return_index=True)[1]]
        return rows[best[preference[rows[best]] > np.percentile(preference[rows], self.percentile)]]
