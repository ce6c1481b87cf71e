"""The classifiers, and what is counted of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, confusion_matrix
from sklearn.neighbors import KNeighborsClassifier

WEIGHTED = ("logistic regression", "random forest", "gradient boosting")  # those that can weigh classes
CLASSIFIERS = (*WEIGHTED, "nearest neighbours")


def make(name: str, seed: int, weighted: bool = False) -> Any:
    """A classifier of standardised features, as its library makes it but for what is named here."""
    weight = {"class_weight": "balanced"} if weighted else {}
    if name == "logistic regression":
        return LogisticRegression(max_iter=2000, **weight)
    if name == "random forest":
        return RandomForestClassifier(30, random_state=seed, n_jobs=1, **weight)
    if name == "gradient boosting":
        # Leaves of 20 rows, as by default, would hide classes of fewer; to stop early from 10,000 rows on, as by
        # default, would train on oversampled rows otherwise than on those of the table.
        return HistGradientBoostingClassifier(
            max_iter=50, min_samples_leaf=5, early_stopping=False, random_state=seed, **weight
        )
    return KNeighborsClassifier(5)


def confusion(truth: np.ndarray, said: np.ndarray, classes: int) -> list[list[int]]:
    """Rows by their class and by what is said of them, to be added up over folds."""
    return confusion_matrix(truth, said, labels=np.arange(classes)).tolist()


def f1(counts: np.ndarray) -> float:
    """Of the smaller of two classes; of more, the mean: of int[k, k], rows by class and by what is said of them.

    Counts are those of all folds together: a fold has a few rows of the smaller class, and the mean of the folds' F1
    would be mostly noise (Forman and Scholz 2010, "Apples-to-apples in cross-validation studies").
    """
    right, wrong = np.diag(counts), counts.sum(axis=0) + counts.sum(axis=1)
    each = 2 * right / np.maximum(wrong, 1)
    return float(each[1] if len(counts) == 2 else each.mean())


def balanced_accuracy(counts: np.ndarray) -> float:
    """Mean over classes of the share of their rows that are told."""
    return float((np.diag(counts) / counts.sum(axis=1)).mean())


def precision_recall(truth: np.ndarray, chance: np.ndarray) -> float:
    """Area under the precision-recall curve (average precision) of the smaller class; of more than two, the mean."""
    classes = np.arange(1 if chance.shape[1] == 2 else 0, chance.shape[1])
    return float(np.mean([average_precision_score(truth == c, chance[:, c]) for c in classes]))
