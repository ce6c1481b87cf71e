"""Vectors written chunk by chunk into a memory map; a killed run continues at its chunk."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pipeline.executors import Executor
from pipeline.progress import track

CHUNK = 4096
Range = tuple[int, int]


def fill(folder: Path, rows: int, dimensions: int, encode: Callable[[Range], np.ndarray], executor: Executor) -> None:
    """Fill ``vectors.npy`` with ``encode`` of every chunk, each row scaled to length 1 (rows of zeros stay).

    Parameters
    ----------
    folder : Path
        The draft; chunks that its ``chunks.jsonl`` names are not encoded again.
    rows, dimensions : int
        Shape of the result.
    encode : callable
        (start, stop) -> float[stop - start, dimensions]; picklable.
    executor : Executor
    """
    path, journal = folder / "vectors.npy", folder / "chunks.jsonl"
    done: set[int] = set()
    if journal.exists():
        # A kill in the middle of a line leaves one without an end; its chunk is encoded again.
        done = {json.loads(line) for line in journal.read_text().splitlines(keepends=True) if line.endswith("\n")}
        vectors = np.lib.format.open_memmap(path, mode="r+")
    else:
        vectors = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(rows, dimensions))
    ranges = [(start, min(start + CHUNK, rows)) for start in range(0, rows, CHUNK) if start not in done]
    sizes = [stop - start for start, stop in ranges]
    encoded = track(executor.map(encode, ranges), "embed", "rows", total=sum(sizes), step=sizes)
    with open(journal, "a") as log:
        for (start, stop), block in zip(ranges, encoded, strict=True):
            vectors[start:stop] = unit(block)
            vectors.flush()
            log.write(f"{start}\n")
            log.flush()
    del vectors


def unit(block: np.ndarray) -> np.ndarray:
    """Rows scaled to length 1 in float64, then float32[m, d]; rows of zeros stay zeros."""
    exact = np.asarray(block, np.float64)
    length = np.linalg.norm(exact, axis=1, keepdims=True)
    return (exact / np.where(length > 0, length, 1)).astype(np.float32)
