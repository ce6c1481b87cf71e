"""How much of the corpus the kept rows cover: the curve, the suggested budgets, and the baselines beside."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
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
ROUNDING = 1e-6  # of a float32 product: a copy in the vectors has cosine 1
NOBODY = np.iinfo(np.int64).max


def typical_similarity(neighbours: Neighbours, last: np.ndarray) -> float:
    """The cosine from which a row represents another, where the user states none: the corpus's own.

    The lower quartile of the rows' similarity to their nearest other row: three rows in four have one that near. A
    fixed number would mean another thing in every embedding.
    """
    nearest = neighbours.similarity[~last, 0]
    nearest = nearest[np.isfinite(nearest)]
    return float(np.percentile(nearest, 25)) if len(nearest) else 1.0


def sample_of(last: np.ndarray) -> np.ndarray:
    """The rows that coverage is measured on: those with the smallest ids that the guard lets through, int64[s]."""
    return np.flatnonzero(~last if not last.all() else np.ones_like(last))[:SAMPLE]


@dataclass(frozen=True)
class Curve(Saved):
    """``covered_at``: int64[s], how many rows of the order it takes until a sampled row has a kept row near enough."""

    covered_at: np.ndarray

    def cost(self, share: float, order: Order) -> tuple[int, int]:
        """Rows of the order, and their cost, that cover a share of the sample."""
        at = np.sort(self.covered_at)
        rows = int(at[max(0, int(np.ceil(share * len(at))) - 1)])
        return rows, int(order.cost[order.rows[:rows]].sum())


def trace_curve(order: Order, vectors: np.ndarray, sample: np.ndarray, similarity: float, executor: Executor) -> Curve:
    """The coverage of every prefix of the order, each sampled row against exactly all rows."""
    blocks = [slice(start, start + BLOCK) for start in range(0, len(vectors), BLOCK)]
    work = partial(_first_near, vectors, np.asarray(vectors[sample]), order.rank, similarity)
    covered = order.rank[sample]  # by itself, whatever rounding says of its cosine to itself
    for first in track(executor.map(work, blocks), "coverage", "rows", total=len(vectors), step=BLOCK):
        covered = np.minimum(covered, first)
    return Curve(covered + 1)


def _first_near(
    vectors: np.ndarray, queries: np.ndarray, rank: np.ndarray, similarity: float, block: slice
) -> np.ndarray:
    near = queries @ vectors[block].T >= similarity - ROUNDING
    return np.where(near, rank[block], NOBODY).min(axis=1)


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
    sample = sample_of(demand.last)
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
            coverage=float((cosine >= similarity - ROUNDING).mean()),
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
