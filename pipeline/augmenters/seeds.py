"""Which rows a model is shown: those of a bin in turn, half of its boundary, half of its core."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice

import numpy as np

HELD_OUT = 4  # of so many rows of a bin, one is shown to no model and judges whether new rows help
FEWEST = 8  # rows of a bin that can be shown and judged with


def divided(rows: np.ndarray, seed: int, bin: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of a bin, int64[m], as those to be shown and those held out: int64[...] each."""
    order = np.random.default_rng([seed, bin]).permutation(rows)
    return order[len(rows) // HELD_OUT :], np.sort(order[: len(rows) // HELD_OUT])


def rotating(rows: np.ndarray, boundary: np.ndarray, count: int) -> Iterator[list[int]]:
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
        yield [row for turn, many in turns for row in islice(turn, many)]
