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


def greedy(kernel, first=None, last=None, waits=None):
    first, last, waits = (nobody(len(kernel)) if one is None else one for one in (first, last, waits))
    return herd(kernel, first, last, ~last & ~waits, None, RNG)


RNG = np.random.default_rng(0)


def test_each_row_is_the_one_that_the_definition_names():
    """argmax of mean over the cluster of k(i, j), less 1 / t times the sum over the rows before of k(s, j)."""
    for seed in range(4):
        kernel = kernel_of(40, seed) / FINE
        order = greedy(kernel * FINE).tolist()
        assert sorted(order) == list(range(40))
        for t, chosen in enumerate(order, start=1):
            gain = kernel.mean(axis=0) - kernel[order[: t - 1]].sum(axis=0) / t
            assert gain[chosen] >= np.delete(gain, order[: t - 1]).max() - 1e-9


def test_prefixes_have_the_density_of_the_cluster():
    """Mean discrepancy of a prefix to the whole is below that of any of 50 random subsets of its size."""
    kernel = kernel_of(200, 1) / FINE
    order = greedy(kernel * FINE)

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
    order = greedy(kernel, first, last)
    assert set(order[:2]) == {3, 11} and set(order[-3:]) == {0, 5, 6}
    without = np.delete(np.arange(20), [0, 5, 6])
    alone = greedy(kernel[np.ix_(without, without)], first[without], last[without])
    assert without[alone].tolist() == order[:-3].tolist()


def test_rows_that_wait_have_no_say_in_who_comes_when():
    """Garbage in the middle of a cluster: the others come in the order that they have without it."""
    kernel, waits = kernel_of(60, 4), np.arange(60) % 3 == 0
    there = np.flatnonzero(~waits)
    order = greedy(kernel, waits=waits)
    assert order[~waits[order]].tolist() == there[greedy(kernel[np.ix_(there, there)])].tolist()
    assert order[~waits[order]].tolist() != greedy(kernel)[~waits[greedy(kernel)]].tolist()
    boundary = np.arange(60) < 30
    turns = take_turns(order, boundary, nobody(60), nobody(60), ~waits, 1.65, 0.03)
    alone = take_turns(
        greedy(kernel[np.ix_(there, there)]), boundary[there], nobody(40), nobody(40), ~nobody(40), 1.65, 0.03
    )
    assert turns[~waits[turns]].tolist() == there[alone].tolist()


def test_each_row_is_the_best_of_a_few_drawn_at_random():
    kernel, m = kernel_of(60, 5), 60
    target, best, ranks = kernel.mean(axis=0), 0, []
    for seed in range(200):
        order = herd(kernel, nobody(m), nobody(m), ~nobody(m), 3, np.random.default_rng(seed))
        assert sorted(order) == list(range(m))
        ranks.append((target > target[order[0]]).sum() / (m - 1))  # where the first row is among all, by density
        best += order[0] == np.argmax(target)
    # The best of three draws lies at 1 / 4 of the way on average; the best of all is among them 3 times in 60.
    assert abs(np.mean(ranks) - 1 / 4) < 0.04 and abs(best / 200 - 3 / 60) < 0.04
    same = [herd(kernel, nobody(m), nobody(m), ~nobody(m), 3, np.random.default_rng(1)).tolist() for _ in range(2)]
    assert same[0] == same[1]
    first, last = np.arange(m) < 3, np.arange(m) >= 50
    order = herd(kernel, first, last, ~last, 3, np.random.default_rng(1))
    assert set(order[:3]) == {0, 1, 2} and set(order[-10:]) == set(range(50, 60))


def test_each_next_place_has_one_more_candidate_and_each_cluster_its_own_draws():
    drawn = []

    class Recorded:
        def integers(self, low, high, size):
            drawn.append((low, high, size))
            return np.arange(size) % high

    herd(kernel_of(12, 1), nobody(12), nobody(12), ~nobody(12), 3, Recorded())
    assert drawn == [(0, 12, 3), (0, 11, 4), (0, 10, 5), (0, 9, 6), (0, 8, 7)]  # then all are
    x = np.random.default_rng(1).normal(size=(120, 5)).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    twice = np.concatenate([x, x])
    one, other = (
        _order_cluster(twice, Herding(), 0, (rows, nobody(120), nobody(120), nobody(120), ~nobody(120)))
        for rows in (np.arange(120), np.arange(120, 240))
    )
    assert one.tolist() != other.tolist()


def test_few_candidates_still_match_the_density_better_than_chance():
    kernel, rng = kernel_of(200, 1) / FINE, np.random.default_rng(0)

    def discrepancy(rows):
        return kernel.mean() - 2 * kernel[rows].mean() + kernel[np.ix_(rows, rows)].mean()

    for size in (10, 40):
        own = [
            discrepancy(herd(kernel * FINE, nobody(200), nobody(200), ~nobody(200), 3, rng)[:size]) for _ in range(10)
        ]
        assert max(own) < np.median([discrepancy(rng.permutation(200)[:size]) for _ in range(50)])


def test_ties_break_by_position():
    kernel = np.full((6, 6), float(FINE))
    assert greedy(kernel).tolist() == list(range(6))


def test_gains_stay_exact_at_the_largest_cluster():
    from pipeline.bins.clusterers import LARGEST

    largest_cluster = LARGEST * 1000
    assert largest_cluster * largest_cluster * FINE < 2**53


def test_boundary_rows_are_kept_more_often_while_they_last():
    boundary, m = np.arange(1000) < 400, 1000
    given = np.random.default_rng(1).permutation(m)
    order = take_turns(given, boundary, nobody(m), nobody(m), ~nobody(m), 1.5, 0)
    for size in (100, 300, 500, 700, 800):
        kept = np.isin(np.arange(m), order[:size])
        assert abs(kept[boundary].mean() / kept[~boundary].mean() - 1.5) < 0.05
    for side in (boundary, ~boundary):
        assert order[side[order]].tolist() == given[side[given]].tolist()


def test_small_budgets_keep_typical_rows_first():
    """At a share c of the core, boost c^2 / (c + typical) of the boundary."""
    boundary, m = np.arange(1000) < 400, 1000
    order = take_turns(np.arange(m), boundary, nobody(m), nobody(m), ~nobody(m), 1.65, 0.03)
    for size in (20, 50, 100, 300, 700):
        kept = np.isin(np.arange(m), order[:size])
        core = kept[~boundary].mean()
        assert abs(kept[boundary].mean() - 1.65 * core**2 / (core + 0.03)) < 0.004


def test_first_and_last_stay_so_when_boundary_and_core_take_turns():
    boundary, first, last = np.arange(9) < 4, nobody(9), nobody(9)
    first[8] = last[0] = True
    order = take_turns(greedy(kernel_of(9, 2), first, last), boundary, first, last, ~last, 100, 0)
    assert order[0] == 8 and order[-1] == 0
    assert set(order[1:4]) == {1, 2, 3}


def test_rows_set_aside_do_not_slow_the_core_down():
    boundary, last = np.arange(300) < 100, np.arange(300) >= 200
    order = take_turns(np.arange(300), boundary, nobody(300), last, ~last, 1, 0)
    assert abs(boundary[order[:100]].sum() - 50) <= 1 and last[order[200:]].all()


def test_the_scale_of_distances_does_not_matter():
    """Bandwidth is in mean distances of the cluster: an encoder of narrow cosines gives the same order."""
    rng = np.random.default_rng(3)
    wide = rng.normal(size=(60, 8))
    wide /= np.linalg.norm(wide, axis=1, keepdims=True)
    narrow = np.concatenate([wide, np.full((60, 1), 2.0)], axis=1)  # adds a constant to every product
    narrow /= np.linalg.norm(narrow, axis=1, keepdims=True)
    settings = Herding(boundary=1, typical=0, candidates=None)
    task = (np.arange(60), nobody(60), nobody(60), nobody(60), ~nobody(60))
    orders = [_order_cluster(x.astype(np.float32), settings, 0, task) for x in (wide, narrow)]
    assert np.mean(orders[0][:20] == orders[1][:20]) > 0.8


def test_degenerate_clusters():
    for x in (np.ones((1, 3)), np.ones((5, 3)), np.zeros((4, 3))):
        task = (np.arange(len(x)), nobody(len(x)), nobody(len(x)), nobody(len(x)), ~nobody(len(x)))
        for settings in (Herding(), Herding(candidates=None)):
            assert sorted(_order_cluster(x.astype(np.float32), settings, 0, task)) == list(range(len(x)))


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


def test_the_selector_hands_on_regions_and_tiers(toy_run):
    n = len(toy_run.space)
    plain, everyone = ordered(toy_run, last=nobody(n)), np.arange(n)
    cluster = toy_run.space.bins.cluster
    place = np.array([(plain[cluster == c] < r).sum() for c, r in zip(cluster, plain, strict=True)])
    row = everyone[place > 0][0]
    only = np.where(everyone == row, True, False)
    assert ordered(toy_run, first=only, last=nobody(n))[row] == 0
    size = (cluster == cluster[row]).sum()
    assert ordered(toy_run, last=only)[row] == size - 1
    from pipeline.arrays import BOUNDARY, CORE

    boundary = toy_run.scores.region == BOUNDARY
    turned = np.where(boundary, CORE, BOUNDARY).astype(np.uint8)
    relative = plain / toy_run.space.bins.sizes[cluster]
    again = ordered(toy_run, region=turned, last=nobody(n)) / toy_run.space.bins.sizes[cluster]
    assert again[boundary].mean() > relative[boundary].mean()


def test_the_selector_uses_its_settings_and_its_seed(toy_run):
    from pipeline.executors import Serial

    def rank(seed=0, **settings):
        return Herding(**settings).rank(toy_run.space, toy_run.scores, toy_run.demand, Serial(), seed).rank.tolist()

    assert rank(candidates=None) == rank(seed=1, candidates=None)
    assert rank() == rank() != rank(seed=1)
    for other in ({"bandwidth": 0.05}, {"boundary": 3}, {"typical": 0.5}):
        assert rank(candidates=None, **other) != rank(candidates=None)


def test_always_keep_rows_count_although_they_wait_or_are_set_aside():
    from pipeline.arrays import Demand

    first, last, wait = (np.array(one, bool) for one in ([1, 1, 0, 0, 0], [0, 1, 1, 0, 0], [1, 0, 0, 1, 0]))
    demand = Demand(np.ones(5, np.int64), "rows", first, last, wait * 0.5)
    assert demand.counts.tolist() == [True, True, False, False, True]
    assert demand.sound(np.array([2, 3])).tolist() == [False, True]  # where none counts, those not set aside
    assert demand.sound(np.array([2])).tolist() == [True]


@pytest.mark.parametrize("selector", ["herding", "coverage"])
def test_rows_that_wait_have_no_say_in_the_order_of_others(toy_run, selector):
    """The others are ranked as if those that wait were set aside, which the density does not count either."""
    from dataclasses import replace

    from pipeline.executors import Serial
    from pipeline.selectors.coverage import Coverage

    chosen = Herding(candidates=None) if selector == "herding" else Coverage()
    waits = np.random.default_rng(0).random(len(toy_run.space)) < 0.4

    def rank(**settings):
        demand = replace(toy_run.demand, **settings)
        return chosen.rank(toy_run.space, toy_run.scores, demand, Serial(), 0).rank

    waiting, aside = rank(wait=waits * 0.5), rank(last=toy_run.demand.last | waits)
    changed = 0
    for rows in toy_run.space.bins.members:
        there = rows[~waits[rows] & ~toy_run.demand.last[rows]]
        assert np.array_equal(np.argsort(waiting[there]), np.argsort(aside[there]))
        changed += not np.array_equal(np.argsort(waiting[there]), np.argsort(rank()[there]))
    assert changed
