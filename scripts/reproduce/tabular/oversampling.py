"""Oversampling of the smaller classes: from their borders, and as imbalanced-learn does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from imblearn.over_sampling import ADASYN, SMOTE, BorderlineSMOTE
from imblearn.under_sampling import RandomUnderSampler
from scipy.stats import rankdata
from sklearn.neighbors import NearestNeighbors

from pipeline.arrays import Bins, Embeddings
from pipeline.embedders.chunks import unit
from pipeline.executors import Serial
from pipeline.scorers.border import border
from pipeline.scorers.density import mean_distance
from pipeline.scorers.head import Head

RULES = ("density", "margin", "both")
LIBRARY = ("SMOTE", "Borderline-SMOTE", "ADASYN")
RECIPE = "adaptive-resampling"  # the authors' package, as its README shows
NEIGHBOURS = 5  # between which synthetic rows lie, everywhere

Rows = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Candidate:
    """A rule for the border; ``k`` is of no concern to margins."""

    rule: str
    k: int
    percentile: float


def candidates(ks: list[int], percentiles: list[float]) -> list[Candidate]:
    return [Candidate(r, k, p) for r in RULES for k in (ks if r != "margin" else ks[:1]) for p in percentiles]


def margins(features: np.ndarray, label: np.ndarray) -> np.ndarray:
    """float64[n]: distance to the nearest surface between classes, of a logistic head that has not seen the row."""
    vectors = features.astype(np.float32)
    sums = np.stack([vectors[label == c].sum(axis=0, dtype=np.float64) for c in range(label.max() + 1)])
    bins = Bins(np.zeros(len(label), np.int32), np.array(["all"]), label.astype(np.int32), sums, unit(sums))
    found = Head(rows=len(label), C=1.0).margins(Embeddings(vectors, np.zeros(len(label), bool)), bins, Serial())
    return np.nan_to_num(found.astype(np.float64), nan=np.inf)  # without a verdict it is no border


def on_border(candidate: Candidate, points: np.ndarray, margin: np.ndarray) -> np.ndarray:
    """bool[m]: rows of a class that are its border: the farthest from others of it, the nearest to a surface, or both.

    Parameters
    ----------
    candidate : Candidate
    points : float64[m, d]
        All rows of the class.
    margin : float64[m]
    """
    if candidate.rule == "density":
        return border(points, candidate.k, candidate.percentile, Serial())
    likeness = rankdata(-margin)
    if candidate.rule == "both":
        likeness = likeness + rankdata(mean_distance(points, candidate.k))
    return likeness >= np.percentile(likeness, candidate.percentile)


def from_borders(features: np.ndarray, label: np.ndarray, margin: np.ndarray, candidate: Candidate, seed: int) -> Rows:
    """All rows, and synthetic ones until every class is as large as the largest.

    Each lies between a border row of its class and one of the nearest rows of it, as in Borderline-SMOTE (Han, Wang and
    Mao 2005), whose rule for borders is another.
    """
    rng, size = np.random.default_rng(seed), np.bincount(label)
    made = [(features, label)]
    for number in np.flatnonzero(size < size.max()):
        own = features[label == number]
        seeds = np.flatnonzero(on_border(candidate, own, margin[label == number]))
        chosen = rng.choice(seeds, size.max() - size[number])
        near = NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(own) - 1) + 1).fit(own)
        other = near.kneighbors(own[seeds], return_distance=False)[:, 1:]
        towards = other[np.searchsorted(seeds, chosen), rng.integers(0, other.shape[1], len(chosen))]
        step = rng.random((len(chosen), 1))
        made.append((own[chosen] + step * (own[towards] - own[chosen]), np.full(len(chosen), number)))
    return np.concatenate([f for f, _ in made]), np.concatenate([c for _, c in made])


def as_library(name: str, features: np.ndarray, label: np.ndarray, seed: int) -> Rows:
    """The same by imbalanced-learn, its defaults but for neighbours where a class has fewer.

    Raises
    ------
    ValueError, RuntimeError
        If it can make none, as ADASYN where no row of a smaller class has one of another class near.
    """
    few = min(NEIGHBOURS, int(np.bincount(label).min()) - 1)
    if name == "SMOTE":
        sampler = SMOTE(k_neighbors=few, random_state=seed)
    elif name == "Borderline-SMOTE":
        sampler = BorderlineSMOTE(k_neighbors=few, random_state=seed)
    else:
        sampler = ADASYN(n_neighbors=few, random_state=seed)
    return sampler.fit_resample(features, label)


def by_recipe(features: np.ndarray, label: np.ndarray, seed: int) -> Rows:
    """Border rows of all classes made equally many by SMOTE, core rows by random undersampling, put together.

    Raises
    ------
    ValueError
        If a class has one border row, which SMOTE cannot do with.
    """
    from adaptive_resampling import classify_border_and_core_points

    parts = classify_border_and_core_points(features, label)
    sides = []
    for side in (0, 1):
        points = [part[side] for part in parts.values()]
        of = np.repeat(list(parts), [len(some) for some in points])
        sides.append((np.concatenate(points), of))
    few = min(NEIGHBOURS, int(np.unique(sides[0][1], return_counts=True)[1].min()) - 1)
    over = SMOTE(k_neighbors=few, random_state=seed).fit_resample(*sides[0])
    under = RandomUnderSampler(random_state=seed).fit_resample(*sides[1])
    return np.concatenate([over[0], under[0]]), np.concatenate([over[1], under[1]])
