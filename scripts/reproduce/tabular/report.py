"""What the cross-validations say, as Markdown, the paper's claims beside."""

from __future__ import annotations

import numpy as np
import pandas as pd
from proof.table import markdown, percent
from scipy.stats import t

from tabular import oversampling, reduction
from tabular.classifiers import CLASSIFIERS, WEIGHTED
from tabular.folds import CHOSEN, NONE, WEIGHTS
from tabular.tables import Table

OR_NONE = "chosen, or none"
METHODS = (NONE, WEIGHTS, *oversampling.LIBRARY, oversampling.RECIPE, *oversampling.RULES, CHOSEN, OR_NONE)
POINT = 0.01  # of accuracy, that a reduction may cost


def write(results: pd.DataFrame, tables: dict[str, Table]) -> str:
    """Everything that the results say."""
    more = with_choice(results[results.kind == "oversampling"])
    less = results[results.kind == "reduction"]
    return "\n".join(
        [
            "## Oversampling\n",
            "Means over tables of what the smaller class (of more than two: the mean class) reaches; intervals (95 %,\n"
            "Student's t) are over tables. Rule, k and percentile were chosen inside the training rows.\n",
            summary(more),
            claims(more, less),
            "## Reduction: the largest share removed within one point of full accuracy\n",
            "Mean over tables of the mean accuracy of the classifiers; every class keeps the same share.\n",
            removed_summary(less),
            "## F1 on each table\n",
            each_table(more, tables),
            "## Largest share removed on each table\n",
            each_reduction(less, tables),
            failures(more),
        ]
    )


def with_choice(more: pd.DataFrame) -> pd.DataFrame:
    """The same with `OR_NONE`: what the inner folds chose if it gained there, no oversampling otherwise."""
    keys = ["table", "repeat", "fold", "classifier"]
    best = more[more.method == CHOSEN].set_index(keys)
    plain = more[more.method == NONE].set_index(keys).reindex(best.index)
    gained = best.gained.astype(bool)
    either = pd.concat([best[gained], plain[~gained]]).reset_index().assign(method=OR_NONE)
    return pd.concat([more, either], ignore_index=True)


def by_table(more: pd.DataFrame, method: str, metric: str, classifiers: tuple[str, ...] = CLASSIFIERS) -> pd.Series:
    """Mean of a metric over folds and classifiers, by table; NaN where the method failed on a fold."""
    own = more[(more.method == method) & more.classifier.isin(classifiers)]
    return own.groupby("table")[metric].agg(lambda values: values.mean(skipna=False))


def interval(values: pd.Series) -> str:
    """Mean, in points, and its 95 % interval over tables."""
    values = 100 * values.dropna()
    wide = t.ppf(0.975, len(values) - 1) * values.std() / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return f"{values.mean():+.1f} ({values.mean() - wide:+.1f} to {values.mean() + wide:+.1f})"


def gain(more: pd.DataFrame, method: str, rival: str, metric: str = "f1") -> pd.Series:
    """Of a method over a rival by table, on the classifiers that both have."""
    both = WEIGHTED if WEIGHTS in (method, rival) else CLASSIFIERS
    return (by_table(more, method, metric, both) - by_table(more, rival, metric, both)).dropna()


def summary(more: pd.DataFrame) -> str:
    rows = []
    for method in METHODS:
        values = [f"{by_table(more, method, m, WEIGHTED).mean():.3f}" for m in ("f1", "balanced", "auprc")]
        above = gain(more, method, NONE)
        shown = [] if method == NONE else [interval(above), f"{int((above >= 0).sum())} of {len(above)}"]
        rows.append([method, *values, *shown, *[""] * (2 - len(shown))])
    header = ["oversampling", "F1", "balanced accuracy", "AUPRC", "F1 to none, points", "tables not below none"]
    return markdown(header, rows)


def claims(more: pd.DataFrame, less: pd.DataFrame) -> str:
    """The paper's sentences and ours."""
    rows = []
    for method in (CHOSEN, OR_NONE):
        above = gain(more, method, NONE)
        relative = above / by_table(more, NONE, "f1")
        share = (above >= 0).mean()
        rows.append(
            [f"boundary oversampling ({method}) improves F1 by up to 10 % on 96 % of tables",
             f"not below none on {percent(round(share, 3))}, above on {percent(round((above > 0).mean(), 3))} of "
             f"{len(above)}; mean {interval(above)} points, median {100 * relative.median():+.1f} %, largest "
             f"{100 * relative.max():+.0f} %"]
        )  # fmt: skip
        for rival in ("SMOTE", "Borderline-SMOTE", WEIGHTS):
            rows.append([f"{method} against {rival}, F1", f"{interval(gain(more, method, rival))} points"])
    for rule in reduction.RULES:
        largest = largest_removed(less, rule, "accuracy")
        rows.append(
            [f"removing by {rule} compresses up to 90 % with accuracy kept",
             f"90 % or more on {int((largest >= 0.9).sum())} of {len(largest)} tables, "
             f"mean {percent(round(largest.mean(), 3))}"]
        )  # fmt: skip
    return markdown(["claim", "found"], rows)


def largest_removed(less: pd.DataFrame, rule: str, metric: str) -> pd.Series:
    """Largest share, by table, up to which every share removed costs at most a point."""
    mean = less.groupby(["table", "method", "removed"])[metric].mean()
    found = {}
    for table in less.table.unique():
        full, largest = mean[table, "random", 0.0], 0.0
        for share, value in mean[table, rule].items():
            if share > 0 and value < full - POINT:
                break
            largest = max(largest, share)
        found[table] = largest
    return pd.Series(found)


def removed_summary(less: pd.DataFrame) -> str:
    shares = [share for share in sorted(less.removed.unique()) if share > 0]
    rows = []
    for rule in reduction.RULES:
        own = less[less.method == rule].groupby(["removed", "table"]).accuracy.mean().groupby("removed").mean()
        kept = [f"{largest_removed(less, rule, metric).mean():.2f}" for metric in ("accuracy", "balanced")]
        rows.append([rule, *(f"{100 * own[share]:.1f}" for share in shares), *kept])
    full = 100 * less[less.removed == 0].groupby("table").accuracy.mean().mean()
    header = [f"accuracy, of {full:.1f} with all rows", *(f"{percent(share)} removed" for share in shares)]
    return markdown([*header, "within a point", "of balanced accuracy"], rows)


def each_table(more: pd.DataFrame, tables: dict[str, Table]) -> str:
    values = {method: by_table(more, method, "f1") for method in METHODS if method != WEIGHTS}
    rows = []
    for name in sorted(tables):
        cells = [f"{v[name]:.3f}" if name in v and not np.isnan(v[name]) else "" for v in values.values()]
        dropped = f", {tables[name].dropped} dropped" if tables[name].dropped else ""
        rows.append([name, f"{len(tables[name].label)}{dropped}", f"{tables[name].imbalance:.1f}", *cells])
    return markdown(["table", "rows", "imbalance", *values], rows)


def each_reduction(less: pd.DataFrame, tables: dict[str, Table]) -> str:
    values = {(r, m): largest_removed(less, r, m) for m in ("accuracy", "balanced") for r in reduction.RULES}
    rows = [[name, *(f"{v[name]:.2f}" for v in values.values())] for name in sorted(tables)]
    return markdown(["table", *(f"{r}{', balanced' if m == 'balanced' else ''}" for r, m in values)], rows)


def failures(more: pd.DataFrame) -> str:
    if "failed" not in more:
        return ""
    lost = more[more.failed.notna()].groupby("method").table.nunique()
    said = "; ".join(f"{method} on {count} tables" for method, count in lost.items())
    return f"\nMethods that could make no rows on a fold, and have no number for the table: {said}.\n" if said else ""
