"""Which rows a model is shown: those of a bin in turn, of its boundary and its core, or of both sides of a border."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice

import numpy as np

from pipeline.augmenters.borders import Border

HELD_OUT = 4  # of so many rows of a bin, one is shown to no model and judges whether new rows help
FEWEST = 4  # rows of a bin that a model can be shown
JUDGING = 8  # rows of a bin of which some can be spared to judge with; rows of smaller bins are judged by others' gain


@dataclass(frozen=True)
class Turn:
    """What a request shows.

    Attributes
    ----------
    rows : list of int
        Of the bin.
    other : str, optional
        The bin at whose border they lie.
    beyond : list of int
        Rows of that.
    """

    rows: list[int]
    other: str | None = None
    beyond: list[int] = field(default_factory=list)


def divided(rows: np.ndarray, seed: int, bin: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of a bin, int64[m], as those to be shown and those held out, none of few: int64[...] each."""
    order = np.random.default_rng([seed, bin]).permutation(rows)
    held_out = len(rows) // HELD_OUT if len(rows) >= JUDGING else 0
    return order[held_out:], np.sort(order[:held_out])


def rotating(rows: np.ndarray, boundary: np.ndarray, count: int) -> Iterator[Turn]:
    """Rows for one request after another, without end; each has been shown as often as any other of its half.

    Parameters
    ----------
    rows : int64[m]
    boundary : bool[m]
    count : int
        Of a request; fewer where the bin has fewer.
    """
    edge, rest = rows[boundary].tolist(), rows[~boundary].tolist()
    half = min(len(edge), max(count // 2, count - len(rest)))
    turns = [(cycle(edge), half), (cycle(rest), min(len(rest), count - half))]
    while True:
        yield Turn([row for turn, many in turns for row in islice(turn, many)])


def along(borders: list[Border], count: int) -> Iterator[Turn]:
    """Rows of both sides of a border for one request after another, without end; every boundary row in turn.

    Parameters
    ----------
    borders : list of Border
        One or more.
    count : int
        Of a request, half of them of the bin; fewer where a border has fewer.
    """
    half = max(1, count // 2)
    while True:
        for border in borders:
            for start in range(0, len(border.own), half):
                part = slice(start, start + half)
                yield Turn(border.own[part].tolist(), border.other, list(dict.fromkeys(border.beyond[part].tolist())))
