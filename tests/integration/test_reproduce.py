"""The papers' claims: each script prints its table, can be stopped, and judges only rows that taught nothing."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from tests.conftest import ROOT

sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "scripts" / "reproduce")]


def reproduce(name, folder, *words):
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "reproduce" / f"{name}.py", f"folder={folder}/out", "workers=1", *words],
        cwd=folder, capture_output=True, text=True, env={**os.environ, "COREBOUND_SHARED": "nowhere"},
    )  # fmt: skip


def unchanged(folder, name, words, printed):
    """A second run prints the same and computes nothing."""
    before = {path: path.stat().st_mtime_ns for path in folder.glob("out/parts-*/*")}
    again = reproduce(name, folder, *words)
    assert again.returncode == 0 and again.stdout == printed
    return before == {path: path.stat().st_mtime_ns for path in folder.glob("out/parts-*/*")}


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


def test_what_is_wrong_with_a_table_is_said(tables, tmp_path):
    from tabular.tables import names, read

    with pytest.raises(SystemExit, match="holds no CSV"):
        names(tmp_path)
    frame = pd.read_csv(tables / "wine.csv")
    for change, said in (
        (frame.rename(columns={"class": "kind"}), "no column 'class'"),
        (frame.assign(ash=np.inf), "column 'ash' has missing or infinite values"),
        (frame.assign(**{"class": "one"}), "column 'class' has 1 values"),
    ):
        change.to_csv(tmp_path / "bad.csv", index=False)
        with pytest.raises(SystemExit, match=f"bad.csv: {said}"):
            read(tmp_path, "bad", 5)


def test_nothing_that_is_chosen_knows_the_test_rows():
    from tabular import folds

    features, label = uneven()
    chosen = {"k": [5], "percentiles": [40, 70], "neighbours": [3], "inner": 2, "removed": [0.5]}
    rng = np.random.default_rng(0)
    told = []
    for test in ((features[:9], label[:9] * 0 + [0, 1, 2] * 3), (rng.standard_normal((9, 3)), np.arange(9) % 3)):
        found = [one for one in folds.oversampled((features, label), test, 0, chosen) if "failed" not in one]
        told.append([(one["classifier"], one["method"], one["choice"], one["gained"]) for one in found])
    assert told[0] == told[1] and len(told[0]) > 30


def test_f1_is_of_all_folds_together_and_equal_results_are_equal():
    from tabular.report import gain, pooled, with_none

    counts = {"none": [[[8, 0], [2, 0]], [[8, 1], [1, 1]]], "border, chosen": [[[7, 1], [1, 1]], [[8, 1], [0, 2]]]}
    rows = [
        {"table": "a", "repeat": 0, "classifier": "random forest", "fold": fold, "method": method, "confusion": each,
         "auprc": 0.5, "gained": method != "none" and fold == 1}
        for method, parts in (*counts.items(), ("SMOTE", counts["none"]))
        for fold, each in enumerate(parts)
    ]  # fmt: skip
    found = pooled(with_none(pd.DataFrame(rows)))
    values = found.set_index("method").f1
    assert values["none"] == pytest.approx(2 * 1 / (2 * 1 + 1 + 3)) and values["border, chosen"] == 6 / 9
    assert values["border, chosen, or none"] == pytest.approx(4 / 7)  # the first fold of none, the second of the border
    assert gain(found, "SMOTE, or none", "none")["a"] == 0
    assert gain(found, "border, chosen", "none")["a"] == pytest.approx(100 * (6 / 9 - 2 / 6))


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


def test_the_largest_share_removed_is_that_up_to_which_all_are_within_a_point():
    from tabular.report import largest_removed

    full = [{"table": "a", "method": "random", "removed": 0.0, "accuracy": 0.9}]
    own = [{"table": "a", "method": "density", "removed": s, "accuracy": a}
           for s, a in ((0.3, 0.91), (0.5, 0.891), (0.7, 0.88), (0.9, 0.9))]  # fmt: skip
    assert largest_removed(pd.DataFrame(full + own), "density", "accuracy")["a"] == 0.5


@pytest.fixture(scope="module")
def tail(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tail")
    words = ["sets=[digits]", "mix=0", "repeats=2", "imbalances=[50]", "amounts=[2]", "C=[1,10]", "inner=2"]
    done = reproduce("long_tail", folder, *words)
    assert done.returncode == 0, done.stderr
    return folder, words, done.stdout, pd.read_parquet(folder / "out" / "results.parquet")


def test_latents_beat_real_vectors_alone_on_rare_classes(tail):
    folder, words, printed, results = tail
    assert (folder / "out" / "table.md").read_text() in printed
    few = results[results.amount == 1].groupby("method").few_shot.mean()
    for kind in ("kde", "shared", "gaussian", "calibrated"):
        assert few[f"latents, {kind}"] > few["real only"] + 0.05
    assert unchanged(folder, "long_tail", words, printed)


def test_long_tails_fall_as_steeply_as_they_are_asked_to(tmp_path):
    from tails import sets

    sets.make_vectors("digits", {}, tmp_path / "digits.npz")
    tail = sets.long_tailed(tmp_path / "digits.npz", 50, seed=3)
    size = np.sort(tail.size)[::-1]
    assert np.allclose(size, size[0] * 50 ** (-np.arange(10) / 9), rtol=0.2, atol=1)
    assert len(tail.test) == 599 and np.bincount(tail.truth).min() > 30
    assert not set(map(bytes, tail.vectors)) & set(map(bytes, tail.test))
    thirds = tail.groups()
    assert [len(third) for third in thirds.values()] == [4, 3, 3]
    assert tail.size[thirds["largest"]].min() >= tail.size[thirds["middle"]].max() >= tail.size[thirds["smallest"]][0]


@pytest.mark.parametrize("imbalance", [10, 50, 100])
def test_a_set_that_is_uneven_gets_the_imbalance_that_was_asked_for(tmp_path, imbalance):
    from tails import sets

    rng, size = np.random.default_rng(0), [900, 700, 300, 40, 60]
    label = rng.permutation(np.repeat(np.arange(5), size))
    np.savez(tmp_path / "set.npz", vectors=rng.random((2000, 3), np.float32), label=label, pool=1800)
    first, second = (sets.long_tailed(tmp_path / "set.npz", imbalance, seed) for seed in (0, 1))
    assert first.size.max() / first.size.min() == pytest.approx(imbalance, rel=0.2)
    assert np.argsort(-first.size).tolist() == [0, 1, 2, 4, 3]
    assert not np.array_equal(first.vectors, second.vectors) and len(first.test) == 200


def test_the_table_of_the_mix_shows_paired_gains():
    from tails.report import of_mix

    rows = [{"repeat": r, "head": kind, "all": 0.9, "rare": 0.5 + gain + 0.1 * r, "seconds": 1.0}
            for r in range(3) for kind, gain in (("real only", 0), ("kde", 0.05))]  # fmt: skip
    assert "| kde | 90.0 | 65.0 | +5.0 (+5.0 to +5.0) | 1 |" in of_mix(pd.DataFrame(rows))


def test_heads_that_correct_for_shares_say_so():
    from tails.heads import METHODS, best

    rng = np.random.default_rng(0)
    label = np.repeat([0, 1, 2], [200, 12, 1])
    rows = (np.eye(3)[label] + 0.6 * rng.standard_normal((213, 3))).astype(np.float32), label
    truth = np.repeat([0, 1, 2], 100)
    test = (np.eye(3)[truth] + 0.6 * rng.standard_normal((300, 3))).astype(np.float32)
    right = {method.name: np.mean(method.fit(rows, 10.0, 0)(test) == truth) for method in METHODS}
    assert min(value for name, value in right.items() if name != "real only") > right["real only"] + 0.05
    strength, inner = best(METHODS[0], rows, [1e-6, 10.0], 3, 0)
    assert strength == 10 and 0.5 < inner < 1


@pytest.mark.parametrize(
    ("setting", "said"),
    [({"sets": ["books"]}, "books"), ({"sets": ["digits"]}, "nowhere is no folder"),
     ({"imbalances": [10]}, "50 or 100"), ({"workers": 0}, "workers is 0"), ({"inner": 1}, "inner is 1"),
     ({"C": [0, 1]}, r"C: found \[0, 1\]"), ({"amounts": []}, "amounts"), ({"imbalances": [0.5, 50]}, "imbalances")],
)  # fmt: skip
def test_what_long_tail_lacks_is_said_at_once(setting, said):
    from long_tail import refuse_what_is_missing

    chosen = {"sets": ["digits"], "workers": 1, "repeats": 1, "imbalances": [50], "mix": 0, "data": "nowhere",
              "inner": 2, "C": [1], "amounts": [1]}  # fmt: skip
    refuse_what_is_missing(chosen)
    with pytest.raises(SystemExit, match=said):
        refuse_what_is_missing(chosen | {"mix": 1} | setting)


def outcome(table, method, f1, repeat=0, classifier="random forest"):
    return {"table": table, "repeat": repeat, "classifier": classifier, "method": method, "f1": f1, "balanced": f1,
            "auprc": f1}  # fmt: skip


def test_intervals_are_over_families_of_tables():
    from scipy import stats
    from tabular.report import interval as over_families
    from tails.report import interval as over_repeats

    gains = pd.Series({"a1": 1.0, "a2": 3.0, "b1": 4.0, "c1": 6.0})
    found = over_families(gains, pd.Series({"a1": "a", "a2": "a", "b1": "b", "c1": "c"}))
    low, high = stats.t.interval(0.95, 2, loc=4, scale=2 / np.sqrt(3))
    assert found == f"+4.0 ({low:+.1f} to {high:+.1f})"
    assert over_repeats(pd.Series([2.0, 4.0, 6.0])) == found


def test_a_claim_is_answered_by_the_tables_above_and_not_below():
    from tabular.report import CHOSEN, METHODS, OR_NONE, claims

    values = {"a1": (0.5, 0.6), "a2": (0.5, 0.5), "b1": (0.5, 0.45), "c1": (0.05, 0.5)}
    rows = [outcome(table, method, chosen if method.startswith(CHOSEN) else plain)
            for table, (plain, chosen) in values.items() for method in METHODS]  # fmt: skip
    removed = [{"table": "a1", "method": rule, "removed": share, "accuracy": 0.9, "balanced": 0.9 - share}
               for rule in ("density", "margin", "coverage", "random") for share in (0.0, 0.9)]  # fmt: skip
    said = claims(pd.DataFrame(rows), pd.DataFrame(removed), pd.Series({name: name[0] for name in values}))
    assert "above none on 50 %, not below on 75 % of 4" in said
    assert "median +0.0 %, more than 10 % on 1 of 3 tables (F1 from 0.1 without); largest +45.0 points" in said
    assert said.count("1 of 1 tables by accuracy; 0 of 1 tables by balanced accuracy") == 4
    assert f"| {CHOSEN}{OR_NONE} against class weights{OR_NONE}, points of F1 | +15.0" in said


def test_coverage_keeps_more_of_a_class_in_reach_than_random_rows():
    from tabular import reduction

    rng = np.random.default_rng(0)
    features = np.concatenate([rng.standard_normal((200, 2)), 5 + 0.3 * rng.standard_normal((10, 2))])
    label, reach = np.zeros(210, np.int64), {}
    for rule in ("coverage", "random"):
        kept = features[reduction.order(rule, features, label, np.zeros(210), seed=0)[:10]]
        reach[rule] = np.linalg.norm(features[:, None] - kept, axis=2).min(axis=1).mean()
    assert reach["coverage"] < 0.8 * reach["random"]


def test_lda_is_that_of_scikit_learn_where_classes_are_large():
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from tails.heads import METHODS

    rng = np.random.default_rng(0)
    label = np.repeat([0, 1, 2], [300, 200, 100])
    spread = np.diag([3.0, 0.3, 1.0])  # along the first axis classes overlap, along the second they do not
    vectors = rng.standard_normal((600, 3)) @ spread + 0.7 * np.eye(3)[label]
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=[1 / 3] * 3).fit(vectors, label)
    ours = next(method for method in METHODS if method.name.startswith("LDA")).fit((vectors, label), 1.0, 0)
    assert np.mean(ours(vectors) == theirs.predict(vectors)) > 0.98
    means = np.stack([vectors[label == number].mean(axis=0) for number in range(3)])
    nearest = np.linalg.norm(vectors[:, None] - means, axis=2).argmin(axis=1)
    assert np.mean(ours(vectors) == label) > np.mean(nearest == label) + 0.03


def test_a_threshold_is_of_the_inner_folds():
    from tabular import folds

    rng = np.random.default_rng(1)
    label = np.repeat([0, 1], [180, 20])
    features = rng.standard_normal((200, 4)) + 0.8 * label[:, None]
    chosen = {"k": [5], "percentiles": [50], "neighbours": [3], "inner": 3, "removed": [0.5]}
    _, thresholds = folds.inside((features, label), [], 0, chosen)
    assert max(thresholds.values()) < 0.5 and len(thresholds) == 4  # one in ten: less than a half tells them
    rows = [one for one in folds.oversampled((features, label), (features[-40:], label[-40:]), 0, chosen)
            if one.get("method") in ("none", "threshold") and one["classifier"] == "logistic regression"]  # fmt: skip
    told = {one["method"]: np.array(one["confusion"])[:, 1].sum() for one in rows}
    assert told["threshold"] > told["none"]
