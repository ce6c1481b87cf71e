"""How much of the corpus the kept rows cover: the curve, the suggested budgets, and the baselines beside."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays import BOUNDARY, CORE, Saved
from pipeline.progress import track

if TYPE_CHECKING:
    from pipeline.arrays import Demand, Neighbours, Order, Scores, Selection, Space
    from pipeline.executors import Executor

LEVELS = (0.80, 0.90, 0.95, 0.99)
SAMPLE = 2000
BLOCK = 8192
NOBODY = np.iinfo(np.int64).max


def typical_similarity(neighbours: Neighbours, last: np.ndarray) -> float:
    """The cosine from which a row represents another, where the user states none: the corpus's own.

    The median over the rows that the guard lets through of their similarity to their nearest neighbours: what a row
    of this corpus, in these vectors, calls near. A fixed number would mean another thing in every embedding.
    """
    similarity = neighbours.similarity[~last]
    return float(np.median(similarity[np.isfinite(similarity)])) if np.isfinite(similarity).any() else 1.0


@dataclass(frozen=True)
class Curve(Saved):
    """``covered_at``: int64[n], how many rows of the order it takes until a row has a kept row near enough."""

    covered_at: np.ndarray

    def cost(self, share: float, order: Order, last: np.ndarray) -> tuple[int, int]:
        """Rows, and their cost, that cover a share of the rows that the guard lets through."""
        at = np.sort(self.covered_at[~last] if not last.all() else self.covered_at)
        rows = int(at[max(0, int(np.ceil(share * len(at))) - 1)])
        return rows, int(order.cost[order.rows[:rows]].sum())


def write_curve(folder: Path, order: Order, space: Space, similarity: float, executor: Executor) -> None:
    """Write the `Curve`: rows near enough are sought in a row's cluster and among its neighbours."""
    rank, members = order.rank, space.bins.members
    tasks = ((rows, rank[rows]) for rows in members)
    found = executor.map(partial(_first_near, space.embeddings.vectors, similarity), tasks)
    covered = np.empty(len(space), np.int64)
    sizes = space.bins.sizes.tolist()
    for rows, first in zip(members, track(found, "coverage", "rows", len(space), sizes), strict=True):
        covered[rows] = first
    for rows, likeness in zip(space.neighbours.rows.T, space.neighbours.similarity.T, strict=True):
        covered = np.minimum(covered, np.where(likeness >= similarity, rank[rows], NOBODY))
    Curve(covered + 1).save(folder)


def _first_near(vectors: np.ndarray, similarity: float, task: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    rows, rank = task
    x = vectors[rows]
    first = rank.copy()
    for start in range(0, len(rows), 1024):
        near = x[start : start + 1024] @ x.T >= similarity
        best = np.where(near, rank[None, :], NOBODY).min(axis=1)
        first[start : start + 1024] = np.minimum(first[start : start + 1024], best)
    return first


@dataclass(frozen=True)
class Measure:
    """What a subset is worth, measured on a sample of the rows that the guard lets through.

    Attributes
    ----------
    rows : int
    coverage : float
        Share of the sample with a kept row near enough.
    similarity : float
        Mean cosine to the nearest kept row.
    radius : float
        Largest cosine distance (1 - cosine) to the nearest kept row.
    boundary, core : float
        Share of all boundary rows, and of all core rows, that is kept.
    """

    rows: int
    coverage: float
    similarity: float
    radius: float
    boundary: float
    core: float


def compare(
    subsets: dict[str, np.ndarray], space: Space, scores: Scores, demand: Demand, similarity: float
) -> dict[str, Measure]:
    """Measure subsets (bool[n] each) against exactly all their rows, on the sample with the smallest ids."""
    from pipeline.executors import one_thread

    vectors = space.embeddings.vectors
    sample = np.flatnonzero(~demand.last if not demand.last.all() else demand.first | True)[:SAMPLE]
    nearest = {name: np.full(len(sample), -1.0, np.float32) for name in subsets}
    with one_thread():
        queries = vectors[sample]
        for start in range(0, len(vectors), BLOCK):
            product = queries @ vectors[start : start + BLOCK].T
            for name, kept in subsets.items():
                here = kept[start : start + BLOCK]
                if here.any():
                    nearest[name] = np.maximum(nearest[name], product[:, here].max(axis=1))

    def share(kept: np.ndarray, region: int) -> float:
        total = int((scores.region == region).sum())
        return float((kept & (scores.region == region)).sum() / total) if total else float("nan")

    measures = {}
    for name, kept in subsets.items():
        cosine = np.clip(np.where(kept[sample], 1, nearest[name]), -1, 1)
        measures[name] = Measure(
            rows=int(kept.sum()),
            coverage=float((cosine >= similarity).mean()),
            similarity=float(cosine.mean()),
            radius=float(1 - cosine.min()),
            boundary=share(kept, BOUNDARY),
            core=share(kept, CORE),
        )
    return measures


def prefix_of(order: Order, selection: Selection) -> np.ndarray:
    """The prefix of another order that costs what a selection of distinct rows costs, at most: bool[n]."""
    kept = np.zeros(len(order.rows), bool)
    spent = int(order.cost[selection.kept].sum())
    kept[order.rows[: np.searchsorted(np.cumsum(order.cost[order.rows]), spent, side="right")]] = True
    return kept
