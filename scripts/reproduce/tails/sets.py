"""Vectors and classes of a set, made long-tailed by leaving rows out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from proof import space
from proof.sets import SETS as TEXTS

from pipeline.embedders.chunks import unit

DIGITS = "digits"
NAMES = ("clinc150", "dbpedia", "r8", DIGITS)
THIRDS = ("largest", "middle", "smallest")
TEST = 1 / 3  # of the digits, which have no test rows of their own


@dataclass(frozen=True)
class Tail:
    """A long-tailed part of a set, and its test rows.

    Attributes
    ----------
    vectors, label : float32[n, d], int64[n]
    test, truth : float32[t, d], int64[t]
        Of the classes that have rows.
    size : int64[k]
        Rows of each class.
    """

    vectors: np.ndarray
    label: np.ndarray
    test: np.ndarray
    truth: np.ndarray

    @property
    def size(self) -> np.ndarray:
        return np.bincount(self.label)

    def groups(self) -> dict[str, np.ndarray]:
        """Classes by size, in thirds."""
        order = np.argsort(-self.size, kind="stable")
        return dict(zip(THIRDS, np.array_split(order, 3), strict=True))


def content(name: str, data: Path) -> str:
    """Short hash of a set's rows; digits are scikit-learn's."""
    return "" if name == DIGITS else TEXTS[name](data).content()


def make_vectors(name: str, chosen: dict[str, Any], draft: Path) -> None:
    """Save vectors float32[n + t, d], classes int64[n + t] and n of a set; digits are all in the pool."""
    if name == DIGITS:
        from sklearn.datasets import load_digits

        pixels, label = load_digits(return_X_y=True)
        vectors, pool = unit(pixels), len(label)
    else:
        data = TEXTS[name](Path(chosen["data"]))
        vectors = space.embed(data.pool, data.test, space.encoder(chosen["embedder"], chosen["models"]))
        label, pool = np.concatenate(next(iter(data.labels.values()))), len(data.pool)
    with open(draft, "wb") as file:
        np.savez(file, vectors=vectors, label=np.unique(label, return_inverse=True)[1], pool=pool)


def long_tailed(path: Path, imbalance: float, seed: int) -> Tail:
    """A part of a set in which sizes of classes fall exponentially, the first ``imbalance`` times the last.

    As many rows as the pool allows with these sizes, and one of a class at least. Classes of a set whose pool is uneven
    fall in the order of their sizes, others in a random one.
    """
    saved, rng = np.load(path), np.random.default_rng(seed)
    vectors, label, pool = saved["vectors"], saved["label"], int(saved["pool"])
    rows = rng.permutation(len(label))
    if pool < len(label):
        train, test = rows[rows < pool], np.arange(pool, len(label))
    else:
        held = round(TEST * len(rows))
        train, test = rows[held:], rows[:held]
    kept = fall(label, train, imbalance, rng)
    return Tail(vectors[kept], label[kept], vectors[test], label[test])


def fall(label: np.ndarray, train: np.ndarray, imbalance: float, rng: np.random.Generator) -> np.ndarray:
    """Rows of ``train`` whose classes have sizes that fall exponentially: int64[m], ascending; see `long_tailed`."""
    there = np.bincount(label[train])
    # Sizes that differ by chance alone, as those of digits do, give no order.
    order = np.argsort(-there, kind="stable") if there.max() > 2 * there.min() else rng.permutation(len(there))
    shape = imbalance ** (-np.arange(len(there)) / (len(there) - 1))
    wanted = (there[order] / shape).min() * shape
    parts = []
    for number, many in zip(order, wanted, strict=True):
        parts.append(train[label[train] == number][: max(1, round(many))])
    return np.sort(np.concatenate(parts))
