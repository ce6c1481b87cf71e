"""Borders of a bin: its boundary rows, and the rows of other bins that they lie nearest to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BLOCK = 1024  # rows whose similarities are held at once


@dataclass(frozen=True)
class Border:
    """Where two bins meet.

    Attributes
    ----------
    other : str
        The bin beyond it.
    own : int64[m]
        Boundary rows on this side, the nearest to the other bin first.
    beyond : int64[m]
        For each of them, the nearest row of the other bin.
    """

    other: str
    own: np.ndarray
    beyond: np.ndarray


def borders(
    edge: np.ndarray, others: np.ndarray, bin: np.ndarray, name: np.ndarray, vectors: np.ndarray
) -> list[Border]:
    """Borders of a bin, those with most rows first; a row is at the border of the bin whose row is nearest to it.

    As Borderline-SMOTE finds rows in danger (Han, Wang and Mao 2005), by the nearest row of another class.

    Parameters
    ----------
    edge : int64[m]
        Boundary rows of the bin.
    others : int64[k]
        Rows of other bins.
    bin : int32[n]
        Of each row.
    name : str[b]
        Of the bins.
    vectors : float32[n, d]
        Unit.
    """
    if not len(edge) or not len(others):
        return []
    nearest, similarity = np.zeros(len(edge), np.int64), np.full(len(edge), -np.inf)
    own = np.asarray(vectors[edge])
    for start in range(0, len(others), BLOCK):
        found = own @ np.asarray(vectors[others[start : start + BLOCK]]).T
        best = found.argmax(axis=1)
        most = found[np.arange(len(own)), best]
        nearer = most > similarity
        nearest[nearer], similarity[nearer] = others[start + best[nearer]], most[nearer]
    where = bin[nearest]
    by_nearness = np.argsort(-similarity, kind="stable")
    made = []
    for other in np.unique(where).tolist():
        rows = by_nearness[where[by_nearness] == other]
        made.append(Border(str(name[other]), edge[rows], nearest[rows]))
    return sorted(made, key=lambda one: -len(one.own))
