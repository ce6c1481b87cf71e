"""The distinct rows of the input, in id order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.arrays.inputs import Aside, Inputs
from pipeline.arrays.saved import require
from pipeline.arrays.texts import Texts
from pipeline.cache import digest
from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from datasets import Dataset


@dataclass(frozen=True)
class Corpus:
    """The distinct rows, sorted by id, and the tables that hold them as they came.

    Attributes
    ----------
    tables : list of datasets.Dataset
        One per source, never rebuilt; export selects from them.
    names : list of str
        One per source.
    files : list of list of str
        Names of the files of each source.
    columns : list of dict of str to str
        What the user said of the columns of each source.
    detected : list of dict
        For each file: ``source``, ``file``, ``shape``, ``evidence``, ``columns``, ``rows``, ``bad``.
    texts : Texts
        What the rows say, in id order.
    ids : S32[n]
        Content hash of the canonical conversation, hexadecimal, strictly ascending.
    source, index : int32[n], int64[n]
        Where the standing copy of each row is.
    copies : int32[n]
        How often the row occurs in the input; recorded, never a weight.
    bytes : int64[n]
        UTF-8 length of the text.
    empty : bool[n]
        Whether every answer of the row is empty.
    tokens : int64[n]
        Length in tokens, counted or estimated.
    inputs : Inputs
        Every input row that the corpus stands for.
    aside : Aside
        Every other input row.
    key : str
        Digest of what was read, input order included.
    """

    tables: list[Dataset]
    names: list[str]
    files: list[list[str]]
    columns: list[dict[str, str]]
    detected: list[dict[str, Any]]
    texts: Texts
    ids: np.ndarray
    source: np.ndarray
    index: np.ndarray
    copies: np.ndarray
    bytes: np.ndarray
    empty: np.ndarray
    tokens: np.ndarray
    inputs: Inputs
    aside: Aside
    key: str

    def __post_init__(self) -> None:
        n = len(self.ids)
        require(bool((self.ids[1:] > self.ids[:-1]).all()), "ids strictly ascending")
        require(len(self.texts) == n, f"{n} texts, found {len(self.texts)}")
        require(int(self.copies.sum()) == len(self.inputs), "copies add up to the input rows")
        for name in ("source", "index", "copies", "bytes", "empty", "tokens"):
            require(len(getattr(self, name)) == n, f"{name} has {n} entries")

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def content(self) -> str:
        """Digest of the distinct rows alone: the same for shuffled input and for more copies."""
        return digest([self.ids])

    @cached_property
    def standing(self) -> np.ndarray:
        """int64[n]: the input row that stands for each distinct row."""
        found = np.empty(len(self), np.int64)
        found[self.inputs.distinct[self.inputs.stands]] = np.flatnonzero(self.inputs.stands)
        return found

    @cached_property
    def positions(self) -> np.ndarray:
        """int64[n]: position of the standing copy of each row among all rows that were read."""
        sizes = np.bincount(np.concatenate([self.inputs.source, self.aside.source]), minlength=len(self.names))
        first = np.cumsum(sizes) - sizes
        return first[self.source] + self.inputs.row[self.standing]

    @cached_property
    def first_rows(self) -> list[np.ndarray]:
        """For each source, the position in it of the first row of each of its files: int64[files]."""
        found = []
        for source in range(len(self.names)):
            sizes = np.array([one["rows"] for one in self.detected if one["source"] == source], np.int64)
            found.append(np.cumsum(sizes) - sizes)
        return found

    def row_of_file(self, rows: Inputs | Aside) -> np.ndarray:
        """Positions of rows in their files, from 0: int64[...]."""
        first = np.concatenate(self.first_rows)
        offset = np.cumsum([0, *map(len, self.first_rows)])[:-1]
        return rows.row - first[offset[rows.source] + rows.file]

    def place(self, row: int) -> str:
        """How a message names a distinct row."""
        from pipeline.sources.rows import place

        inputs, which = self.inputs, self.standing[row]
        source, file = inputs.source[which], inputs.file[which]
        at = int(inputs.row[which] - self.first_rows[source][file])
        return place(self.files[source][file], int(inputs.line[which]), at)

    def require_columns(self, names: list[str]) -> None:
        """Refuse names that are a column of no source, or not of every source.

        Raises
        ------
        ConfigError
            Naming the source and the columns that it has.
        """
        for name in names:
            for source, table in zip(self.names, self.tables, strict=True):
                if name not in table.column_names:
                    raise ConfigError(
                        f"{source} has no column '{name}'; its columns are {', '.join(table.column_names)}; "
                        "name one of them."
                    )

    def column(self, name: str) -> list:
        """Values of a user's column, in id order; ``source``, where it is no column, names each row's source."""
        if name == "source" and (len(self.tables) > 1 or name not in self.tables[0].column_names):
            return [self.names[s] for s in self.source]
        self.require_columns([name])
        values: list = [None] * len(self)
        for number, table in enumerate(self.tables):
            here = np.flatnonzero(self.source == number)
            found = table.with_format(None).select_columns([name]).select(self.index[here])[name]
            for row, value in zip(here, found, strict=True):
                values[row] = value
        return values
