"""What readers of files hand on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]
BATCH = 4096


class BadRow(ValueError):
    """Why something is no row; intake adds file and line, and stops or counts it."""


Numbered = Iterator[tuple[int, Row | BadRow]]


@dataclass(frozen=True)
class Batch:
    """Up to `BATCH` rows of one file.

    Attributes
    ----------
    file : int
        Position among the files of the source.
    lines : list of int
        Line of the file that each row starts on, from 1; 0 where rows have no lines.
    rows : list of dict or BadRow
    table : pyarrow.Table, optional
        The same rows as they came, where they came as Arrow: they are kept in its types.
    """

    file: int
    lines: list[int]
    rows: list[Row | BadRow]
    table: pa.Table | None = None


def batched(file: int, rows: Numbered) -> Iterator[Batch]:
    """Batches of rows that come one by one."""
    rows = iter(rows)
    while part := list(islice(rows, BATCH)):
        yield Batch(file, [line for line, _ in part], [row for _, row in part])


def place(file: str, line: int, row: int) -> str:
    """Where a row is, for people; rows without lines are counted as in the ledger."""
    return f"{file} line {line}" if line > 0 else f"{file} row {row} (from 0)"
