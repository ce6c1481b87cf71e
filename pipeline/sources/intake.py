"""Rows on their way in: told apart, checked, hashed, their turns set aside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.arrays import Aside
from pipeline.errors import DataError
from pipeline.progress import track
from pipeline.sources import OnBadRow, Part, Source
from pipeline.sources.arrow_tables import TableWriter
from pipeline.sources.conversation import Conversation
from pipeline.sources.detection import LOOK_AHEAD, Reader, detect
from pipeline.sources.fingerprint import canonical, hashed
from pipeline.sources.rows import BATCH, BadRow, Batch, Row, place
from pipeline.sources.tables import RowWriter, Unstorable, types_of

TURNS = pa.schema({"role": pa.list_(pa.int8()), "text": pa.list_(pa.large_string())})
APART = "expected one kind in a source; read them as two sources (source=mix)"
ARRAYS = {
    "source": np.int32, "file": np.int32, "row": np.int64, "index": np.int64, "line": np.int64, "row_id": "S32",
    "row_hash": "S32", "bytes": np.int64, "empty": bool,
}  # fmt: skip


@dataclass
class Detected:
    """What was found out about one file.

    Its shape, why, the columns of its first row, whether its rows came in Arrow's types, how many there are, and how
    many of these are bad.
    """

    source: int
    file: int
    shape: str
    evidence: str
    columns: list[str]
    typed: bool
    rows: int = 0
    bad: int = 0


@dataclass(frozen=True)
class Taken:
    """A good row, with the hashes of its conversation and of all of it."""

    row: Row
    conversation: Conversation
    id: str
    hash: str


Found = list[Taken | BadRow]


class Intake:
    """Takes in the rows of all sources.

    Writes into ``folder``, in input order: the arrays of `ARRAYS` and ``arrived.arrow`` (the turns), an entry a good
    row; the bad rows as `Aside`; ``rows-<number>.arrow``, a table a source; ``files.json``, the `Detected`.

    Parameters
    ----------
    folder : Path
    tables : bool
        Whether tables are written; an inspection needs none.
    """

    def __init__(self, folder: Path, tables: bool = True) -> None:
        self.folder, self.tables = folder, tables
        self.arrays: dict[str, list[np.ndarray]] = {name: [] for name in ARRAYS}
        self.bad: list[tuple[int, int, int, int, str]] = []
        self.detected: list[Detected] = []

    def take(self, source: Source) -> Iterator[tuple[Detected, Found]]:
        """Read every row; yield what each batch was found to be.

        Raises
        ------
        DataError
            At the first bad row, unless the source skips them; for a file that holds no rows of a known shape.
        """
        with (
            pa.OSFile(str(self.folder / "arrived.arrow"), "wb") as sink,
            pa.ipc.new_stream(sink, TURNS) as self.turns,
        ):
            for number, (name, part) in enumerate(source.parts().items()):
                yield from self._part(number, name, part)
        for name in ARRAYS:
            np.save(self.folder / f"{name}.npy", np.concatenate(self.arrays.pop(name)))
        (self.folder / "aside").mkdir()
        Aside.bad(self.bad).save(self.folder / "aside")
        (self.folder / "files.json").write_text(json.dumps([asdict(one) for one in self.detected]))

    def _part(self, number: int, name: str, part: Part) -> Iterator[tuple[Detected, Found]]:
        files, rows, kept = part.files(), 0, 0
        writer: RowWriter | TableWriter | None = None
        keeps = self.tables and not part.in_place
        here: Detected | None = None
        for batch in track(part.batches(), "read", "rows", step=BATCH):
            if here is None or here.file != batch.file:
                reader, here = self._detect(number, part, batch, files[batch.file])
            found: Found = [_take(reader, row) for row in batch.rows]
            if keeps and writer is None:
                path = self.folder / f"rows-{number}.arrow"
                writer = RowWriter(path) if batch.table is None else TableWriter(path)
            _write(writer, batch, found, files[batch.file])
            self._set_aside(number, part, batch, found, files[batch.file], rows, here.rows)
            good = [position for position, one in enumerate(found) if isinstance(one, Taken)]
            positions = rows + np.array(good, np.int64)
            index = kept + np.arange(len(good)) if keeps else positions
            lines = np.array(batch.lines, np.int64)[good]
            self._append([found[position] for position in good], number, batch.file, positions, index, lines)
            here.rows += len(found)
            here.bad += len(found) - len(good)
            rows, kept = rows + len(found), kept + len(good)
            yield here, found
        unread = set(range(len(files))) - {one.file for one in self.detected if one.source == number}
        if unread:
            raise DataError(f"{files[min(unread)]} holds no rows; expected at least one; leave it out, or mend it.")
        if not kept:
            _, file, row, line, why = next(one for one in self.bad if one[0] == number)
            raise DataError(
                f"{name} holds no row that can be read; the first, {place(files[file], line, row)}: {why}; mend the "
                "rows, or name shape and columns."
            )
        if writer:
            self._close(writer, number, files)

    def _close(self, writer: RowWriter | TableWriter, number: int, files: list[str]) -> None:
        try:
            writer.close()
        except Unstorable as error:
            arrays = {name: np.concatenate(self.arrays[name]) for name in ("source", "file", "line", "row")}
            at = np.flatnonzero(arrays["source"] == number)[error.positions[0]]
            file = int(arrays["file"][at])
            first = sum(one.rows for one in self.detected if one.source == number and one.file < file)
            where = place(files[file], int(arrays["line"][at]), int(arrays["row"][at]) - first)
            raise DataError(
                f"{where}: {error}, as other rows hold values of other kinds; mend or remove this row (which is known "
                "only when all are read, too late to skip it)."
            ) from error

    def _detect(self, number: int, part: Part, batch: Batch, file: str) -> tuple[Reader, Detected]:
        head = [row for row in batch.rows if not isinstance(row, BadRow)][:LOOK_AHEAD]
        if not head:
            where = place(file, batch.lines[0], 0)
            raise DataError(
                f"{where}: {batch.rows[0]}; none of the first {len(batch.rows):,} rows can be read; mend it."
            )
        try:
            reader, evidence = detect(head, part.shape, part.columns)
        except BadRow as error:
            raise DataError(f"{file}: {error}{part.advice(batch.file, list(head[0]))}.") from error
        self.detected.append(
            Detected(number, batch.file, reader.shape.name, evidence, list(head[0]), batch.table is not None)
        )
        return reader, self.detected[-1]

    def _set_aside(
        self, number: int, part: Part, batch: Batch, found: Found, file: str, before: int, of_file: int
    ) -> None:
        for position, one in enumerate(found):
            if not isinstance(one, BadRow):
                continue
            line = batch.lines[position]
            if part.on_bad_row != OnBadRow.skip:
                raise DataError(
                    f"{place(file, line, of_file + position)}: {one}; mend or remove this row, or set "
                    "source.on_bad_row=skip to go on without it."
                )
            self.bad.append((number, batch.file, before + position, line, str(one)))

    def _append(
        self, taken: list[Taken], source: int, file: int, row: np.ndarray, index: np.ndarray, line: np.ndarray
    ) -> None:
        turns = [one.conversation.turns() for one in taken]
        values: dict[str, Any] = {
            "source": np.full(len(taken), source),
            "file": np.full(len(taken), file),
            "row": row,
            "index": index,
            "line": line,
            "row_id": [one.id for one in taken],
            "row_hash": [one.hash for one in taken],
            "bytes": [len("\n".join(texts).encode()) for _, texts in turns],
            "empty": [one.conversation.unanswered for one in taken],
        }
        for name, kind in ARRAYS.items():
            self.arrays[name].append(np.array(values[name], kind))
        columns = {"role": [roles for roles, _ in turns], "text": [texts for _, texts in turns]}
        self.turns.write_table(pa.table(columns, schema=TURNS))


def _take(reader: Reader, row: Row | BadRow) -> Taken | BadRow:
    if isinstance(row, BadRow):
        return row
    try:
        conversation = reader.read(row)
        text = canonical(row)
        if "\\u0000" in text and (key := _cut_key(row)) is not None:
            return BadRow(f"the key {key!r} holds U+0000, where Arrow would cut it off; expected a name without it")
        return Taken(row, conversation, conversation.id, hashed(text))
    except BadRow as error:
        return error
    except UnicodeEncodeError as error:
        half = f"U+{ord(error.object[error.start]):04X}"
        return BadRow(f"half a surrogate pair, {half}, which is not text; expected Unicode")
    except RecursionError:
        return BadRow("nested deeper than can be read; expected fewer levels")


def _cut_key(value: Any) -> str | None:
    """A key that holds U+0000."""
    if isinstance(value, dict):
        return next((key for key in value if "\0" in key), None) or _cut_key(list(value.values()))
    found = map(_cut_key, value) if isinstance(value, list) else ()
    return next((key for key in found if key is not None), None)


def _write(writer: RowWriter | TableWriter | None, batch: Batch, found: Found, file: str) -> None:
    """Write the good rows of a batch; a row that no table can hold becomes a bad one."""
    while good := [position for position, one in enumerate(found) if isinstance(one, Taken)]:
        if batch.table is not None:
            if isinstance(writer, RowWriter):
                raise DataError(f"{file} is a table with types and files before it are not; {APART}.")
            if writer is not None:
                writer.add(batch.table.take(good), file)
            return
        if isinstance(writer, TableWriter):
            raise DataError(f"{file} is text and files before it are tables with types; {APART}.")
        rows = [batch.rows[position] for position in good]
        try:
            types_of(rows) if writer is None else writer.add(rows)
            return
        except Unstorable as error:
            for position in error.positions:
                found[good[position]] = error
