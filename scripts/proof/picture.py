"""Accuracy against budget, a line a contender, bands over repeats."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

from proof.contenders import OURS, RANDOM, STRATIFIED

COLOURS = {OURS: "#cc3311", RANDOM: "#7b8490", STRATIFIED: "#4477aa", "coverage": "#228833"}


def draw(results: pd.DataFrame, path: Path) -> None:
    matplotlib.use("Agg")
    from matplotlib import pyplot

    clean = results[results.accuracy.notna()]
    panels = list(clean.groupby(["set", "label", "embedder"]))
    wide = min(5, len(panels))
    figure, axes = pyplot.subplots(-(-len(panels) // wide), wide, figsize=(3.1 * wide, 2.5 * -(-len(panels) // wide)))
    for axis in np.atleast_1d(axes).flat:
        axis.axis("off")
    for axis, ((name, label, embedder), group) in zip(np.atleast_1d(axes).flat, panels, strict=False):
        axis.axis("on")
        for contender, colour in COLOURS.items():
            spread = group[group.contender == contender].groupby("budget").accuracy.agg(["mean", "min", "max"])
            axis.plot(spread.index, spread["mean"], color=colour, lw=1.4, label=contender)
            axis.fill_between(spread.index, spread["min"], spread["max"], color=colour, alpha=0.18, lw=0)
        full = group[group.contender == "all"].accuracy.mean()
        axis.axhline(full, color="#222222", lw=0.7, ls=":", label="all rows")
        axis.set(xscale="log", title=f"{name}, {label}, {embedder}")
        axis.title.set_fontsize(8)
        ticks = sorted(group[group.contender == OURS].budget.unique())
        axis.set_xticks(ticks, [f"{100 * b:g}" for b in ticks], fontsize=7)
        axis.minorticks_off()
        axis.tick_params(axis="y", labelsize=7)
        axis.grid(alpha=0.25, lw=0.5)
    handles, names = np.atleast_1d(axes).flat[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="lower center", ncols=len(names), frameon=False, fontsize=9)
    figure.supylabel("accuracy of the probe", fontsize=9)
    figure.tight_layout(rect=(0, 0.05, 1, 1))
    figure.savefig(path, dpi=110, metadata={"Software": None})
    pyplot.close(figure)
