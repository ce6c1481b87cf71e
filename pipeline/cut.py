"""The cut: a prefix of the order, and for every other row the kept row that stands for it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays import BEYOND, FLOOR, REGIONS, Selection

if TYPE_CHECKING:
    from pipeline.arrays import Demand, Order, Scores, Space, TopUp
    from pipeline.executors import Executor

BLOCK = 1024


def cut(
    order: Order,
    rows: int,
    space: Space,
    scores: Scores,
    demand: Demand,
    similarity: float,
    executor: Executor,
    topup: TopUp | None = None,
) -> Selection:
    """Keep the first ``rows`` of the order and account for the rest.

    Parameters
    ----------
    order : Order
    rows : int
        More than the distinct rows: copies fill up.
    space, scores, demand
    similarity : float
        Cosine from which a kept row represents another.
    executor : Executor
    topup : TopUp, optional
        Its rows are kept, too.
    """
    n = len(space)
    kept = np.zeros(n, bool)
    kept[order.rows[:rows]] = True
    if topup is not None:
        kept[topup.rows] = True
    stand_in, likeness = _stand_ins(kept, space, executor)

    # Reasons, weakest first: a later line overrides an earlier one.
    reason = np.where(likeness >= similarity, "represented", "budget").astype("U11")
    if order.without_waiting is not None:
        turn = order.without_waiting[:rows]  # who is not kept, and would be if no one had to wait
        reason[turn[demand.wait[turn] > 0]] = "doubtful"
    region = np.array(REGIONS)[scores.region]
    reason[demand.last] = np.where(scores.aside, region, "empty")[demand.last]
    reason[order.tier == BEYOND] = "ceiling"
    reason[kept] = region[kept]
    reason[kept & demand.last & ~scores.aside] = "empty"
    reason[kept & (order.tier == FLOOR)] = "floor"
    reason[kept & demand.first] = "always"
    if topup is not None:
        reason[topup.rows] = "returned"
    copies = _copies(rows - n, order, space) if rows > n else np.empty(0, np.int64)
    return Selection(kept, stand_in, likeness, reason, int(order.cost[kept].sum()) + len(copies), copies)


def _stand_ins(kept: np.ndarray, space: Space, executor: Executor) -> tuple[np.ndarray, np.ndarray]:
    """Nearest kept row of a row's cluster (or of the nearest that kept one) and neighbours: int64[n], float32[n]."""
    bins, vectors, neighbours = space.bins, space.embeddings.vectors, space.neighbours
    stand_in = np.arange(len(kept))
    likeness = np.ones(len(kept), np.float32)
    holds = np.bincount(bins.cluster[kept], minlength=len(bins.sizes)) > 0
    holders, centroids = np.flatnonzero(holds), bins.centroids[holds]
    tasks = []
    for number, members in enumerate(bins.members):
        dropped = members[~kept[members]]
        if not len(dropped):
            continue
        if holds[number]:
            holder = number
        else:
            holder = holders[np.argmax(centroids @ bins.centroids[number])]
        candidates = bins.members[holder]
        tasks.append((dropped, candidates[kept[candidates]]))
    for (dropped, _), (near, cosine) in zip(tasks, executor.map(partial(_nearest, vectors), tasks), strict=True):
        stand_in[dropped], likeness[dropped] = near, cosine
    # A neighbour in another cluster can be nearer than any kept row of the row's own.
    for near, cosine in zip(neighbours.rows.T, neighbours.similarity.T, strict=True):
        nearer = ~kept & (near >= 0) & kept[near] & (cosine > likeness)
        stand_in[nearer], likeness[nearer] = near[nearer], cosine[nearer]
    return stand_in, likeness


def _nearest(vectors: np.ndarray, task: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    rows, candidates = task
    among = vectors[candidates]
    near, cosine = np.empty(len(rows), np.int64), np.empty(len(rows), np.float32)
    for start in range(0, len(rows), BLOCK):
        product = vectors[rows[start : start + BLOCK]] @ among.T
        first = product.argmax(axis=1)
        near[start : start + BLOCK] = candidates[first]
        cosine[start : start + BLOCK] = product[np.arange(len(first)), first]
    return near, np.clip(cosine, -1, 1)


def _copies(wanted: int, order: Order, space: Space) -> np.ndarray:
    inputs = space.corpus.inputs
    rows = np.flatnonzero(~inputs.stands)
    return rows[np.argsort(order.rank[inputs.distinct[rows]], kind="stable")][:wanted]
