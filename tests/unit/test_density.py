"""Density against the paper's own package (arXiv 2509.19856)."""

import numpy as np
import pytest
from adaptive_resampling import classify_border_and_core_points
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, make_classification

from pipeline.executors import Serial, Threads
from pipeline.scorers.border import border
from pipeline.scorers.density import mean_distance

DATA = {
    "digits": lambda: load_digits(return_X_y=True),
    "breast cancer": lambda: load_breast_cancer(return_X_y=True),
    "iris": lambda: load_iris(return_X_y=True),
    "synthetic": lambda: make_classification(
        3000, 40, n_informative=15, n_classes=4, class_sep=0.6, flip_y=0.1, random_state=0
    ),
}


def sorted_rows(points):
    return points[np.lexsort(points.T)]


@pytest.mark.parametrize("percentile", [60, 90])
@pytest.mark.parametrize("k", [100, 5])
@pytest.mark.parametrize("name", DATA)
def test_same_border_and_core_sets_as_the_package(name, k, percentile):
    points, labels = DATA[name]()
    theirs = classify_border_and_core_points(points, labels, close=k, percentile=percentile)
    for label, (outer, core) in theirs.items():
        own = points[labels == label].astype(np.float64)
        distance = mean_distance(own, k)
        mask = distance >= np.percentile(distance, percentile)
        assert np.array_equal(sorted_rows(own[mask]), sorted_rows(outer))
        assert np.array_equal(sorted_rows(own[~mask]), sorted_rows(core))
        assert np.array_equal(border(own, k, percentile, Serial()), mask)


def test_unit_float32_rows_agree_with_exact_distances():
    rows = np.random.default_rng(0).normal(size=(300, 16))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    assert np.allclose(mean_distance(rows.astype(np.float32), 10), mean_distance(rows, 10), atol=1e-3)


def test_few_points():
    assert mean_distance(np.zeros((1, 3)), 5).tolist() == [0]
    assert mean_distance(np.array([[0.0], [3.0]]), 5).tolist() == [3, 3]


def test_border_does_not_depend_on_where_the_points_are_or_how_many_are_alike():
    points = np.random.default_rng(1).normal(size=(1500, 6))
    points[:300] = points[300:600]
    plain = mean_distance(points, 20)
    assert np.array_equal(border(points, 20, 60, Serial()), plain >= np.percentile(plain, 60))
    for moved in (points + 1000, points * 1e-6, points * 1e6):
        assert (border(moved, 20, 60, Serial()) != border(points, 20, 60, Serial())).sum() <= 2
    assert border(np.ones((50, 3)), 5, 60, Serial()).all()  # all distances are 0, and so is the percentile


@pytest.mark.parametrize("alike", [0, 3000])
def test_border_of_many_points_is_that_of_all_distances(alike):
    points = np.random.default_rng(2).normal(size=(5000, 4))
    points[:alike] = 0.01  # all of them have all others within any limit
    plain = mean_distance(points, 20)
    expected = plain >= np.percentile(plain, 70)
    assert np.array_equal(border(points, 20, 70, Serial()), expected)
    assert np.array_equal(border(points, 20, 70, Threads(workers=2)), expected)


def near_copies():
    random = np.random.default_rng(3)
    points = random.normal(size=(1000, 8))
    return np.concatenate([points + 1e-4 * random.normal(size=points.shape) for _ in range(3)])


def grid():
    return np.random.default_rng(4).integers(0, 2, (3000, 12)).astype(float)


@pytest.mark.parametrize("make", [near_copies, grid])
@pytest.mark.parametrize("rank", [None, 1])
def test_border_is_exact_where_products_cannot_tell(make, rank, monkeypatch):
    """Distances that differ by less than a product is off by; and, with rank 1, too few candidates for many points."""
    from pipeline.scorers import border as module

    if rank:
        monkeypatch.setattr(module, "RANK", rank)
    points = make()
    for k, percentile in ((10, 60), (30, 90)):
        plain = mean_distance(points, k)
        assert np.array_equal(border(points, k, percentile, Serial()), plain >= np.percentile(plain, percentile))
