"""Rows that came as Python objects as one Arrow table, every value as it was.

Arrow wants one type a column. Where all rows have one, it is taken; objects one level deep (turns, say) may lack keys,
which come back as null. Where they have none (a number here and text there, a list of turns whose tool calls differ in
their arguments) the column is the ``Json`` feature of datasets, which gives back what went in. Whole numbers among
fractions are fractions, as they are to JSON. Types are decided when all rows have been seen, so that it does not matter
which rows come together.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.types as kinds

from pipeline.sources.json_values import culprit, dumped
from pipeline.sources.rows import BadRow, Row

JSON = pa.json_()
DEEPEST = 20  # levels of types; Arrow and Parquet readers have limits of their own not far above
KEYS = 64  # of an object; more are no schema but names of things, and every row would get a null for each


class Unstorable(BadRow):
    """A value that neither Arrow nor JSON gives back; ``positions`` are those of such rows among the ones given."""

    def __init__(self, column: str, positions: list[int], value: Any) -> None:
        self.positions = positions
        super().__init__(
            f"column '{column}' holds {str(value)[:60]}, which comes back neither from Arrow nor from JSON; expected "
            "whole numbers within 64 bits, fractions from 1e-300 to 1e300, and no NaN"
        )


def table_of(rows: list[Row], types: dict[str, pa.DataType] | None = None) -> pa.Table:
    """The table of some rows.

    Parameters
    ----------
    rows : list of dict
    types : dict of str to pyarrow.DataType, optional
        Of the columns; by default those that hold just these rows.

    Raises
    ------
    Unstorable
    """
    types = types_of(rows) if types is None else types
    arrays = {name: _array(name, [row.get(name) for row in rows], kind) for name, kind in types.items()}
    return pa.table(arrays)


class RowWriter:
    """Takes batches of rows and writes them as one Arrow stream that ``Dataset.from_file`` opens.

    The rows wait in a file beside it until all have come and the types of their columns are known.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.waiting = path, path.with_name(f"{path.name}.rows")
        self.spool = open(self.waiting, "wb")
        self.types: dict[str, pa.DataType] = {}

    def add(self, rows: list[Row]) -> None:
        """Append rows.

        Raises
        ------
        Unstorable
            If some cannot be held, whatever other rows are like.
        """
        for name, kind in types_of(rows).items():
            if name in self.types:
                self.types[name] = common(self.types[name], kind)
            else:
                self.types[name] = kind
        pickle.dump(rows, self.spool, pickle.HIGHEST_PROTOCOL)

    def close(self) -> None:
        """Write the table.

        Raises
        ------
        Unstorable
            If values cannot be held together with those of other rows; positions are those among all rows.
        """
        self.spool.close()
        self._settle()
        schema = pa.schema(list(self.types.items()))
        before = 0
        with pa.OSFile(str(self.path), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
            for rows in self._waiting():
                try:
                    writer.write_table(table_of(rows, self.types))
                except Unstorable as error:
                    error.positions = [before + position for position in error.positions]
                    raise
                before += len(rows)
        self.waiting.unlink()

    def _settle(self) -> None:
        """`JSON` for columns whose type, now that all rows are known, does not hold some of them after all."""
        self.types = {name: JSON if _has_empty(kind) else kind for name, kind in self.types.items()}
        doubtful = [name for name, kind in self.types.items() if _has_fractions(kind)]
        for rows in self._waiting() if doubtful else ():
            for name in doubtful:
                try:
                    pa.array([row.get(name) for row in rows], self.types[name])
                except pa.ArrowInvalid:  # a whole number that no fraction is exactly
                    self.types[name] = JSON
            doubtful = [name for name in doubtful if self.types[name] != JSON]

    def _waiting(self) -> Iterator[list[Row]]:
        with open(self.waiting, "rb") as spool:
            while True:
                try:
                    yield pickle.load(spool)  # our own file, written above
                except EOFError:
                    return


def types_of(rows: list[Row]) -> dict[str, pa.DataType]:
    """The type of every column that some rows have; objects without keys are of a type that Parquet has not.

    Raises
    ------
    Unstorable
        If a column has none, `JSON` included.
    """
    types = {}
    for name in dict.fromkeys(chain.from_iterable(rows)):
        values = [row.get(name) for row in rows]
        types[name] = _type(values)
        if types[name] == JSON:
            _array(name, values, JSON)
    return types


def _type(values: list[Any]) -> pa.DataType:
    try:
        array = pa.array(values)
    except (pa.ArrowException, OverflowError, TypeError, RecursionError):
        return JSON
    return array.type if _holds(array, 0) else JSON


def _holds(array: pa.Array, depth: int, level: int = 0) -> bool:
    """Whether an array gives back what it was made of, but for keys that objects of the first level lack.

    ``depth`` counts the objects that it is inside of, ``level`` lists too.
    """
    if level > DEEPEST:
        return False
    if kinds.is_list(array.type):
        return _holds(array.flatten(), depth, level + 1)
    if kinds.is_struct(array.type):
        if array.type.num_fields > KEYS:
            return False
        children = array.drop_null().flatten()
        if depth and any(child.null_count for child in children):
            return False  # null, or a key that was not there
        return all(_holds(child, depth + 1, level + 1) for child in children)
    return True


def _has_empty(kind: pa.DataType) -> bool:
    """Whether objects without a key are part of a type, which Parquet cannot store."""
    if kinds.is_list(kind):
        return _has_empty(kind.value_type)
    return kinds.is_struct(kind) and (not kind.num_fields or any(_has_empty(field.type) for field in kind))


def _has_fractions(kind: pa.DataType) -> bool:
    if kinds.is_list(kind):
        return _has_fractions(kind.value_type)
    return any(_has_fractions(f.type) for f in kind) if kinds.is_struct(kind) else kinds.is_floating(kind)


def common(a: pa.DataType, b: pa.DataType) -> pa.DataType:
    """The type of a column that holds values of both types; `JSON` where there is no other."""
    kind = _common(a, b, 0)
    return JSON if kind is None else kind


def _common(a: pa.DataType, b: pa.DataType, depth: int) -> pa.DataType | None:
    if a == b or kinds.is_null(b):
        return a
    if kinds.is_null(a):
        return b
    if {a, b} == {pa.int64(), pa.float64()}:
        return pa.float64()  # to JSON, 1 and 1.0 are one number
    if kinds.is_list(a) and kinds.is_list(b):
        item = _common(a.value_type, b.value_type, depth)
        return None if item is None else pa.list_(item)
    if kinds.is_struct(a) and kinds.is_struct(b):
        fields = {f.name: f.type for f in a}
        if depth and fields.keys() != {f.name for f in b}:
            return None
        for f in b:
            kind = _common(fields[f.name], f.type, depth + 1) if f.name in fields else f.type
            if kind is None:
                return None
            fields[f.name] = kind
        return pa.struct(fields) if len(fields) <= KEYS else None
    return None


def _array(name: str, values: list[Any], kind: pa.DataType) -> pa.Array:
    if kind != JSON:
        return pa.array(values, kind)
    texts = [None if value is None else dumped(value) for value in values]
    lost = [i for i, (text, value) in enumerate(zip(texts, values, strict=True)) if text is None and value is not None]
    if lost:
        raise Unstorable(name, lost, culprit(values[lost[0]]))
    return pa.array(texts, pa.string()).cast(JSON)
