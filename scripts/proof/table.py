"""The results as Markdown: bars, every gain, the contenders side by side, garbage, and what selecting costs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from proof.contenders import OURS, PEERS, RANDOM, STRATIFIED
from proof.garbage import MIXES
from proof.probe import GRID
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
            f"On the judging sets, {', '.join(sorted(judging.set.unique()))}; README says which choices saw them.\n"
            "Gains are means of the sets; their intervals (95 %) are over test rows and repeats.\n",
            bars(judging, dirty[~dirty.set.isin(TUNED_ON)]),
            f"## Gain of {OURS} over random, in points of accuracy\n",
            "Mean over repeats. !: significantly below random (paired bootstrap over test rows, Holm-corrected over\n"
            "the judging sets and over those tuned on, 95 %). Repeats are not resampled: what differs from one\n"
            "subsample to the next may be marked, too.\n",
            gain_table(clean),
            "## Accuracy by budget, mean over judging sets and over those tuned on\n",
            mean_table(clean),
            "## All contenders at 10 %, in points over random\n",
            "On the right: means of the columns of judging sets, of those tuned on, and of those that all have.\n",
            contender_table(clean),
            "## Garbage, 5 % mixed in: share of what is kept\n",
            "Good rows aside: ordered last; waiting: until a larger share of the budget is taken.\n",
            "\n".join(garbage_table(dirty[dirty.mix == mix], kinds) for mix, kinds in MIXES.items() if "mix" in dirty),
            "## Of what is kept at 10 %, on the sets that all contenders have\n",
            kept_table(clean),
            f"The probe's C was the least or the largest that it may be in {ends(clean)} of the fits.\n",
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
    for worst in table.sort_values("gain").head(1).itertuples():
        where = f"{worst.set} {worst.embedder} {percent(worst.budget)}: {worst.gain:+.1f}"
        rows.append(["cells below random at all, and the lowest", "", f"{int((table.gain < 0).sum())}; {where}"])
    for budgets, bar in ((SMALL, 3), (LARGE, 1)):
        mean, low, high = mean_gain(judging, OURS, RANDOM, list(budgets))
        what = f"mean gain over random at {percent(budgets[0])} to {percent(budgets[-1])}"
        rows.append([what, f"{bar} points", f"{mean:.1f} ({low:.1f} to {high:.1f})"])
    ahead = [f"{mean_gain(judging, OURS, STRATIFIED, [b])[0]:+.1f}" for b in sorted(table.budget.unique())]
    rows.append(["mean gain over random per cluster, budget by budget", "above 0", ", ".join(ahead)])
    needed = rows_needed(judging, OURS) / rows_needed(judging, RANDOM)
    if len(needed):
        mean = needed.groupby(level=0).mean().mean()
        each = ", ".join(f"{k[0]} {k[2]} {share:.2f}" for k, share in needed.items())
        rows.append(["rows for 99 % of full accuracy, share of random's", "0.60", f"{mean:.2f} ({each})"])
    kept = over_sets(judging[(judging.contender == OURS) & judging.budget.isin(KEPT)], ["boundary", "core"])
    rates = ", ".join(f"{percent(b)}: {r.boundary / r.core:.2f}" for b, r in kept.iterrows())
    rows.append(["boundary rows kept as often as core rows", "1.4 times", rates])
    if "mix" in dirty:
        dirty = dirty[(dirty.mix == "known") & (dirty.contender == OURS) & dirty.budget.isin(CLEAN)]
        share = dirty.groupby(["set", "embedder", "budget"]).garbage.mean()
        shown = ", ".join(f"{name} {100 * worst:.1f} %" for name, worst in share.groupby("set").max().items())
        met = f"{int((share <= 0.01).sum())} of {len(share)} cells within; worst: {shown}"
        rows.append(["garbage in what is kept at budgets up to 30 %, 5 % mixed in", "1 %", met])
    return markdown(["bar", "wanted", "reached"], rows)


def over_sets(results: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Means by budget in which every set has the same weight."""
    return results.groupby(["budget", "set"])[columns].mean().groupby("budget").mean()


def ends(clean: pd.DataFrame) -> str:
    """Share of the probes whose penalty is at an end of the grid."""
    return f"{100 * clean.C.dropna().isin([GRID[0], GRID[-1]]).mean():.0f} %"


def gain_table(clean: pd.DataFrame) -> str:
    tuned = clean.set.isin(TUNED_ON)
    table = pd.concat([gains(clean[part], OURS, RANDOM) for part in (~tuned, tuned) if part.any()])
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
            means = over_sets(group, ["accuracy", "macro_f1", "coverage"])
            for metric in means:
                rows.append([sets, name, metric, *(f"{100 * means[metric][b]:.1f}" for b in budgets)])
    return markdown(["sets", "contender", "measure", *map(percent, budgets)], rows)


def shared_by_all(at: pd.DataFrame) -> pd.DataFrame:
    """Results of the sets and embedders that every contender has."""
    return at[at.groupby(["set", "embedder"]).contender.transform("nunique") == at.contender.nunique()]


def contender_table(clean: pd.DataFrame) -> str:
    at = clean[(clean.budget == 0.1) & (clean.contender != "all")]
    means = at.groupby(["contender", "set", "embedder"]).accuracy.mean()
    columns = sorted({key[1:] for key in means.index})
    parts = {
        "judging": [c for c in columns if c[0] not in TUNED_ON],
        "tuned on": [c for c in columns if c[0] in TUNED_ON],
        "all have": sorted(set(shared_by_all(at)[["set", "embedder"]].itertuples(index=False, name=None))),
    }
    order = sorted(means.index.levels[0], key=lambda n: (n != OURS, n in PEERS, n))
    rows = []
    for name in order:
        gain = {c: 100 * (means.get((name, *c), np.nan) - means[RANDOM, *c]) for c in columns}
        mean = [np.mean([gain[c] for c in part]) if part else np.nan for part in parts.values()]
        rows.append([name, *("" if np.isnan(g) else f"{g:+.1f}" for g in [*gain.values(), *mean])])
    return markdown(["contender", *(f"{s} {e}" for s, e in columns), *parts], rows)


def garbage_table(dirty: pd.DataFrame, kinds: tuple[str, ...]) -> str:
    rows = []
    budgets = sorted(b for b in dirty.budget.unique() if b in CLEAN)
    if not budgets:
        return ""
    for (name, embedder, contender), group in dirty.groupby(["set", "embedder", "contender"]):
        if contender in (OURS, RANDOM):
            share = group.groupby("budget").garbage.mean()
            each = group[group.budget == budgets[-1]][list(kinds)].mean()
            good = [group.clean_set_aside.mean(), group.clean_waiting.mean()] if contender == OURS else []
            cells = [*(share[b] for b in budgets), *(each[k] for k in kinds), *good]
            rows.append([name, embedder, contender, *(f"{100 * c:.1f}" for c in cells), *[""] * (2 - len(good))])
    last = percent(budgets[-1])
    shown = [*map(percent, budgets), *(f"{k} ({last})" for k in kinds)]
    return markdown(["set", "vectors", "contender", *shown, "good rows aside", "waiting"], rows)


def kept_table(clean: pd.DataFrame) -> str:
    at = clean[(clean.budget == 0.1) & (clean.contender != "all")]
    means = (
        shared_by_all(at)
        .groupby("contender")[["coverage", "near_duplicates", "boundary", "core", "seconds", "peak_mib"]]
        .mean()
    )
    rows = [
        [n, *(f"{100 * r[c]:.1f}" for c in means.columns[:4]), f"{r.seconds:.1f}", f"{r.peak_mib:.0f}"]
        for n, r in means.iterrows()
    ]
    header = ["contender", "covered %", "near duplicates %", "of boundary %", "of core %", "seconds", "peak MiB"]
    return markdown(header, rows)
