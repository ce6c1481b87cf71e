"""Difference to random against budget, an interval for each arm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from sft.arms import OURS, RANDOM, named
from sft.verdict import MACRO, difference

FAR = 0.2  # nats a token
COLOURS = {
    OURS: "#cc3311",
    "stratified": "#4477aa",
    "longest": "#999933",
    "border": "#aa4499",
    "coverage": "#228833",
    "matched": "#ddaa33",
    "herding, temper 1": "#ee7733",
    "herding alone": "#66ccee",
}


def draw(found: list[dict[str, Any]], arms: list[str], budgets: list[float], path: Path) -> None:
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(6.4, 3.4))
    others = [arm for arm in arms if arm != RANDOM]
    for at, arm in enumerate(others):
        means, lows, highs = np.array([difference(found, arm, budget, MACRO) for budget in budgets]).T
        place = np.arange(len(budgets)) + (at - (len(others) - 1) / 2) * 0.12
        wide = np.stack([means - lows, highs - means])
        axis.errorbar(place, means, wide, fmt="o", ms=4, lw=1.2, capsize=2, color=COLOURS.get(arm), label=arm)
    axis.axhline(0, color="#7b8490", lw=1, label=RANDOM)
    axis.set_xticks(range(len(budgets)), list(map(named, budgets)))
    if max(axis.get_ylim()) > FAR:  # what is so far above random would leave no room for what is near
        axis.set_yscale("symlog", linthresh=FAR / 4)
    axis.set_ylabel("loss to random, nats a token", fontsize=9)
    axis.set_xlabel("budget, of the pool's tokens" if max(budgets) < 1 else "budget", fontsize=9)
    axis.grid(alpha=0.25, lw=0.5)
    axis.legend(frameon=False, fontsize=8, ncols=3)
    figure.tight_layout()
    figure.savefig(path, dpi=110, metadata={"Software": None})
    pyplot.close(figure)
