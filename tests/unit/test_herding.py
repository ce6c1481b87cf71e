import numpy as np
import pytest

from pipeline.selectors.coverage import FINE
from pipeline.selectors.herding import Herding, _order_cluster, herd, take_turns


def kernel_of(m, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(m, 4))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    kernel = np.round(np.exp((np.clip(x @ x.T, -1, 1) - 1) / 0.3) * FINE)
    kernel = np.maximum(kernel, kernel.T)
    np.fill_diagonal(kernel, FINE)
    return kernel


def nobody(m):
    return np.zeros(m, bool)


def test_each_row_is_the_one_that_the_definition_names():
    """argmax of mean over the cluster of k(i, j), less 1 / t times the sum over the rows before of k(s, j)."""
    for seed in range(4):
        kernel = kernel_of(40, seed) / FINE
        order = herd(kernel * FINE, nobody(40), nobody(40)).tolist()
        assert sorted(order) == list(range(40))
        for t, chosen in enumerate(order, start=1):
            gain = kernel.mean(axis=0) - kernel[order[: t - 1]].sum(axis=0) / t
            assert gain[chosen] >= np.delete(gain, order[: t - 1]).max() - 1e-9


def test_prefixes_have_the_density_of_the_cluster():
    """Mean discrepancy of a prefix to the whole is below that of any of 50 random subsets of its size."""
    kernel = kernel_of(200, 1) / FINE
    order = herd(kernel * FINE, nobody(200), nobody(200))

    def discrepancy(rows):
        return kernel.mean() - 2 * kernel[rows].mean() + kernel[np.ix_(rows, rows)].mean()

    rng = np.random.default_rng(0)
    for size in (5, 20, 60):
        chance = [discrepancy(rng.permutation(200)[:size]) for _ in range(50)]
        assert discrepancy(order[:size]) < min(chance)


def test_first_lead_last_trail_and_last_rows_have_no_say_in_the_density():
    kernel = kernel_of(20, 7)
    first, last = nobody(20), nobody(20)
    first[[3, 11]] = last[[0, 5, 6]] = True
    order = herd(kernel, first, last)
    assert set(order[:2]) == {3, 11} and set(order[-3:]) == {0, 5, 6}
    without = np.delete(np.arange(20), [0, 5, 6])
    alone = herd(kernel[np.ix_(without, without)], first[without], last[without])
    assert without[alone].tolist() == order[:-3].tolist()


def test_ties_break_by_position():
    kernel = np.full((6, 6), float(FINE))
    assert herd(kernel, nobody(6), nobody(6)).tolist() == list(range(6))


def test_gains_stay_exact_at_the_largest_cluster():
    from pipeline.bins.clusterers import LARGEST

    largest_cluster = LARGEST * 1000
    assert largest_cluster * largest_cluster * FINE < 2**53


def test_boundary_rows_are_kept_more_often_while_they_last():
    boundary, m = np.arange(1000) < 400, 1000
    given = np.random.default_rng(1).permutation(m)
    order = take_turns(given, boundary, np.zeros(m), nobody(m), nobody(m), 1.5, 0)
    for size in (100, 300, 500, 700, 800):
        kept = np.isin(np.arange(m), order[:size])
        assert abs(kept[boundary].mean() / kept[~boundary].mean() - 1.5) < 0.05
    for side in (boundary, ~boundary):
        assert order[side[order]].tolist() == given[side[given]].tolist()


def test_small_budgets_keep_typical_rows_first():
    """At a share c of the core, boost c^2 / (c + typical) of the boundary."""
    boundary, m = np.arange(1000) < 400, 1000
    order = take_turns(np.arange(m), boundary, np.zeros(m), nobody(m), nobody(m), 1.65, 0.03)
    for size in (20, 50, 100, 300, 700):
        kept = np.isin(np.arange(m), order[:size])
        core = kept[~boundary].mean()
        assert abs(kept[boundary].mean() - 1.65 * core**2 / (core + 0.03)) < 0.004


def test_first_and_last_stay_so_when_boundary_and_core_take_turns():
    boundary, first, last = np.arange(9) < 4, nobody(9), nobody(9)
    first[8] = last[0] = True
    order = take_turns(herd(kernel_of(9, 2), first, last), boundary, np.zeros(9), first, last, 100, 0)
    assert order[0] == 8 and order[-1] == 0
    assert set(order[1:4]) == {1, 2, 3}


def test_the_smaller_the_budget_the_less_doubt_it_affords():
    doubt, m = np.zeros(1000), 1000
    doubt[::20] = np.linspace(0.05, 0.5, 50)
    order = take_turns(np.arange(m), nobody(m), doubt, nobody(m), nobody(m), 1.65, 0.03)
    for place, row in enumerate(order[:600]):
        assert doubt[row] <= (place + 1) / m + 0.05  # a share of 0.05 is doubtful and has left its places
    assert set(range(0, 500, 20)) <= set(order[:520].tolist())
    assert order[doubt[order] == 0].tolist() == np.flatnonzero(doubt == 0).tolist()


def test_rows_set_aside_do_not_slow_the_core_down():
    boundary, last = np.arange(300) < 100, np.arange(300) >= 200
    order = take_turns(np.arange(300), boundary, np.zeros(300), nobody(300), last, 1, 0)
    assert abs(boundary[order[:100]].sum() - 50) <= 1 and last[order[200:]].all()


def test_the_scale_of_distances_does_not_matter():
    """Bandwidth is in mean distances of the cluster: an encoder of narrow cosines gives the same order."""
    rng = np.random.default_rng(3)
    wide = rng.normal(size=(60, 8))
    wide /= np.linalg.norm(wide, axis=1, keepdims=True)
    narrow = np.concatenate([wide, np.full((60, 1), 2.0)], axis=1)  # adds a constant to every product
    narrow /= np.linalg.norm(narrow, axis=1, keepdims=True)
    settings = Herding()
    task = (np.arange(60), nobody(60), np.zeros(60), nobody(60), nobody(60))
    orders = [_order_cluster(x.astype(np.float32), settings.bandwidth, 1.0, 0.0, task) for x in (wide, narrow)]
    assert np.mean(orders[0][:20] == orders[1][:20]) > 0.8


def test_degenerate_clusters():
    for x in (np.ones((1, 3)), np.ones((5, 3)), np.zeros((4, 3))):
        task = (np.arange(len(x)), nobody(len(x)), np.zeros(len(x)), nobody(len(x)), nobody(len(x)))
        assert sorted(_order_cluster(x.astype(np.float32), 0.5, 1.5, 0.03, task)) == list(range(len(x)))


@pytest.fixture(scope="module")
def toy_run(tmp_path_factory):
    from pipeline.run import curate
    from tests.conftest import toy_config

    return curate(toy_config(tmp_path_factory.mktemp("herding")))


def ordered(run, **scores):
    """Ranks that the selector gives the run's space, some of its scores replaced."""
    from dataclasses import replace

    from pipeline.executors import Serial

    demand = replace(run.demand, **{k: scores.pop(k) for k in ("first", "last") if k in scores})
    return Herding().rank(run.space, replace(run.scores, **scores), demand, Serial(), 0).rank


def test_the_selector_hands_on_regions_doubt_and_tiers(toy_run):
    n = len(toy_run.space)
    plain, everyone = ordered(toy_run, last=nobody(n)), np.arange(n)
    cluster = toy_run.space.bins.cluster
    place = np.array([(plain[cluster == c] < r).sum() for c, r in zip(cluster, plain, strict=True)])
    row = everyone[place > 0][0]
    only = np.where(everyone == row, True, False)
    assert ordered(toy_run, first=only, last=nobody(n))[row] == 0
    size = (cluster == cluster[row]).sum()
    assert ordered(toy_run, last=only)[row] == size - 1
    doubted = ordered(toy_run, columns={"garbage": np.where(only, 0.99, 0.0)}, last=nobody(n))
    assert doubted[row] == size - 1
    from pipeline.arrays import BOUNDARY, CORE

    boundary = toy_run.scores.region == BOUNDARY
    turned = np.where(boundary, CORE, BOUNDARY).astype(np.uint8)
    relative = plain / toy_run.space.bins.sizes[cluster]
    again = ordered(toy_run, region=turned, last=nobody(n)) / toy_run.space.bins.sizes[cluster]
    assert again[boundary].mean() > relative[boundary].mean()
