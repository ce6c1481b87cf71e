"""Vectors written chunk by chunk into a memory map; a killed run continues at its chunk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from pipeline.executors import Executor
from pipeline.journal import Journal
from pipeline.progress import track

CHUNK = 4096
Range = tuple[int, int]
Encoded = tuple[np.ndarray, np.ndarray]


class NotFiniteError(Exception):
    """A vector holds a number that is missing or infinite; ``row`` is its position in id order."""

    def __init__(self, row: int) -> None:
        super().__init__(row)
        self.row = row


def fill(
    folder: Path,
    rows: int,
    dimensions: int,
    encode: Callable[[Range], Encoded],
    executor: Executor,
    chunk: int | None = None,
) -> None:
    """Fill ``vectors.npy`` and ``long.npy`` with ``encode`` of every chunk.

    Each vector is scaled to length 1; rows of zeros stay.

    Parameters
    ----------
    folder : Path
        The draft; chunks that its ``chunks.jsonl`` names are not encoded again.
    rows, dimensions : int
        Shape of the result.
    encode : callable
        (start, stop) -> float[stop - start, dimensions], and bool[stop - start]: whether the row's text was longer
        than the encoder reads at once. Picklable.
    executor : Executor
    chunk : int, optional
        Rows of a chunk, `CHUNK` by default.

    Raises
    ------
    NotFiniteError
        If a vector is not finite; its chunk is encoded again by the next run.
    """
    chunk = chunk or CHUNK
    journal = Journal(folder / "chunks.jsonl")
    shapes = {"vectors": (np.float32, (rows, dimensions)), "long": (np.bool_, (rows,))}
    done = set(journal.read())
    if journal.path.exists():  # it is made after the arrays, so these are there
        vectors, long = (np.lib.format.open_memmap(folder / f"{name}.npy", mode="r+") for name in shapes)
    else:
        vectors, long = (
            np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=dtype, shape=shape)
            for name, (dtype, shape) in shapes.items()
        )
    ranges = [(start, min(start + chunk, rows)) for start in range(0, rows, chunk) if start not in done]
    sizes = [stop - start for start, stop in ranges]
    encoded = track(executor.map(encode, ranges), "embed", "rows", total=sum(sizes), step=sizes)
    with journal.adding() as add:
        for (start, stop), (block, beyond) in zip(ranges, encoded, strict=True):
            bad = np.flatnonzero(~np.isfinite(block).all(axis=1))
            if len(bad):
                raise NotFiniteError(start + int(bad[0]))
            vectors[start:stop], long[start:stop] = unit(block), beyond
            vectors.flush()
            long.flush()
            add(start)
    del vectors, long


def unit(block: np.ndarray) -> np.ndarray:
    """Rows scaled to length 1 in float64, then float32[m, d]; rows of zeros stay zeros."""
    exact = np.asarray(block, np.float64)
    length = np.linalg.norm(exact, axis=1, keepdims=True)
    return (exact / np.where(length > 0, length, 1)).astype(np.float32)
