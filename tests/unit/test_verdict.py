"""The bench's arithmetic: intervals, corrections, rows needed, and the probe."""

import sys
import warnings

import numpy as np
import pandas as pd
import pytest

from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "scripts"))


def results_of(ours, random_, size=400, cells=1, full=0.9, seed=0):
    """Two contenders, right with these probabilities at each budget, and all rows."""
    rng = np.random.default_rng(seed)
    rows = []
    for cell in range(cells):
        for contender, rates in (("corebound", ours), ("random", random_), ("all", {1.0: full})):
            for budget, rate in rates.items():
                for repeat in range(5):
                    right = rng.random(size) < rate
                    rows.append(
                        dict(set=f"s{cell}", label="l", embedder="e", budget=budget, contender=contender, repeat=repeat,
                             correct=np.packbits(right).tobytes(), tested=size, accuracy=right.mean())
                    )  # fmt: skip
    return pd.DataFrame(rows)


def test_verdict_finds_what_is_below_random_and_nothing_else():
    from proof.verdict import gains, mean_gain

    worse = gains(results_of({0.1: 0.70}, {0.1: 0.80}, cells=5), "corebound", "random")
    assert (worse.p_below < 0.05).all() and worse.gain.between(-15, -5).all()
    assert ((worse.low < worse.gain) & (worse.gain < worse.high)).all()
    same = gains(results_of({0.1: 0.8}, {0.1: 0.8}, cells=20), "corebound", "random")
    assert (same.p_below > 0.05).all()
    mean, low, high = mean_gain(results_of({0.1: 0.85}, {0.1: 0.80}, cells=5), "corebound", "random", [0.1])
    assert low < mean < high and abs(mean - 5) < 2


def test_holm():
    from proof.verdict import holm

    # The example of Holm's procedure: sorted p times n, n - 1, ..., made monotone.
    assert np.allclose(holm(np.array([0.01, 0.04, 0.03, 0.005])), [0.03, 0.06, 0.06, 0.02])


def test_rows_needed_lie_on_the_curve():
    from proof.verdict import rows_needed

    results = results_of({0.1: 0.5, 0.2: 0.7, 0.5: 1.0}, {0.1: 0.2, 0.2: 0.3, 0.5: 0.4}, size=4000, full=1.0)
    assert rows_needed(results, "corebound", share=0.85).iloc[0] == pytest.approx(0.2 * 2.5**0.5, rel=0.05)
    assert rows_needed(results, "corebound", share=0.4).iloc[0] == 0.1
    assert rows_needed(results, "random", share=0.99).iloc[0] == pytest.approx(1.0, rel=0.02)


def line(correct, **other):
    """One result, of these right and wrong test rows."""
    right = np.array(correct, bool)
    row = dict(set="s", label="l", embedder="e", budget=0.1, contender="corebound", repeat=0, draw=0)
    return row | dict(correct=np.packbits(right).tobytes(), tested=len(right), accuracy=right.mean()) | other


def test_repeats_are_paired_and_draws_of_a_repeat_averaged():
    from proof.verdict import differences

    both = differences(
        pd.DataFrame(
            [
                line([1, 1, 0, 0], repeat=1), line([1, 0, 0, 0], repeat=0), line([1, 1, 1, 1], repeat=2),
                line([0, 0, 0, 0], contender="random", repeat=0),
                line([1, 1, 1, 1], contender="random", repeat=1, draw=0),
                line([0, 0, 1, 1], contender="random", repeat=1, draw=1),
            ]
        ),
        "corebound",
        "random",
    )  # fmt: skip
    assert list(both) == [("s", "l", "e", 0.1)]
    assert both["s", "l", "e", 0.1].tolist() == [[1, 0, 0, 0], [0.5, 0.5, -1, -1]]  # repeat 2 has no rival


def test_a_constant_difference_leaves_no_doubt():
    from proof.verdict import gains

    for ours, rival, p in ((0, 1, 0), (1, 0, 1), (1, 1, 1)):
        table = gains(pd.DataFrame([line([ours] * 8), line([rival] * 8, contender="random")]), "corebound", "random")
        assert table.p_below.tolist() == [p]


def test_cells_are_corrected_for_their_number():
    """A loss that is significant alone, and not among 60 cells."""
    from proof.verdict import gains

    rng = np.random.default_rng(0)

    def cell(name, shift):
        right = rng.random(1000) < 0.8
        worse = right.copy()
        worse[np.flatnonzero(right)[:shift]] = False
        better = right.copy()
        better[np.flatnonzero(~right)[: shift // 2]] = True
        return [line(worse, set=name), line(better, set=name, contender="random")]

    alone = gains(pd.DataFrame(cell("s", 5)), "corebound", "random")
    assert alone.p_below[0] < 0.05
    others = [row for number in range(59) for row in cell(f"t{number}", 0)]
    among = gains(pd.DataFrame([*cell("s", 5), *others]), "corebound", "random")
    assert among[among.set == "s"].p_below.item() > 0.05


def test_mean_gain_weighs_sets_alike_and_takes_the_budgets_named():
    from proof.verdict import mean_gain

    rows = []
    for name, embedders, right in (("a", "xyz", 8), ("b", "x", 4)):
        for embedder in embedders:
            for budget, gained in ((0.1, right), (0.3, 0)):
                for repeat in range(3):
                    at = dict(set=name, embedder=embedder, budget=budget, repeat=repeat)
                    rows += [line([1] * gained + [0] * (8 - gained), **at), line([0] * 8, contender="random", **at)]
    results = pd.DataFrame(rows)
    assert mean_gain(results, "corebound", "random", [0.1])[0] == pytest.approx(75)  # not (3 * 100 + 50) / 4
    assert mean_gain(results, "corebound", "random", [0.3])[0] == 0
    assert mean_gain(results, "corebound", "random", [0.1, 0.3])[0] == pytest.approx(37.5)
    assert np.isnan(mean_gain(results, "corebound", "random", [0.5])[0])


def test_the_interval_is_over_repeats_too():
    from proof.verdict import mean_gain

    def width(gained):
        rows = []
        for repeat, many in enumerate(gained):
            rows += [
                line([1] * many + [0] * (400 - many), repeat=repeat),
                line([0] * 400, contender="random", repeat=repeat),
            ]
        _, low, high = mean_gain(pd.DataFrame(rows), "corebound", "random", [0.1])
        return high - low

    assert width([200] * 5) < 12 < 20 < width([0, 100, 200, 300, 400])


def test_a_dip_of_the_curve_does_not_count():
    from proof.verdict import rows_needed

    points = {0.1: 0.5, 0.2: 0.95, 0.3: 0.6, 0.5: 0.96}
    rows = [line([1] * round(1000 * a) + [0] * round(1000 * (1 - a)), budget=b) for b, a in points.items()]
    results = pd.DataFrame([*rows, line([1] * 1000, budget=1.0, contender="all")])
    assert 0.1 < rows_needed(results, "corebound", share=0.94).iloc[0] < 0.2
    assert 0.3 < rows_needed(results, "corebound", share=0.955).iloc[0] < 0.5


def words(n, classes=3, seed=0, apart=1.5):
    """Unit vectors of classes that overlap a little, and their labels."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, classes, n)
    x = rng.normal(size=(n, 12)) + apart * np.eye(12)[label]
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32), np.array([f"k{k}" for k in label])


def test_the_probe_converges():
    """The gradient vanishes: nothing but the penalty holds the weights."""
    from proof.probe import fit, model

    x, y = words(300)
    found = fit(model(25.0), x, y)
    miss = found.predict_proba(x) - (y[:, None] == found.classes_)
    gradient = miss.T @ x + found.coef_ / 25.0
    assert np.abs(gradient).max() / len(x) < 2e-4
    from sklearn.exceptions import ConvergenceWarning

    with pytest.raises(ConvergenceWarning):
        fit(model(25.0).set_params(max_iter=2), x, y)


def test_the_penalty_is_chosen_by_held_out_likelihood():
    from proof.probe import FOLDS, GRID, JUDGED, predict, strength
    from sklearn.linear_model import LogisticRegression

    noisy, y = words(240, apart=0.4)
    chosen = strength(noisy, y, seed=3)
    rows = np.random.default_rng(3).permutation(len(noisy))[:JUDGED]
    fold = np.arange(len(rows)) % FOLDS
    total = {}
    for candidate in GRID:
        total[candidate] = 0.0
        for number in range(FOLDS):
            train, held = rows[fold != number], rows[fold == number]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                fitted = LogisticRegression(C=candidate, max_iter=9000, tol=1e-6).fit(noisy[train], y[train])
            at = np.searchsorted(fitted.classes_, y[held])
            total[candidate] += fitted.predict_log_proba(noisy[held])[np.arange(len(held)), at].sum()
    assert chosen == max(total, key=total.get)
    clear, told = words(240, apart=6)
    assert strength(clear, told, seed=3) > chosen
    said, used = predict(clear, told, clear, seed=3)
    assert (said == told).mean() > 0.98 and used == strength(clear, told, seed=3)


def test_the_probe_copes_with_few_labels():
    from proof.probe import GRID, predict

    x, _ = words(6)
    said, used = predict(x, np.array(["one"] * 6), x[:2], seed=0)
    assert said.tolist() == ["one", "one"] and np.isnan(used)
    said, used = predict(x, np.array(list("abcdef")), x, seed=0)  # no fold can judge another's label
    assert said.tolist() == list("abcdef") and used in GRID


def test_only_so_many_rows_choose_the_penalty():
    """Only so many rows choose C, a random part of them."""
    from proof import probe

    x, y = words(2 * probe.JUDGED, apart=6)
    chosen = np.random.default_rng(5).permutation(len(x))[: probe.JUDGED]
    spoilt = y.copy()
    others = np.setdiff1d(np.arange(len(x)), chosen)
    spoilt[others] = np.random.default_rng(1).permutation(spoilt[others])
    assert probe.strength(x, spoilt, seed=5) == probe.strength(x, y, seed=5)


def test_vectors_of_a_set_share_their_resamples_and_rows_are_resampled():
    from proof.verdict import mean_gain

    rng = np.random.default_rng(0)
    rows = []
    for repeat in range(3):
        right = rng.random(200) < 0.5
        for embedder in "xyz":
            at = dict(embedder=embedder, repeat=repeat)
            rows += [line(right, **at), line([0] * 200, contender="random", **at)]
    results = pd.DataFrame(rows)
    three = mean_gain(results, "corebound", "random", [0.1])
    one = mean_gain(results[results.embedder == "x"], "corebound", "random", [0.1])
    assert three == pytest.approx(one)
    same = pd.DataFrame([line([1, 0] * 50, repeat=r) for r in range(3)] +
                        [line([0] * 100, contender="random", repeat=r) for r in range(3)])  # fmt: skip
    _, low, high = mean_gain(same, "corebound", "random", [0.1])
    assert high - low > 10  # 100 test rows, half right


def test_the_interval_weighs_sets_alike():
    """A set of four embedders is one set: its noise counts as much as that of the other."""
    from proof.verdict import mean_gain

    def results(first, second):
        rows = []
        for name, embedders, gained in (("a", "wxyz", first), ("b", "x", second)):
            for embedder in embedders:
                for repeat, many in enumerate(gained):
                    at = dict(set=name, embedder=embedder, repeat=repeat)
                    rows += [line([1] * many + [0] * (400 - many), **at), line([0] * 400, contender="random", **at)]
        return pd.DataFrame(rows)

    def width(frame):
        _, low, high = mean_gain(frame, "corebound", "random", [0.1])
        return high - low

    steady, unsteady = [200] * 4, [0, 100, 300, 400]
    assert width(results(unsteady, steady)) == pytest.approx(width(results(steady, unsteady)), rel=0.2)


@pytest.mark.parametrize(
    "kept", ["everything", "no garbage", "tuned on only", "no budget of 10 %", "large budgets only"]
)
def test_the_table_is_written_of_any_results(kept):
    """It comes after hours of computing."""
    from proof.table import write

    def of(name, contender, budget, **other):
        measures = dict(macro_f1=0.5, coverage=0.5, near_duplicates=0.1, boundary=0.6, core=0.4, seconds=1, peak_mib=9)
        return line([1, 0, 1, 1], set=name, contender=contender, budget=budget, C=5.0, **measures) | other

    budgets, names = (0.05, 0.1, 0.3, 0.5), ("corebound", "random", "random per cluster")
    rows = [of(s, c, b) for s in ("dbpedia", "r8") for c in names for b in budgets]
    rows += [of(s, "all", 1.0) for s in ("dbpedia", "r8")] + [of("r8", "submodlib", 0.1)]
    dirty = dict(embedder="e", repeat=0, mix="known", garbage=0.02, clean_set_aside=0.01, clean_waiting=0.1)
    kinds = dict.fromkeys(("shuffled words", "random characters", "another language", "truncated"), 0.005)
    if kept != "no garbage":
        rows += [dict(set="dbpedia", contender=c, budget=b) | dirty | kinds for c in names for b in budgets]
    results = pd.DataFrame(rows)
    if kept == "tuned on only":
        results = results[results.set == "r8"]
    if kept == "no budget of 10 %":
        results = results[results.budget != 0.1]
    if kept == "large budgets only":
        results = results[results.budget >= 0.5]
    written = write(results)
    assert "## Bars" in written and "| cells significantly below random | 0 | 0 of" in written
    if kept == "everything":
        assert "| garbage in what is kept at budgets up to 30 %, 5 % mixed in | 1 % | 0 of 3 cells within" in written
        assert "| corebound | +0.0 | +0.0 | +0.0 | +0.0 | +0.0 |" in written  # two columns, judging, tuned on, all have
        assert "| submodlib |  | +0.0 |  | +0.0 | +0.0 |" in written
        kept_rows = written.split("## Of what is kept")[1]
        assert kept_rows.count("| submodlib |") == 1
