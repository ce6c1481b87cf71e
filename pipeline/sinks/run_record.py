"""The record of a product, ``run.json``, as a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RECORD = "run.json"  # written last: a folder that has it is a whole product


def read(text: str) -> dict[str, Any]:
    """The record that a text is; nothing of what is no record of corebound."""
    try:
        record = json.loads(text)
    except ValueError:
        return {}
    versions = record.get("versions") if isinstance(record, dict) else None
    return record if isinstance(versions, dict) and "corebound" in versions else {}


def write(folder: Path, about: dict[str, Any]) -> None:
    """Write a record into a product."""
    text = json.dumps(about, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / RECORD).write_text(text + "\n", "utf-8")
