"""What rows say, turn by turn, on disk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

PARTS = ("conversation", "instruction", "response")
USER, ASSISTANT = 0, 1  # as in the column `role`; 2 is anyone else
Turns = list[tuple[int, str]]  # of a row: who speaks, and what is said


@dataclass(frozen=True)
class Texts:
    """Texts of rows; small to send to a worker, which maps the file.

    Attributes
    ----------
    path : str
        An Arrow stream of ``role`` list<int8> and ``text`` list<string>: the turns of a row.
    rows : int64[n], optional
        Row of the file that each row here is; all in the order of the file where left out. Memory-mapped, so that it
        travels as a path.
    """

    path: str
    rows: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self._table if self.rows is None else self.rows)

    def read(self, start: int, stop: int, part: str = "conversation") -> list[str]:
        """Texts of a range of rows, turns joined by newlines.

        Parameters
        ----------
        start, stop : int
        part : str
            ``conversation``: all turns; ``instruction``: what the user says; ``response``: what the assistant says and
            calls.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        turns = self.turns(start, stop)
        texts = turns["text"].combine_chunks()
        if part != "conversation":
            speaks = USER if part == "instruction" else ASSISTANT
            texts = _only(texts, turns["role"].combine_chunks(), speaks)
        return pc.binary_join(texts, pa.scalar("\n", pa.large_string())).to_pylist()

    def of(self, rows: np.ndarray) -> list[str]:
        """Whole texts of chosen rows, int64[m]."""
        chosen = rows if self.rows is None else np.asarray(self.rows)[rows]
        return replace(self, rows=chosen).read(0, len(rows))

    def turns(self, start: int, stop: int) -> pa.Table:
        """Columns ``role`` and ``text`` of a range of rows."""
        import pyarrow as pa

        if self.rows is None:
            return self._table.slice(start, stop - start)
        rows = np.asarray(self.rows[start:stop])
        batches, first = self._batches
        # Table.take would join all batches of the file for every call.
        by_row = np.argsort(rows, kind="stable")
        batch = np.searchsorted(first, rows[by_row], side="right") - 1
        ends = np.flatnonzero(np.diff(batch)) + 1
        parts = [
            batches[batch[part[0]]].take(pa.array(rows[by_row[part]] - first[batch[part[0]]]))
            for part in np.split(np.arange(len(rows)), ends)
            if len(part)
        ]
        return pa.Table.from_batches(parts, self._table.schema).combine_chunks().take(pa.array(np.argsort(by_row)))

    @cached_property
    def _table(self) -> pa.Table:
        import pyarrow as pa

        with pa.memory_map(self.path) as source:
            return pa.ipc.open_stream(source).read_all()

    @cached_property
    def _batches(self) -> tuple[list[pa.RecordBatch], np.ndarray]:
        """The batches of the file, and the first row of each."""
        batches = [batch for batch in self._table.to_batches() if batch.num_rows]
        sizes = np.array([batch.num_rows for batch in batches], np.int64)
        return batches, np.cumsum(sizes) - sizes

    def __getstate__(self) -> dict:
        return {"path": self.path, "rows": self.rows}


def _only(texts: pa.ListArray, roles: pa.ListArray, speaker: int) -> pa.ListArray:
    """The turns of one speaker."""
    import pyarrow as pa

    said = roles.flatten().to_numpy() == speaker
    ends = np.cumsum(np.asarray(roles.value_lengths()))
    before = np.concatenate([[0], np.cumsum(said)])
    offsets = before[np.concatenate([[0], ends]).astype(np.int64)]
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), texts.flatten().filter(pa.array(said)))


def ends(text: str, first: int, last: int, between: str = "\n") -> str:
    """The first and last characters of a text that has more."""
    return text if len(text) <= first + last else f"{text[:first]}{between}{text[-last:]}"
