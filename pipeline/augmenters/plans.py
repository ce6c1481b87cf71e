"""What a model may be asked for, bin by bin, and which rows it is shown."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.arrays import BOUNDARY
from pipeline.augmenters.borders import Border, borders
from pipeline.augmenters.seeds import FEWEST, Turn, along, divided, rotating
from pipeline.sources.detection import Reader
from pipeline.sources.fingerprint import stripped
from pipeline.sources.shapes import SHAPES

if TYPE_CHECKING:
    from pipeline.arrays import Corpus, Scores, Selection, Space, TopUp

log = logging.getLogger("corebound")
EDGE = 1_000  # boundary rows of a bin whose nearest rows are looked for, so that this grows with the rows, not faster


@dataclass(frozen=True)
class Plan:
    """What may be asked for a bin.

    Attributes
    ----------
    bin : int
    name : str
    source, file : int
        Whose rows are shown; new ones have its columns and its shape.
    wanted : int
        Accepted rows, at most.
    requests : int
        At most.
    shown, held_out : int64[...]
        Rows of the bin.
    boundary : bool[...]
        Of those shown.
    borders : list of Border
        With other bins, where rows are asked for along these.
    whole : bool
        Whether rows are asked for of the whole bin, too.
    """

    bin: int
    name: str
    source: int
    file: int
    wanted: int
    requests: int
    shown: np.ndarray
    held_out: np.ndarray
    boundary: np.ndarray
    borders: list[Border] = field(default_factory=list)
    whole: bool = True

    @property
    def where(self) -> tuple[int, int]:
        return self.source, self.file

    def turns(self, count: int) -> Iterator[Turn]:
        """What one request after another shows, ``count`` rows each, without end."""
        ways = [rotating(self.shown, self.boundary, count)] if self.whole else []
        if self.borders:
            ways.append(along(self.borders, count))
        for way in cycle(ways):
            yield next(way)


@dataclass(frozen=True)
class Task:
    """A request: rows that are shown, how many are wanted, and the number of the first."""

    plan: Plan
    shows: Turn
    count: int
    first: int


def plan(
    topup: TopUp, space: Space, scores: Scores, selection: Selection, largest: float, slack: float, count: int,
    seed: int,
) -> list[Plan]:  # fmt: skip
    """Plans of all bins that lack rows and have enough to be shown and judged with; a warning for the others.

    Parameters
    ----------
    topup, space, scores, selection
    largest : float
        Of the rows that a bin lacks, how many it may get.
    slack : float
        Rows that may be asked for, in units of these.
    count : int
        Rows that a request asks for.
    seed : int
    """
    plans = []
    for bin in np.flatnonzero(topup.short).tolist():
        rows = np.flatnonzero(selection.kept & (topup.bin == bin) & ~scores.aside & ~space.corpus.empty)
        rows, source, file = _of_one_file(rows, space.corpus)
        name, lacking = str(topup.name[bin]), int(topup.short[bin])
        if len(rows) < FEWEST:
            log.warning("augmenter: %s lacks %s rows and has %d to show; expected %d or more; it gets weight alone.",
                        name, f"{lacking:,}", len(rows), FEWEST)  # fmt: skip
            continue
        shown, held_out = divided(rows, seed, bin)
        wanted = math.ceil(largest * lacking)
        requests = math.ceil(slack * wanted / count)
        boundary = scores.region[shown] == BOUNDARY
        plans.append(Plan(bin, name, source, file, wanted, requests, shown, held_out, boundary))
    return plans


def along_borders(
    plans: list[Plan], held_out: np.ndarray, topup: TopUp, space: Space, scores: Scores, selection: Selection,
    whole: bool,
) -> list[Plan]:  # fmt: skip
    """Plans that ask for rows between bins, too (``whole``), or alone; of those that can, with a warning for others.

    Parameters
    ----------
    plans : list of Plan
    held_out : int64[m]
        Rows of any bin that no model is shown.
    topup, space, scores, selection
    whole : bool
    """
    others = np.setdiff1d(np.flatnonzero(selection.kept & ~scores.aside & ~space.corpus.empty), held_out)
    source, file = _files(others, space.corpus)
    found = []
    for one in plans:
        beyond = others[(source == one.source) & (file == one.file) & (topup.bin[others] != one.bin)]
        edge = one.shown[one.boundary][:EDGE]
        met = borders(edge, beyond, topup.bin, topup.name, space.embeddings.vectors)
        if not met:
            log.warning("augmenter: %s has %d boundary rows to show, beside %d rows of other bins in that file; "
                        "expected some of both; it gets %s.", one.name, len(edge), len(beyond),
                        "rows of the whole bin" if whole else "weight alone")  # fmt: skip
        if met or whole:
            found.append(replace(one, borders=met, whole=whole))
    return found


def _of_one_file(rows: np.ndarray, corpus: Corpus) -> tuple[np.ndarray, int, int]:
    """Those of the file that has most of them, so that they are alike in shape: int64[m], its source and its number."""
    if not len(rows):
        return rows, 0, 0
    where = np.stack(_files(rows, corpus), axis=1)
    files, of, many = np.unique(where, axis=0, return_inverse=True, return_counts=True)
    best = int(many.argmax())
    return rows[of.ravel() == best], int(files[best, 0]), int(files[best, 1])


def _files(rows: np.ndarray, corpus: Corpus) -> tuple[np.ndarray, np.ndarray]:
    """The source of each row, and the number of its file there."""
    return corpus.source[rows], corpus.inputs.file[corpus.standing[rows]]


def shape_of(corpus: Corpus, source: int, file: int) -> str:
    """The shape that the rows of a file have."""
    return next(one["shape"] for one in corpus.detected if (one["source"], one["file"]) == (source, file))


def columns_of(corpus: Corpus, source: int, file: int) -> list[str]:
    """Columns of a file that its conversations are made of."""
    own = next(one["columns"] for one in corpus.detected if (one["source"], one["file"]) == (source, file))
    there = {column: "x" for column in own if column in corpus.tables[source].column_names}
    return Reader(SHAPES[shape_of(corpus, source, file)], corpus.columns[source]).used(there)


def rows_shown(corpus: Corpus, turn: Turn, columns: list[str]) -> dict[str, Any]:
    """What a request says of a turn: its rows as they came, these columns alone; all are of one source."""
    table = corpus.tables[int(corpus.source[turn.rows[0]])].with_format(None).select_columns(columns)
    seeds, beyond = (
        [stripped(row) | {c: row[c] for c in columns if row[c] is None} for row in table.select(corpus.index[rows])]
        for rows in (turn.rows, turn.beyond)
    )
    return {"seeds": seeds, "other": turn.other, "beyond": beyond}
