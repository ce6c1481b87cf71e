"""Synthetic vectors for rare bins [LT]: they have no text, train heads that find surfaces, and are never exported."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from pipeline.embedders.chunks import unit

BANDWIDTH = 0.5  # of a kernel, in standard deviations inside a class
PRIOR = 20  # rows of the shared covariance that the covariance of a class is shrunk with
SIMILAR = 2  # frequent classes that a rare one borrows from
PULL = 0.1  # of the mean of a rare class towards theirs

Latent = StrEnum("Latent", ["none", "kde", "shared", "gaussian", "calibrated"])


@dataclass(frozen=True)
class Moments:
    """Means and spread of classes.

    Attributes
    ----------
    size : int64[k]
    mean : float64[k, d]
    centred : float64[n, d]
        Each vector without the mean of its class.
    members : list of int64[n_c]
    root : float64[d, d]
        The square root of the covariance that all classes share (Ledoit and Wolf 2004).
    """

    size: np.ndarray
    mean: np.ndarray
    centred: np.ndarray
    members: list[np.ndarray]
    root: np.ndarray

    @classmethod
    def of(cls, vectors: np.ndarray, label: np.ndarray) -> Moments:
        """Of vectors float[n, d] and their classes int64[n], numbered from 0."""
        from sklearn.covariance import ledoit_wolf

        size = np.bincount(label)
        members = np.split(np.argsort(label, kind="stable"), np.cumsum(size)[:-1])
        exact = vectors.astype(np.float64)
        mean = np.stack([exact[rows].mean(axis=0) if len(rows) else np.zeros(exact.shape[1]) for rows in members])
        centred = exact - mean[label]
        # A mean takes one degree of freedom of each class. A class of one row has none, and tells nothing of spread.
        free = max(1, len(label) - np.count_nonzero(size))
        covariance = ledoit_wolf(centred, assume_centered=True)[0] * len(label) / free
        value, vector = np.linalg.eigh(covariance)
        root = (vector * np.sqrt(np.maximum(value, 0))) @ vector.T  # the symmetric one, whatever signs vectors have
        return cls(size, mean, centred, members, root)

    def shared(self, many: int, rng: np.random.Generator) -> np.ndarray:
        """Draws from a normal distribution with mean 0 and the covariance of all classes: float64[many, d]."""
        return rng.standard_normal((many, len(self.root))) @ self.root

    def own(self, number: int, many: int, rng: np.random.Generator) -> np.ndarray:
        """The same with the covariance of one class."""
        rows = self.members[number]
        weights = rng.standard_normal((many, len(rows))) / np.sqrt(max(1, len(rows) - 1))
        return weights @ self.centred[rows]


def draw(
    kind: Latent, vectors: np.ndarray, label: np.ndarray, amount: float = 1.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Synthetic vectors for the classes that have fewer than the largest (arXiv 2509.15859).

    Parameters
    ----------
    kind : Latent
        ``kde``: around the class's vectors, kernels of the shared covariance. ``shared``: a normal distribution around
        its mean, with the covariance that all classes share. ``gaussian``: with its own covariance, shrunk to the
        shared one the fewer rows it has. ``calibrated``: with the covariance of the most similar frequent classes, its
        mean drawn a little towards theirs (after Yang, Liu and Xu 2021, "Free Lunch for Few-shot Learning", section 3,
        who draw it farther, transform features, and add a constant to the covariance). ``none``: none.
    vectors : float32[n, d]
        Unit rows.
    label : int64[n]
        Classes, numbered from 0.
    amount : float
        Of the vectors that a class lacks to be as large as the largest.
    seed : int

    Returns
    -------
    float32[m, d], int64[m]
        Unit rows, and their classes, ascending.
    """
    size = np.bincount(label)
    lacking = np.where(size > 0, np.round(amount * (size.max(initial=0) - size)), 0).astype(np.int64)
    classes = np.flatnonzero(lacking)
    if kind == Latent.none or not len(classes):
        return np.empty((0, vectors.shape[1]), np.float32), np.empty(0, np.int64)
    moments = Moments.of(vectors, label)
    found = []
    for number in classes:
        # A generator for each class, so that what one is given does not depend on what others lack.
        rng, many = np.random.default_rng([seed, int(number)]), int(lacking[number])
        found.append(unit(DRAWS[kind](moments, int(number), many, rng)))
    return np.concatenate(found), np.repeat(classes, lacking[classes])


def _kde(moments: Moments, number: int, many: int, rng: np.random.Generator) -> np.ndarray:
    centre = rng.choice(moments.members[number], many)
    return moments.mean[number] + moments.centred[centre] + BANDWIDTH * moments.shared(many, rng)


def _shared(moments: Moments, number: int, many: int, rng: np.random.Generator) -> np.ndarray:
    return moments.mean[number] + moments.shared(many, rng)


def _gaussian(moments: Moments, number: int, many: int, rng: np.random.Generator) -> np.ndarray:
    size = moments.size[number]
    own, shared = moments.own(number, many, rng), moments.shared(many, rng)
    return moments.mean[number] + (np.sqrt(size) * own + np.sqrt(PRIOR) * shared) / np.sqrt(size + PRIOR)


def _calibrated(moments: Moments, number: int, many: int, rng: np.random.Generator) -> np.ndarray:
    frequent = np.flatnonzero(moments.size >= moments.size[moments.size > 0].mean())
    distance = ((moments.mean[frequent] - moments.mean[number]) ** 2).sum(axis=1)
    near = [int(head) for head in frequent[np.argsort(distance, kind="stable")] if head != number][:SIMILAR]
    if not near:
        return _gaussian(moments, number, many, rng)
    mean = (1 - PULL) * moments.mean[number] + PULL * moments.mean[near].mean(axis=0)
    spread = np.sum([moments.own(head, many, rng) for head in near], axis=0) / np.sqrt(len(near))
    return mean + spread


DRAWS = {Latent.kde: _kde, Latent.shared: _shared, Latent.gaussian: _gaussian, Latent.calibrated: _calibrated}
