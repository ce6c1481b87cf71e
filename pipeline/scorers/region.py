"""Regions: core, boundary, or outlier, which is the noise guard."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays import BOUNDARY, CORE, GARBAGE, OUTLIER
from pipeline.component import Component
from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from pipeline.arrays import Bins, Space

log = logging.getLogger("corebound")
SOME, MUCH = 10, 0.1  # rows of a cluster, and their share of it, that may be no garbage but a task
FEWEST = 50  # rows of a category whose median says what is usual there


@dataclass(kw_only=True)
class Regions(Component):
    """Divides every cluster by margin; sets aside rows that no one is near and garbage (METHOD, section 4).

    Parameters
    ----------
    boundary : float
        Share of a cluster, smallest margins first, that is boundary (the paper's percentile 60 leaves 0.4).
    fence : float
        How many interquartile ranges beyond the quartile a row's density and its similarity to its neighbours both
        have to lie before it is an outlier (Tukey's fence, over the corpus).
    garbage : float
        Probability of being garbage above which a row is an outlier, where the scorer of that name is on.
    doubt : float
        Of a probability that exceeds what is usual in its category by e, the cubic root. A row of which it is above
        ``doubt`` waits until so large a share of its group is taken, and has no say before. 1: no one waits.
    """

    boundary: float = 0.4
    fence: float = 1.5
    garbage: float = 0.5
    doubt: float = 0.3

    def __post_init__(self) -> None:
        if not 0 <= self.boundary <= 1:
            raise ConfigError(f"regions.boundary is {self.boundary}; expected a share from 0 to 1; mend it.")
        if self.fence < 0:
            raise ConfigError(f"regions.fence is {self.fence}; expected 0 or more; mend it.")
        if not 0 <= self.garbage <= 1:
            raise ConfigError(f"regions.garbage is {self.garbage}; expected a probability from 0 to 1; mend it.")
        if not 0 <= self.doubt <= 1:
            raise ConfigError(f"regions.doubt is {self.doubt}; expected a share from 0 to 1; mend it.")

    def divide(self, space: Space, columns: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Regions uint8[n] and boundary rank float32[n] in [0, 1] (1: nearest to a surface; 0 without a margin)."""
        n = len(space)
        region, nearness = np.full(n, CORE, np.uint8), np.zeros(n, np.float32)
        margin = columns.get("margin", np.full(n, np.nan, np.float32))
        for rows in space.bins.members:
            judged = rows[~np.isnan(margin[rows])]
            by_margin = judged[np.argsort(margin[judged], kind="stable")]
            region[by_margin[: round(self.boundary * len(by_margin))]] = BOUNDARY
            nearness[by_margin] = np.linspace(1, 0, len(by_margin)) if len(by_margin) > 1 else 0
        region[self._isolated(space, columns) | space.embeddings.blank] = OUTLIER
        if "garbage" in columns:
            region[columns["garbage"] > self.garbage] = GARBAGE  # no verdict is none
            self._say_where(region == GARBAGE, space)
        nearness[region >= OUTLIER] = 0
        return region, nearness

    def _say_where(self, garbage: np.ndarray, space: Space) -> None:
        """Warn of clusters of which much is garbage: it may be a task whose texts look like it."""
        if not garbage.any():
            return
        bins = space.bins
        many = np.bincount(bins.cluster[garbage], minlength=len(bins.sizes))
        much = np.flatnonzero((many >= SOME) & (many > MUCH * bins.sizes))
        if len(much):
            worst = much[np.argmax(many[much])]
            first = int(np.flatnonzero(garbage & (bins.cluster == worst))[0])
            log.warning(
                "%d rows are set aside as likely garbage, in %d clusters more than a tenth of all (%d of %d in cluster "
                "%d, as %s): if these are a task of their own, raise regions.garbage and regions.doubt.",
                garbage.sum(), len(much), many[worst], bins.sizes[worst], worst, space.corpus.place(first),
            )  # fmt: skip

    def wait(self, columns: dict[str, np.ndarray], bins: Bins) -> np.ndarray:
        """Share of its group that has to be taken before a row is, float64[n]: the smaller the budget, the surer.

        What counts is how far a row's probability of being garbage exceeds the median of its category, or that of the
        corpus if it is higher: where all are suspected alike, no one waits.
        """
        garbage = columns.get("garbage", np.full(len(bins.category), np.nan)).astype(np.float64)
        judged = np.flatnonzero(~np.isnan(garbage))
        if not len(judged):
            return np.zeros(len(garbage))
        code, value = bins.category[judged], garbage[judged]
        # Medians of all categories by one sort, as there may be many.
        ordered, size = value[np.lexsort((value, code))], np.bincount(code, minlength=len(bins.category_name))
        large, start = np.flatnonzero(size >= FEWEST), np.cumsum(size) - size
        usual = np.full(len(size), np.median(value))
        low, high = (ordered[start[large] + place] for place in ((size[large] - 1) // 2, size[large] // 2))
        usual[large] = np.maximum(usual[large], (low + high) / 2)
        usual = usual[bins.category]
        excess = np.clip((np.nan_to_num(garbage, nan=0) - usual) / np.maximum(1 - usual, 0.001), 0, 1)
        share = np.cbrt(excess)
        return np.where(share <= self.doubt, 0, share)

    def _isolated(self, space: Space, columns: dict[str, np.ndarray]) -> np.ndarray:
        similarity = np.where(space.neighbours.rows >= 0, space.neighbours.similarity, np.nan)
        known = ~np.isnan(similarity).all(axis=1)
        nearest = np.full(len(space), np.nan)
        nearest[known] = np.nanmean(similarity[known], axis=1)
        far = nearest < self._limit(nearest, -1)
        if "density" in columns:
            # A row alone in its cluster has no density: its neighbours elsewhere decide.
            density = columns["density"]
            far &= np.isnan(density) | (density > self._limit(density, 1))
        return far

    def _limit(self, values: np.ndarray, side: int) -> float:
        if np.isnan(values).all():
            return np.nan
        low, high = np.nanpercentile(values, [25, 75])
        return (low if side < 0 else high) + side * self.fence * (high - low)
