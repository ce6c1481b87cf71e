"""Texts of the distinct rows, read in blocks from a memory-mapped file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Texts:
    """What is embedded, in id order; small enough to travel to a worker.

    Attributes
    ----------
    path : str
        An Arrow stream with the column ``text``.
    rows : int
    """

    path: str
    rows: int

    def __len__(self) -> int:
        return self.rows

    def read(self, start: int, stop: int, text: str) -> list[str]:
        """Texts of the rows from ``start`` up to ``stop``."""
        import pyarrow as pa

        with pa.memory_map(self.path) as stream:
            return pa.ipc.open_stream(stream).read_all().slice(start, stop - start)["text"].to_pylist()
