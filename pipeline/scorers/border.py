"""Border points of a class: those whose nearest others are far [CB]."""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from pipeline.nearest import in_rows
from pipeline.scorers.density import distances_of, mean_distance

if TYPE_CHECKING:
    from pipeline.executors import Executor

BLOCK = 512  # points on each side of a product; fewer than 65,536
DUE = 8  # of the k nearest that are in a sample of the points, on average
RANK = 18  # in the sample that the k-th nearest hardly ever exceeds
GROUP = 8  # products of a piece of work
MANY = 8  # times k: more candidates of a point are thinned out
UNSURE = 4e-6  # of the largest square: what a squared distance by float32 products may be off by, and some

Found = tuple[np.ndarray, np.ndarray]  # places of points in their block, uint16, and squared distances, float32


def border(points: np.ndarray, k: int, percentile: float, executor: Executor) -> np.ndarray:
    """Points whose mean distance to the k nearest others reaches a percentile of all such (section 3).

    Products in float32 decide where they can; who is near the percentile is measured by differences.

    Parameters
    ----------
    points : float64[m, d]
    k : int
        Cut to m - 1.
    percentile : float
    executor : Executor
        Where blocks of points are measured.

    Returns
    -------
    bool[m]
    """
    centred = points - points.mean(axis=0)
    scale = max(float(np.sqrt(np.einsum("ij,ij->i", centred, centred).max())), np.finfo(float).tiny)
    distance, error = _by_pairs((centred / scale).astype(np.float32), min(k, len(points) - 1), executor)
    # No interval but those that reach these holds the true percentile.
    low = np.percentile(distance - error, percentile, method="lower")
    high = np.percentile(distance + error, percentile, method="higher")
    near = np.flatnonzero((distance + error >= low) & (distance - error <= high))
    distance *= scale
    distance[near] = distances_of(points, near, k)
    return distance >= np.percentile(distance, percentile)


def _by_pairs(points: np.ndarray, k: int, executor: Executor) -> tuple[np.ndarray, np.ndarray]:
    """Mean distance to the k nearest others, and how far it may be off: float64[m] each.

    Every product of two blocks serves the points of both. A sample tells for each point how far its k nearest are at
    most, probably; what lies within that is kept, and the few points of whom that is fewer than k are measured again.
    """
    n = len(points)
    if n <= max(BLOCK, 4 * k):
        return mean_distance(points, k), np.full(n, UNSURE**0.5)
    squares, ones = np.einsum("ij,ij->i", points, points)[:, None], np.ones((n, 1), np.float32)
    # One product makes squared distances.
    left, right = np.hstack([points, squares, ones]), np.hstack([-2 * points, ones, squares])
    some = min(n, max(2 * RANK, DUE * n // k))
    sample = np.random.default_rng(0).choice(n, some, replace=False)
    starts = range(0, n, BLOCK)
    limit = np.concatenate(list(executor.map(partial(_limits, left, right[sample], RANK), starts)))
    pairs = [
        (one, others[at : at + GROUP])
        for one in starts
        if (others := starts[one // BLOCK :])
        for at in range(0, len(others), GROUP)
    ]
    lists: dict[int, list[Found]] = {start: [] for start in starts}
    for start, some in chain.from_iterable(executor.map(partial(_within, left, right, limit), pairs)):
        lists[start].append(some)
        if sum(len(place) for place, _ in lists[start]) > MANY * k * BLOCK:
            lists[start] = [_thinned(lists[start], k)]  # equal points have all of each other within their limits
    sizes = [min(BLOCK, n - start) for start in starts]
    measured = executor.map(partial(_measured, k), zip(lists.values(), sizes, strict=True))
    mean, error = (np.concatenate(parts) for parts in zip(*measured, strict=True))
    few = np.flatnonzero(np.isinf(mean))
    mean[few], error[few] = distances_of(points, few, k), UNSURE**0.5
    return mean, error


def _limits(left: np.ndarray, sample: np.ndarray, rank: int, start: int) -> np.ndarray:
    return np.partition(left[start : start + BLOCK] @ sample.T, rank, axis=1)[:, rank]


def _within(left: np.ndarray, right: np.ndarray, limit: np.ndarray, task: tuple[int, range]) -> list[tuple[int, Found]]:
    """What lies within the limits of the points of a block, and of those of others."""
    first, others = task
    one, found = slice(first, first + BLOCK), []
    squares = np.empty((len(left[one]), BLOCK), np.float32)
    for start in others:
        other = slice(start, start + BLOCK)
        square = np.matmul(left[one], right[other].T, out=squares[:, : len(right[other])])
        if start == first:
            np.fill_diagonal(square, np.inf)
        else:
            found.append((start, _places(square, limit[other], 1)))
        found.append((first, _places(square, limit[one, None], 0)))
    return found


def _places(square: np.ndarray, limit: np.ndarray, axis: int) -> Found:
    flat = np.flatnonzero(square <= limit)
    return np.divmod(flat, square.shape[1])[axis].astype(np.uint16), square.ravel()[flat]


def _measured(k: int, task: tuple[list[Found], int]) -> tuple[np.ndarray, np.ndarray]:
    """Mean distance of each point of a block to its k nearest, and how far it may be off; inf where there are fewer."""
    distance = np.sqrt(np.maximum(_nearest(*task, k), 0), dtype=np.float64)
    return distance.mean(axis=1), (UNSURE / np.maximum(distance, UNSURE**0.5)).mean(axis=1)


def _thinned(found: list[Found], k: int) -> Found:
    nearest = _nearest(found, BLOCK, k)
    place, column = np.nonzero(np.isfinite(nearest))
    return place.astype(np.uint16), nearest[place, column]


def _nearest(found: list[Found], rows: int, k: int) -> np.ndarray:
    """The k smallest squares of each place, ascending: float32[rows, k], inf where there are fewer."""
    place, square = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.argsort(place, kind="stable")
    nearest = in_rows(square[order], place[order], rows, np.inf)
    if nearest.shape[1] < k:
        nearest = np.pad(nearest, ((0, 0), (0, k - nearest.shape[1])), constant_values=np.inf)
    return np.sort(np.partition(nearest, k - 1, axis=1)[:, :k], axis=1)
