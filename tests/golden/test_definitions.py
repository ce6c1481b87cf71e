"""Every result on the toy corpus, beside the same thing computed by its plain definition, one row at a time."""

import numpy as np
import pytest

from pipeline.arrays import BOUNDARY, CORE, OUTLIER, Demand
from pipeline.budget import Budget
from pipeline.config import GROUPS, default_scorers
from pipeline.executors import Serial
from pipeline.report.coverage import trace_curve
from pipeline.run import curate
from pipeline.scorers.heuristic import Heuristic
from pipeline.scorers.lexical import Lexical
from tests.conftest import toy_config, toy_rows

NOISE = {"instruction": "qzx vvk wjq", "input": "", "output": "xkq zzv", "task": "noise"}
EMPTY = {"instruction": "Describe a day in Bern for a visitor.", "input": "", "output": "", "task": "travel"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    rows = [*toy_rows(), NOISE, EMPTY]
    scorers = {**default_scorers(), "quality": Heuristic(), "difficulty": Lexical()}
    folder = tmp_path_factory.mktemp("golden")
    return curate(toy_config(folder, rows, similarity=0.9, budget=Budget(rows=20), scorers=scorers))


def row_of(run, row):
    return run.space.corpus.column("instruction").index(row["instruction"])


def test_regions_are_the_lowest_two_fifths_by_margin(run):
    margin, region, nearness = run.scores.columns["margin"], run.scores.region, run.scores.nearness
    assert region[row_of(run, NOISE)] == OUTLIER
    boundary_seen = 0
    for rows in run.space.bins.members:
        judged = [r for r in rows if not np.isnan(margin[r])]
        ranked = sorted(judged, key=lambda r: margin[r])
        for place, row in enumerate(ranked):
            if region[row] == OUTLIER:
                assert nearness[row] == 0
                continue
            expected = BOUNDARY if place < round(0.4 * len(ranked)) else CORE
            assert region[row] == expected
            boundary_seen += expected == BOUNDARY
            if len(ranked) > 1:
                assert nearness[row] == pytest.approx(1 - place / (len(ranked) - 1))
    assert boundary_seen > 10


def test_rows_that_are_dropped_because_they_waited_say_so(run):
    from dataclasses import replace

    from pipeline.arrays import Categories
    from pipeline.cut import cut
    from pipeline.run import arrange
    from pipeline.selectors.apportion import apportion

    n = len(run.space)
    wait = np.where(np.arange(n) % 2 == 0, 0.5, 0)
    demand = replace(run.demand, wait=wait)
    order = arrange(run.config, run.stages, run.space, run.scores, demand)
    # The same ranks inside clusters, and no one waits.
    sequence = run.config.selector.rank(run.space, run.scores, demand, Serial(), run.config.seed)
    groups = Categories(run.space.bins.category, run.space.bins.category_name)
    plain = apportion(sequence, run.space.bins, groups, replace(demand, wait=np.zeros(n)))
    seen, others = 0, 0
    for rows in (5, 10, 20, 30, n // 2, n):
        found = cut(order, rows, run.space, run.scores, demand, 0.9, Serial())
        would = np.isin(np.arange(n), plain.rows[:rows]) & ~found.kept & ~demand.last
        assert np.array_equal(found.reason == "doubtful", would & (wait > 0))
        others += (would & (wait == 0)).sum()  # lose their turn because their cluster has fewer rows that count
        seen += (would & (wait > 0)).sum()
    assert seen > 5 and others > 0


def test_foreign_is_the_share_of_neighbours_elsewhere(run):
    cluster, near = run.space.bins.cluster, run.space.neighbours.rows
    expected = [np.mean([cluster[j] != cluster[i] for j in near[i] if j >= 0]) for i in range(len(cluster))]
    assert np.allclose(run.scores.columns["foreign"], expected)
    assert 0 < np.mean(expected) < 1


def test_every_row_has_its_reason(run):
    kept, tier, region = run.selection.kept, run.order.tier, run.scores.region
    assert set(np.flatnonzero(run.demand.last)) == {row_of(run, NOISE), row_of(run, EMPTY)}
    for row, reason in enumerate(run.selection.reason):
        if kept[row]:
            assert reason == ("core", "boundary")[region[row]] and tier[row] == 1
        elif run.demand.last[row]:
            assert reason == ("outlier" if row == row_of(run, NOISE) else "empty")
        else:
            assert reason == ("represented" if run.selection.similarity[row] >= 0.9 else "budget")
    assert {"core", "boundary", "outlier", "empty", "represented", "budget"} <= set(run.selection.reason)


def test_the_order_is_boundary_weighted_facility_location(run):
    """In each cluster: the next row is the one that raises sum w_i max cos(i, kept) most, times its preference."""
    preferred = run.scores.columns["preference"].astype(np.float64)
    preferred = np.where(np.isnan(preferred), np.nanmean(preferred), preferred)
    vectors = np.asarray(run.space.embeddings.vectors, np.float64)
    weight = (1 + run.scores.nearness.astype(np.float64)) * ~run.demand.last
    for rows in run.space.bins.members:
        rows = rows[~run.demand.last[rows]]
        order = rows[np.argsort(run.order.rank[rows])]
        cosine = np.clip(vectors[rows] @ vectors[order].T, 0, 1)
        best = np.zeros(len(rows))
        for place in range(len(order)):
            gains = (weight[rows, None] * np.maximum(cosine[:, place:] - best[:, None], 0)).sum(axis=0)
            gains *= preferred[order[place:]]
            assert gains[0] >= gains.max() - 1e-4
            best = np.maximum(best, cosine[:, place])


def test_boundary_weight_matters(run, tmp_path):
    from pipeline.selectors.coverage import Coverage

    flat = curate(toy_config(tmp_path, [*toy_rows(), NOISE, EMPTY], similarity=0.9, selector=Coverage(beta=0)))
    heavy = curate(toy_config(tmp_path, [*toy_rows(), NOISE, EMPTY], similarity=0.9, selector=Coverage(beta=50)))
    boundary = run.scores.region == BOUNDARY
    assert (heavy.selection.kept & boundary).sum() > (flat.selection.kept & boundary).sum()


def test_clusters_take_turns_by_websters_method(run):
    """The t-th row of a cluster comes at (t - 1/2) / size, sizes without what the guard holds back."""
    bins, keys = run.space.bins, np.full(len(run.space), np.inf)
    for rows in bins.members:
        sound = rows[~run.demand.last[rows]]
        keys[sound[np.argsort(run.order.rank[sound])]] = (np.arange(len(sound)) + 0.5) / len(sound)
    in_order = keys[run.order.rows]
    assert (np.diff(in_order[np.isfinite(in_order)]) >= -1e-12).all()
    assert np.isinf(in_order[-2:]).all()


def test_coverage_and_its_cost(run):
    vectors = np.asarray(run.space.embeddings.vectors, np.float64)
    cosine, sound = vectors @ vectors.T, ~run.demand.last
    covered = [
        (cosine[sound][:, run.order.rows[:n]].max(axis=1) >= 0.9 - 1e-6).mean() for n in range(1, len(vectors) + 1)
    ]
    for level, (rows, cost) in run.suggested.items():
        assert rows == cost == 1 + next(i for i, share in enumerate(covered) if share >= level)
    assert run.measured["selected"].coverage == pytest.approx(covered[19])
    for name, measure in run.measured.items():
        assert measure.rows == 20, name
    nearest = cosine[sound][:, run.selection.kept].max(axis=1)
    assert run.measured["selected"].similarity == pytest.approx(nearest.mean(), abs=1e-5)
    assert run.measured["selected"].radius == pytest.approx(1 - nearest.min(), abs=1e-5)
    for region, share in ((BOUNDARY, "boundary"), (CORE, "core")):
        here = run.scores.region == region
        assert getattr(run.measured["selected"], share) == pytest.approx(run.selection.kept[here].mean())


def test_the_curve_counts_blocks_alike(run, monkeypatch):
    from pipeline.report import coverage

    vectors, sample = run.space.embeddings.vectors, np.arange(30)
    whole = trace_curve(run.order, vectors, sample, 0.9, Serial()).covered_at
    monkeypatch.setattr(coverage, "BLOCK", 7)
    assert np.array_equal(trace_curve(run.order, vectors, sample, 0.9, Serial()).covered_at, whole)


@pytest.fixture(scope="module")
def ranks(run):
    n = len(run.space)
    demand = Demand(np.ones(n, np.int64), "rows", np.zeros(n, bool), np.zeros(n, bool), np.zeros(n))
    settings = {"laser": {"rows": 20, "percentile": 100}}  # no best of a cluster is above all: by preference alone
    return {
        name: [
            selector(**settings.get(name, {})).rank(run.space, run.scores, demand, Serial(), seed).rank
            for seed in (0, 1)
        ]
        for name, selector in GROUPS["selector"].items()
    }


def test_laser_goes_by_the_product_of_quality_and_difficulty(run, ranks):
    def scaled(name):
        values = run.scores.columns[name].astype(float)
        low, high = np.nanpercentile(values, [1, 99])
        return np.clip((values - low) / (high - low), 0, 1)

    wanted = scaled("quality") * scaled("difficulty")
    found = wanted[np.argsort(ranks["laser"][0])]
    known = found[~np.isnan(found)]
    assert (np.diff(known) <= 1e-6).all() and np.isnan(found[len(known) :]).all() and np.isnan(found).any()


def test_longest_is_longest_first(run, ranks):
    lengths = np.array([len(text.encode()) for text in run.space.corpus.texts.read(0, len(run.space))])
    assert (np.diff(lengths[np.argsort(ranks["longest"][0])]) <= 0).all()


def test_border_is_sparsest_first_in_each_cluster(run, ranks):
    for rows in run.space.bins.members:
        density = run.scores.columns["density"][rows[np.argsort(ranks["border"][0][rows])]]
        known = density[~np.isnan(density)]
        assert (np.diff(known) <= 0).all()


def test_kcenter_is_farthest_first_in_each_cluster(run, ranks):
    vectors = np.asarray(run.space.embeddings.vectors)
    for rows in run.space.bins.members:
        order = rows[np.argsort(ranks["kcenter"][0][rows])]
        for place in range(1, len(order)):
            nearest = (vectors[order[place:]] @ vectors[order[:place]].T).max(axis=1)
            assert nearest[0] <= nearest.min() + 1e-5


def test_only_the_random_ones_depend_on_the_seed(ranks):
    differs = {name for name, (zero, one) in ranks.items() if not np.array_equal(zero, one)}
    assert differs == {"random", "stratified", "herding"}


def test_precomputed_vectors_belong_to_their_rows(tmp_path):
    from pipeline.embedders.precomputed import Precomputed

    given = np.random.default_rng(5).normal(size=(60, 4))
    np.save(tmp_path / "v.npy", given)
    run = curate(toy_config(tmp_path, embedder=Precomputed(path=str(tmp_path / "v.npy"))))
    unit = given / np.linalg.norm(given, axis=1, keepdims=True)
    assert np.allclose(run.space.embeddings.vectors, unit[run.space.corpus.index], atol=1e-6)


def test_opposite_vectors_are_far(tmp_path):
    from pipeline.embedders.precomputed import Precomputed

    np.save(tmp_path / "v.npy", np.tile([[1.0, 0], [-1, 0], [0, 1]], (20, 1)))
    run = curate(toy_config(tmp_path, embedder=Precomputed(path=str(tmp_path / "v.npy"))))
    assert run.space.neighbours.similarity[:, 0].max() <= 1
    assert run.measured["selected"].coverage == 1


def test_groups_without_a_share_still_come_in_the_selectors_order():
    from tests.unit.test_apportion import arrange

    order = arrange(["a"] * 4 + ["b"] * 8, ["x"] * 4 + ["y"] * 8, shares={"a": 1}, rank=[0, 1, 2, 3, *range(7, -1, -1)])
    assert order.rows.tolist() == [0, 1, 2, 3, 11, 10, 9, 8, 7, 6, 5, 4]


def test_each_setting_that_changes_a_result_changes_its_key(tmp_path):
    from pipeline.bins.clusterers import SphericalKMeans
    from pipeline.bins.neighbours import NeighbourSearch
    from pipeline.embedders.lsa import Lsa
    from pipeline.selectors.coverage import Coverage

    def keys(**changes):
        return {s.name: s.key for s in curate(toy_config(tmp_path, **changes)).stages.done if s.key}

    base = keys()
    chain = ["embed", "bin", "neighbours", "score-margin", "order", "coverage"]
    for first, changes in {
        "embed": {"embedder": Lsa(dimensions=12)},
        "bin": {"clusterer": SphericalKMeans(size=9)},
        "neighbours": {"neighbours": NeighbourSearch(m=3)},
        "order": {"selector": Coverage(beta=3)},
        "coverage": {"similarity": 0.123},
    }.items():
        changed = keys(**changes)
        at = chain.index(first)
        assert [name for name in chain if changed[name] != base[name]][:1] == [first]
        assert all(changed[name] == base[name] for name in chain[:at])
    from pipeline.scorers.region import Regions
    from pipeline.selectors.herding import Herding

    herding = keys(selector=Herding())
    assert keys(selector=Herding(), regions=Regions(boundary=0.1))["order"] != herding["order"]
    assert all(a != b for name, a in keys(seed=1).items() for b in [base[name]] if name in ("embed", "bin", "order"))
    assert keys(budget=Budget(tokens=500))["order"] != base["order"]
    assert keys(scorers={}, embedder=Lsa(dimensions=12))["order"] != keys(scorers={})["order"]
