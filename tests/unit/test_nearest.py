import numpy as np
import pytest

from pipeline.nearest import in_rows, nearest_first, smallest


@pytest.mark.parametrize(("width", "k"), [(5, 5), (40, 3), (1000, 16), (1003, 16), (640, 10)])
@pytest.mark.parametrize("ties", [False, True])
def test_the_smallest_are_among_what_is_found(width, k, ties):
    random = np.random.default_rng(width)
    distance = random.integers(0, 8, (30, width)).astype(np.float32) if ties else random.random((30, width), np.float32)
    row, column = smallest(distance, k)
    assert (np.diff(row) >= 0).all() and len(set(zip(row, column, strict=True))) == len(row)
    found = np.sort(in_rows(distance[row, column], row, 30, np.inf), axis=1)[:, :k]
    assert np.array_equal(found, np.sort(distance, axis=1)[:, :k])
    if width > 500 and not ties:
        assert len(row) < 30 * 3 * k  # few others
    limit = found[:, -1]
    assert np.array_equal((distance <= limit[:, None]).sum(), (distance[row, column] <= limit[row]).sum())  # all ties


@pytest.mark.parametrize(("width", "k"), [(5, 5), (5, 0), (40, 3), (1003, 16)])
def test_the_nearest_come_first_and_equal_ones_by_column(width, k):
    distance = np.random.default_rng(width).integers(0, 8, (30, width)).astype(np.float32)
    assert np.array_equal(nearest_first(distance, k), np.argsort(distance, axis=1, kind="stable")[:, :k])


def test_rows_without_any_are_filled():
    assert in_rows(np.array([1.0, 2.0, 3.0]), np.array([0, 2, 2]), 4, -1.0).tolist() == [
        [1, -1],
        [-1, -1],
        [2, 3],
        [-1, -1],
    ]
    assert in_rows(np.empty(0), np.empty(0, int), 2, 0.0).shape == (2, 0)
