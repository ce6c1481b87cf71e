"""Webster's divisor method on two levels: clusters inside a group, then groups (METHOD, section 6)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from pipeline.arrays import BEYOND, FLOOR, LAST, NORMAL, Bins, Categories, Demand, Order, Sequence
from pipeline.errors import ConfigError


def apportion(
    sequence: Sequence,
    bins: Bins,
    groups: Categories,
    demand: Demand,
    shares: Mapping[str, float] | None = None,
    floors: Mapping[str, int] | None = None,
    ceilings: Mapping[str, int] | None = None,
) -> Order:
    """One order of all rows, every prefix of which is apportioned.

    The t-th unit of cost of a claimant with weight w has the key (t - 1/2) / w; rows sort by (tier, key, id). This
    is house-monotone, so budgets nest, and a claimant that runs out leaves its share to the others. A row that waits
    (`Demand.wait`) comes when that share of its group is taken; meanwhile the others come as if it were not there. A
    group that has no others left goes on with those that wait.

    Parameters
    ----------
    sequence : Sequence
        Rank of every row, inside its cluster or over the corpus.
    bins : Bins
    groups : Categories
        What shares, floors and ceilings speak of; clusters are divided by it where they straddle groups.
    demand : Demand
    shares, floors, ceilings : mapping, optional
        By the name of a group; see `pipeline.budget.Budget`.

    Raises
    ------
    ConfigError
        If a setting names no group, or floors, ceilings and always-keep rows contradict each other.
    """
    names = groups.name.tolist()
    shares, floors, ceilings = shares or {}, floors or {}, ceilings or {}
    require_groups(names, {"shares": shares, "floors": floors, "ceilings": ceilings})
    tier = np.where(demand.first, FLOOR, np.where(demand.last, LAST, NORMAL)).astype(np.uint8)
    group = groups.code

    within = alone = sequence.rank.astype(np.float64)
    if not np.isnan(sequence.temper):
        claimant = np.unique(group.astype(np.int64) * len(bins.sizes) + bins.cluster, return_inverse=True)[1]
        within = _turns(claimant, tier, sequence, demand, demand.cost)
        alone = _turns(claimant, tier, sequence, demand, demand.cost * (demand.counts | demand.last))
    within = _delayed(group, tier, within, alone, demand)
    middle, total = _position(group, tier, within, demand.cost)
    if shares:
        share = np.array([shares.get(str(name), 0.0) for name in names])
    else:
        share = _weight(group, demand)
    with np.errstate(divide="ignore", invalid="ignore"):  # a group without a share, or without cost
        key = middle / share[group]

    size = np.bincount(group, demand.cost, minlength=len(names))
    always = np.bincount(group, demand.cost * demand.first, minlength=len(names))
    for name, floor in floors.items():
        here = group == names.index(name)
        if floor > size[names.index(name)]:
            raise ConfigError(
                f"budget.floors.{name} is {floor:,}, but only {int(size[names.index(name)]):,} {demand.unit} are "
                f"there; lower it."
            )
        tier[here & (total - demand.cost < floor)] = FLOOR
        room = int(demand.cost[here & (total <= ceilings.get(name, total.max()))].sum())
        if floor > room:
            raise ConfigError(
                f"budget.floors.{name} is {floor:,}, but whole rows under budget.ceilings.{name} make {room:,} "
                f"{demand.unit}; lower the floor or raise the ceiling."
            )
    for name, ceiling in ceilings.items():
        if always[names.index(name)] > ceiling:
            raise ConfigError(
                f"budget.ceilings.{name} is {ceiling:,}, but its always-keep rows take "
                f"{int(always[names.index(name)]):,} {demand.unit}; raise it."
            )
        tier[(group == names.index(name)) & (total > ceiling)] = BEYOND
    # Groups without a share all have the key infinity: by size among themselves. A stable sort: ties stay in id order.
    rows = np.lexsort((middle / np.maximum(1, _weight(group, demand))[group], key, tier))
    without_waiting = None
    if demand.wait.any():
        patient = replace(demand, wait=np.zeros(len(rows)))
        without_waiting = apportion(sequence, bins, groups, patient, shares, floors, ceilings).rows
    return Order(rows, tier, group, groups.name, demand.cost, demand.unit, without_waiting)


def require_groups(names: Collection[str], quotas: Mapping[str, Mapping[str, float]]) -> None:
    """Refuse quotas of groups that are not there.

    Raises
    ------
    ConfigError
        Naming the setting, the group and those that are there.
    """
    for setting, given in quotas.items():
        for name in given:
            if name not in names:
                shown = ", ".join(list(names)[:20]) + (", ..." if len(names) > 20 else "")
                raise ConfigError(
                    f"budget.{setting} names '{name}', which no group of budget.by is; expected one of {shown}; "
                    "mend the name."
                )


def _turns(claimant: np.ndarray, tier: np.ndarray, sequence: Sequence, demand: Demand, cost: np.ndarray) -> np.ndarray:
    """Key of each row by its place in its cluster, and by the size of that: float64[n].

    Rows are tempered, whatever they cost: a cluster of long rows is no larger for it, and gets the same share of a
    budget in tokens as in rows.
    """
    middle, _ = _position(claimant, tier, sequence.rank, cost)
    rows, whole = (np.maximum(1, _weight(claimant, replace(demand, cost=each))) for each in (np.sign(cost), cost))
    return middle / (rows ** float(sequence.temper) * (whole / rows))[claimant]


def _delayed(group: np.ndarray, tier: np.ndarray, within: np.ndarray, alone: np.ndarray, demand: Demand) -> np.ndarray:
    """The sequence of each group, in which rows that wait come no earlier than the share that they wait for.

    Parameters
    ----------
    group : int32[n]
    tier : uint8[n]
    within, alone : float64[n]
        Turns of all rows, and of those that count if there were no others.
    demand : Demand
    """
    waits = (demand.wait > 0) & (tier == NORMAL)
    if not waits.any():
        return within
    # Where a row would be if no one that waits were there: until a wait is over, the others come in this order.
    sure, _ = _position(group, tier, alone, demand.cost * ~waits)
    key = np.where(waits, np.maximum(sure, demand.wait * _weight(group, demand)[group]), sure)
    delayed = np.empty(len(key))
    delayed[np.lexsort((np.where(waits, within, alone), key))] = np.arange(len(key))
    return delayed


def _position(
    claimant: np.ndarray, tier: np.ndarray, rank: np.ndarray, cost: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where each row's cost lies in the sequence of its claimant: its middle (t - 1/2 for a cost of 1) and its end."""
    rows = np.lexsort((rank, tier, claimant))
    end = np.cumsum(cost[rows])
    starts = np.flatnonzero(np.diff(claimant[rows], prepend=-1))
    before = np.repeat(end[starts] - cost[rows][starts], np.diff(starts, append=len(rows)))
    total = np.empty(len(rows), np.int64)
    total[rows] = end - before
    return total - cost / 2, total


def _weight(claimant: np.ndarray, demand: Demand) -> np.ndarray:
    """Cost of the rows of each claimant that the guard does not hold back, or of all where it holds back all."""
    whole = np.bincount(claimant, demand.cost)
    sound = np.bincount(claimant, demand.cost * ~demand.last, minlength=len(whole))
    return np.where(sound > 0, sound, whole)
