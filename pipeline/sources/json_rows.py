"""JSON arrays, JSON Lines, and JSON documents that hold rows, in bounded memory."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import DataError
from pipeline.sources.rows import BadRow, Numbered, Row
from pipeline.sources.streams import ending, opened

CHUNK = 1 << 20
SPACE = re.compile(r"[ \t\r\n]*")
INSTANCES = "Instances"  # where a task file of Natural-Instructions has its rows


def read(
    path: Path, encoding: str | None = None, header: list[str] | None = None, field: str | None = None
) -> Numbered:
    """Yield each row, or why it is none, with the line it starts on, from 1.

    Parameters
    ----------
    path : Path
    encoding : str, optional
        Other than UTF-8.
    header : list of str, optional
        Names for the values of rows that are lists.
    field : str, optional
        Key that holds the rows of a file that is one object.

    Raises
    ------
    DataError
        If the file is empty, or damaged so that the rows behind the damage cannot be told apart.
    """
    with opened(path, encoding) as stream:
        line, start = _skip_space(stream)
        if not start:
            raise DataError(f"{path} is empty; expected JSON rows; give a file that holds some.")
        if start == b"[" and field is not None:
            raise DataError(
                f"{path} is an array of rows, so nothing in it is called '{field}'; leave source.field out."
            )
        if start == b"[":
            rows = _array(path, stream, line)
        else:
            rows = _lines_or_document(path, stream, line, field)
        for line, value in rows:
            yield line, value if isinstance(value, BadRow) else _row(value, header)


def _skip_space(stream: io.BufferedReader) -> tuple[int, bytes]:
    """The line and the first character that is no space, which stays in the stream."""
    line = 1
    while (character := stream.peek(1)[:1]).isspace():
        line += stream.read(1) == b"\n"
    return line, character


def _lines_or_document(
    path: Path, stream: io.BufferedReader, first: int, field: str | None
) -> Iterator[tuple[int, Any]]:
    decoder = _Decoder()
    head = stream.readline()
    value = decoder.line(head)
    in_lines = isinstance(value, dict) and INSTANCES not in value
    if field is not None or (not in_lines and ending(path) == ".json"):
        rest = stream.read()
        document = decoder.line(head + rest) if rest.strip() else value
        if isinstance(document, BadRow) and decoder.twice is not None:
            raise DataError(f"{path}: {document}; mend the file.")
        if isinstance(document, dict):
            yield from _document(path, document, field)
            return
        if field is not None:
            raise DataError(
                f"{path} is not one JSON object, so nothing in it is called '{field}'; leave source.field out."
            )
        stream = io.BufferedReader(io.BytesIO(rest))  # type: ignore[arg-type]
    # Only \n ends a line: U+2028 and U+0085 are legal inside JSON strings, so text-mode splitting would cut rows.
    yield first, value
    for number, line in enumerate(stream, first + 1):
        if not line.isspace():
            yield number, decoder.line(line)


def _document(path: Path, document: dict[str, Any], field: str | None) -> Iterator[tuple[int, Any]]:
    name = field if field is not None else INSTANCES
    rows = document.get(name)
    if not isinstance(rows, list):
        held = ", ".join(f"{key} ({_kind(value)})" for key, value in list(document.items())[:12])
        could = [key for key, value in document.items() if isinstance(value, list) and any(map(_could_be_row, value))]
        if field is not None:
            advice = f"source.field={field} holds no list of rows; name a key that does"
        elif could:
            advice = (
                f"name the key that holds them, as in source.field={could[0]} (and the values of rows that are lists, "
                "as in source.header=[text,label])"
            )
        else:
            advice = "none of the keys holds rows; convert the file"
        raise DataError(
            f"{path} is one JSON object with the keys {held}; expected rows: an array, or one object a line; {advice}."
        )
    # The fields of a task belong to each of its instances; what is beside a key that the user names does not.
    shared = {} if field is not None else {key: value for key, value in document.items() if key != name}
    for row in rows:
        yield 0, {**shared, **row} if isinstance(row, dict) else row


def _could_be_row(value: Any) -> bool:
    return isinstance(value, dict | list)


def _kind(value: Any) -> str:
    if isinstance(value, list):
        of = {dict: "objects", list: "lists"}.get(type(value[0]), "values") if value else "nothing"
        return f"{len(value):,} {of}"
    return "an object" if isinstance(value, dict) else "a value"


def _array(path: Path, stream: io.BufferedReader, line: int) -> Iterator[tuple[int, Any]]:
    decoder = _Decoder()
    stream.read(1)
    # `text` from `at` on is what has been read and not yet told apart; `line` is that of `at`.
    text, at, pending, ended, first = "", 0, b"", False, True
    while True:
        start = SPACE.match(text, at).end()
        if text.startswith("]", start):
            line += text.count("\n", at, start)
            rest = text[start + 1 :]
            rest += _decode(path, line + rest.count("\n"), pending + stream.read())
            if rest.strip():
                raise DataError(f"{path} line {line}: text after the closing ']'; expected one JSON array; mend it.")
            return
        try:
            if not first and start < len(text):
                if text[start] != ",":
                    raise json.JSONDecodeError("expected ',' or ']'", text, start)
                start = SPACE.match(text, start + 1).end()
            value, end = decoder.read(text, start)
            if end == len(text) and not ended:
                raise json.JSONDecodeError("the value may go on", text, end)
        except (ValueError, RecursionError) as error:
            if ended or not isinstance(error, json.JSONDecodeError):
                line += text.count("\n", at, start)
                raise DataError(
                    f"{path} line {line}: {_not_json(error, False)}; mend the array here, or write one row a line "
                    "(.jsonl), of which bad ones can be skipped."
                ) from error
            # Doubling keeps a row larger than a chunk from being scanned a quadratic number of times.
            block = stream.read(max(CHUNK, len(text) - at))
            ended = not block
            block = pending + block
            cut = len(block) if ended else _whole_characters(block)
            known = line + text.count("\n", at)
            text, at, pending = text[at:] + _decode(path, known, block[:cut]), 0, block[cut:]
            continue
        line += text.count("\n", at, start)
        yield line, value
        line += text.count("\n", start, end)
        at, first = end, False


def _whole_characters(block: bytes) -> int:
    for back in range(1, min(4, len(block)) + 1):
        byte = block[-back]
        if byte & 0xC0 != 0x80:
            return len(block) - back if byte >= 0xC0 else len(block)
    return len(block)


def _decode(path: Path, line: int, block: bytes) -> str:
    try:
        return block.decode("utf-8")
    except UnicodeDecodeError as error:
        line += block[: error.start].count(b"\n")
        raise DataError(f"{path} line {line}: {_not_utf8(error)}.") from error


class _Decoder:
    """Reads JSON values; one in which a key stands twice, of which Python would keep the last, is a bad row."""

    def __init__(self) -> None:
        self.json = json.JSONDecoder(object_pairs_hook=self._object)
        self.twice: str | None = None

    def read(self, text: str, start: int) -> tuple[Any, int]:
        """The value that starts at a position, and where it ends."""
        self.twice = None
        value, end = self.json.raw_decode(text, start)
        return (value if self.twice is None else BadRow(f"the key '{self.twice}' stands twice; expected it once")), end

    def line(self, line: bytes) -> Any:
        """The value of a line, or why it has none."""
        try:
            text = line.decode("utf-8").strip()
            value, end = self.read(text, 0)
            if end < len(text):
                raise json.JSONDecodeError("Extra data", text, end)
            return value
        except UnicodeDecodeError as error:
            return BadRow(_not_utf8(error))
        except (ValueError, RecursionError) as error:  # ValueError: also integers of thousands of digits
            return BadRow(_not_json(error))

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) < len(pairs):
            keys = [key for key, _ in pairs]
            self.twice = next(key for key in keys if keys.count(key) > 1)
        return value


def _not_utf8(error: UnicodeDecodeError) -> str:
    return (
        f"byte 0x{error.object[error.start]:02x} is not UTF-8; expected UTF-8 text; name the encoding, as in "
        "source.encoding=latin-1, or convert the file"
    )


def _not_json(error: Exception, column: bool = True) -> str:
    what = str(error)
    if isinstance(error, json.JSONDecodeError):
        what = f"{error.msg}, column {error.colno}" if column else error.msg
    return f"not valid JSON ({what})"


def _row(value: Any, header: list[str] | None) -> Row | BadRow:
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and header is not None:
        if len(value) == len(header):
            return dict(zip(header, value, strict=True))
        return BadRow(f"a JSON list of {len(value)}; expected {len(header)} values: {', '.join(header)}")
    advice = "; source.header=[...] names the values of rows that are lists" if isinstance(value, list) else ""
    kind = "null" if value is None else type(value).__name__
    return BadRow(f"a JSON {kind}; expected an object, one a row{advice}")
