"""CSV and TSV files: quoted fields may hold delimiters and newlines."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import DataError
from pipeline.sources.rows import BadRow, Numbered
from pipeline.sources.streams import opened

LARGEST = 1 << 30  # characters of a field; the csv module's own limit is 131,072
HALF = re.compile("[\udc80-\udcff]")  # what "surrogateescape" makes of bytes that are not UTF-8


def read(
    path: Path, delimiter: str, quote: str = '"', encoding: str | None = None, header: list[str] | None = None
) -> Numbered:
    """Yield each row as strings, or why it is none, with the line it starts on, from 1.

    Parameters
    ----------
    path : Path
    delimiter, quote : str
        One character each; an empty ``quote``: quotes are characters like others.
    encoding : str, optional
        Other than UTF-8.
    header : list of str, optional
        Names of the columns of a file whose first line is a row already.

    Raises
    ------
    DataError
        If the file is empty, two columns have one name, or a quote is never closed.
    """
    quoting = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
    with opened(path, encoding) as stream:
        text = io.TextIOWrapper(stream, "utf-8", errors="surrogateescape", newline="")
        lines = csv.reader(text, delimiter=delimiter, strict=True, **quoting)
        names, start = header, 1
        while True:
            try:
                fields = _next(lines)
            except StopIteration:
                break
            except csv.Error as error:
                if "unexpected end" in str(error):
                    raise DataError(
                        f"{path} line {start}: a quote that is never closed, so that rows cannot be told apart; "
                        "close it, or set source.quote='' if quotes are ordinary characters here."
                    ) from error
                yield start, BadRow(f"not valid CSV ({error})")
            else:
                if not fields:
                    pass  # an empty line
                elif names is None:
                    names = _header(path, fields)
                else:
                    yield start, _row(names, fields)
            start = lines.line_num + 1
        text.detach()
    if names is None:
        raise DataError(f"{path} is empty; expected a header line and rows; give a file that holds some.")


def _next(lines: Iterator[list[str]]) -> list[str]:
    usual = csv.field_size_limit(LARGEST)  # a setting of the whole process
    try:
        return next(lines)
    finally:
        csv.field_size_limit(usual)


def _header(path: Path, fields: list[str]) -> list[str]:
    # A column without a name is what other programs make of an index; they call it so, too.
    names = [name if name else f"Unnamed: {number}" for number, name in enumerate(fields)]
    wrong = _not_text(fields)
    if wrong is not None:
        raise DataError(f"{path} line 1: {wrong}.")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(
            f"{path} line 1: two columns are called {twice[:60]!r}; expected a header line of different names; rename "
            "one, or set source.header=[...] if the first line is a row."
        )
    return names


def _row(names: list[str], fields: list[str]) -> dict[str, str] | BadRow:
    if len(fields) != len(names):
        shown = ", ".join(name[:30] for name in names[:8])
        return BadRow(f"{len(fields)} fields; expected {len(names)} ({shown})")
    wrong = _not_text(fields)
    return dict(zip(names, fields, strict=True)) if wrong is None else BadRow(wrong)


def _not_text(fields: list[str]) -> str | None:
    bad = next((found for field in fields if (found := HALF.search(field))), None)
    if bad is None:
        return None
    return (
        f"byte 0x{ord(bad[0]) - 0xDC00:02x} is not UTF-8; expected UTF-8 text; name the encoding, as in "
        "source.encoding=latin-1, or convert the file"
    )
