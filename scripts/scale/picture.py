"""Seconds of each stage and the bound, memory and what was expected of it, against rows."""

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
    time.plot(rows, [one["selecting"] for one in found], color="#222222", lw=2, label="all of these")
    time.plot(rows, [one["bound"] for one in found], color="#222222", lw=1, ls=":", label="their products alone")
    lines = {
        "the whole command": ("-", [one["peak"] / 1024 for one in found]),
        "expected by a dry run": ("--", [one["expected"][1] / 1024 for one in found]),
        "the vectors, on disk": (":", [4 * one["rows"] * one["dimensions"] / 2**30 for one in found]),
    }
    for label, (style, values) in lines.items():
        memory.plot(rows, values, color="#222222", lw=1.2, ls=style, label=label)
    for axis, what in ((time, "seconds"), (memory, "peak memory, GiB")):
        axis.set(xscale="log", yscale="log", xlabel="rows", ylabel=what)
        axis.set_ylim(top=8 * axis.get_ylim()[1] if axis is time else None)
        axis.grid(alpha=0.25, lw=0.5)
        axis.legend(fontsize=7, frameon=False, loc="upper left", ncols=2 if axis is time else 1)
    figure.tight_layout()
    figure.savefig(path, dpi=110, metadata={"Software": None})
    pyplot.close(figure)
