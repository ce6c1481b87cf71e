"""Rows as one Arrow table a source, every value as it came.

Arrow wants one type a column. Where the rows have one, it is taken; objects one level deep may lack keys, which come
back as null. Where they have none (a number here and text there, a list of turns whose tool calls differ in their
arguments) the column is the ``Json`` feature of datasets, which gives back exactly what went in.
"""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.types as kinds

from pipeline.sources.conversation import SAID, stripped
from pipeline.sources.rows import BadRow

JSON = pa.json_()
DEEPEST = 20  # levels of types; Arrow and Parquet readers have limits of their own not far above
FIELD = "field"


class Unstorable(BadRow):
    """A value that neither Arrow nor JSON gives back unchanged; ``position`` is that of its row in the batch."""

    def __init__(self, column: str, position: int, value: Any) -> None:
        self.position = position
        super().__init__(
            f"column '{column}' holds a value that neither Arrow nor JSON can give back unchanged ({str(value)[:60]}); "
            "expected numbers within 64 bits, and no NaN among values of other kinds"
        )


def table_of(rows: list[dict[str, Any]]) -> pa.Table:
    """The table of a batch of rows.

    Raises
    ------
    Unstorable
    """
    columns = list(dict.fromkeys(chain.from_iterable(rows)))
    return pa.table({column: _column(column, [row.get(column) for row in rows]) for column in columns})


class TableWriter:
    """Writes tables that follow each other into one Arrow stream that ``Dataset.from_file`` opens."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.parts: list[Path] = []
        self.schema: pa.Schema | None = None
        self.writer: pa.RecordBatchStreamWriter | None = None

    def add(self, table: pa.Table) -> None:
        """Append rows, of whatever columns."""
        schema = table.schema if self.schema is None else unify(self.schema, table.schema)
        if self.writer is None or schema != self.schema:
            # A part a schema: later rows may show that earlier ones need another.
            self._end_part()
            self.schema = schema
            self.parts.append(self.path.with_name(f"{self.path.name}.part{len(self.parts)}"))
            self.writer = pa.ipc.new_stream(str(self.parts[-1]), schema)
        self.writer.write_table(cast(table, schema))

    def close(self) -> None:
        """Put the parts together under the schema that holds them all."""
        self._end_part()
        if len(self.parts) == 1:
            self.parts[0].rename(self.path)
            return
        with pa.ipc.new_stream(str(self.path), self.schema) as writer:
            for part in self.parts:
                with pa.memory_map(str(part)) as source:
                    for batch in pa.ipc.open_stream(source):
                        writer.write_table(cast(pa.Table.from_batches([batch]), self.schema))
                part.unlink()

    def _end_part(self) -> None:
        if self.writer is not None:
            self.writer.close()
            self.writer = None


def unify(first: pa.Schema, second: pa.Schema) -> pa.Schema:
    """A schema that holds the rows of both, with `JSON` for columns that have no other type in common."""
    fields = {field.name: field for field in first}
    for field in second:
        if field.name not in fields:
            fields[field.name] = field
        elif fields[field.name].type != field.type:
            fields[field.name] = field.with_type(_common(fields[field.name].type, field.type, 0) or JSON)
    metadata = first.metadata if list(fields.values()) == list(first) else None
    return pa.schema(list(fields.values()), metadata)


def _common(a: pa.DataType, b: pa.DataType, depth: int) -> pa.DataType | None:
    """A type that holds values of both unchanged, or None."""
    if a == b or kinds.is_null(b):
        return a
    if kinds.is_null(a):
        return b
    if JSON in (a, b):
        return None
    if kinds.is_list(a) and kinds.is_list(b):
        item = _common(a.value_type, b.value_type, depth)
        return item and pa.list_(item)
    if kinds.is_struct(a) and kinds.is_struct(b):
        if depth and {f.name for f in a} != {f.name for f in b}:
            return None
        fields = {f.name: f.type for f in a}
        for f in b:
            fields[f.name] = _common(fields[f.name], f.type, depth + 1) if f.name in fields else f.type
        return None if None in fields.values() else pa.struct(fields)
    if (kinds.is_integer(a) and kinds.is_floating(b)) or (kinds.is_floating(a) and kinds.is_integer(b)):
        return None  # 1 would come back as 1.0, and large numbers as others
    try:
        return pa.unify_schemas(
            [pa.schema([(FIELD, a)]), pa.schema([(FIELD, b)])], promote_options="permissive"
        ).field(FIELD).type  # fmt: skip
    except pa.ArrowException:
        return None


def cast(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table under a schema that `unify` made of its own and others."""
    columns = []
    for field in schema:
        if field.name not in table.column_names:
            columns.append(pa.nulls(len(table), field.type))
            continue
        column = table[field.name]
        if column.type == field.type:
            columns.append(column)
        elif field.type == JSON:
            columns.append(_json(_without_added(column.to_pylist())))
        else:
            columns.append(column.cast(field.type))
    return pa.table(columns, schema=schema)


def _without_added(values: list[Any]) -> list[Any]:
    """Values without the keys that an Arrow struct gave them; a turn whose text is null keeps it."""

    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: v if v is None else stripped(v) for k, v in value.items() if v is not None or k in SAID}
        return [clean(item) for item in value] if isinstance(value, list) else value

    return [clean(value) for value in values]


def _column(column: str, values: list[Any]) -> pa.Array:
    try:
        array = pa.array(values)
        if not _widens(values) and holds(array, 0):
            return array
    except (pa.ArrowException, OverflowError, TypeError, RecursionError):
        pass
    try:
        return _json(values)
    except (ValueError, TypeError, RecursionError):
        position = next(number for number, value in enumerate(values) if not _survives(value))
        raise Unstorable(column, position, values[position]) from None


def _widens(values: list[Any]) -> bool:
    """Whether Arrow would make floating-point numbers of whole ones."""
    found = {type(value) for value in values}
    return int in found and float in found


def holds(array: pa.Array, depth: int) -> bool:
    """Whether an array gives back what it was made of, but for keys that objects of the first level lack."""
    if depth > DEEPEST:
        return False
    if kinds.is_list(array.type):
        return holds(array.flatten(), depth)
    if kinds.is_struct(array.type):
        if not array.type.num_fields:
            return False  # Parquet has no objects without keys
        whole = array.filter(array.is_valid()) if array.null_count else array
        children = whole.flatten()
        if depth and any(child.null_count for child in children):
            return False  # null, or a key that was not there
        return all(holds(child, depth + 1) for child in children)
    return True


def _json(values: list[Any]) -> pa.Array:
    texts = [None if value is None else json.dumps(value, ensure_ascii=False, allow_nan=False) for value in values]
    if not all(map(_survives, values)):
        raise ValueError
    return pa.array(texts, pa.string()).cast(JSON)


def _survives(value: Any) -> bool:
    from datasets.utils.json import ujson_loads

    try:
        return value is None or ujson_loads(json.dumps(value, ensure_ascii=False, allow_nan=False)) == value
    except (ValueError, TypeError, RecursionError):
        return False
