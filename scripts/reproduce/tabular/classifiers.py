"""The classifiers, and what is measured of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, balanced_accuracy_score, f1_score
from sklearn.neighbors import KNeighborsClassifier

WEIGHTED = ("logistic regression", "random forest", "gradient boosting")  # those that can weigh classes
CLASSIFIERS = (*WEIGHTED, "nearest neighbours")


def make(name: str, seed: int, weighted: bool = False) -> Any:
    """A classifier of standardised features, as its library makes it but for what is named here."""
    weight = {"class_weight": "balanced"} if weighted else {}
    if name == "logistic regression":
        return LogisticRegression(max_iter=2000, **weight)
    if name == "random forest":
        return RandomForestClassifier(50, random_state=seed, n_jobs=1, **weight)
    if name == "gradient boosting":
        # Leaves of 20 rows, as by default, would hide classes of fewer.
        return HistGradientBoostingClassifier(max_iter=50, min_samples_leaf=5, random_state=seed, **weight)
    return KNeighborsClassifier(5)


def f1(truth: np.ndarray, said: np.ndarray) -> float:
    """Of the smaller of two classes; of more, their mean."""
    two = truth.max() == 1
    return float(f1_score(truth, said, average="binary" if two else "macro", zero_division=0))


def measure(model: Any, features: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """What a fitted classifier is worth on other rows."""
    said, chance = model.predict(features), model.predict_proba(features)
    classes = np.arange(1 if chance.shape[1] == 2 else 0, chance.shape[1])
    return {
        "f1": f1(truth, said),
        "balanced": float(balanced_accuracy_score(truth, said)),
        "auprc": float(np.mean([average_precision_score(truth == c, chance[:, c]) for c in classes])),
        "accuracy": float((said == truth).mean()),
    }
