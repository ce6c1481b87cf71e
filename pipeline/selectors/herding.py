"""Herding: each cluster's own density, thinned, and more of its boundary; the default order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from pipeline.arrays import BOUNDARY, Demand, Scores, Sequence, Space
from pipeline.errors import ConfigError
from pipeline.selectors import Selector, in_clusters
from pipeline.selectors.coverage import FINE

if TYPE_CHECKING:
    from pipeline.executors import Executor


@dataclass(kw_only=True)
class Herding(Selector):
    """Kernel herding in every cluster, boundary and core taking turns.

    Each next row lies where the kept rows are too few for the cluster's density (Chen, Welling, Smola 2010,
    "Super-samples from kernel herding"), with the kernel exp(-d / s): d is cosine distance, s the mean d between rows
    of the cluster times ``bandwidth``, so that no encoder needs another setting. Facility location (`Coverage`) evens
    density out, and loses to a random subset where tests have the density of the corpus; herding keeps it.

    Parameters
    ----------
    bandwidth : float
        How far a row's likeness reaches, in mean distances of its cluster.
    boundary : float
        How many times as often boundary rows are kept as core rows of their cluster, at large budgets while they last.
    typical : float
        Share of the core at which boundary rows have reached half of that: small budgets learn more from typical rows
        than from hard ones, large ones the other way round (Sorscher et al. 2022, "Beyond neural scaling laws").
    candidates : int, optional
        So many rows, drawn at random from those that wait, compete for the first place, and one more for each next
        (after stochastic greedy, Mirzasoleiman et al. 2015, "Lazier than lazy greedy"). Without it all do, and small
        budgets hardly keep what is rare in ways that the vectors do not show, such as one template of many.
    temper : float
        Clusters share their category in proportion to rows ** temper, times their rows' mean cost: 1 by size, 0 as
        many rows of each.

    Notes
    -----
    Budgets in tokens do not change the order inside a cluster: what herding matches is how rows are spread. Rows that
    wait are no part of that: nothing is taken because it lies among rows that may be garbage.
    """

    version: ClassVar[int] = 3  # rows that wait are no part of the density
    bandwidth: float = 0.5
    boundary: float = 1.65
    typical: float = 0.03
    candidates: int | None = 3
    temper: float = 0.75

    def __post_init__(self) -> None:
        if not 0.01 <= self.bandwidth <= 100:
            raise ConfigError(f"selector.bandwidth is {self.bandwidth}; expected 0.01 to 100; mend it.")
        if not 0.01 <= self.boundary <= 100:
            raise ConfigError(f"selector.boundary is {self.boundary}; expected 0.01 to 100; mend it.")
        if not 0 <= self.typical <= 1:
            raise ConfigError(f"selector.typical is {self.typical}; expected a share from 0 to 1; mend it.")
        if self.candidates is not None and self.candidates < 1:
            raise ConfigError(f"selector.candidates is {self.candidates}; expected 1 or more; mend it or leave it out.")
        if not 0 <= self.temper <= 2:
            raise ConfigError(f"selector.temper is {self.temper}; expected 0 to 2; mend it.")

    def rank(self, space: Space, scores: Scores, demand: Demand, executor: Executor, seed: int) -> Sequence:
        members = space.bins.members
        boundary = scores.region == BOUNDARY

        def tasks() -> Iterator[tuple[np.ndarray, ...]]:
            for rows in members:
                yield rows, boundary[rows], demand.first[rows], demand.last[rows], demand.sound(rows)

        rank = in_clusters(space, executor, partial(_order_cluster, space.embeddings.vectors, self, seed), tasks())
        return Sequence(rank, np.array(float(self.temper)))


def _order_cluster(vectors: np.ndarray, settings: Herding, seed: int, task: tuple[np.ndarray, ...]) -> np.ndarray:
    rows, boundary, first, last, sound = task
    x = vectors[rows]
    # A product need not be symmetric to the last bit, nor 1 on its diagonal; the distance is. In whole numbers, their
    # mean is the same in any order of addition.
    distance = np.round(np.clip(1 - x @ x.T, 0, 2).astype(np.float64) * FINE)
    distance = np.minimum(distance, distance.T)
    np.fill_diagonal(distance, 0)
    mean = distance.sum() / max(1, len(rows) * (len(rows) - 1))
    kernel = np.round(np.exp(-distance / max(1, settings.bandwidth * mean)) * FINE)
    order = herd(kernel, first, last, sound, settings.candidates, np.random.default_rng([seed, int(rows[0])]))
    return take_turns(order, boundary, first, last, sound, settings.boundary, settings.typical)


def herd(
    kernel: np.ndarray,
    first: np.ndarray,
    last: np.ndarray,
    sound: np.ndarray,
    candidates: int | None,
    rng: np.random.Generator,
) -> np.ndarray:
    """Herding order of a cluster, ties by position.

    The t-th row maximises mean over the sound rows of k(i, j) - 1 / t sum over the sound rows before of k(s, j).

    Parameters
    ----------
    kernel : float64[m, m]
        Symmetric; whole numbers from 0, so that sums are exact in any order of addition and equal gains tie.
    first, last : bool[m]
        Rows taken before all others, and after them.
    sound : bool[m]
        Rows that count (`Demand.sound`); the others have a place, and no influence on what is best.
    candidates : int, optional
        Of how many waiting rows, drawn with replacement, the first is the best; of one more the next; None: of all.
    rng : Generator

    Returns
    -------
    int64[m]
        Positions, best first.
    """
    m = len(kernel)
    tier = np.where(first, 0, np.where(last, 2, 1))
    target, weight = kernel[sound].sum(axis=0), int(sound.sum())
    kept, turn = np.zeros(m), 1
    order = np.empty(m, np.int64)
    place = 0
    for current in (0, 1, 2):
        waiting = np.flatnonzero(tier == current)
        for size in range(len(waiting), 0, -1):
            some = size if candidates is None else candidates + place
            at = np.arange(size) if some >= size else rng.integers(0, size, some)
            rival = waiting[at]
            gain = turn * target[rival] - weight * kept[rival]
            tied = at[gain == gain.max()]
            best = tied[0] if len(tied) == 1 else tied[waiting[tied].argmin()]
            chosen = waiting[best]
            waiting[best] = waiting[size - 1]
            order[place] = chosen
            place += 1
            if sound[chosen]:
                turn += 1
                kept += kernel[chosen]
    return order


def take_turns(
    order: np.ndarray,
    boundary: np.ndarray,
    first: np.ndarray,
    last: np.ndarray,
    sound: np.ndarray,
    boost: float,
    typical: float,
) -> np.ndarray:
    """Merge the boundary and the core of a cluster: at a share c of the core, boost c^2 / (c + typical) of the other.

    Parameters
    ----------
    order : int64[m]
        Positions, best first.
    boundary : bool[m]
    first, last, sound : bool[m]
    boost, typical : float

    Returns
    -------
    int64[m]
        Positions: those of each of the two in the order given; those first first, those last last.
    """
    boundary, sound, tier = boundary[order], sound[order], np.where(first, 0, np.where(last, 2, 1))[order]
    key = np.ones(len(order))
    for side in (boundary & (tier < 2), ~boundary & (tier < 2)):
        some = sound[side] if sound[side].any() else np.ones(int(side.sum()), bool)
        key[side] = (np.cumsum(some) - some / 2) / max(1, int(some.sum()))
    # The share of the core at which this share of the boundary is due: the formula above, solved for c.
    share = key[boundary]
    key[boundary] = (share + np.sqrt(share**2 + 4 * boost * share * typical)) / (2 * boost)
    return order[np.lexsort((np.arange(len(order)), key, tier))]
