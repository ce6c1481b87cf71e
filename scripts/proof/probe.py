"""The probe: a linear classifier on frozen vectors, trained on the kept rows with their true labels."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

GRID = (1.0, 5.0, 25.0, 125.0)  # C on unit vectors
FOLDS = 3
JUDGED = 600  # kept rows on which C is chosen; the best C does not depend on their number, as it scales with it


def fit(vectors: np.ndarray, label: np.ndarray, strength: float) -> LogisticRegression:
    """Multinomial logistic regression to convergence.

    Raises
    ------
    ConvergenceWarning
        Where 5,000 iterations are not enough.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn wonders at more classes than half the rows, as small cuts have
        warnings.simplefilter("error", ConvergenceWarning)
        return LogisticRegression(C=strength, max_iter=5000, tol=1e-3).fit(vectors, label)


def strength(vectors: np.ndarray, label: np.ndarray, seed: int) -> float:
    """The C of largest cross-validated likelihood among the kept rows; a fold does not judge labels it has not seen."""
    rows = np.random.default_rng(seed).permutation(len(vectors))[:JUDGED]
    fold = np.arange(len(rows)) % FOLDS
    best, chosen = -np.inf, GRID[len(GRID) // 2]
    for candidate in GRID:
        total = 0.0
        for number in range(FOLDS):
            train, held = rows[fold != number], rows[fold == number]
            if len(np.unique(label[train])) < 2:
                continue
            model = fit(vectors[train], label[train], candidate)
            held = held[np.isin(label[held], model.classes_)]
            if len(held):
                likelihood = model.predict_log_proba(vectors[held])
                total += likelihood[np.arange(len(held)), np.searchsorted(model.classes_, label[held])].sum()
        if total > best:
            best, chosen = total, candidate
    return chosen


def predict(vectors: np.ndarray, label: np.ndarray, test: np.ndarray, seed: int) -> tuple[np.ndarray, float]:
    """What a probe trained on the kept rows says of the test rows, and its C."""
    if len(np.unique(label)) < 2:
        return np.full(len(test), label[0]), float("nan")
    best = strength(vectors, label, seed)
    return fit(vectors, label, best).predict(test), best
