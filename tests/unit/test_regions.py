"""Who is an outlier, and who waits, by the probability of being garbage."""

from types import SimpleNamespace

import numpy as np
import pytest

from pipeline.errors import ConfigError
from pipeline.scorers.region import Regions


def waits(garbage, category=None, **settings):
    n = len(garbage)
    category = np.zeros(n, int) if category is None else category
    bins = SimpleNamespace(category=category, category_name=np.arange(category.max() + 2))
    return Regions(**settings).wait({"garbage": np.asarray(garbage, np.float32)}, bins)


def test_garbage_is_an_outlier():
    vectors = np.eye(4, dtype=np.float32)
    there = SimpleNamespace(
        bins=SimpleNamespace(members=[np.arange(4)], cluster=np.zeros(4, int), sizes=np.array([4])),
        embeddings=SimpleNamespace(blank=np.zeros(4, bool), vectors=vectors),
        neighbours=SimpleNamespace(rows=np.zeros((4, 1), int), similarity=np.ones((4, 1), np.float32)),
    )

    class Four(SimpleNamespace):
        def __len__(self):
            return 4

    garbage = np.array([0.9, 0.4, np.nan, 0.6], np.float32)
    region, _ = Regions().divide(Four(**vars(there)), {"garbage": garbage})
    assert region.tolist() == [3, 0, 0, 3]
    assert Regions(garbage=0.7).divide(Four(**vars(there)), {"garbage": garbage})[0].tolist() == [3, 0, 0, 0]
    assert Regions().divide(Four(**vars(there)), {})[0].tolist() == [0, 0, 0, 0]


def test_the_rows_of_a_cluster_nearest_to_a_surface_are_its_boundary():
    class Five(SimpleNamespace):
        def __len__(self):
            return 5

    there = Five(
        bins=SimpleNamespace(members=[np.arange(5)], cluster=np.zeros(5, int), sizes=np.array([5])),
        embeddings=SimpleNamespace(blank=np.array([False] * 4 + [True])),
        neighbours=SimpleNamespace(rows=np.zeros((5, 1), int), similarity=np.ones((5, 1), np.float32)),
    )
    columns = {"margin": np.array([0.1, 0.4, 0.2, 0.3, np.nan]), "garbage": np.array([0, 0, 0, 0.9, 0])}
    region, nearness = Regions().divide(there, columns)
    assert region.tolist() == [1, 0, 1, 3, 2]
    assert np.allclose(nearness, [1, 0, 2 / 3, 0, 0])


def test_what_is_usual_is_between_the_middle_two():
    garbage = np.concatenate([np.repeat([0.0, 0.2], 50), np.zeros(200)])
    wait = waits(garbage, np.repeat([0, 1], [100, 200]))
    assert np.allclose(wait[50:100], (0.1 / 0.9) ** (1 / 3)) and not wait[:50].any()


def test_the_more_likely_garbage_the_longer_it_waits():
    garbage = np.array([0.0, 0.001, 0.01, 0.025, 0.03, 0.3, 0.99, np.nan, 0.0, 0.0, 0.0, 0.0])
    wait, usual = waits(garbage), np.nanmedian(garbage)
    assert wait[:4].tolist() == [0, 0, 0, 0] and (wait[7:] == 0).all()
    assert np.allclose(wait[4:7], ((garbage[4:7] - usual) / (1 - usual)) ** (1 / 3), atol=1e-6)
    assert (waits([0, 0, 1.0], doubt=1) == 0).all()
    assert (waits(garbage, doubt=0)[2:7] > 0).all()


def test_where_all_are_suspected_alike_no_one_waits():
    for same in (0.3, 1.0, np.nan):
        assert (waits(np.full(9, same)) == 0).all()
    assert (Regions().wait({}, SimpleNamespace(category=np.zeros(9, int), category_name=["all"])) == 0).all()
    # Short answers are suspected as a whole: what counts is what is usual in their category, if it is large enough.
    category, garbage = np.repeat([0, 1, 2], [500, 100, 9]), np.repeat([0.0, 0.2, 0.2], [500, 100, 9])
    garbage[500] = 0.9
    wait = waits(garbage, category)
    assert wait[500] > 0.9 and (wait[501:600] == 0).all() and (wait[600:] > 0).all() and (wait[:500] == 0).all()


def test_settings_out_of_range_are_refused():
    with pytest.raises(ConfigError, match=r"regions\.doubt"):
        Regions(doubt=-0.1)
    with pytest.raises(ConfigError, match=r"regions\.garbage"):
        Regions(garbage=1.5)


def test_a_cluster_of_which_much_is_garbage_is_named(caplog):
    """Two clusters lose more than a tenth; the one that loses more rows is named, and where its first is."""

    class Rows(SimpleNamespace):
        def __len__(self):
            return 300

    cluster, garbage = np.repeat([0, 1, 2], 100), np.zeros(300, np.float32)
    garbage[:5] = garbage[100:112] = garbage[230:260] = 0.9
    there = Rows(
        bins=SimpleNamespace(members=[], cluster=cluster, sizes=np.full(3, 100)),
        embeddings=SimpleNamespace(blank=np.zeros(300, bool)),
        neighbours=SimpleNamespace(rows=np.zeros((300, 1), int), similarity=np.ones((300, 1), np.float32)),
        corpus=SimpleNamespace(place=lambda row: f"line {row}"),
    )
    Regions().divide(there, {"garbage": garbage})
    (said,) = [record.getMessage() for record in caplog.records]
    assert "47 rows" in said and "in 2 clusters" in said and "30 of 100 in cluster 2, as line 230" in said
    caplog.clear()
    Regions().divide(there, {"garbage": np.where(np.arange(300) < 5, 0.9, 0)})
    assert not caplog.records
