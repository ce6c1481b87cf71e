"""JSON arrays and JSON Lines, plain or gzip, as (line, row) pairs in bounded memory."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from pipeline.errors import DataError

CHUNK = 1 << 20
SUFFIXES = (".json", ".jsonl", ".ndjson")


def read(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each row with the line it starts on, from 1.

    Raises
    ------
    DataError
        If the file is missing, empty, of another kind, not UTF-8, not JSON, or holds something else than objects.
    """
    check(path)
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else open(path, "rb") as stream:
            start = _first_character(stream)
            if not start:
                raise DataError(f"{path} is empty; expected JSON rows; give a file that holds some.")
            yield from _array(path, stream) if start == b"[" else _lines(path, stream)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path} is not a whole gzip file ({error}); fetch or compress it again.") from error


def check(path: Path) -> None:
    """Refuse, in a sentence, a path that is not a JSON file."""
    if not path.exists():
        raise DataError(f"{path} does not exist; set source.path to a .json or .jsonl file, plain or .gz.")
    if path.is_dir():
        raise DataError(f"{path} is a folder; set source.path to one .json or .jsonl file, plain or .gz.")
    name = path.name.removesuffix(".gz")
    if not name.endswith(SUFFIXES):
        raise DataError(
            f"{path} has the ending '{''.join(path.suffixes[-2:]) or 'none'}'; expected one of "
            f"{', '.join(SUFFIXES)}, plain or .gz; convert it, or rename it if it is JSON."
        )


def _first_character(stream: IO[bytes]) -> bytes:
    head = stream.read(3)
    if head != b"\xef\xbb\xbf":
        stream.seek(0)
    character = stream.read(1)
    while character.isspace():
        character = stream.read(1)
    if character:
        stream.seek(-1, 1)
    return character


def _lines(path: Path, stream: IO[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    # Only \n ends a line: U+2028 and U+0085 are legal inside JSON strings, so text-mode splitting would cut rows.
    before = _lines_before(path, stream.tell())
    for number, line in enumerate(stream, 1 + before):
        if line.isspace():
            continue
        yield number, _row(path, number, _decode(path, number, line), json.loads)


def _lines_before(path: Path, position: int) -> int:
    with gzip.open(path, "rb") if path.suffix == ".gz" else open(path, "rb") as stream:
        return stream.read(position).count(b"\n")


def _array(path: Path, stream: IO[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    decoder = json.JSONDecoder()
    line = 1 + _lines_before(path, stream.tell())
    stream.read(1)
    text, pending, ended, first = "", b"", False, True
    while True:
        body = text.lstrip(" \t\r\n")
        line += text.count("\n", 0, len(text) - len(body))
        text = body
        if text.startswith("]"):
            rest = text[1:] + _decode(path, line, pending + stream.read())
            if rest.strip():
                raise DataError(f"{path} line {line}: text after the closing ']'; expected one JSON array.")
            return
        try:
            if not first and text:
                if not text.startswith(","):
                    raise json.JSONDecodeError("expected ',' or ']'", text, 0)
                body = text[1:].lstrip(" \t\r\n")
                skipped = text.count("\n", 0, len(text) - len(body))
            else:
                body, skipped = text, 0
            value, end = decoder.raw_decode(body)
            if end == len(body) and not ended:
                raise json.JSONDecodeError("the value may go on", body, end)
        except (ValueError, RecursionError) as error:
            if ended or not isinstance(error, json.JSONDecodeError):
                raise DataError(_not_json(path, line, error)) from error
            # Doubling keeps a row larger than a chunk from being scanned a quadratic number of times.
            block = stream.read(max(CHUNK, len(text)))
            ended = not block
            block = pending + block
            cut = len(block) if ended else _whole_characters(block)
            text, pending = text + _decode(path, line, block[:cut]), block[cut:]
            continue
        line += skipped
        yield line, _row(path, line, value, lambda row: row)
        line += body.count("\n", 0, end)
        text, first = body[end:], False


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
        raise DataError(
            f"{path} line {line}: byte 0x{block[error.start]:02x} is not UTF-8; "
            "expected UTF-8 text; convert the file, for example with iconv."
        ) from error


def _row(path: Path, line: int, raw: Any, parse: Any) -> dict[str, Any]:
    try:
        value = parse(raw)
    except (ValueError, RecursionError) as error:  # ValueError: also integers of thousands of digits
        raise DataError(_not_json(path, line, error)) from error
    if not isinstance(value, dict):
        raise DataError(f"{path} line {line}: a JSON {type(value).__name__}; expected an object, one a row.")
    return value


def _not_json(path: Path, line: int, error: Exception) -> str:
    what = f"{error.msg}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else str(error)
    return f"{path} line {line}: not valid JSON ({what}); mend or remove this row."
