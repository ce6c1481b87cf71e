"""Rows that came as Arrow as one Arrow table, of the types that they came in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.errors import DataError


class TableWriter:
    """Takes tables that follow each other and writes them as one Arrow stream that ``Dataset.from_file`` opens.

    Columns may be missing from some tables; one that is there has one type, label names included.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.parts: list[Path] = []
        self.features: dict[str, Any] = {}
        self.first: dict[str, str] = {}
        self.schema: pa.Schema | None = None
        self.writer: pa.RecordBatchStreamWriter | None = None

    def add(self, table: pa.Table, file: str) -> None:
        """Append the rows of a table.

        Raises
        ------
        DataError
            If a column has another type than in an earlier file.
        """
        from datasets import Features

        for column, feature in Features.from_arrow_schema(table.schema).items():
            known = self.features.get(column)
            both = feature if known is None else _common(known, feature)
            if both is None:
                raise DataError(
                    f"{file}: column '{column}' is {feature} here and {known} in {self.first[column]}; expected one "
                    "type in all files of a source; read them as two sources (source=mix)."
                )
            if both != known:
                self.features[column], self.first[column] = both, file
        schema = Features(self.features).arrow_schema
        if schema != self.schema:
            self._end_part()
            self.schema = schema
            self.parts.append(self.path.with_name(f"{self.path.name}.part{len(self.parts)}"))
            self.writer = pa.ipc.new_stream(str(self.parts[-1]), schema)
        self.writer.write_table(_filled(table, schema))

    def close(self) -> None:
        """Put the tables together."""
        self._end_part()
        if len(self.parts) == 1:
            self.parts[0].rename(self.path)
            return
        with pa.ipc.new_stream(str(self.path), self.schema) as writer:
            for part in self.parts:
                with pa.memory_map(str(part)) as source:
                    for batch in pa.ipc.open_stream(source):
                        writer.write_table(_filled(pa.Table.from_batches([batch]), self.schema))
                part.unlink()

    def _end_part(self) -> None:
        if self.writer is not None:
            self.writer.close()
            self.writer = None


def _common(a: Any, b: Any) -> Any:
    """The feature that two files share, or None; one that only ever was null or empty goes with any other."""
    from datasets import List, Value

    nothing = Value("null")
    if a == b or b == nothing:
        return a
    if a == nothing:
        return b
    if isinstance(a, List) and isinstance(b, List) and a.length == b.length:
        item = _common(a.feature, b.feature)
        return None if item is None else List(item, length=a.length)
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        fields = {key: _common(a[key], b[key]) for key in a}
        return None if None in fields.values() else fields
    return None


def _filled(table: pa.Table, schema: pa.Schema) -> pa.Table:
    from datasets.table import table_cast

    for field in schema:
        if field.name not in table.column_names:
            table = table.append_column(field, pa.nulls(len(table), field.type))
    return table_cast(table.select(schema.names), schema)
