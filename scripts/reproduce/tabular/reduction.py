"""Orders of training rows, of which the last are removed: what a class's core, or its redundancy, is worth."""

from __future__ import annotations

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import pairwise_distances

from pipeline.scorers.density import mean_distance
from pipeline.selectors.coverage import FINE, greedy

RANDOM = "random"
RULES = ("density", "margin", "coverage", RANDOM)
K = 100  # nearest rows of a density, as in the paper
TOGETHER = 500  # rows that coverage compares with each other; larger classes are clustered


def order(rule: str, features: np.ndarray, label: np.ndarray, margin: np.ndarray, seed: int) -> np.ndarray:
    """int64[n]: rows, those to keep first; every prefix has the classes' shares (Webster's method).

    Parameters
    ----------
    rule : str
        ``density``: the farthest from others of their class first, so that its core goes; ``margin``: the nearest to a
        surface, on whichever side; ``coverage``: each next one adds most to what is covered of its class; ``random``.
    features : float64[n, d]
    label : int64[n]
    margin : float64[n]
    seed : int
    """
    key = np.empty(len(label))
    for number in range(label.max() + 1):
        own = np.flatnonzero(label == number)
        if rule == "density":
            ranked = np.argsort(-mean_distance(features[own], K), kind="stable")
        elif rule == "margin":
            ranked = np.argsort(np.abs(margin[own]), kind="stable")
        elif rule == "coverage":
            ranked = _covering(features[own], seed)
        else:
            ranked = np.random.default_rng(seed).permutation(len(own))
        key[own[ranked]] = (np.arange(len(own)) + 0.5) / len(own)
    return np.argsort(key, kind="stable")


def _covering(points: np.ndarray, seed: int) -> np.ndarray:
    """Facility location by greedy, within clusters of a large class, which take turns.

    As `selector=coverage` with beta 0, but for the likeness of two rows, exp(-d / median d), as these are no unit
    vectors.
    """
    parts = max(1, round(len(points) / TOGETHER))
    cluster = KMeans(parts, n_init=1, random_state=seed).fit_predict(points) if parts > 1 else np.zeros(len(points))
    key = np.empty(len(points))
    for number in np.unique(cluster):
        own = np.flatnonzero(cluster == number)
        distance = pairwise_distances(points[own])
        usual = np.median(distance[distance > 0]) if distance.any() else 1.0
        likeness = np.round(np.exp(-distance / usual) * FINE)
        one, none = np.ones(len(own)), np.zeros(len(own), bool)
        key[own[greedy(likeness, one, one.astype(np.int64), none, none)]] = (np.arange(len(own)) + 0.5) / len(own)
    return np.argsort(key, kind="stable")
