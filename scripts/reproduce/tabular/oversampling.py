"""Oversampling of the smaller classes: from their borders, and as imbalanced-learn does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from imblearn.over_sampling import ADASYN, SMOTE, BorderlineSMOTE, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from scipy.stats import rankdata
from sklearn.neighbors import NearestNeighbors
from smote import Rows, smote

from pipeline.arrays import Bins, Embeddings
from pipeline.embedders.chunks import unit
from pipeline.executors import Serial
from pipeline.scorers.border import border
from pipeline.scorers.density import mean_distance
from pipeline.scorers.head import Head

RULES = ("density", "margin", "both")
SMOTED = "SMOTE"
FIXED = ("random oversampling", "Borderline-SMOTE", "ADASYN", "adaptive-resampling")  # that have nothing to choose here
NEIGHBOURS = 5  # between which synthetic rows lie, where that is not chosen


@dataclass(frozen=True)
class Candidate:
    """A way to oversample, with its settings: a rule for the border, its ``k`` and ``percentile``; or SMOTE's ``k``."""

    rule: str
    k: int
    percentile: float = 0

    def make(self, features: np.ndarray, label: np.ndarray, margin: np.ndarray, seed: int) -> Rows:
        """All rows, and synthetic ones until every class is as large as the largest."""
        if label.min() == label.max():  # a fold of a table in which the others have few rows
            return features, label
        if self.rule == SMOTED:
            return smote(features, label, self.k, seed)
        return from_borders(features, label, margin, self, seed)


def candidates(ks: list[int], percentiles: list[float], neighbours: list[int]) -> list[Candidate]:
    """Every rule with every setting that it has; ``k`` is of no concern to margins."""
    rules = [Candidate(r, k, p) for r in RULES for k in (ks if r != "margin" else ks[:1]) for p in percentiles]
    return rules + [Candidate(SMOTED, k) for k in neighbours]


def margins(features: np.ndarray, label: np.ndarray) -> np.ndarray:
    """float64[n]: distance to the nearest surface between classes, of a logistic head that has not seen the row."""
    vectors, label = features.astype(np.float32), np.unique(label, return_inverse=True)[1]  # a fold may lack a class
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
    nearness = rankdata(-np.abs(margin))  # on whichever side
    if candidate.rule == "both":
        nearness = nearness + rankdata(mean_distance(points, candidate.k))
    return nearness >= np.percentile(nearness, candidate.percentile)


def from_borders(features: np.ndarray, label: np.ndarray, margin: np.ndarray, candidate: Candidate, seed: int) -> Rows:
    """Synthetic rows between a border row of their class and one of the nearest rows of it.

    As in Borderline-SMOTE (Han, Wang and Mao 2005), whose rule for borders is another. A class of one row is copied.
    """
    rng, size = np.random.default_rng(seed), np.bincount(label)
    made = [(features, label)]
    for number in np.flatnonzero((size < size.max()) & (size > 0)):
        own = features[label == number]
        seeds = np.flatnonzero(on_border(candidate, own, margin[label == number]))
        chosen = rng.choice(seeds, size.max() - size[number])
        if len(own) == 1:
            made.append((own[chosen], np.full(len(chosen), number)))
            continue
        near = NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(own) - 1) + 1).fit(own)
        other = near.kneighbors(own[seeds], return_distance=False)[:, 1:]
        towards = other[np.searchsorted(seeds, chosen), rng.integers(0, other.shape[1], len(chosen))]
        step = rng.random((len(chosen), 1))
        made.append((own[chosen] + step * (own[towards] - own[chosen]), np.full(len(chosen), number)))
    return np.concatenate([f for f, _ in made]), np.concatenate([c for _, c in made])


def _borderline(features: np.ndarray, label: np.ndarray, seed: int) -> Rows:
    return BorderlineSMOTE(k_neighbors=_few(label), random_state=seed).fit_resample(features, label)


def _adasyn(features: np.ndarray, label: np.ndarray, seed: int) -> Rows:
    return ADASYN(n_neighbors=_few(label), random_state=seed).fit_resample(features, label)


def _few(label: np.ndarray) -> int:
    return max(1, min(NEIGHBOURS, int(np.bincount(label).min()) - 1))


def _copied(features: np.ndarray, label: np.ndarray, seed: int) -> Rows:
    return RandomOverSampler(random_state=seed).fit_resample(features, label)


def _recipe(features: np.ndarray, label: np.ndarray, seed: int) -> Rows:
    """The package's README: borders of all classes made equally many by SMOTE, cores by random undersampling."""
    from adaptive_resampling import classify_border_and_core_points

    parts = classify_border_and_core_points(features, label)
    sides = []
    for side in (0, 1):
        points = [part[side] for part in parts.values()]
        of = np.repeat(list(parts), [len(some) for some in points])
        sides.append((np.concatenate(points), of))
    fewest = int(np.unique(sides[0][1], return_counts=True)[1].min())
    over = SMOTE(k_neighbors=min(NEIGHBOURS, fewest - 1), random_state=seed).fit_resample(*sides[0])
    under = RandomUnderSampler(random_state=seed).fit_resample(*sides[1])
    return np.concatenate([over[0], under[0]]), np.concatenate([over[1], under[1]])


SAMPLERS: dict[str, Callable[[np.ndarray, np.ndarray, int], Rows]] = dict(
    zip(FIXED, (_copied, _borderline, _adasyn, _recipe), strict=True)
)


def fixed(name: str, train: Rows, seed: int) -> Rows | str:
    """Rows of one of ``FIXED``, its defaults but for neighbours where a class has fewer; or why it makes none.

    ADASYN fails where no row of a class has one of another class near, SMOTE where a class has one border row, and
    Borderline-SMOTE makes none for a class that is nowhere in danger.
    """
    try:
        made = SAMPLERS[name](*train, seed)
    except (ValueError, RuntimeError) as error:
        return str(error).split(". ")[0].split(", but")[0]
    return made if name == FIXED[-1] or len(made[1]) > len(train[1]) else "no row is in danger"
