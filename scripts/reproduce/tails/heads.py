"""Linear heads for long tails: on real vectors alone, weighted, corrected, or with more vectors for rare classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from imblearn.over_sampling import RandomOverSampler
from sklearn.linear_model import LogisticRegression
from smote import Rows, smote

from pipeline.augmenters.latent import Latent, Moments, draw
from pipeline.scorers.head import TOLERANCE

REAL, CHOSEN = "real only", "latents, chosen"
LATENTS = {f"latents, {kind}": kind for kind in Latent if kind != Latent.none}
NEIGHBOURS = 5  # of SMOTE
TRIED = 1e-4  # tolerance of the fits that only choose a penalty

Predict = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Method:
    """How a head is made of vectors float32[n, d] and classes int64[n], given the C of its penalty, a seed, and the
    gradient of the mean loss at which it is finished."""

    name: str
    fit: Callable[[Rows, float, int, float], Predict]
    tuned: bool = True


def logistic(
    rows: Rows, C: float, tolerance: float, weights: np.ndarray | None = None, **how: Any
) -> LogisticRegression:
    return LogisticRegression(C=C, max_iter=3000, tol=tolerance, **how).fit(*rows, weights)


def _plain(rows: Rows, C: float, seed: int, tolerance: float = TOLERANCE) -> Predict:
    return logistic(rows, C, tolerance).predict


def _weighted(rows: Rows, C: float, seed: int, tolerance: float = TOLERANCE) -> Predict:
    return logistic(rows, C, tolerance, class_weight="balanced").predict


def _adjusted(rows: Rows, C: float, seed: int, tolerance: float = TOLERANCE) -> Predict:
    """Log odds without the classes' shares (Menon et al. 2021, "Long-tail learning via logit adjustment")."""
    head, size = logistic(rows, C, tolerance), np.bincount(rows[1])
    shares = np.log(size[size > 0])
    # Outputs stand for log probabilities: these warn where a weak penalty makes a probability 0 in float32.
    return lambda vectors: head.classes_[np.argmax(head.decision_function(vectors) - shares, axis=1)]


def _lda(rows: Rows, C: float, seed: int, tolerance: float = TOLERANCE) -> Predict:
    """With the covariance that all classes share, shrunk; scikit-learn's is a mean over classes, many of one row."""
    moments = Moments.of(*rows)
    there = np.flatnonzero(moments.size)
    mean = moments.mean[there]
    weights = np.linalg.solve(moments.root @ moments.root, mean.T)
    offsets = -(mean * weights.T).sum(axis=1) / 2
    return lambda vectors: there[np.argmax(vectors @ weights + offsets, axis=1)]


def _copied(rows: Rows, C: float, seed: int, tolerance: float = TOLERANCE) -> Predict:
    sampler = RandomOverSampler(random_state=seed)
    sampler.fit_resample(*rows)
    copies = np.bincount(sampler.sample_indices_, minlength=len(rows[1]))  # weights: the same loss, of fewer rows
    return logistic(rows, C, tolerance, copies).predict


def _smote(rows: Rows, C: float, seed: int, tolerance: float = TOLERANCE) -> Predict:
    return logistic(smote(*rows, NEIGHBOURS, seed), C, tolerance).predict


def with_latents(kind: Latent, amount: float = 1.0) -> Callable[[Rows, float, int, float], Predict]:
    def fit(rows: Rows, C: float, seed: int, tolerance: float = TOLERANCE) -> Predict:
        made, label = draw(kind, *rows, amount, seed)
        return logistic((np.concatenate([rows[0], made]), np.concatenate([rows[1], label])), C, tolerance).predict

    return fit


METHODS = (
    Method(REAL, _plain),
    Method("class weights", _weighted),
    Method("logit adjustment", _adjusted),
    Method("LDA, uniform priors", _lda, tuned=False),
    Method("random oversampling", _copied),
    Method("SMOTE", _smote),
    *(Method(name, with_latents(kind)) for name, kind in LATENTS.items()),
)


def recalls(truth: np.ndarray, said: np.ndarray, classes: int) -> np.ndarray:
    """float64[k]: share of each class's rows that are told; NaN for a class without any."""
    many = np.bincount(truth, minlength=classes)
    right = np.bincount(truth[said == truth], minlength=classes)
    return np.where(many > 0, right / np.maximum(many, 1), np.nan)


def best(method: Method, rows: Rows, grid: list[float], folds: int, seed: int) -> tuple[float, float]:
    """The C of largest balanced accuracy over folds of the training rows, and that accuracy.

    A class of one row is always learnt from, and judges nothing.
    """
    vectors, label = rows
    classes, rng = label.max() + 1, np.random.default_rng(seed)
    fold = np.full(len(label), -1)
    for number in np.flatnonzero(np.bincount(label) > 1):
        own = rng.permutation(np.flatnonzero(label == number))
        fold[own] = np.arange(len(own)) % folds
    found = []
    for C in grid if method.tuned else grid[:1]:
        said = np.full(len(label), -1)
        for number in range(folds):
            held = fold == number
            said[held] = method.fit((vectors[~held], label[~held]), C, seed, TRIED)(vectors[held])
        judged = fold >= 0
        found.append(float(np.nanmean(recalls(label[judged], said[judged], classes))))
    at = int(np.argmax(found))
    return grid[at], found[at]
