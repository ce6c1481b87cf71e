"""What synthetic rows did to the loss on tables, as Markdown."""

from __future__ import annotations

import numpy as np
import pandas as pd
from proof.table import markdown

from topup.scaling import NONE, WEIGHTS

HEAD = """\
## Synthetic rows for the smaller class of a table

Balanced cross-entropy on test rows (nats, mean over {draws} draws) of a classifier of {large} to {small} rows (of
smaller tables as many as leave half of the smaller class to test with), with synthetic rows of the smaller class until
both are alike. Below: change to none, and to class weights, of the geometric mean over tables that have both; and
balanced accuracy, in points, mean over the tables that all have. Left out: {left}.
"""
BEYOND = """\
## More synthetic rows, of both classes

Change of that loss, of the geometric mean over tables, from balance to so many more rows of each class, which weigh as
much as all others; and, by a line through the logarithms, with each doubling of these, with its range over tables.
"""
FAILED = "Where a method made too few rows, these draws have no loss: "


def write(results: pd.DataFrame, sizes: list[int]) -> str:
    """Everything that the results say."""
    good = results[results.loss.notna()] if "loss" in results else results[:0]
    out = results.get("left_out", pd.Series(np.nan, results.index))
    why = results[out.notna()].groupby("left_out").table.nunique() if out.notna().any() else {}
    left = "; ".join(f"{many} tables with {reason}" for reason, many in dict(why).items()) or "none"
    if good.empty:
        raise SystemExit(f"no table can be tried with sizes={sizes} ({left}); give smaller sizes, or other tables.")
    parts = [HEAD.format(large=sizes[0], small=sizes[1], draws=good.repeat.nunique(), left=left)]
    for classifier, part in good.groupby("classifier", sort=False):
        parts += [f"### {classifier}\n", at_balance(part)]
    more = good[good.method.isin(good[good.extra > 0].method)]
    parts += [BEYOND] * (len(more) > 0)
    for classifier, part in more.groupby("classifier", sort=False):
        parts += [f"### {classifier}, beyond balance\n", beyond(part)]
    failed = results[results.loss.isna() & out.isna()]
    if len(failed):
        why = failed.groupby(["method", "table", "failed"], sort=False).size().reset_index()
        said = (f"{method}, {table}: {failed} ({many} draws)" for method, table, failed, many in why.to_numpy())
        parts.append(f"{FAILED}{'; '.join(said)}.\n")
    return "\n".join(parts)


def methods(results: pd.DataFrame) -> list[str]:
    """None and class weights first, then generators as they were tried."""
    return list(dict.fromkeys([NONE, WEIGHTS, *results.method]))


def change(loss: pd.Series, base: pd.Series) -> float:
    """Of the geometric mean over tables that both have, in percent."""
    return 100 * float(np.expm1(np.log(loss / base).mean()))


def at_balance(results: pd.DataFrame) -> str:
    wide, accuracy = (over_draws(results[results.extra == 0], "method", value) for value in ("loss", "accuracy"))
    names = methods(results)
    cells = ((table, (line[name] for name in names)) for table, line in wide.iterrows())
    rows = [[table, *("-" if np.isnan(loss) else f"{loss:.3f}" for loss in losses)] for table, losses in cells]
    for base in (NONE, WEIGHTS):
        rows.append([f"to {base}", *(f"{change(wide[name], wide[base]):+.1f} %" for name in names)])
    shared = accuracy[accuracy.notna().all(axis=1)]
    rows.append(["balanced accuracy", *(f"{100 * shared[name].mean():.1f}" for name in names)])
    return markdown(["table", *names], rows)


def over_draws(results: pd.DataFrame, columns: str, value: str = "loss") -> pd.DataFrame:
    """Mean over draws of each table, where every draw has one: others are of other rows."""
    by = results.groupby(["table", columns], sort=False)[value].agg(["mean", "size"])
    return by["mean"].where(by["size"] == results.groupby("table").repeat.nunique().max()).unstack(columns)


def slopes(loss: pd.DataFrame) -> pd.Series:
    """Change of the loss with each doubling of synthetic rows, in percent, of each table.

    Parameters
    ----------
    loss : pandas.DataFrame
        Tables by synthetic rows, 0 apart.
    """
    doublings = np.log2(np.array(loss.columns, float))
    found = {table: np.polyfit(doublings, np.log(line.to_numpy(float)), 1)[0] for table, line in loss.iterrows()}
    return 100 * np.expm1(pd.Series(found, dtype=float))


def beyond(results: pd.DataFrame) -> str:
    amounts = sorted(set(results.extra.astype(int)) - {0})
    rows = []
    for name in dict.fromkeys(results.method):
        own = over_draws(results[results.method == name], "extra").dropna()
        if not set(amounts) <= set(own.columns) or not len(own):
            continue
        each = slopes(own[amounts])
        told = f"{each.mean():+.1f} % ({each.min():+.1f} to {each.max():+.1f})" if len(amounts) > 1 else "-"
        rows.append([name, *(f"{change(own[amount], own[0]):+.1f} %" for amount in amounts), told])
    return markdown(["method", *(f"{amount:,} more" for amount in amounts), "each doubling"], rows)
