"""What the cross-validations say, as Markdown, the paper's claims beside."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from proof.table import markdown, percent
from scipy.stats import t

from tabular import oversampling, reduction
from tabular.classifiers import CLASSIFIERS, WEIGHTED, balanced_accuracy, f1
from tabular.folds import CHOSEN, NONE, THRESHOLD, WEIGHTS
from tabular.oversampling import SMOTED
from tabular.tables import Table

OR_NONE = ", or none"  # where that is better inside
METHODS = (
    NONE, THRESHOLD, WEIGHTS, WEIGHTS + OR_NONE, *oversampling.FIXED, SMOTED, SMOTED + OR_NONE, *oversampling.RULES,
    CHOSEN, CHOSEN + OR_NONE,
)  # fmt: skip
PARTIAL = (WEIGHTS, WEIGHTS + OR_NONE)  # of which not every classifier is capable
POINT = 0.01  # of accuracy, that a reduction may cost
LEAST = 0.1  # F1 without oversampling, below which a percentage says nothing
KEYS = ["table", "repeat", "classifier"]


def write(results: pd.DataFrame, tables: dict[str, Table]) -> str:
    """Everything that the results say."""
    more = pooled(with_none(results[results.kind == "oversampling"]))
    less = pooled(results[results.kind == "reduction"], "removed")
    # Most tables of a name are one set of rows with other classes, whatever their columns are called.
    families = pd.Series({name: re.split(r"[-_\d]", name)[0] for name in tables})
    judged = [name for name in tables if not more[more.table == name].f1.isna().any()]
    return "\n".join(
        [
            "## Oversampling\n",
            f"F1 of the smaller class (of more than two: the mean class), of all folds together, mean over "
            f"{len(CLASSIFIERS)}\nclassifiers, repeats and tables; in points to none, with 95 % intervals (Student's t)"
            f" over the\n{families.nunique()} families of tables, by name. {WEIGHTS}: of the "
            f"{len(WEIGHTED)} classifiers that have them; {THRESHOLD}: on tables\nof two classes. Levels are of the "
            f"{len(judged)} tables on which no method failed.\n",
            summary(more, families, judged),
            claims(more, less, families),
            "## F1 by classifier, in points to none\n",
            by_classifier(more),
            "## Reduction\n",
            "Balanced accuracy and accuracy with what is left, mean over classifiers and tables; every class keeps\n"
            "the same share. Within a point: the largest share up to which removing costs at most one, mean over\n"
            "tables.\n",
            removed_summary(less),
            "## F1 on each table\n",
            each_table(more, tables),
            "## Largest share removed within a point on each table\n",
            each_reduction(less, tables),
            failures(results),
        ]
    )


def with_none(more: pd.DataFrame) -> pd.DataFrame:
    """The same with what a method does if inside it beat no oversampling, and none otherwise."""
    keys, either = [*KEYS, "fold"], []
    plain = more[more.method == NONE].set_index(keys)
    for method in (WEIGHTS, SMOTED, CHOSEN):
        own = more[more.method == method].set_index(keys)
        gained = own.gained.astype(bool)
        both = pd.concat([own[gained], plain.loc[own.index[~gained]]])
        either.append(both.reset_index().assign(method=method + OR_NONE))
    return pd.concat([more, *either], ignore_index=True)


def pooled(results: pd.DataFrame, *more: str) -> pd.DataFrame:
    """F1, balanced accuracy and accuracy of all folds of a repeat together; NaN where the method failed on one."""
    rows = []
    for key, group in results.groupby([*KEYS, "method", *more], sort=False):
        one = dict(zip([*KEYS, "method", *more], key, strict=True))
        if group.confusion.notna().all():
            counts = np.sum([np.array([list(row) for row in table]) for table in group.confusion], axis=0)
            one |= {"f1": f1(counts), "balanced": balanced_accuracy(counts)}
            one |= {"accuracy": float(np.trace(counts) / counts.sum()), "auprc": group.get("auprc", pd.Series()).mean()}
        rows.append({"f1": np.nan, "balanced": np.nan, "accuracy": np.nan, "auprc": np.nan} | one)
    return pd.DataFrame(rows)


def gain(more: pd.DataFrame, method: str, rival: str, metric: str = "f1") -> pd.Series:
    """Of a method over a rival by table, in points, on the classifiers that both have; without tables where one failed.

    Differences are of the same repeat and classifier, so that equal results are exactly 0.
    """
    values = more.pivot_table(index=KEYS, columns="method", values=metric, dropna=False)
    apart = 100 * (values[method] - values[rival])
    missing = apart.isna().groupby("classifier").all()
    apart = apart[~apart.index.get_level_values("classifier").isin(missing.index[missing])]
    return apart.groupby("table").agg(lambda each: each.mean(skipna=False)).dropna()


def interval(values: pd.Series, families: pd.Series) -> str:
    """Mean over tables, and its 95 % interval over families of tables."""
    each = values.groupby(families.reindex(values.index)).mean()
    wide = t.ppf(0.975, len(each) - 1) * each.std() / np.sqrt(len(each)) if len(each) > 1 else np.nan
    return f"{each.mean():+.1f} ({each.mean() - wide:+.1f} to {each.mean() + wide:+.1f})"


def summary(more: pd.DataFrame, families: pd.Series, judged: list[str]) -> str:
    rows = []
    for method in METHODS:
        own = more[(more.method == method) & more.table.isin(judged)]
        level = [] if method in (*PARTIAL, THRESHOLD) else [f"{own.groupby('table').f1.mean().mean():.3f}"]
        if method == NONE:
            rows.append([method, *level, *[""] * 4])
            continue
        apart = [interval(gain(more, method, NONE, metric), families) for metric in ("f1", "balanced", "auprc")]
        above = gain(more, method, NONE)
        counts = f"{int((above > 0).sum())} / {int((above == 0).sum())} / {int((above < 0).sum())}"
        rows.append([method, *(level or [""]), *apart, counts])
    header = ["oversampling", "F1", "F1 to none", "balanced accuracy", "AUPRC", "tables above / same / below"]
    return markdown(header, rows)


def claims(more: pd.DataFrame, less: pd.DataFrame, families: pd.Series) -> str:
    """The paper's sentences, and what was found."""
    rows = []
    plain = 100 * more[more.method == NONE].groupby("table").f1.mean()
    for method in (CHOSEN, CHOSEN + OR_NONE):
        above = gain(more, method, NONE)
        told = above[plain.reindex(above.index) >= 100 * LEAST] / plain
        told = told.dropna()
        rows += [
            [f"boundary oversampling ({method.removeprefix('border, ')}) improves F1 on 96 % of tables",
             f"above none on {percent(round((above > 0).mean(), 3))}, not below on "
             f"{percent(round((above >= 0).mean(), 3))} of {len(above)}"],
            ["by up to 10 %",
             f"median {100 * told.median():+.1f} %, more than 10 % on {int((told > 0.1).sum())} of {len(told)} tables "
             f"(F1 from {LEAST} without); largest {above.max():+.1f} points"],
        ]  # fmt: skip
    plain_rivals = (SMOTED, "Borderline-SMOTE", "random oversampling", WEIGHTS)
    pairs = [(CHOSEN, rival) for rival in plain_rivals]
    pairs += [(CHOSEN + OR_NONE, rival) for rival in (SMOTED + OR_NONE, WEIGHTS + OR_NONE, THRESHOLD)]  # these, too
    for method, rival in pairs:
        apart = interval(gain(more, method, rival), families)
        rows.append([f"{method} against {rival}, points of F1", apart])
    for rule in reduction.RULES:
        found = []
        for metric, name in (("accuracy", "accuracy"), ("balanced", "balanced accuracy")):
            largest = largest_removed(less, rule, metric)
            found.append(f"{int((largest >= 0.9).sum())} of {len(largest)} tables by {name}")
        rows.append([f"removing 90 % by {rule} keeps accuracy (within a point)", "; ".join(found)])
    return markdown(["claim", "found"], rows)


def by_classifier(more: pd.DataFrame) -> str:
    rows = []
    for method in METHODS[1:]:
        cells = []
        for classifier in CLASSIFIERS:
            own = more[more.classifier == classifier]
            there = classifier in WEIGHTED or method not in PARTIAL
            cells.append(f"{gain(own, method, NONE).mean():+.1f}" if there else "")
        rows.append([method, *cells])
    return markdown(["oversampling", *CLASSIFIERS], rows)


def largest_removed(less: pd.DataFrame, rule: str, metric: str) -> pd.Series:
    """Largest share, by table, up to which every share removed costs at most a point."""
    mean = less.groupby(["table", "method", "removed"])[metric].mean()
    found = {}
    for table in less.table.unique():
        full, largest = mean[table, reduction.RANDOM, 0.0], 0.0
        for share, value in mean[table, rule].items():
            if share > 0 and value < full - POINT:
                break
            largest = max(largest, share)
        found[table] = largest
    return pd.Series(found)


def removed_summary(less: pd.DataFrame) -> str:
    def level(part: pd.DataFrame, metric: str) -> float:
        return 100 * part.groupby("table")[metric].mean().mean()

    shares = [share for share in sorted(less.removed.unique()) if share > 0]
    rows = []
    for metric, name in (("balanced", "balanced accuracy"), ("accuracy", "accuracy")):
        full = level(less[less.removed == 0], metric)
        for rule in reduction.RULES:
            own = less[less.method == rule]
            values = [f"{level(own[own.removed == share], metric):.1f}" for share in shares]
            kept = percent(round(largest_removed(less, rule, metric).mean(), 2))
            rows.append([f"{name}, {rule}", f"{full:.1f}", *values, kept])
    return markdown(["removed", "none", *map(percent, shares), "within a point"], rows)


def each_table(more: pd.DataFrame, tables: dict[str, Table]) -> str:
    values = more.groupby(["table", "method"]).f1.agg(lambda each: each.mean(skipna=False))
    methods = [method for method in METHODS if method not in PARTIAL]
    rows = []
    for name in sorted(tables):
        cells = [f"{v:.3f}" if not np.isnan(v := values.get((name, m), np.nan)) else "" for m in methods]
        dropped = f", {tables[name].dropped} dropped" if tables[name].dropped else ""
        rows.append([name, f"{len(tables[name].label)}{dropped}", f"{tables[name].imbalance:.1f}", *cells])
    return markdown(["table", "rows", "imbalance", *methods], rows)


def each_reduction(less: pd.DataFrame, tables: dict[str, Table]) -> str:
    values = {(r, m): largest_removed(less, r, m) for m in ("balanced", "accuracy") for r in reduction.RULES}
    rows = [[name, *(percent(v[name]) for v in values.values())] for name in sorted(tables)]
    names = [f"{rule}, balanced" if metric == "balanced" else rule for rule, metric in values]
    return markdown(["table", *names], rows)


def failures(results: pd.DataFrame) -> str:
    """What made no rows, and why; what lost a class."""
    lines = []
    if "failed" in results:
        lost = results[results.failed.notna()].groupby(["method", "failed"]).table.nunique()
        lines += [f"- {method} on {many} tables: {reason}" for (method, reason), many in lost.items()]
    gone = results[(results.kind == "reduction") & (results.removed > 0)]
    there = gone.groupby("table").classes.transform("max")
    lost = gone[gone.classes < there].groupby(["method", "removed"]).table.nunique()
    lines += [f"- {percent(share)} removed by {rule}: a class had no row left on {many} tables"
              for (rule, share), many in lost.items()]  # fmt: skip
    return "\nNo rows made, on some fold, by method and reason; classes lost:\n\n" + "\n".join(lines) if lines else ""
