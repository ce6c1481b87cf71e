"""What the cross-validations say, as Markdown, the paper's claims beside."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from proof.interval import interval
from proof.table import markdown, percent

from tabular import oversampling, reduction
from tabular.classifiers import CLASSIFIERS, WEIGHTED, balanced_accuracy, f1
from tabular.folds import CHOSEN, NONE, THRESHOLD, WEIGHTS
from tabular.oversampling import SMOTED
from tabular.tables import Table
from tabular.verdict import KEYS, METRICS, OR_NONE, by_family, claims, gain, largest_removed, useful_tables

METHODS = (
    NONE, THRESHOLD, WEIGHTS, WEIGHTS + OR_NONE, *oversampling.FIXED, SMOTED, SMOTED + OR_NONE, *oversampling.RULES,
    CHOSEN, CHOSEN + OR_NONE,
)  # fmt: skip
PARTIAL = (WEIGHTS, WEIGHTS + OR_NONE)  # of which not every classifier is capable

OVERSAMPLED = """\
F1 of the smaller class (of more than two: the mean class), of all folds together, mean over {classifiers} classifiers
and repeats, then over the tables of a family (by name), then over families. F1 is of the {tables} tables, in {families}
families, on which no method failed; points to none, with 95 % intervals (Student's t) over families, are of all tables
on which the method did not fail. {weights}: of the {weighted} classifiers that have them; {threshold}: on tables of two
classes. On the right the tables with more F1 than without, as much, and less.
"""
REDUCED = """\
Balanced accuracy and accuracy with what is left, mean over classifiers and over the {tables} tables on which all rows
teach more than to say the largest class (accuracy above its share by more than a point). Every class loses the same
share, the small ones too. Within a point: the largest share up to which removing costs at most one, mean over tables.
"""


def write(results: pd.DataFrame, tables: dict[str, Table]) -> str:
    """Everything that the results say."""
    more = pooled(with_none(results[results.kind == "oversampling"]))
    less = pooled(results[results.kind == "reduction"], "removed")
    # Most tables of a name are one set of rows with other classes, whatever their columns are called.
    families = pd.Series({name: re.split(r"[-_\d]", name)[0] for name in tables})
    useful = useful_tables(less, tables)
    judged = [name for name in tables if not more[more.table == name].f1.isna().any()]
    return "\n".join(
        [
            "## Oversampling\n",
            OVERSAMPLED.format(
                classifiers=len(CLASSIFIERS),
                tables=len(judged),
                families=families[judged].nunique(),
                weights=WEIGHTS,
                weighted=len(WEIGHTED),
                threshold=THRESHOLD,
            ),
            summary(more, families, judged),
            claims(more, less, families, useful),
            "## F1 by classifier, in points to none\n",
            by_classifier(more),
            "## Reduction\n",
            REDUCED.format(tables=len(useful)),
            removed_summary(less[less.table.isin(useful)]),
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


def summary(more: pd.DataFrame, families: pd.Series, judged: list[str]) -> str:
    rows = []
    for method in METHODS:
        own = more[(more.method == method) & more.table.isin(judged)].groupby("table").f1.mean()
        mean = own.groupby(families.reindex(own.index)).mean().mean()
        level = [] if method in (*PARTIAL, THRESHOLD) else [f"{mean:.3f}"]
        if method == NONE:
            rows.append([method, *level, *[""] * 4])
            continue
        apart = [
            interval(by_family(gain(more, method, NONE, metric), families)) for metric in ("f1", "balanced", "auprc")
        ]
        above = gain(more, method, NONE)
        counts = f"{int((above > 0).sum())} / {int((above == 0).sum())} / {int((above < 0).sum())}"
        rows.append([method, *(level or [""]), *apart, counts])
    header = ["oversampling", "F1", "F1 to none", "balanced accuracy", "AUPRC", "tables above / same / below"]
    return markdown(header, rows)


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


def removed_summary(less: pd.DataFrame) -> str:
    def level(part: pd.DataFrame, metric: str) -> float:
        return 100 * part.groupby("table")[metric].mean().mean()

    shares = [share for share in sorted(less.removed.unique()) if share > 0]
    rows = []
    for metric, name in METRICS.items():
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
        rows.append([name, rows_of(tables[name]), f"{tables[name].imbalance:.1f}", *cells])
    return markdown(["table", "rows", "imbalance", *methods], rows)


def rows_of(table: Table) -> str:
    """How many, those that are copies of another, and those that were dropped: a copy may judge what taught it."""
    copies = len(table.label) - len(np.unique(np.column_stack([table.features, table.label]), axis=0))
    said = {"": len(table.label), " copied": copies, " dropped": table.dropped}
    return ", ".join(f"{many}{what}" for what, many in said.items() if many)


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
