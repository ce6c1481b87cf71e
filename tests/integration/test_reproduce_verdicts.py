"""What the tables of the claims say, of results made by hand."""

import numpy as np
import pandas as pd
import pytest

import tests.integration.reproduction  # noqa: F401, which puts scripts on the path


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


def test_the_largest_share_removed_is_that_up_to_which_all_are_within_a_point():
    from tabular.verdict import largest_removed

    full = [{"table": "a", "method": "random", "removed": 0.0, "accuracy": 0.9}]
    own = [{"table": "a", "method": "density", "removed": s, "accuracy": a}
           for s, a in ((0.3, 0.91), (0.5, 0.891), (0.7, 0.88), (0.9, 0.9))]  # fmt: skip
    assert largest_removed(pd.DataFrame(full + own), "density", "accuracy")["a"] == 0.5


def outcome(table, method, f1, repeat=0, classifier="random forest"):
    return {"table": table, "repeat": repeat, "classifier": classifier, "method": method, "f1": f1, "balanced": f1,
            "auprc": f1}  # fmt: skip


def test_a_claim_is_answered_by_the_tables_above_and_not_below():
    from tabular.report import METHODS
    from tabular.verdict import CHOSEN, OR_NONE, claims

    values = {"a1": (0.5, 0.6), "a2": (0.5, 0.5), "b1": (0.5, 0.45), "c1": (0.05, 0.5)}
    rows = [outcome(table, method, chosen if method.startswith(CHOSEN) else plain)
            for table, (plain, chosen) in values.items() for method in METHODS]  # fmt: skip
    removed = [{"table": table, "method": rule, "removed": share, "accuracy": 0.9 - 0.2 * (rule == "margin") * share,
                "balanced": 0.9 - share} for table in values for rule in ("density", "margin", "coverage", "random")
               for share in (0.0, 0.9)]  # fmt: skip
    families = pd.Series({name: name[0] for name in values})
    said = claims(pd.DataFrame(rows), pd.DataFrame(removed), families, ["a1", "b1"])
    assert "above none on 50 %, not below on 75 % of 4, +15.0 (-50.7 to +80.7) points | did not hold" in said
    assert "median +0.0 %, more than 10 % on 1 of 3 tables (F1 from 0.1 without); at most +45.0 points of F1" in said
    assert said.count("| exceeded on 1 |") == 2 and said.count("| not reached |") == 1
    assert f"| {CHOSEN}{OR_NONE} against class weights{OR_NONE}, points of F1 | +15.0" in said
    assert "by random within a point of accuracy | 90 % in the mean of 2 tables | held on 2 |" in said
    beside = "to random +0.0 (+0.0 to +0.0) points | held on 2, no oftener than random |"
    assert f"by density within a point of accuracy | 90 % in the mean of 2 tables; {beside}" in said
    assert "by margin within a point of accuracy | 0 % in the mean of 2 tables; to random -90.0" in said
    assert said.count("| did not hold |") == 3 + 4 + 1
    told = claims(pd.DataFrame(rows), pd.DataFrame(removed).query("removed < 0.9"), families, ["a1", "b1"])
    assert told.count("| not tried |") == 8


@pytest.mark.parametrize(
    ("gains", "verdict"),
    [((9, 10, 11), "held"), ((1, 30, 60), "cannot be told"), ((10, 10, -1, 10, 10), "held in part"),
     ((9, 1, -60), "did not hold"), ((5,), "cannot be told")],
)  # fmt: skip
def test_a_verdict_wants_an_interval_above_none(gains, verdict):
    from tabular import reduction
    from tabular.report import METHODS
    from tabular.verdict import CHOSEN, claims

    rows = [outcome(name, method, 0.3 + (gain / 100 if method == CHOSEN else 0))
            for name, gain in zip("abcde", gains, strict=False) for method in METHODS]  # fmt: skip
    removed = [{"table": name, "method": rule, "removed": share, "accuracy": 0.9, "balanced": 0.9}
               for name in "abcde" for rule in reduction.RULES for share in (0.0, 0.9)]  # fmt: skip
    said = claims(pd.DataFrame(rows), pd.DataFrame(removed), pd.Series({n: n for n in "abcde"}), list("abcde"))
    assert f"| {verdict} |" in next(line for line in said.splitlines() if "(chosen) improves" in line)
    assert "nan" not in said


def test_tables_on_which_nothing_is_learnt_say_nothing_of_reduction():
    from tabular.tables import Table
    from tabular.verdict import useful_tables

    label = np.repeat([0, 1], [90, 10])
    tables = {name: Table(name, np.zeros((100, 1)), label, 0, ["a"], ["b", "c"]) for name in ("poor", "rich")}
    less = [{"table": name, "method": "random", "removed": 0.0, "accuracy": accuracy}
            for name, accuracy in (("poor", 0.905), ("rich", 0.95))]  # fmt: skip
    assert useful_tables(pd.DataFrame(less), tables) == ["rich"]


def test_intervals_are_over_families_of_tables():
    from proof.interval import interval
    from scipy import stats
    from tabular.verdict import by_family

    gains = pd.Series({"a1": 1.0, "a2": 3.0, "b1": 4.0, "c1": 6.0})
    found = interval(by_family(gains, pd.Series({"a1": "a", "a2": "a", "b1": "b", "c1": "c"})))
    low, high = stats.t.interval(0.95, 2, loc=4, scale=2 / np.sqrt(3))
    assert found == f"+4.0 ({low:+.1f} to {high:+.1f})"
    assert interval(pd.Series([2.0, 4.0, 6.0])) == found
