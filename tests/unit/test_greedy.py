import itertools

import numpy as np

from pipeline.selectors.coverage import FINE, WEIGHT, greedy


def problem(m, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(m, 4))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    similarity = np.round(np.clip(x @ x.T, 0, 1) * FINE)
    np.fill_diagonal(similarity, FINE)
    return np.maximum(similarity, similarity.T), np.round(rng.uniform(1, 2, m) * WEIGHT)


def value(similarity, weight, chosen):
    return weight @ similarity[:, chosen].max(axis=1) if len(chosen) else 0.0


def plain_greedy(similarity, weight, cost):
    chosen = []
    while len(chosen) < len(weight):
        now = value(similarity, weight, chosen)
        gains = [
            (value(similarity, weight, [*chosen, j]) - now) / cost[j] if j not in chosen else -1
            for j in range(len(weight))
        ]
        chosen.append(int(np.argmax(gains)))
    return chosen


def test_equals_plain_greedy():
    nobody = np.zeros(40, bool)
    for seed in range(5):
        similarity, weight = problem(40, seed)
        cost = np.random.default_rng(seed).integers(1, 50, 40)
        for price in (np.ones(40, int), cost):
            found = greedy(similarity, weight, price, nobody, nobody)
            assert found.tolist() == plain_greedy(similarity, weight, price)


def test_near_the_optimum():
    nobody = np.zeros(12, bool)
    for seed in range(5):
        similarity, weight = problem(12, seed)
        order = greedy(similarity, weight, np.ones(12, int), nobody, nobody)
        best = max(value(similarity, weight, list(s)) for s in itertools.combinations(range(12), 3))
        assert value(similarity, weight, order[:3]) >= (1 - 1 / np.e) * best


def test_first_rows_lead_and_last_rows_trail():
    similarity, weight = problem(20, 7)
    first, last = np.zeros(20, bool), np.zeros(20, bool)
    first[[3, 11]] = last[[0, 5, 6]] = True
    weight[last] = 0
    order = greedy(similarity, weight, np.ones(20, int), first, last)
    assert set(order[:2]) == {3, 11} and set(order[-3:]) == {0, 5, 6}


def test_ties_break_by_position():
    similarity, weight = np.full((6, 6), FINE, float), np.full(6, float(WEIGHT))
    nobody = np.zeros(6, bool)
    assert greedy(similarity, weight, np.ones(6, int), nobody, nobody).tolist() == list(range(6))


def test_rows_without_weight_do_not_cover_others():
    """Rows that wait may not be kept: the others come in the order that they have without them."""
    similarity, weight = problem(40, 3)
    there, nobody = np.arange(40) % 3 > 0, np.zeros(40, bool)
    order = greedy(similarity, weight * there, np.ones(40, int), nobody, nobody)
    rows = np.flatnonzero(there)
    alone = greedy(similarity[np.ix_(rows, rows)], weight[rows], np.ones(len(rows), int), nobody[rows], nobody[rows])
    assert order[there[order]].tolist() == rows[alone].tolist()


def test_gains_are_multiplied_by_what_a_row_is_worth():
    nobody, ones = np.zeros(30, bool), np.ones(30, int)
    similarity, weight = problem(30, 3)
    rng = np.random.default_rng(3)
    worth = rng.uniform(0.1, 1, 30)
    found = greedy(similarity, weight, ones, nobody, nobody, worth)
    assert found.tolist() == plain_greedy(similarity, weight, 1 / worth)
    plain = greedy(similarity, weight, ones, nobody, nobody)
    assert worth[found[:8]].mean() > worth[plain[:8]].mean()


def test_preference_is_what_rows_are_worth_and_none_is_the_mean(tmp_path):
    from pipeline.bins.clusterers import SphericalKMeans
    from pipeline.budget import Budget
    from pipeline.run import curate
    from pipeline.scorers.column import Column
    from pipeline.scorers.preference import Preference
    from pipeline.selectors.coverage import Coverage
    from tests.conftest import toy_config

    rows = [{"instruction": "name a bird", "output": f"a heron, number {i}", "good": i, "hard": i} for i in range(40)]
    rows[7]["good"] = None
    scorers = {"quality": Column(column="good"), "difficulty": Column(column="hard")}
    kept, columns = {}, {}
    for power in (0, 1, 5):
        chosen = {"selector": Coverage(preference=power), "preference": Preference(low=0, high=100)}
        one = SphericalKMeans(size=100)  # cluster
        config = toy_config(tmp_path, rows, scorers=scorers, budget=Budget(rows=10), clusterer=one, **chosen)
        run = curate(config)
        columns = run.scores.columns
        kept[power] = run.space.corpus.index[run.selection.kept]
    assert np.isnan(columns["preference"]).sum() == 1
    assert kept[0].mean() < kept[1].mean() < kept[5].mean()
    assert 7 not in kept[5]  # neither preferred, as the best are, nor shunned
