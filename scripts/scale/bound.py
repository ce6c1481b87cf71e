"""How fast the parts of a run that it is not the maker of could be, on this machine, now."""

from __future__ import annotations

import json
import time
from itertools import islice
from pathlib import Path

import numpy as np

from pipeline.executors import one_thread

SAMPLE, BLOCK = 20_000, 4096  # rows that the vectoriser is fitted on, and more on which it is timed
ROWS, COLUMNS, TIMES = 2048, 4096, 20


def gigaflops(d: int) -> float:
    """float32 products of one thread, of the shape that the pipeline's have, in 10^9 operations a second."""
    random = np.random.default_rng(0)
    a, b = (random.random((m, d), np.float32) for m in (ROWS, COLUMNS))
    with one_thread():
        a @ b.T
        started = time.perf_counter()
        for _ in range(TIMES):
            a @ b.T
        return 2 * TIMES * ROWS * COLUMNS * d / (time.perf_counter() - started) / 1e9


def operations(n: int, d: int, k1: int, s: float, m: float, k_near: int) -> float:
    """Of all products: assignment in two levels, neighbours, margins, kernels of clusters.

    Parameters
    ----------
    n, d : int
        Vectors and their length.
    k1 : int
        Cells of the first level.
    s : float
        Clusters of a cell.
    m : float
        Rows of a cluster.
    k_near : int
        Clusters that a row's margin is measured against.
    """
    return 2.0 * n * d * ((k1 + 8 * s) + 9 * m + k_near + m)


def vectoriser(rows: Path, n: int) -> float:
    """Seconds that counting the terms of n texts and projecting them would take alone, in one thread."""
    from pipeline.embedders.lsa import Lsa, LsaModel

    with open(rows, encoding="utf-8") as file:
        texts = ["\n".join(json.loads(line).values()) for line in islice(file, SAMPLE + BLOCK)]
    sample, more = texts[:SAMPLE], texts[SAMPLE:]
    settings = Lsa()
    with one_thread():
        started = time.perf_counter()
        model = LsaModel.fit(sample, settings.dimensions, settings.terms, 0)
        fitted = time.perf_counter() - started
        if not more:
            return fitted
        started = time.perf_counter()
        model.transform(more)
        return fitted + (time.perf_counter() - started) / len(more) * (n - len(sample))


def copy(rows: Path, folder: Path) -> float:
    """Seconds of reading JSON Lines into a table, writing it as Parquet, and reading that."""
    from pyarrow import json as arrow_json
    from pyarrow import parquet

    started = time.perf_counter()
    parquet.write_table(arrow_json.read_json(rows), folder / "copy.parquet")
    parquet.read_table(folder / "copy.parquet")
    (folder / "copy.parquet").unlink()
    return time.perf_counter() - started
