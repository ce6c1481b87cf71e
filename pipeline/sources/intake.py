"""Rows on their way in: checked, hashed, their text set aside."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.errors import DataError
from pipeline.progress import track
from pipeline.sources import conversation

LOOK_AHEAD = 100
BATCH = 4096
TEXT = pa.schema({"text": pa.large_string()})
Numbered = Iterator[tuple[int, dict[str, Any]]]


def take_in(name: str, rows: Numbered, folder: Path) -> Iterator[list[dict[str, Any]]]:
    """Check and hash every row; pass the rows on in batches, as they came.

    Writes to ``folder``, in input order: ``line`` int64[N], ``row_id`` and ``row_hash`` S32[N] (conversation with
    its tools; whole row), ``bytes`` int64[N], ``empty`` bool[N] and ``arrived.arrow`` (the texts).

    Raises
    ------
    DataError
        At the first row that is not of the shape that most of the first rows have.
    """
    rows = iter(rows)
    head = list(islice(rows, LOOK_AHEAD))
    if not head:
        raise DataError(f"{name} holds no rows; expected at least one; give a file that holds some.")
    shape = conversation.detect([row for _, row in head])
    if shape is None:
        known = "; ".join(f"{s.name} ({', '.join(s.required)})" for s in conversation.SHAPES.values())
        raise DataError(
            f"{name}: rows with the columns {', '.join(head[0][1]) or 'none'} are of no known shape; "
            f"expected {known}; convert the rows to one of these."
        )
    lines, ids, hashes, sizes, empties = [], [], [], [], []
    batch: list[dict[str, Any]] = []
    texts: list[str] = []
    with pa.OSFile(str(folder / "arrived.arrow"), "wb") as sink, pa.ipc.new_stream(sink, TEXT) as writer:
        for line, row in track(chain(head, rows), "read", "rows"):
            try:
                messages = conversation.read(shape, row)
                text = conversation.text_of(messages)
                ids.append(conversation.fingerprint([messages, row.get("tools")]))
                hashes.append(conversation.fingerprint(row))
                sizes.append(len(text.encode("utf-8")))
            except conversation.BadRow as error:
                raise DataError(f"{name} {_place(line)}: {error}; mend or remove this row.") from error
            except UnicodeEncodeError as error:
                raise DataError(
                    f"{name} {_place(line)}: half a surrogate pair, U+{ord(error.object[error.start]):04X}, which is "
                    "not text; expected Unicode; mend or remove this row."
                ) from error
            lines.append(line)
            empties.append(conversation.is_unanswered(messages))
            texts.append(text)
            batch.append(row)
            if len(batch) == BATCH:
                writer.write_table(pa.table({"text": texts}, schema=TEXT))
                yield batch
                batch, texts = [], []
        if batch:
            writer.write_table(pa.table({"text": texts}, schema=TEXT))
            yield batch
    np.save(folder / "line.npy", np.maximum(np.array(lines, np.int64), 0))
    np.save(folder / "row_id.npy", np.array(ids, "S32"))
    np.save(folder / "row_hash.npy", np.array(hashes, "S32"))
    np.save(folder / "bytes.npy", np.array(sizes, np.int64))
    np.save(folder / "empty.npy", np.array(empties, bool))


def _place(line: int) -> str:
    return f"line {line}" if line > 0 else f"row {-line}"


def write_table(name: str, batches: Iterator[list[dict[str, Any]]], path: Path) -> None:
    """Write batches of rows as one Arrow table of one schema, every column and nested type as it came.

    Raises
    ------
    DataError
        If a column holds values of kinds that one Arrow column cannot hold.
    """
    from datasets.table import table_cast

    parts, schemas, seen = [], [], 0
    for number, batch in enumerate(batches):
        columns = list(dict.fromkeys(chain.from_iterable(batch)))
        part = pa.table({c: _column(name, c, [row.get(c) for row in batch], seen) for c in columns})
        seen += len(batch)
        parts.append(path.with_suffix(f".part{number}"))
        schemas.append(part.schema)
        try:
            with pa.OSFile(str(parts[-1]), "wb") as sink, pa.ipc.new_stream(sink, part.schema) as writer:
                writer.write_table(part)
        except pa.ArrowException:
            require_storable(name, part.schema)  # says which column, where that is the trouble
            raise
    try:
        schema = pa.unify_schemas(schemas, promote_options="permissive")
    except pa.ArrowException as error:
        raise DataError(
            f"{name}: a column holds values of two kinds ({error}); expected one kind a column; "
            "convert the column, or split the file by kind."
        ) from error
    require_storable(name, schema)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        for part in parts:
            with pa.memory_map(str(part)) as stream:
                table = pa.ipc.open_stream(stream).read_all()
                for field in schema:
                    if field.name not in table.column_names:
                        table = table.append_column(field, pa.nulls(len(table), field.type))
                writer.write_table(table_cast(table.select(schema.names), schema))
            part.unlink()


DEEPEST = 50  # Arrow's own limit is 64 levels of types, of which a list takes two


def require_storable(name: str, schema: pa.Schema) -> None:
    """Refuse, before anything is computed, columns that the product could not hold.

    Raises
    ------
    DataError
        Naming the column.
    """

    def trouble(kind: pa.DataType, depth: int) -> str | None:
        if depth > DEEPEST:
            return f"is nested deeper than {DEEPEST} levels"
        if pa.types.is_struct(kind) and kind.num_fields == 0:
            return "holds objects without a single key in any row, which Parquet cannot hold"
        if not pa.types.is_nested(kind):
            return None
        return next(filter(None, (trouble(kind.field(i).type, depth + 1) for i in range(kind.num_fields))), None)

    for field in schema:
        what = trouble(field.type, 0)
        if what:
            raise DataError(f"{name}: column '{field.name}' {what}; remove the column, or keep it as a JSON string.")


def _column(name: str, column: str, values: list[Any], before: int) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError, TypeError) as error:
        for count in range(1, len(values) + 1):
            try:
                pa.array(values[:count])
            except (pa.ArrowException, OverflowError, TypeError):
                break
        raise DataError(
            f"{name} row {before + count}: column '{column}' holds a value that an Arrow column of the rows before it "
            f"cannot hold ({error}); expected one kind a column; convert the column, or split the file by kind."
        ) from error
