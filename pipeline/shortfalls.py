"""What shares ask for and the corpus does not have, and who gets it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pipeline.arrays import Order, Selection

log = logging.getLogger("corebound")


def report(order: Order, selection: Selection, shares: Mapping[str, float]) -> None:
    """Log a warning that names every group with less than its share of what is kept, and those that got it.

    A group is short if what is kept of it is less than its share, by a row of its largest or more: it has no more, or
    none that is not set aside or waiting.
    """
    if not shares:
        return
    names = [*order.group_name.tolist(), *(name for name in shares if name not in order.group_name)]
    share = np.array([shares.get(name, 0.0) for name in names])
    kept = np.bincount(order.group, order.cost * selection.kept, minlength=len(names))
    there = np.bincount(order.group, order.cost, minlength=len(names))
    due, largest = share / share.sum() * kept.sum(), np.ones(len(names))
    np.maximum.at(largest, order.group, order.cost)
    short = np.flatnonzero(kept <= due - largest)
    if len(short):
        lacking = ", ".join(
            f"{names[g]} is due {due[g]:,.0f} {order.unit}, has {there[g]:,.0f} and gets {kept[g]:,.0f}" for g in short
        )
        more = [g for g in np.argsort(due - kept, kind="stable") if kept[g] - due[g] >= 1]
        gained = ", ".join(f"{names[g]} {kept[g] - due[g]:,.0f}" for g in more)
        log.warning("budget.shares: %s; more than their shares got %s.", lacking, gained or "no other")
