"""Vectors that the user brings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from pipeline.cache import file_digest
from pipeline.embedders import Embedder
from pipeline.embedders.chunks import NotFiniteError, fill
from pipeline.errors import ConfigError, DataError
from pipeline.executors import Serial

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset

    from pipeline.arrays import Corpus
    from pipeline.executors import Executor


@dataclass(kw_only=True)
class Precomputed(Embedder):
    """One vector for every input row; scaled to length 1 here. Of rows that copy each other, the vector of the copy
    that stands is taken. Exactly one of the two is given:

    Parameters
    ----------
    path : str, optional
        A .npy file, float[N, d], in the order of the sources and their rows, bad and excluded ones included.
    column : str, optional
        A column that every source has: lists of numbers, all of one length.
    """

    places_more: ClassVar[bool] = False
    path: str | None = None
    column: str | None = None

    def __post_init__(self) -> None:
        if (self.path is None) == (self.column is None):
            found = "neither" if self.path is None else "both"
            raise ConfigError(
                f"{found} of embedder.path and embedder.column given; expected exactly one: a .npy file of one vector "
                "a row, or a column that holds them."
            )

    def identity(self) -> dict[str, Any]:
        return {**super().identity(), "path": None}

    def content(self, corpus: Corpus, text: str) -> Any:
        if self.path is None:
            corpus.require_columns([str(self.column)])
            # The key covers every column of every row; the rest says which rows are left, and which copies stand.
            return [corpus.key, corpus.content, corpus.source, corpus.index]
        path = Path(self.path).expanduser()
        if not path.is_file():
            raise DataError(f"{path} does not exist; set embedder.path to a .npy file of one vector a row.")
        return [file_digest(path), corpus.content, corpus.positions]

    def embed(self, corpus: Corpus, text: str, folder: Path, executor: Executor, seed: int) -> None:
        try:
            if self.path is None:
                column = Column(corpus, str(self.column))
                # Tables in memory would travel to workers whole, and reading is no work that more cores speed up.
                fill(folder, len(corpus), column.dimensions, column.read, Serial())
            else:
                path = Path(self.path).expanduser()
                given = _open(path, len(corpus.inputs) + len(corpus.aside))
                fill(folder, len(corpus), given.shape[1], partial(_gather, str(path), corpus.positions), executor)
        except NotFiniteError as error:
            where = f"column '{self.column}'" if self.path is None else str(Path(self.path).expanduser())
            raise DataError(
                f"{where}: the vector of {corpus.place(error.row)} holds nulls or is not finite; expected numbers; "
                "compute that vector again."
            ) from error


def _open(path: Path, rows: int) -> np.ndarray:
    try:
        given = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DataError(f"{path} is not a .npy array ({error}); save one with numpy.save.") from error
    if not isinstance(given, np.ndarray):
        raise DataError(f"{path} holds several arrays; expected one; save it with numpy.save.")
    if given.ndim != 2 or not given.shape[1] or given.dtype.kind != "f" or len(given) != rows:
        raise DataError(
            f"{path} is {given.dtype}{list(given.shape)}; expected float[{rows}, d], one vector "
            "for every row of the source, in its order; compute the vectors again from this source."
        )
    return given


def _gather(path: str, positions: np.ndarray, chunk: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    block = np.load(path, mmap_mode="r")[positions[slice(*chunk)]]
    return block, np.zeros(len(block), bool)


class Column:
    """Vectors in a column of the sources' tables.

    Parameters
    ----------
    corpus : Corpus
    name : str

    Attributes
    ----------
    dimensions : int
        Numbers in the vector of the first distinct row, and so in every other.

    Raises
    ------
    DataError
        If the column is no list of numbers, or that vector is empty.
    """

    def __init__(self, corpus: Corpus, name: str) -> None:
        self._corpus, self._name = corpus, name
        for source, table in zip(corpus.names, corpus.tables, strict=True):
            kind = table.features.arrow_schema.field(name).type
            if not _is_vector(kind):
                raise DataError(
                    f"{source}: column '{name}' is {_named(kind)}; expected a list of numbers in every row, as in "
                    "[0.1, 0.2]; name another as embedder.column."
                )
        first = self._lists(corpus.tables[corpus.source[0]], corpus.index[:1])
        self.dimensions = int(_lengths(first)[0])
        if self.dimensions < 1:
            raise DataError(
                f"{corpus.place(0)}: column '{name}' holds {'null' if self.dimensions < 0 else 'an empty list'}; "
                "expected a list of numbers; compute that vector again."
            )

    def _lists(self, table: Dataset, index: np.ndarray) -> pa.Array:
        found = table.with_format("arrow").select_columns([self._name])[index.tolist()][self._name]
        return found.combine_chunks() if found.num_chunks != 1 else found.chunk(0)

    def read(self, chunk: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Vectors of a range of distinct rows, nan where a list holds null; no row is long."""
        corpus, (start, stop) = self._corpus, chunk
        block = np.empty((stop - start, self.dimensions))
        source, index = corpus.source[start:stop], corpus.index[start:stop]
        for number in np.unique(source):
            here = np.flatnonzero(source == number)
            lists = self._lists(corpus.tables[number], index[here])
            lengths = _lengths(lists)
            wrong = np.flatnonzero(lengths != self.dimensions)
            if len(wrong):
                found = lengths[wrong[0]]
                raise DataError(
                    f"{corpus.place(start + int(here[wrong[0]]))}: column '{self._name}' holds "
                    f"{'null' if found < 0 else f'{found} numbers'}; expected {self.dimensions} as in "
                    f"{corpus.place(0)}; compute that vector again."
                )
            numbers = lists.flatten().to_numpy(zero_copy_only=False)
            block[here] = numbers.astype(np.float64).reshape(-1, self.dimensions)
        return block, np.zeros(len(block), bool)


def _named(kind: pa.DataType) -> str:
    import pyarrow as pa

    return "of several kinds" if isinstance(kind, pa.JsonType) else str(kind)


def _is_vector(kind: pa.DataType) -> bool:
    from pyarrow import types

    is_list = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    return is_list and (types.is_floating(kind.value_type) or types.is_integer(kind.value_type))


def _lengths(lists: pa.Array) -> np.ndarray:
    """Length of each list, -1 for null: int64[m]."""
    import pyarrow.compute as pc

    return pc.fill_null(pc.list_value_length(lists), -1).to_numpy(zero_copy_only=False).astype(np.int64)
