"""SMOTE as imbalanced-learn has it, class by class, so that one of few rows does not lower ``k`` for all."""

from __future__ import annotations

import numpy as np
from imblearn.over_sampling import SMOTE, RandomOverSampler

Rows = tuple[np.ndarray, np.ndarray]


def smote(features: np.ndarray, label: np.ndarray, k: int, seed: int) -> Rows:
    """All rows, and synthetic ones until every class is as large as the largest; a class of one row is copied.

    Parameters
    ----------
    features : float[n, d]
    label : int64[n]
        Classes, numbered from 0.
    k : int
        Nearest rows of a class between which synthetic ones lie; fewer where it has fewer.
    seed : int
    """
    size, made = np.bincount(label), (features, label)
    for number in np.flatnonzero((size < size.max()) & (size > 1)):
        few = min(k, int(size[number]) - 1)
        sampler = SMOTE(sampling_strategy={int(number): int(size.max())}, k_neighbors=few, random_state=seed)
        more, of = sampler.fit_resample(features, label)
        made = np.concatenate([made[0], more[len(label) :]]), np.concatenate([made[1], of[len(label) :]])
    return RandomOverSampler(random_state=seed).fit_resample(*made)
