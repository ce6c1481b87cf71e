"""JSON Lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import ConfigError
from pipeline.sources.conversation import SAID

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset

ENDS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}  # which some readers take for the end of a line


def require_writable(name: str, schema: pa.Schema) -> None:
    """Refuse columns that JSON has no values for.

    Raises
    ------
    ConfigError
        Naming source and column.
    """
    import pyarrow as pa
    import pyarrow.types as kinds

    # Those that load_dataset reads back as they were.
    plain = (
        kinds.is_floating,
        kinds.is_boolean,
        kinds.is_null,
        kinds.is_string,
        kinds.is_large_string,
        kinds.is_date32,
    )

    def writable(kind: pa.DataType) -> bool:
        if kinds.is_struct(kind):
            return all(writable(field.type) for field in kind)
        if kinds.is_nested(kind):
            return writable(kind.value_type)
        if kinds.is_integer(kind):
            return kind != pa.uint64()
        if kinds.is_timestamp(kind):
            return kind.tz is None
        return isinstance(kind, pa.JsonType) or any(check(kind) for check in plain)

    for field in schema:
        if not writable(field.type):
            raise ConfigError(
                f"sink.files=jsonl cannot write the column '{field.name}' of {name}, which is {field.type}; expected "
                "text, numbers, dates and lists or objects of these; leave it out, or convert the column."
            )


def write(rows: Dataset, path: Path) -> None:
    """Write rows, one a line.

    Turns and other objects of the first level come without the nulls that stand for keys they lack; dates as ISO 8601.
    """
    from datasets import Json

    structs = [column for column, feature in rows.features.items() if not isinstance(feature, Json)]
    with open(path, "w", encoding="utf-8") as lines:
        for row in rows:
            row |= {column: _without_added(row[column]) for column in structs}
            text = json.dumps(row, ensure_ascii=False, default=lambda value: value.isoformat())
            lines.write(text.translate(ENDS) + "\n")


def _without_added(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: item for key, item in value.items() if item is not None or key in SAID}
    return [_without_added(item) for item in value] if isinstance(value, list) else value
