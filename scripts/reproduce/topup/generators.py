"""Makers of rows for the classes of a table, where arXiv 2406.03628 has a language model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from imblearn.over_sampling import ADASYN, SMOTE, RandomOverSampler
from scipy.stats import norm, rankdata
from sklearn.neighbors import KernelDensity

Rows = tuple[np.ndarray, np.ndarray]
# Of features float64[n, d], classes int64[n], a class, how many rows, and a seed: rows float64[many, d].
Generator = Callable[[np.ndarray, np.ndarray, int, int, int], np.ndarray]
NEIGHBOURS = 5  # of SMOTE and ADASYN, as they have by default


class NoRows(Exception):
    """Why a generator makes none."""


def _resampled(sampler: type, **settings: object) -> Generator:
    """Rows of imbalanced-learn's samplers: those behind the ones that they are given."""

    def make(features: np.ndarray, label: np.ndarray, number: int, many: int, seed: int) -> np.ndarray:
        # A sampler that counts more or fewer than it is asked for is asked for more.
        wanted = {number: int((label == number).sum()) + many + many // 4}
        try:
            made, of = sampler(sampling_strategy=wanted, random_state=seed, **settings).fit_resample(features, label)
        except (ValueError, RuntimeError) as error:
            raise NoRows(str(error).split(". ")[0]) from error
        rows = made[len(label) :][of[len(label) :] == number]
        if len(rows) < many:
            raise NoRows(f"{len(rows)} rows of {many}")
        return np.random.default_rng(seed).permutation(rows)[:many]

    return make


def _kde(features: np.ndarray, label: np.ndarray, number: int, many: int, seed: int) -> np.ndarray:
    """Draws from a Gaussian kernel density of the class, bandwidth after Silverman."""
    density = KernelDensity(bandwidth="silverman").fit(features[label == number])
    return density.sample(many, random_state=seed)


def copula(features: np.ndarray, label: np.ndarray, number: int, many: int, seed: int) -> np.ndarray:
    """Draws from a Gaussian copula of the class: correlations of normal scores, and each column's own quantiles.

    After Patki, Wedge and Veeramachaneni 2016, "The Synthetic Data Vault", with empirical distributions of columns.
    """
    own = features[label == number]
    scores = norm.ppf(rankdata(own, axis=0) / (len(own) + 1))
    spread = np.cov(scores, rowvar=False).reshape(own.shape[1], -1)
    drawn = np.random.default_rng(seed).multivariate_normal(np.zeros(len(spread)), spread, many, method="eigh")
    deviation = np.sqrt(np.maximum(np.diag(spread), 1e-12))
    share = norm.cdf(drawn / deviation)
    return np.stack([np.quantile(own[:, column], share[:, column]) for column in range(own.shape[1])], axis=1)


GENERATORS: dict[str, Generator] = {
    "random oversampling": _resampled(RandomOverSampler),
    "SMOTE": _resampled(SMOTE, k_neighbors=NEIGHBOURS),
    "ADASYN": _resampled(ADASYN, n_neighbors=NEIGHBOURS),
    "kernel density": _kde,
    "Gaussian copula": copula,
}
