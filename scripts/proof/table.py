"""The results as Markdown: bars, every gain, the contenders side by side, garbage, and what selecting costs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from proof.contenders import OURS, PEERS, RANDOM, STRATIFIED
from proof.garbage import KINDS
from proof.sets import TUNED_ON
from proof.verdict import LEVEL, gains, mean_gain, rows_needed

SMALL, LARGE, KEPT, CLEAN = (0.03, 0.05, 0.1), (0.2, 0.3, 0.5), (0.3, 0.5, 0.7), (0.03, 0.05, 0.1, 0.2, 0.3)


def markdown(header: list[str], rows: Iterable[list[Any]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"


def percent(budget: float) -> str:
    return f"{100 * budget:g} %"


def write(results: pd.DataFrame) -> str:
    """Everything that `results` says."""
    clean = results[results.accuracy.notna()]
    dirty = results[results.accuracy.isna()]
    judging = clean[~clean.set.isin(TUNED_ON)]
    return "\n".join(
        [
            "## Bars\n",
            f"On the judging sets, {', '.join(sorted(judging.set.unique()))}; README says which choices saw them.\n",
            bars(judging, dirty[~dirty.set.isin(TUNED_ON)]),
            f"## Gain of {OURS} over random, in points of accuracy\n",
            "Mean over repeats. !: significantly below random (paired bootstrap over test rows alone, Holm-corrected "
            "over all cells of the table, 95 %).\n",
            gain_table(clean),
            "## Accuracy by budget, mean over judging sets and over those tuned on\n",
            mean_table(clean),
            "## All contenders at 10 %, in points over random\n",
            contender_table(clean),
            "## Garbage, 5 % mixed in: share of what is kept\n",
            garbage_table(dirty),
            "## Of what is kept at 10 %\n",
            kept_table(clean),
        ]
    )


def bars(judging: pd.DataFrame, dirty: pd.DataFrame) -> str:
    """What issue and README promise, and the number reached."""
    rows = []
    table = gains(judging, OURS, RANDOM)
    below = table[(table.p_below < LEVEL) & (table.gain < 0)]
    names = "; ".join(f"{r.set} {r.embedder} {percent(r.budget)}" for r in below.itertuples())
    rows.append(
        ["cells significantly below random", "0", f"{len(below)} of {len(table)}{': ' + names if names else ''}"]
    )
    for budgets, bar in ((SMALL, 3), (LARGE, 1)):
        mean, low, high = mean_gain(judging, OURS, RANDOM, list(budgets))
        what = f"mean gain over random at {percent(budgets[0])} to {percent(budgets[-1])}"
        rows.append([what, f"{bar} points", f"{mean:.1f} ({low:.1f} to {high:.1f})"])
    ahead = [f"{mean_gain(judging, OURS, STRATIFIED, [b])[0]:+.1f}" for b in sorted(table.budget.unique())]
    rows.append(["mean gain over random per cluster, budget by budget", "above 0", ", ".join(ahead)])
    own, random = rows_needed(judging, OURS), rows_needed(judging, RANDOM)
    if len(own):
        each = ", ".join(f"{k[0]} {k[2]} {own[k] / random[k]:.2f}" for k in own.index)
        rows.append(
            ["rows for 99 % of full accuracy, share of random's", "0.60", f"{(own / random).mean():.2f} ({each})"]
        )
    kept = (
        judging[(judging.contender == OURS) & judging.budget.isin(KEPT)].groupby("budget")[["boundary", "core"]].mean()
    )
    rates = ", ".join(f"{percent(b)}: {r.boundary / r.core:.2f}" for b, r in kept.iterrows())
    rows.append(["boundary rows kept as often as core rows", "1.4 times", rates])
    worst = dirty[(dirty.contender == OURS) & dirty.budget.isin(CLEAN)].groupby("set").garbage.max()
    shown = ", ".join(f"{name} {100 * share:.1f} %" for name, share in worst.items())
    rows.append(["garbage in what is kept, worst budget up to 30 %, 5 % mixed in", "1 %", shown])
    return markdown(["bar", "wanted", "reached"], rows)


def gain_table(clean: pd.DataFrame) -> str:
    table = gains(clean, OURS, RANDOM)
    budgets = sorted(table.budget.unique())
    rows = []
    for (name, label, embedder), group in table.groupby(["set", "label", "embedder"]):
        cells = {
            r.budget: f"{r.gain:+.1f}{'!' if r.p_below < LEVEL and r.gain < 0 else ''}" for r in group.itertuples()
        }
        tuned = " (tuned on)" if name in TUNED_ON else ""
        rows.append([f"{name}{tuned}", label, embedder, *(cells.get(b, "") for b in budgets)])
    return markdown(["set", "label", "vectors", *map(percent, budgets)], rows)


def mean_table(clean: pd.DataFrame) -> str:
    rows = []
    budgets = sorted(clean[clean.contender == OURS].budget.unique())
    everywhere = [n for n, g in clean.groupby("contender") if set(budgets) <= set(g.budget)]
    for sets, part in (("judging", clean[~clean.set.isin(TUNED_ON)]), ("tuned on", clean[clean.set.isin(TUNED_ON)])):
        for name in everywhere if len(part) else []:
            group = part[part.contender == name]
            for metric in ("accuracy", "macro_f1", "coverage"):
                means = group.groupby("budget")[metric].mean()
                rows.append([sets, name, metric, *(f"{100 * means[b]:.1f}" for b in budgets)])
    return markdown(["sets", "contender", "measure", *map(percent, budgets)], rows)


def contender_table(clean: pd.DataFrame) -> str:
    at = clean[clean.budget == 0.1]
    means = at.groupby(["contender", "set", "embedder"]).accuracy.mean()
    columns = sorted({key[1:] for key in means.index})
    order = sorted(means.index.levels[0], key=lambda n: (n != OURS, n in PEERS, n))
    rows = []
    for name in order:
        gain = [100 * (means.get((name, *c), np.nan) - means[RANDOM, *c]) for c in columns]
        rows.append([name, *("" if np.isnan(g) else f"{g:+.1f}" for g in gain), f"{np.nanmean(gain):+.1f}"])
    return markdown(["contender", *(f"{s} {e}" for s, e in columns), "mean"], rows)


def garbage_table(dirty: pd.DataFrame) -> str:
    rows = []
    budgets = sorted(b for b in dirty.budget.unique() if b in CLEAN)
    for (name, embedder, contender), group in dirty.groupby(["set", "embedder", "contender"]):
        if contender in (OURS, RANDOM):
            share = group.groupby("budget").garbage.mean()
            kinds = group[group.budget == budgets[-1]][list(KINDS)].mean()
            aside = percent(round(float(group.clean_set_aside.mean()), 3)) if contender == OURS else ""
            cells = [f"{100 * share[b]:.1f}" for b in budgets]
            rows.append([name, embedder, contender, *cells, *(f"{100 * kinds[k]:.1f}" for k in KINDS), aside])
    last = percent(budgets[-1]) if budgets else ""
    header = [
        "set",
        "vectors",
        "contender",
        *map(percent, budgets),
        *(f"{k} ({last})" for k in KINDS),
        "good rows set aside",
    ]
    return markdown(header, rows)


def kept_table(clean: pd.DataFrame) -> str:
    at = clean[clean.budget == 0.1].groupby("contender")
    means = at[["coverage", "near_duplicates", "boundary", "core", "seconds", "peak_mib"]].mean()
    rows = [
        [n, *(f"{100 * r[c]:.1f}" for c in means.columns[:4]), f"{r.seconds:.1f}", f"{r.peak_mib:.0f}"]
        for n, r in means.iterrows()
    ]
    header = ["contender", "covered %", "near duplicates %", "of boundary %", "of core %", "seconds", "peak MiB"]
    return markdown(header, rows)
