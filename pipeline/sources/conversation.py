"""The shapes of rows, and the canonical conversation that each stands for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
Message = dict[str, Any]


class BadRow(ValueError):
    """Why a row is not of the shape of its file; the reader adds file and line."""


@dataclass(frozen=True)
class Shape:
    """How rows of one kind are recognised and read.

    Attributes
    ----------
    name : str
    required : tuple of str
        Columns that every row has.
    read : callable
        Row -> messages; raises BadRow.
    """

    name: str
    required: tuple[str, ...]
    read: Callable[[Row], list[Message]]


def _string(row: Row, key: str, where: str = "") -> str:
    value = row.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadRow(f"'{where}{key}' holds {_named(value)}; expected a string")
    return value


def _named(value: Any) -> str:
    names = {dict: "an object", list: "a list", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), type(value).__name__)


def _alpaca(row: Row) -> list[Message]:
    instruction, context, answer = (_string(row, key) for key in ("instruction", "input", "output"))
    if not instruction.strip() and not context.strip():
        raise BadRow("'instruction' and 'input' are empty; expected an instruction")
    question = "\n\n".join(part for part in (instruction, context) if part)
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def _messages(row: Row) -> list[Message]:
    messages = row["messages"]
    if not isinstance(messages, list) or not messages:
        raise BadRow(f"'messages' holds {_named(messages) if messages else 'nothing'}; expected a list of turns")
    for position, message in enumerate(messages):
        where = f"messages[{position}]."
        if not isinstance(message, dict):
            raise BadRow(f"'{where[:-1]}' holds {_named(message)}; expected an object with role and content")
        if not isinstance(message.get("role"), str):
            raise BadRow(f"'{where}role' holds {_named(message.get('role'))}; expected a string such as user")
        if "content" not in message and not message.get("tool_calls"):
            raise BadRow(f"'{where}content' is missing; found {', '.join(message)}; expected the text of the turn")
        _string(message, "content", where)
    if not any(message["role"] == "assistant" for message in messages):
        roles = ", ".join(message["role"] for message in messages)
        raise BadRow(f"no assistant turn to learn from; found {roles}; expected an answer")
    return messages


SHAPES = {
    shape.name: shape
    for shape in (
        Shape("messages", ("messages",), _messages),
        Shape("alpaca", ("instruction", "output"), _alpaca),
    )
}


def detect(rows: list[Row]) -> Shape | None:
    """The shape that most of the given rows have, or None where none has any."""
    hits = {name: sum(all(key in row for key in s.required) for row in rows) for name, s in SHAPES.items()}
    best = max(SHAPES, key=lambda name: hits[name])
    return SHAPES[best] if hits[best] else None


def read(shape: Shape, row: Row) -> list[Message]:
    """Messages of a row.

    Raises
    ------
    BadRow
        If a required column is missing or holds something else than the shape says.
    """
    missing = [key for key in shape.required if key not in row]
    if missing:
        raise BadRow(
            f"no field '{missing[0]}'; found {', '.join(row) or 'nothing'}; expected "
            f"{' and '.join(shape.required)}, as in the other rows"
        )
    return shape.read(row)


def stripped(value: Any) -> Any:
    """The value without the None-valued keys that Arrow structs add."""
    if isinstance(value, dict):
        return {key: stripped(item) for key, item in value.items() if item is not None}
    return [stripped(item) for item in value] if isinstance(value, list) else value


def fingerprint(value: Any) -> str:
    """128-bit content hash, hexadecimal, of a JSON value, None-valued keys stripped."""
    text = json.dumps(stripped(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_opaque)
    return hashlib.blake2b(text.encode("utf-8"), digest_size=16).hexdigest()


def _opaque(value: Any) -> str:
    """A value that JSON has not (a date, a decimal, the bytes of an image in another column) for hashing."""
    return hashlib.blake2b(value).hexdigest() if isinstance(value, bytes) else f"{type(value).__name__} {value!s}"


def text_of(messages: list[Message]) -> str:
    """What is embedded: the content and tool calls of all turns."""
    parts = []
    for message in messages:
        if message.get("content"):
            parts.append(message["content"])
        if message.get("tool_calls"):
            parts.append(json.dumps(stripped(message["tool_calls"]), ensure_ascii=False, sort_keys=True))
    return "\n".join(parts)


def is_unanswered(messages: list[Message]) -> bool:
    """Whether no assistant turn says or calls anything."""
    answers = [m for m in messages if m["role"] == "assistant"]
    return not any((m.get("content") or "").strip() or m.get("tool_calls") for m in answers)
