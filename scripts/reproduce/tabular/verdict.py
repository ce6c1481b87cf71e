"""What the cross-validations say of the paper's claims: gains by table, intervals, and whether a sentence held."""

from __future__ import annotations

import numpy as np
import pandas as pd
from proof.interval import bounds, interval
from proof.table import markdown, percent

from tabular import reduction
from tabular.folds import CHOSEN, NONE, THRESHOLD, WEIGHTS
from tabular.oversampling import SMOTED
from tabular.tables import Table

OR_NONE = ", or none"  # where that is better inside
RECIPE = "adaptive-resampling"
METRICS = {"balanced": "balanced accuracy", "accuracy": "accuracy"}
POINT = 0.01  # of accuracy, that a reduction may cost
LEAST = 0.1  # F1 without oversampling, below which a percentage says nothing
KEYS = ["table", "repeat", "classifier"]


def gain(more: pd.DataFrame, method: str, rival: str, metric: str = "f1") -> pd.Series:
    """Of a method over a rival by table, in points, on the classifiers that both have; without tables where one failed.

    Differences are of the same repeat and classifier, so that equal results are exactly 0.
    """
    values = more.pivot_table(index=KEYS, columns="method", values=metric, dropna=False)
    apart = 100 * (values[method] - values[rival])
    missing = apart.isna().groupby("classifier").all()
    apart = apart[~apart.index.get_level_values("classifier").isin(missing.index[missing])]
    return apart.groupby("table").agg(lambda each: each.mean(skipna=False)).dropna()


def by_family(values: pd.Series, families: pd.Series) -> pd.Series:
    """Means of the tables of each family, of which a mean and its interval are."""
    return values.groupby(families.reindex(values.index)).mean()


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


def useful_tables(less: pd.DataFrame, tables: dict[str, Table]) -> list[str]:
    """Those on which all rows teach to be right more often, by more than a point, than to say the largest class."""
    full = less[(less.method == reduction.RANDOM) & (less.removed == 0)].groupby("table").accuracy.mean()
    largest = {name: np.bincount(table.label).max() / len(table.label) for name, table in tables.items()}
    return [name for name in sorted(tables) if full[name] > largest[name] + POINT]


def claims(more: pd.DataFrame, less: pd.DataFrame, families: pd.Series, useful: list[str]) -> str:
    """The paper's sentences, what was found, and whether they held."""
    rows = []
    plain = 100 * more[more.method == NONE].groupby("table").f1.mean()
    for method in (CHOSEN, CHOSEN + OR_NONE, RECIPE):
        above = gain(more, method, NONE)
        told = above[plain.reindex(above.index) >= 100 * LEAST] / plain
        told, share, (_, low, _) = told.dropna(), (above > 0).mean(), bounds(by_family(above, families))
        exceeded = int((told > 0.1).sum())
        what = method.removeprefix("border, ") if method != RECIPE else f"the package {RECIPE} by its README"
        rows += [
            [f"boundary oversampling ({what}) improves F1 on 96 % of tables",
             f"above none on {percent(round(share, 3))}, not below on {percent(round((above >= 0).mean(), 3))} of "
             f"{len(above)}, {interval(by_family(above, families))} points",
             ("held" if low > 0 else "cannot be told") if share >= 0.96 else
             "held in part" if share > 0.5 and low > 0 else "did not hold"],
            ["by up to 10 %",
             f"median {100 * told.median():+.1f} %, more than 10 % on {exceeded} of {len(told)} tables "
             f"(F1 from {LEAST} without); at most {above.max():+.1f} points of F1",
             f"exceeded on {exceeded}" if exceeded else "not reached"],
        ]  # fmt: skip
    plain_rivals = (SMOTED, "Borderline-SMOTE", "random oversampling", WEIGHTS)
    pairs = [(CHOSEN, rival) for rival in plain_rivals]
    pairs += [(CHOSEN + OR_NONE, rival) for rival in (SMOTED + OR_NONE, WEIGHTS + OR_NONE, THRESHOLD)]  # these, too
    for method, rival in pairs:
        apart = interval(by_family(gain(more, method, rival), families))
        rows.append([f"{method} against {rival}, points of F1", apart, ""])
    largest = {(metric, rule): largest_removed(less, rule, metric)[useful]
               for metric in METRICS for rule in reduction.RULES}  # fmt: skip
    for metric, name in METRICS.items():
        for rule in reduction.RULES:
            own, random = largest[metric, rule], largest[metric, reduction.RANDOM]
            many, by_chance = int((own >= 0.9).sum()), int((random >= 0.9).sum())
            said, held = f"{percent(round(own.mean(), 2))} in the mean of {len(own)} tables", "did not hold"
            if less.removed.max() < 0.9:
                held = "not tried"
            elif many:
                held = f"held on {many}"
            if rule != reduction.RANDOM:
                said += f"; to random {interval(by_family(100 * (own - random), families))} points"
                held += ", no oftener than random" if 0 < many <= by_chance else ""
            rows.append([f"up to 90 % can be removed by {rule} within a point of {name}", said, held])
    return markdown(["claim", "found", "verdict"], rows)
