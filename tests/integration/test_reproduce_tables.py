"""Oversampling at borders and reduction of cores: the script, and that it judges only rows that taught nothing."""

import re

import numpy as np
import pandas as pd
import pytest

from tests.integration.reproduction import reproduce, unchanged


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Two tables of scikit-learn, made imbalanced."""
    from sklearn.datasets import load_breast_cancer, load_wine

    folder = tmp_path_factory.mktemp("tables")
    for name, load, sizes in (("cancer", load_breast_cancer, (25, 200)), ("wine", load_wine, (40, 60, 12))):
        data = load(as_frame=True)
        frame = data.data.assign(**{"class": [f" {data.target_names[t]}" for t in data.target]})
        kept = [np.flatnonzero(data.target == c)[:size] for c, size in enumerate(sizes)]
        frame.iloc[np.concatenate(kept)].to_csv(folder / f"{name}.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def boundary(tables, tmp_path_factory):
    folder = tmp_path_factory.mktemp("boundary")
    words = [f"data={tables}", "repeats=1", "folds=3", "inner=2", "k=[5]", "percentiles=[50]", "removed=[0.5,0.9]"]
    words.append("neighbours=[3]")
    done = reproduce("core_boundary", folder, *words)
    assert done.returncode == 0, done.stderr
    return folder, words, done.stdout, pd.read_parquet(folder / "out" / "results.parquet")


def test_oversampling_and_reduction_have_a_table(boundary):
    folder, words, printed, results = boundary
    assert (folder / "out" / "table.md").read_text() in printed
    assert "| cancer | 225 | 8.0 |" in printed and "| wine | 112 | 5.0 |" in printed
    more, less = (results[results.kind == kind] for kind in ("oversampling", "reduction"))
    assert set(more.method) == {
        "none", "threshold", "class weights", "random oversampling", "SMOTE", "Borderline-SMOTE", "ADASYN",
        "adaptive-resampling", "density", "margin", "both", "border, chosen",
    }  # fmt: skip
    rows = [int(np.sum([list(row) for row in counts])) for counts in more[more.method == "none"].confusion]
    assert sorted(rows) == [37] * 8 + [38] * 4 + [75] * 12  # every row of a table is judged once by each classifier
    assert set(less.method) == {"density", "margin", "coverage", "random"} and len(less) == 2 * 3 * 4 * (4 * 2 + 1)
    assert unchanged(folder, "core_boundary", words, printed)


@pytest.mark.parametrize(
    ("setting", "said"),
    [({"folds": 1}, "folds is 1"), ({"removed": [0.5, 1]}, "removed: found"), ({"percentiles": [0]}, "percentiles"),
     ({"k": []}, r"k: found \[\]"), ({"repeats": 0}, "repeats is 0")],
)  # fmt: skip
def test_settings_that_make_no_table_are_refused(setting, said):
    from core_boundary import refuse

    chosen = {"workers": 1, "repeats": 1, "folds": 5, "inner": 2, "k": [5], "neighbours": [3], "percentiles": [50],
              "removed": [0.5]}  # fmt: skip
    refuse(chosen)
    with pytest.raises(SystemExit, match=said):
        refuse(chosen | setting)


@pytest.mark.parametrize(
    ("setting", "said"),
    [({"folds": "two"}, "folds is 'two'; expected a whole number, as 5"), ({"k": 5}, "k is 5; expected a list, each a"),
     ({"repeats": 1.5}, "repeats is 1.5"), ({"removed": []}, "expected one or more"), ({"workers": True}, "workers"),
     ({"folder": None}, "folder is None; expected a word"), ({"removed": [0.5, "a"]}, "each a number")],
)  # fmt: skip
def test_settings_of_another_kind_are_refused(setting, said):
    from core_boundary import CONFIG
    from proof.kinds import require_kinds

    require_kinds({"folds": 3, "k": [7], "removed": [0.5], "folder": "here", "mine": None}, CONFIG)
    require_kinds({"k": []}, CONFIG, empty=("k",))
    with pytest.raises(SystemExit, match=re.escape(said)):
        require_kinds(setting, CONFIG)


def test_what_is_wrong_with_a_table_is_said(tables, tmp_path):
    from tabular.tables import names, read

    with pytest.raises(SystemExit, match="holds no CSV"):
        names(tmp_path)
    for content, said in (("", "No columns to parse"), ("class\na\nb\n", "a column 'class' alone")):
        (tmp_path / "bad.csv").write_text(content)
        with pytest.raises(SystemExit, match=f"bad.csv: .*{said}"):
            read(tmp_path, "bad", 5)
    frame = pd.read_csv(tables / "wine.csv")
    for change, said in (
        (frame.rename(columns={"class": "kind"}), "no column 'class'"),
        (frame.assign(ash=np.inf), "column 'ash' has missing or infinite values"),
        (frame.assign(**{"class": "one"}), "column 'class' has 1 values"),
    ):
        change.to_csv(tmp_path / "bad.csv", index=False)
        with pytest.raises(SystemExit, match=f"bad.csv: {said}"):
            read(tmp_path, "bad", 5)


@pytest.fixture
def quick(monkeypatch):
    """The classifiers that learn in no time: forests learn by the same lines."""
    from tabular import folds

    monkeypatch.setattr(folds, "WEIGHTED", ("logistic regression",))
    monkeypatch.setattr(folds, "CLASSIFIERS", ("logistic regression", "nearest neighbours"))


def test_nothing_that_is_chosen_knows_the_test_rows(quick):
    from tabular import folds

    features, label = uneven()
    chosen = {"k": [5], "percentiles": [40, 70], "neighbours": [3], "inner": 2, "removed": [0.5]}
    rng = np.random.default_rng(0)
    told = []
    for test in ((features[:9], label[:9] * 0 + [0, 1, 2] * 3), (rng.standard_normal((9, 3)), np.arange(9) % 3)):
        found = [one for one in folds.oversampled((features, label), test, 0, chosen) if "failed" not in one]
        told.append([(one["classifier"], one["method"], one["choice"], one["gained"]) for one in found])
    assert told[0] == told[1] and len(told[0]) > 15


def uneven(seed=0):
    rng = np.random.default_rng(seed)
    label = np.repeat([0, 1, 2], [60, 20, 8])
    return rng.standard_normal((88, 3)) + label[:, None] * np.array([2.0, 0, 0]), label


@pytest.mark.parametrize("rule", ["density", "margin", "both"])
def test_synthetic_rows_lie_between_a_border_row_and_another_of_its_class(rule):
    from tabular import oversampling

    features, label = uneven()
    margin = oversampling.margins(features, label)
    one = oversampling.Candidate(rule, 5, 70)
    more, of = one.make(features, label, margin, seed=0)
    assert np.array_equal(more[:88], features) and np.bincount(of).tolist() == [60, 60, 60]
    for number in (1, 2):
        own = features[label == number]
        border = own[oversampling.on_border(one, own, margin[label == number])]
        assert 0.3 * len(own) <= len(border) <= 0.5 * len(own)
        for row in more[88:][of[88:] == number]:
            # On a segment the distances to its ends add up to its length.
            around = np.linalg.norm(border - row, axis=1)[:, None] + np.linalg.norm(own - row, axis=1)
            apart = np.linalg.norm(border[:, None] - own, axis=2)
            assert np.abs(around - apart).min() < 1e-9


def test_a_class_of_one_row_is_copied():
    from tabular import oversampling

    features, label = uneven()
    few = np.flatnonzero(label < 2)
    features, label = features[np.append(few, 87)], label[np.append(few, 87)]
    margin = oversampling.margins(features, label)
    for one in oversampling.candidates([5], [50], [3]):
        more, of = one.make(features, label, margin, 0)
        assert np.bincount(of).tolist() == [60, 60, 60] and (more[of == 2] == features[-1]).all()


def test_the_density_rule_is_that_of_the_package():
    from adaptive_resampling import classify_border_and_core_points
    from tabular import oversampling

    features, label = uneven()
    parts = classify_border_and_core_points(features, label, close=5, percentile=70)
    for number in range(3):
        own = features[label == number]
        found = own[oversampling.on_border(oversampling.Candidate("density", 5, 70), own, np.zeros(len(own)))]
        assert np.array_equal(np.sort(found, axis=0), np.sort(parts[number][0], axis=0))


def test_margins_are_small_between_classes():
    from tabular import oversampling

    features, label = uneven()
    margin = oversampling.margins(features, label)
    assert np.corrcoef(margin[label == 0], features[label == 0, 0])[0, 1] < -0.9  # the others lie to the right


@pytest.mark.parametrize("rule", ["density", "margin", "coverage", "random"])
def test_reductions_keep_the_shares_of_classes(rule):
    from tabular import oversampling, reduction

    features, label = uneven()
    order = reduction.order(rule, features, label, oversampling.margins(features, label), seed=0)
    assert sorted(order) == list(range(88))
    for size in (11, 22, 44):
        assert np.abs(np.bincount(label[order[:size]], minlength=3) - size * np.array([60, 20, 8]) / 88).max() <= 1
    first = features[order][label[order] == 0][:12]
    typical = np.linalg.norm(features[label == 0], axis=1).mean()
    if rule == "density":
        assert np.linalg.norm(first, axis=1).mean() > 1.3 * typical  # its core goes first
    if rule == "margin":
        assert first[:, 0].mean() > 0.7


def test_coverage_keeps_more_of_a_class_in_reach_than_random_rows():
    from tabular import reduction

    rng = np.random.default_rng(0)
    features = np.concatenate([rng.standard_normal((200, 2)), 5 + 0.3 * rng.standard_normal((10, 2))])
    label, reach = np.zeros(210, np.int64), {}
    for rule in ("coverage", "random"):
        kept = features[reduction.order(rule, features, label, np.zeros(210), seed=0)[:10]]
        reach[rule] = np.linalg.norm(features[:, None] - kept, axis=2).min(axis=1).mean()
    assert reach["coverage"] < 0.8 * reach["random"]


def test_a_threshold_is_of_the_inner_folds(quick):
    from sklearn.preprocessing import StandardScaler
    from tabular import folds
    from tabular.classifiers import make

    rng = np.random.default_rng(1)
    label = np.repeat([0, 1], [180, 20])
    features = StandardScaler().fit_transform(rng.standard_normal((200, 4)) + 0.8 * label[:, None])
    truth = np.repeat([0, 1], [60, 60])  # other rows, of which half are of the smaller class
    others = rng.standard_normal((120, 4)) + 0.8 * truth[:, None]
    chosen = {"k": [5], "percentiles": [50], "neighbours": [3], "inner": 3, "removed": [0.5]}
    _, thresholds = folds.inside((features, label), [], 0, chosen)
    assert max(thresholds.values()) < 0.5 and len(thresholds) == 2  # one in ten: less than a half tells them
    for one in folds.oversampled((features, label), (others, truth), 0, chosen):
        if one["method"] == "threshold":
            chance = make(one["classifier"], 0).fit(features, label).predict_proba(others)[:, 1]
            said = chance >= thresholds[one["classifier"]]
            assert np.array_equal(one["confusion"], [[(said[truth == c] == s).sum() for s in (0, 1)] for c in (0, 1)])


def test_folds_are_made_and_scaled_before_anything_is_added(monkeypatch):
    from tabular import folds, oversampling

    features, label = uneven()
    (train, test), *_ = folds.splits(features, label, 3, 0)
    assert np.allclose(train[0].mean(axis=0), 0) and np.allclose(train[0].std(axis=0), 1)
    assert not np.allclose(test[0].mean(axis=0), 0, atol=1e-3)
    given, make = [], oversampling.Candidate.make

    def spy(self, points, classes, margin, seed):
        given.append(points)
        return make(self, points, classes, margin, seed)

    monkeypatch.setattr(oversampling.Candidate, "make", spy)
    chosen = {"k": [5], "percentiles": [50], "neighbours": [3], "inner": 2, "removed": [0.5]}
    folds.inside(train, [oversampling.Candidate("density", 5, 50)], 0, chosen)
    parts = [part[0] for part, _ in folds.splits(*train, 2, 0)]
    assert len(given) == 2 and all(np.array_equal(*pair) for pair in zip(given, parts, strict=True))


def test_a_border_is_near_a_surface_on_whichever_side():
    from tabular import oversampling, reduction

    margin = np.array([-3.0, 2.5, 0.1, -0.2, 1.0])
    near = oversampling.on_border(oversampling.Candidate("margin", 5, 60), np.zeros((5, 2)), margin)
    assert np.flatnonzero(near).tolist() == [2, 3]
    order = reduction.order("margin", np.zeros((5, 2)), np.zeros(5, np.int64), margin, 0)
    assert order.tolist() == [2, 3, 4, 1, 0]
