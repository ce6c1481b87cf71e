"""Exact N, nesting, floors, ceilings and shares for anything that hypothesis can think of."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.budget import Budget
from tests.unit.test_apportion import arrange

NAMES = ["a", "b", "c", "d"]


@st.composite
def corpora(draw):
    n = draw(st.integers(1, 60))
    groups = draw(st.lists(st.sampled_from(NAMES), min_size=n, max_size=n))
    clusters = draw(st.lists(st.integers(0, 6), min_size=n, max_size=n))
    cost = draw(st.lists(st.integers(1, 40), min_size=n, max_size=n))
    flags = draw(st.lists(st.sampled_from(["first", "last", "", "", ""]), min_size=n, max_size=n))
    first, last = (np.array([f == name for f in flags]) for name in ("first", "last"))
    return groups, clusters, cost, first, last


@st.composite
def quotas(draw, groups, cost, first):
    present = sorted(set(groups))
    shares = draw(st.dictionaries(st.sampled_from(present), st.floats(0.01, 5), max_size=4))
    floors, ceilings = {}, {}
    for name in present:
        total = sum(c for g, c in zip(groups, cost, strict=True) if g == name)
        forced = sum(c for g, c, f in zip(groups, cost, first, strict=True) if g == name and f)
        low, high = sorted((draw(st.integers(0, total)), draw(st.integers(0, total))))
        if draw(st.booleans()):
            floors[name] = low
        if draw(st.booleans()) and high >= forced and high >= floors.get(name, 0) + max(cost):
            ceilings[name] = high
    return {"shares": shares, "floors": floors, "ceilings": ceilings}


@given(st.data())
def test_rows_are_exact_and_nest_under_every_quota(data):
    groups, clusters, _, first, last = data.draw(corpora())
    given_quotas = data.draw(quotas(groups, [1] * len(groups), first))
    order = arrange(groups, clusters, first=first, last=last, **given_quotas)
    forced = int((order.tier == 0).sum())
    assume(order.admissible >= max(1, forced))
    sizes = data.draw(st.lists(st.integers(max(1, forced), order.admissible), min_size=1, max_size=4).map(sorted))
    before: set = set()
    for rows in sizes:
        kept = order.rows[: Budget(rows=rows).prefix(order, len(groups))]
        assert len(set(kept)) == rows
        assert before <= set(kept)
        before = set(kept)
        assert set(np.flatnonzero(first)) <= before
        names = np.array(groups)[kept]
        for name, floor in given_quotas["floors"].items():
            assert (names == name).sum() >= floor
        for name, ceiling in given_quotas["ceilings"].items():
            assert (names == name).sum() <= ceiling


@given(st.data())
def test_token_budgets_are_the_longest_prefix_and_nest(data):
    groups, clusters, cost, first, last = data.draw(corpora())
    given_quotas = data.draw(quotas(groups, cost, first))
    order = arrange(groups, clusters, cost=cost, unit="tokens", first=first, last=last, **given_quotas)
    spent = np.cumsum(order.cost[order.rows[: order.admissible]])
    forced = int((order.tier == 0).sum())
    assume(order.admissible > 0)
    least = int(spent[max(forced, 1) - 1])
    before: set = set()
    most = sum(cost) + 5 if order.admissible == len(groups) else int(spent[-1])
    for tokens in sorted(data.draw(st.lists(st.integers(least, most), min_size=1, max_size=4))):
        rows = Budget(tokens=tokens).prefix(order, len(groups))
        assert spent[rows - 1] <= tokens
        assert rows == order.admissible or spent[rows] > tokens
        assert before <= set(order.rows[:rows])
        before = set(order.rows[:rows])
        costs, names = np.array(cost)[order.rows[:rows]], np.array(groups)[order.rows[:rows]]
        for name, floor in given_quotas["floors"].items():
            assert costs[names == name].sum() >= floor
        for name, ceiling in given_quotas["ceilings"].items():
            assert costs[names == name].sum() <= ceiling


@given(corpora(), st.dictionaries(st.sampled_from(NAMES), st.floats(0.01, 5), min_size=4), st.integers(1, 60))
def test_shares_are_websters(corpus, shares, rows):
    groups, clusters, _, _, _ = corpus
    present = sorted(set(groups))
    order = arrange(groups, clusters, shares={name: shares[name] for name in present})
    rows = min(rows, len(groups))
    seats = dict.fromkeys(present, 0)  # the textbook loop: the next row goes to the highest average
    for _ in range(rows):
        open_groups = [name for name in present if seats[name] < groups.count(name)]
        winner = max(open_groups, key=lambda name: shares[name] / (seats[name] + 0.5))
        seats[winner] += 1
    found = {name: int((np.array(groups)[order.rows[:rows]] == name).sum()) for name in present}
    averages = [shares[name] / (seats[name] - 0.5) for name in present if seats[name]]
    next_averages = [shares[name] / (seats[name] + 0.5) for name in present if seats[name] < groups.count(name)]
    assume(not next_averages or min(averages) > max(next_averages) * (1 + 1e-9))  # else a tie, broken by id
    assert found == seats
