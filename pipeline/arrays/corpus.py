"""Input rows, and the distinct rows among them in id order."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays.saved import Saved, require
from pipeline.cache import digest
from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from datasets import Dataset

    from pipeline.arrays.texts import Texts


@dataclass(frozen=True)
class Inputs(Saved):
    """Every input row, in the order of the files.

    Attributes
    ----------
    source : int32[N]
        Which table the row is in.
    index : int64[N]
        Position of the row in that table.
    line : int64[N]
        Line of the file on which the row starts, from 1; 0 where rows have no lines.
    distinct : int64[N]
        Position in the corpus of the distinct row that this row is or copies.
    stands : bool[N]
        Whether this row is the copy that stands for its distinct row.
    """

    source: np.ndarray
    index: np.ndarray
    line: np.ndarray
    distinct: np.ndarray
    stands: np.ndarray

    def __post_init__(self) -> None:
        sizes = {len(getattr(self, f.name)) for f in fields(self)}
        require(len(sizes) == 1, f"input columns of one length, found {sorted(sizes)}")

    def __len__(self) -> int:
        return len(self.source)


@dataclass(frozen=True)
class Corpus:
    """The distinct rows, sorted by id, and the tables that hold them as they came.

    Attributes
    ----------
    tables : list of datasets.Dataset
        One per source, never rebuilt; export selects from them.
    names : list of str
        One per source.
    texts : Texts
        What is embedded, in id order, memory-mapped.
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
    inputs : Inputs
        Every input row.
    key : str
        Digest of what was read, input order included.
    """

    tables: list[Dataset]
    names: list[str]
    texts: Texts
    ids: np.ndarray
    source: np.ndarray
    index: np.ndarray
    copies: np.ndarray
    bytes: np.ndarray
    empty: np.ndarray
    inputs: Inputs
    key: str

    def __post_init__(self) -> None:
        n = len(self.ids)
        require(bool((self.ids[1:] > self.ids[:-1]).all()), "ids strictly ascending")
        require(len(self.texts) == n, f"{n} texts, found {len(self.texts)}")
        require(int(self.copies.sum()) == len(self.inputs), "copies add up to the input rows")
        for name in ("source", "index", "copies", "bytes", "empty"):
            require(len(getattr(self, name)) == n, f"{name} has {n} entries")

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def content(self) -> str:
        """Digest of the distinct rows alone: the same for shuffled input and for more copies."""
        return digest([self.ids])

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
        if name == "source" and not any(name in t.column_names for t in self.tables):
            return [self.names[s] for s in self.source]
        self.require_columns([name])
        values: list = [None] * len(self)
        for number, table in enumerate(self.tables):
            here = np.flatnonzero(self.source == number)
            found = table.with_format(None).select_columns([name]).select(self.index[here])[name]
            for row, value in zip(here, found, strict=True):
                values[row] = value
        return values
