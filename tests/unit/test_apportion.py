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


def arrange(
    groups, clusters, cost=None, unit="rows", first=None, last=None, wait=None, rank=None, temper=1.0, **quotas
):
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
        np.zeros(n) if wait is None else np.asarray(wait, float),
    )
    sequence = Sequence(np.arange(n) if rank is None else np.array(rank), np.array(temper))
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


@pytest.mark.parametrize("temper", [0.0, 0.75, 1.0])
def test_clusters_of_long_rows_have_the_same_share_of_tokens_as_of_rows(temper):
    """Tempering is for clusters of many rows; it must not take from those whose rows are long."""
    clusters = np.repeat([0, 1, 2], [2000, 2000, 500])
    cost = np.repeat([300, 50, 100], [2000, 2000, 500])
    by_rows = arrange(["a"] * 4500, clusters, temper=temper).rows[:450]
    by_tokens = arrange(["a"] * 4500, clusters, cost=cost, unit="tokens", temper=temper).rows
    by_tokens = by_tokens[: np.searchsorted(np.cumsum(cost[by_tokens]), cost[by_rows].sum(), "right")]
    few, many = (np.bincount(clusters[rows], minlength=3) for rows in (by_rows, by_tokens))
    assert np.abs(few - many).max() <= 2


def test_rows_that_wait_come_when_their_share_of_the_group_is_taken():
    n = 1000
    wait = np.zeros(n)
    wait[::10] = np.linspace(0.2, 0.9, 100)
    order = arrange(["a"] * n, np.arange(n) % 7, wait=wait).rows
    place = np.empty(n)
    place[order] = np.arange(n)
    assert (place >= np.minimum(wait * n, n - 1) - 1).all()
    # Who waits for a fifth is not kept waiting for half.
    assert np.isin(np.flatnonzero((wait > 0) & (wait < 0.3)), order[:500]).sum() > 5


@pytest.mark.parametrize("temper", [0.5, 1.0, np.nan])
def test_until_their_time_rows_that_wait_are_as_if_they_were_not_there(temper):
    """A cluster of garbage is no large cluster: what is left of it takes its turns by what is left."""
    rng = np.random.default_rng(0)
    clusters, rank = np.repeat(np.arange(4), [300, 60, 30, 10]), rng.permutation(400)
    wait = np.where(rng.random(400) < np.array([0, 0.1, 0.9, 0.5])[clusters], 0.5, 0)
    there = np.flatnonzero(wait == 0)
    order = arrange(["a"] * 400, clusters, wait=wait, rank=rank, temper=temper).rows
    alone = arrange(["a"] * len(there), clusters[there], rank=rank[there], temper=temper).rows
    assert order[wait[order] == 0].tolist() == there[alone].tolist()
    assert (wait[order[:200]] == 0).all() and (wait[order] > 0).sum() > 30


def test_rows_that_wait_come_in_the_order_of_the_selector():
    clusters = np.repeat([0, 1, 2], [40, 20, 20])
    rank = np.concatenate([np.arange(40), np.arange(20)[::-1], np.arange(20)])
    order = arrange(["a"] * 80, clusters, rank=rank, wait=np.where(clusters > 0, 0.5, 0)).rows
    for cluster in (1, 2):
        rows = order[clusters[order] == cluster]
        assert (np.diff(rank[rows]) > 0).all()
    assert (clusters[order[40:60]] == 1).sum() == 10  # two clusters that wait alike take turns


def test_rows_set_aside_keep_the_order_of_the_selector_while_others_wait():
    last, wait = np.arange(40) >= 20, np.where(np.arange(40) < 5, 0.5, 0)
    order = arrange(["a"] * 40, ["x"] * 40, rank=np.arange(40)[::-1], last=last, wait=wait).rows
    assert order[20:].tolist() == list(range(39, 19, -1))


def test_a_group_of_rows_that_cost_nothing_comes_last_without_a_word():
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        order = arrange(["a"] * 5 + ["b"] * 5, ["x"] * 10, cost=[1] * 5 + [0] * 5, unit="tokens")
    assert sorted(order.rows) == list(range(10)) and set(order.rows[:5]) == set(range(5))


def test_a_whole_cluster_that_waits_leaves_its_turns_to_the_others():
    clusters = np.arange(400) % 4
    order = arrange(["a"] * 400, clusters, wait=np.where(clusters == 3, 0.5, 0)).rows
    assert (clusters[order[:200]] != 3).all() and (clusters[order[200:]] == 3).sum() == 100


def test_waiting_is_counted_in_the_unit_of_the_budget_and_by_group():
    groups = np.array(["a"] * 100 + ["b"] * 100)
    cost = np.where(np.arange(200) < 100, 10, 1)
    wait = np.where(np.arange(200) % 100 < 10, 0.5, 0)
    order = arrange(groups, ["x"] * 200, cost=cost, unit="tokens", wait=wait)
    for group in (0, 1):
        rows = order.rows[order.group[order.rows] == group]
        before = np.cumsum(cost[rows]) - cost[rows]
        assert (before[wait[rows] > 0] >= 0.5 * cost[rows].sum()).all()
        assert (wait[rows[:60]] > 0).sum() == 10


def test_always_keep_and_set_aside_rows_do_not_wait():
    first, last = np.arange(50) < 4, np.arange(50) >= 40
    wait = np.linspace(0.1, 0.9, 50)[::-1]
    order = arrange(["a"] * 50, ["x"] * 50, first=first, last=last, wait=wait).rows
    assert order[:4].tolist() == [0, 1, 2, 3] and order[-10:].tolist() == list(range(40, 50))


def test_rows_set_aside_are_no_part_of_the_share():
    last = np.arange(1000) >= 600
    wait = np.where(np.arange(1000) % 10 == 0, 0.5, 0)
    order = arrange(["a"] * 1000, ["x"] * 1000, last=last, wait=wait).rows
    place = np.flatnonzero((wait[order] > 0) & ~last[order])
    assert place.min() == 300  # half of 600


def test_the_order_knows_what_it_would_be_without_waiting():
    wait = np.where(np.arange(100) % 10 == 0, 0.5, 0)
    quotas = dict(shares={"a": 1, "b": 3}, ceilings={"a": 20})
    groups = ["a"] * 50 + ["b"] * 50
    hurried, plain = (arrange(groups, ["x"] * 100, wait=w, **quotas) for w in (wait, None))
    assert hurried.without_waiting.tolist() == plain.rows.tolist() != hurried.rows.tolist()
    assert plain.without_waiting is None
