import numpy as np
import pytest

from pipeline.arrays import BEYOND, Bins, Categories, Demand, Sequence
from pipeline.errors import ConfigError
from pipeline.selectors.apportion import apportion

LASER = {
    "Math": 0.25,
    "Coding": 0.25,
    "Generation": 0.25,
    "Reasoning": 0.10,
    "Brainstorming": 0.10,
    "Extraction": 0.025,
    "Factual QA": 0.025,
}


def arrange(groups, clusters, cost=None, unit="rows", first=None, last=None, rank=None, **quotas):
    """Order rows given by (group name, cluster) lists; rows of a cluster rank in the order given."""
    n = len(groups)
    name, code = np.unique(np.array(groups), return_inverse=True)
    cluster = np.unique(np.array(clusters), return_inverse=True)[1].astype(np.int32)
    k = cluster.max() + 1
    bins = Bins(code.astype(np.int32), name, cluster, np.ones((k, 2)), np.ones((k, 2), np.float32))
    nobody = np.zeros(n, bool)
    demand = Demand(
        np.ones(n, np.int64) if cost is None else np.asarray(cost, np.int64),
        unit,
        nobody if first is None else first,
        nobody if last is None else last,
    )
    sequence = Sequence(np.arange(n) if rank is None else np.array(rank), np.array(1.0))
    return apportion(sequence, bins, Categories(code.astype(np.int32), name), demand, **quotas)


def test_laser_shares_over_skewed_clusters_are_met_to_the_row():
    rng = np.random.default_rng(0)
    groups, clusters = [], []
    for number, name in enumerate(LASER):
        size = int(rng.integers(300, 3000))
        groups += [name] * size
        # Zipf: one giant cluster and a tail of singletons, as real corpora have.
        clusters += [f"{number}-{min(int(z), 40)}" for z in rng.zipf(1.5, size)]
    order = arrange(groups, clusters, shares=LASER)
    kept = np.bincount(order.group[order.rows[:300]], minlength=7)
    found = dict(zip(order.group_name.tolist(), kept.tolist(), strict=True))
    small = sorted((found.pop("Extraction"), found.pop("Factual QA")))
    assert found == {"Math": 75, "Coding": 75, "Generation": 75, "Reasoning": 30, "Brainstorming": 30}
    assert small == [7, 8]  # 7.5 each


def test_an_exhausted_group_leaves_its_share_to_the_others():
    order = arrange(["a"] * 5 + ["b"] * 100 + ["c"] * 100, ["x"] * 205, shares={"a": 0.5, "b": 0.25, "c": 0.25})
    assert np.bincount(order.group[order.rows[:45]]).tolist() == [5, 20, 20]


def test_groups_without_a_share_come_last():
    order = arrange(["a"] * 5 + ["b"] * 5, ["x"] * 10, shares={"b": 1})
    assert order.group[order.rows].tolist() == [1] * 5 + [0] * 5


def test_clusters_share_their_group_by_size():
    order = arrange(["a"] * 40, ["x"] * 30 + ["y"] * 10)
    prefix = order.rows[:8]
    assert ((prefix < 30).sum(), (prefix >= 30).sum()) == (6, 2)


def test_floors_ceilings_and_always():
    first = np.zeros(60, bool)
    first[59] = True
    order = arrange(["a"] * 50 + ["b"] * 10, ["x"] * 60, first=first, floors={"b": 4}, ceilings={"a": 20})
    assert set(order.group[order.rows[:4]]) == {1} and 59 in order.rows[:4]
    assert (order.tier == BEYOND).sum() == 30 and order.admissible == 30


@pytest.mark.parametrize(
    ("quotas", "says"),
    [
        ({"shares": {"z": 1}}, "budget.shares names 'z'"),
        ({"floors": {"a": 9}}, "only 3 rows are there"),
        ({"ceilings": {"a": 1}}, "always-keep rows take 2 rows"),
    ],
)
def test_impossible_quotas_are_refused(quotas, says):
    with pytest.raises(ConfigError, match=says):
        arrange(["a"] * 3 + ["b"], ["x"] * 4, first=np.array([True, True, False, False]), **quotas)
