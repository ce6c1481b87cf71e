"""How fast the matrix products of a run could be, on this machine, now."""

from __future__ import annotations

import time

import numpy as np

from pipeline.executors import one_thread

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
