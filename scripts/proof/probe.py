"""The probe: a linear classifier on frozen vectors, trained on the kept rows with their true labels."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

GRID = (1.0, 5.0, 25.0, 125.0, 625.0, 3125.0, 15625.0)  # C on unit vectors
FOLDS = 3
JUDGED = 600  # kept rows on which C is chosen: a random part of larger cuts, whose best C is somewhat smaller
TOLERANCE = 1e-4  # of the gradient: ten times less moves accuracy by 0.2 points at most, ten times more by 1.5


def model(strength: float, **how: bool) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=5000, tol=TOLERANCE, **how)


def fit(model: LogisticRegression, vectors: np.ndarray, label: np.ndarray) -> LogisticRegression:
    """Multinomial logistic regression to convergence.

    Raises
    ------
    ConvergenceWarning
        Where the iterations are not enough.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn wonders at more classes than half the rows, as small cuts have
        warnings.simplefilter("error", ConvergenceWarning)
        return model.fit(vectors, label)


def strength(vectors: np.ndarray, label: np.ndarray, seed: int) -> float:
    """The C of largest cross-validated likelihood among the kept rows; a fold does not judge labels it has not seen.

    The grid is climbed until the likelihood falls. Where no fold can judge, as every row has a label of its own, the
    answer is NaN.
    """
    rows = np.random.default_rng(seed).permutation(len(vectors))[:JUDGED]
    fold = np.arange(len(rows)) % FOLDS
    folds = []
    for number in range(FOLDS):
        train, held = rows[fold != number], rows[fold == number]
        held = held[np.isin(label[held], label[train])]
        if len(held) and len(np.unique(label[train])) > 1:
            folds.append((train, held, model(GRID[0], warm_start=True)))
    best, chosen = -np.inf, float("nan")
    for candidate in GRID:
        total = 0.0
        for train, held, classifier in folds:
            fit(classifier.set_params(C=candidate), vectors[train], label[train])
            likelihood = classifier.predict_log_proba(vectors[held])
            total += likelihood[np.arange(len(held)), np.searchsorted(classifier.classes_, label[held])].sum()
        if total <= best or not folds:
            break
        best, chosen = total, candidate
    return chosen


def predict(vectors: np.ndarray, label: np.ndarray, test: np.ndarray, seed: int) -> tuple[np.ndarray, float]:
    """What a probe trained on the kept rows says of the test rows, and its C (the middle of the grid without one)."""
    if len(np.unique(label)) < 2:
        return np.full(len(test), label[0]), float("nan")
    best = strength(vectors, label, seed)
    used = GRID[len(GRID) // 2] if np.isnan(best) else best
    return fit(model(used), vectors, label).predict(test), used
