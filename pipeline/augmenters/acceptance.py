"""Which rows that a model wrote are taken: new ones, well formed, of their bin, like its rows."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.arrays.additions import ACCEPTED
from pipeline.heuristics import refusals

WORD, GRAM = re.compile(r"\w+"), 4
# What stands for an answer that was to be written: "[insert answer here]", "<your answer>".
BLANK = re.compile(r"[\[<{]+\s*(insert|your|add|enter|put|fill in)\s[\w\s'’-]{0,60}[\]>}]+|lorem ipsum", re.IGNORECASE)
LENGTHS = (1, 99)  # percentiles of the bytes of a bin's rows; half of the first and twice the last are still alike
BROKEN, EMPTY, REFUSAL = "broken", "empty answer", "refusal"
COPY, SEEDS, BIN, NEAR, LENGTH = "copy of a row", "copies its seeds", "other bin", "near a row that is kept", "length"
EXCLUDED, QUALITY, FORM, PLACEHOLDER = "excluded by filter", "quality", "made otherwise", "placeholder"
LOWEST = 5  # percentile of the quality of a bin's rows, below which a row is not like them


@dataclass(frozen=True)
class Written:
    """A row that could be read: what it says, where that lies, whether `filter` admits it, and what rules say of it."""

    id: bytes
    asked: str
    said: str
    empty: bool
    bytes: int
    vector: np.ndarray
    bin: int
    within: bool = True
    quality: float = np.nan


def grams(text: str) -> set[tuple[str, ...]]:
    """Its n-grams of words."""
    words = WORD.findall(text.lower())
    return {tuple(words[at : at + GRAM]) for at in range(len(words) - GRAM + 1)}


@dataclass(frozen=True)
class Seeds:
    """Texts that a request showed."""

    texts: list[str]

    @cached_property
    def _often(self) -> Counter:
        return Counter(gram for text in self.texts for gram in grams(text))

    def overlap(self, text: str) -> float:
        """Of the n-grams of a text, those apart that several seeds share, the share that a seed has."""
        own = [self._often[gram] for gram in grams(text) if self._often[gram] < 2]
        return sum(own) / len(own) if own else 0.0


@dataclass
class Gate:
    """Judges rows one after another; what it takes, later rows are compared with.

    Parameters
    ----------
    known : set of bytes
        Ids of all real rows.
    vectors : float32[k, d]
        Of kept rows, unit.
    label : int64[k]
        Their bins.
    taught : bool[k]
        Those that the head of bins learns from: not those that judge whether written rows help.
    bytes : int64[k]
        Lengths of their texts.
    quality : float64[k]
        What rules say of them; NaN where they say nothing.
    likeness, overlap : float
        Cosine to a kept or accepted row, and overlap with the seeds, from which a row is no new one.
    """

    known: set[bytes]
    vectors: np.ndarray
    label: np.ndarray
    taught: np.ndarray
    bytes: np.ndarray
    quality: np.ndarray
    likeness: float
    overlap: float

    def __post_init__(self) -> None:
        self.known = set(self.known)
        self.taken = np.empty((0, self.vectors.shape[1]), np.float32)

    @cached_property
    def _head(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return fit(self.vectors[self.taught], self.label[self.taught])

    @cached_property
    def _lengths(self) -> dict[int, tuple[float, float]]:
        limits = {}
        for bin in np.unique(self.label).tolist():
            low, high = np.percentile(self.bytes[self.label == bin], LENGTHS)
            limits[bin] = float(low) / 2, float(high) * 2
        return limits

    @cached_property
    def _least(self) -> dict[int, float]:
        judged = ~np.isnan(self.quality)
        return {
            bin: float(np.percentile(self.quality[judged & (self.label == bin)], LOWEST))
            for bin in np.unique(self.label[judged]).tolist()
        }

    def judge(self, row: Written, seeds: Seeds) -> str:
        """``accepted``, or the first reason against it."""
        reason = self._against(row, seeds)
        if reason is None:
            self.known.add(row.id)
            self.taken = np.concatenate([self.taken, row.vector[None]])
            return ACCEPTED
        return reason

    def _against(self, row: Written, seeds: Seeds) -> str | None:
        if row.empty:
            return EMPTY
        if refusals.judge(row.asked, row.said) == 0:
            return REFUSAL
        if BLANK.search(row.said) and not any(BLANK.search(text) for text in seeds.texts):
            return PLACEHOLDER
        if row.id in self.known:
            return COPY
        if not row.within:
            return EXCLUDED
        if row.quality < self._least.get(row.bin, -np.inf):
            return QUALITY
        if seeds.overlap(f"{row.asked}\n{row.said}") >= self.overlap:
            return SEEDS
        classes, weights, offsets = self._head
        if classes[int(np.argmax(weights @ row.vector + offsets))] != row.bin:
            return BIN
        low, high = self._lengths[row.bin]
        if not low <= row.bytes <= high:
            return LENGTH
        near = ((vectors @ row.vector).max(initial=-1) >= self.likeness for vectors in (self.vectors, self.taken))
        return NEAR if any(near) else None


def fit(vectors: np.ndarray, label: np.ndarray, weight: np.ndarray | None = None) -> tuple[np.ndarray, ...]:
    """A logistic head of bins: int64[b] bins, float64[b, d] weights, float64[b] offsets.

    Parameters
    ----------
    vectors : float32[m, d]
    label : int64[m]
        Two bins or more.
    weight : float64[m], optional
        Of rows; without it bins weigh alike.
    """
    from sklearn.linear_model import LogisticRegression

    head = LogisticRegression(C=10.0, max_iter=3000, tol=1e-5, class_weight="balanced" if weight is None else None)
    head.fit(vectors, label, weight)
    weights, offsets = head.coef_, head.intercept_
    if len(head.classes_) == 2:  # scikit-learn has one row of weights, for the second class
        weights, offsets = np.concatenate([-weights, weights]) / 2, np.concatenate([-offsets, offsets]) / 2
    return head.classes_, weights, offsets
