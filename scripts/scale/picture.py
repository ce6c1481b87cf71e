"""Seconds and memory against rows, a line a stage, and the bound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

from scale.tables import SELECTING

COLOURS = dict(zip(SELECTING, ("#4477aa", "#cc3311", "#228833", "#ccbb44", "#aa3377", "#66ccee"), strict=True))


def draw(found: list[dict[str, Any]], path: Path) -> None:
    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = [one["rows"] for one in found]
    figure, (time, memory) = pyplot.subplots(1, 2, figsize=(9, 3.6))
    for name, colour in COLOURS.items():
        time.plot(rows, [one["stages"][name][0] for one in found], color=colour, lw=1.2, label=name)
        memory.plot(rows, [one["stages"][name][1] / 1024 for one in found], color=colour, lw=1.2, label=name)
    time.plot(rows, [one["selecting"] for one in found], color="#222222", lw=2, label="all of these")
    time.plot(rows, [one["bound"] for one in found], color="#222222", lw=1, ls=":", label="their products alone")
    vectors = [4 * one["rows"] * one["dimensions"] / 2**30 for one in found]
    memory.plot(rows, vectors, color="#222222", lw=1, ls=":", label="the vectors, on disk")
    for axis, what in ((time, "seconds"), (memory, "peak memory, GiB")):
        axis.set(xscale="log", yscale="log", xlabel="rows", ylabel=what)
        axis.grid(alpha=0.25, lw=0.5)
        axis.legend(fontsize=7, frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=110, metadata={"Software": None})
    pyplot.close(figure)
