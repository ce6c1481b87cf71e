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
Lesson = tuple[np.ndarray, np.ndarray, np.ndarray | None]  # vectors float32[n, d], classes int64[n], weights [n]


def logistic(lesson: Lesson, C: float, tolerance: float, **how: Any) -> LogisticRegression:
    return LogisticRegression(C=C, max_iter=3000, tol=tolerance, **how).fit(*lesson)


def _plain(lesson: Lesson, C: float, tolerance: float) -> Predict:
    return logistic(lesson, C, tolerance).predict


def _weighted(lesson: Lesson, C: float, tolerance: float) -> Predict:
    return logistic(lesson, C, tolerance, class_weight="balanced").predict


def _adjusted(lesson: Lesson, C: float, tolerance: float) -> Predict:
    """Log odds without the classes' shares (Menon et al. 2021, "Long-tail learning via logit adjustment")."""
    head, size = logistic(lesson, C, tolerance), np.bincount(lesson[1])
    shares = np.log(size[size > 0])

    def predict(vectors: np.ndarray) -> np.ndarray:
        # Not the logs of probabilities, of which a weak penalty makes many 0 in float32.
        outputs = head.decision_function(vectors)
        if outputs.ndim == 1:  # scikit-learn has one output for two classes, of the second
            outputs = np.stack([np.zeros_like(outputs), outputs], axis=1)
        return head.classes_[np.argmax(outputs - shares, axis=1)]

    return predict


def _lda(lesson: Lesson, C: float, tolerance: float) -> Predict:
    """With the covariance that all classes share, shrunk; scikit-learn's is a mean over classes, many of one row."""
    moments = Moments.of(*lesson[:2])
    there = np.flatnonzero(moments.size)
    mean = moments.mean[there]
    weights = np.linalg.solve(moments.root @ moments.root, mean.T)
    offsets = -(mean * weights.T).sum(axis=1) / 2
    return lambda vectors: there[np.argmax(vectors @ weights + offsets, axis=1)]


def _as_they_are(rows: Rows, seed: int) -> Lesson:
    return (*rows, None)


def _copied(rows: Rows, seed: int) -> Lesson:
    sampler = RandomOverSampler(random_state=seed)
    sampler.fit_resample(*rows)
    # Copies as weights: the same loss, of fewer rows.
    return (*rows, np.bincount(sampler.sample_indices_, minlength=len(rows[1])))


def _smote(rows: Rows, seed: int) -> Lesson:
    return (*smote(*rows, NEIGHBOURS, seed), None)


@dataclass(frozen=True)
class Method:
    """How a head is made: what of rows and a seed it learns from; and how, given the C of its penalty and the gradient
    of the mean loss at which it is finished."""

    name: str
    learn: Callable[[Lesson, float, float], Predict] = _plain
    lesson: Callable[[Rows, int], Lesson] = _as_they_are
    tuned: bool = True

    def fit(self, rows: Rows, C: float, seed: int, tolerance: float = TOLERANCE) -> Predict:
        """A head of vectors float32[n, d] and classes int64[n]."""
        return self.learn(self.lesson(rows, seed), C, tolerance)


def with_latents(name: str, amount: float = 1.0) -> Method:
    """A head that learns from real vectors and from ``amount`` of the latents that each class lacks."""

    def lesson(rows: Rows, seed: int) -> Lesson:
        made, label = draw(LATENTS[name], *rows, amount, seed)
        return np.concatenate([rows[0], made]), np.concatenate([rows[1], label]), None

    return Method(name, lesson=lesson)


METHODS = (
    Method(REAL),
    Method("class weights", _weighted),
    Method("logit adjustment", _adjusted),
    Method("LDA, uniform priors", _lda, tuned=False),
    Method("random oversampling", lesson=_copied),
    Method("SMOTE", lesson=_smote),
    *map(with_latents, LATENTS),
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
    lessons = [method.lesson((vectors[fold != number], label[fold != number]), seed) for number in range(folds)]
    found, judged = [], fold >= 0
    for C in grid if method.tuned else grid[:1]:
        said = np.full(len(label), -1)
        for number, lesson in enumerate(lessons):
            held = fold == number
            said[held] = method.learn(lesson, C, TRIED)(vectors[held])
        found.append(float(np.nanmean(recalls(label[judged], said[judged], classes))))
    at = int(np.argmax(found))
    return grid[at], found[at]
