"""The category of a row, of what is said of each thing that its users ask."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays.texts import USER, ends

if TYPE_CHECKING:
    from pipeline.arrays.texts import Texts

LOOKED_AT = 1000  # characters of a request at its beginning, and at its end


def shortened(text: str) -> str:
    """The beginning and end of a long request, where it says what is asked for."""
    return ends(text, LOOKED_AT, LOOKED_AT)


def requests(texts: Texts, block: tuple[int, int]) -> tuple[list[str], list[int]]:
    """User turns of a block of rows, shortened, and the row in the block that each is of."""
    turns, owner = [], []
    for row, (role, said) in enumerate(zip(*texts.turns(*block).to_pydict().values(), strict=True)):
        asked = [shortened(text) for who, text in zip(role, said, strict=True) if who == USER and text.strip()]
        turns += asked
        owner += [row] * len(asked)
    return turns, owner


def majority(chance: np.ndarray, owner: list[int], rows: int, confidence: float) -> np.ndarray:
    """Code of the category of each row of a block, as many as there are categories for none of them: int64[rows].

    Each request votes for its likeliest category, if that has the confidence; most votes win, of equals the earliest
    (arXiv 2505.22157, section 3.2).

    Parameters
    ----------
    chance : float[t, c]
        Probabilities of the categories of each request.
    owner : list of int
        The row that each request is of.
    rows : int
    confidence : float
    """
    other = chance.shape[1]
    likeliest = np.where(chance.max(axis=1) >= confidence, chance.argmax(axis=1), other)
    votes: list[Counter] = [Counter() for _ in range(rows)]
    for row, code in zip(owner, likeliest.tolist(), strict=True):
        if code != other:
            votes[row][code] += 1
    # `most_common` keeps equals in the order in which they were first seen.
    return np.array([own.most_common(1)[0][0] if own else other for own in votes], np.int64)
