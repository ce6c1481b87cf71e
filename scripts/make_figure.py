"""Draw the method on 150 points of a sphere, with the library's own code: scripts/figures/method.png."""

from __future__ import annotations

import tempfile
from pathlib import Path

import matplotlib
import numpy as np
from datasets import Dataset
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.arrays import BOUNDARY, CORE, OUTLIER, Categories
from pipeline.bins.categorizers import OneCategory
from pipeline.bins.clusterers import SphericalKMeans
from pipeline.budget import Budget
from pipeline.config import Config, default_scorers
from pipeline.embedders.precomputed import Precomputed
from pipeline.executors import Serial
from pipeline.report.coverage import compare
from pipeline.run import Run, curate
from pipeline.selectors.apportion import apportion
from pipeline.selectors.baselines import Random, Stratified
from pipeline.selectors.herding import Herding
from pipeline.sources.memory import Memory

FIGURE = Path(__file__).parent / "figures" / "method.png"
KEPT, SEEDS, WIDE = 0.2, 50, 0.97
INK, GREY = "#222222", "#7b8490"
REGIONS = {CORE: ("core", "#4477aa"), BOUNDARY: ("boundary", "#ee7733"), OUTLIER: ("outlier", "#999999")}


def points() -> np.ndarray:
    """Three clusters of unlike size, dense inside and sparse outside, and three rows that no one is near."""
    random = np.random.default_rng(5)
    parts = [[[-0.88, 0.72], [0.9, 0.68], [0.42, -0.9]]]
    for size, (x, y), spread in ((66, (-0.1, 0.5), 0.21), (48, (-0.42, -0.3), 0.17), (33, (0.48, -0.2), 0.15)):
        parts.append([x, y] + spread * random.standard_normal((size, 2)))
    return np.concatenate(parts)


def lift(flat: np.ndarray) -> np.ndarray:
    """From the map to the sphere; Lambert's map, so that equal areas of the sphere look equal."""
    square = (flat**2).sum(axis=-1, keepdims=True)
    return np.concatenate([flat * np.sqrt(1 - square / 4), 1 - square / 2], axis=-1)


def flatten(sphere: np.ndarray) -> np.ndarray:
    """From the sphere to the map."""
    return sphere[:, :2] * np.sqrt(2 / (1 + sphere[:, 2:]))


def run(vectors: np.ndarray, folder: Path) -> Run:
    """What ``corebound`` does, on these vectors."""
    np.save(folder / "vectors.npy", vectors)
    rows = Dataset.from_list([{"instruction": f"row {i}", "output": "-"} for i in range(len(vectors))])
    source, embedder = Memory(dataset=rows), Precomputed(path=str(folder / "vectors.npy"))
    bins = {"categorizer": OneCategory(), "clusterer": SphericalKMeans(size=len(vectors) // 3)}
    how = {"selector": Herding(), "executor": Serial(), "cache_dir": str(folder / "cache")}
    scorers, budget = default_scorers(), Budget(fraction=KEPT)
    return curate(Config(source=source, embedder=embedder, **bins, scorers=scorers, budget=budget, **how))


def draw_surfaces(axes: Axes, done: Run) -> None:
    """Where two means are equally near: a plane through the centre of the sphere, so on the map a curve."""
    side = np.linspace(-WIDE, WIDE, 600)
    nearest = (lift(np.stack(np.meshgrid(side, side), axis=-1)) @ done.space.bins.centroids.T).argmax(axis=-1)
    for number in range(len(done.space.bins.centroids)):
        axes.contour(side, side, nearest == number, levels=[0.5], colors=INK, linewidths=1, zorder=0)
    axes.set(xlim=(-WIDE, WIDE), ylim=(-WIDE, WIDE), aspect="equal")
    axes.axis("off")


def draw_regions(axes: Axes, done: Run) -> None:
    at = flatten(done.space.embeddings.vectors)
    draw_surfaces(axes, done)
    for code, (name, colour) in REGIONS.items():
        here = at[done.scores.region == code]
        axes.scatter(*here.T, s=34, c=colour, marker="X" if code == OUTLIER else "o", lw=0, label=name)
    axes.scatter(*flatten(done.space.bins.centroids).T, s=110, c=INK, marker="+", lw=2, label="cluster mean")
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "ncols": 4}
    axes.legend(**below, frameon=False, handletextpad=0.1, columnspacing=1.2)


def draw_order(axes: Axes, done: Run) -> None:
    at, kept = flatten(done.space.embeddings.vectors), done.selection.kept
    draw_surfaces(axes, done)
    for row in np.flatnonzero(~kept & ~done.scores.aside):
        axes.plot(*at[[row, done.selection.stand_in[row]]].T, c=GREY, lw=0.9, zorder=1)
    shade = {"cmap": matplotlib.colormaps["viridis"], "vmin": 0, "vmax": 1}
    rank = done.order.rank / len(at)
    axes.scatter(*at[~kept].T, s=20, c=rank[~kept], **shade, lw=0, zorder=2)
    dots = axes.scatter(*at[kept].T, s=80, c=rank[kept], **shade, ec=INK, lw=1.2, zorder=3)
    bar = axes.figure.colorbar(dots, cax=axes.inset_axes([0.08, -0.04, 0.84, 0.03]), orientation="horizontal")
    bar.set_ticks([0, KEPT, 1], labels=["first", f"cut at {KEPT:.0%}", "last"])
    bar.outline.set_visible(False)
    bar.ax.axvline(KEPT, c="white", lw=2)


def draw_coverage(axes: Axes, done: Run) -> None:
    n = len(done.space)
    one, plain = Categories(np.zeros(n, np.int32), np.array(["all"])), done.demand.plain()
    sizes = np.arange(1, n + 1, 2)

    def curve(rank: np.ndarray) -> list[float]:
        subsets = {str(size): rank < size for size in sizes}
        return [m.coverage for m in compare(subsets, done.space, done.scores, done.demand, done.similarity).values()]

    def mean(selector: Random | Stratified) -> np.ndarray:
        ranked = (selector.rank(done.space, done.scores, plain, Serial(), seed) for seed in range(SEEDS))
        return np.mean([curve(apportion(r, done.space.bins, one, plain).rank) for r in ranked], axis=0)

    axes.axvline(100 * KEPT, c=INK, lw=1, zorder=0)
    for name, covered, colour, style in (
        ("selected", np.array(curve(done.order.rank)), "#228833", "-"),
        ("random per cluster", mean(Stratified()), GREY, "-"),
        ("random", mean(Random()), INK, ":"),
    ):
        axes.plot(100 * sizes / n, 100 * covered, c=colour, ls=style, lw=2.2, label=name)
    axes.set(xlim=(0, 100), ylim=(0, 101), xlabel="budget, % of rows", ylabel="rows covered, %", box_aspect=0.94)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="lower right", frameon=False)


PANELS = {
    draw_regions: "a   Rows are clustered. The 40 % of a cluster nearest\n     to a decision surface are its boundary.",
    draw_order: "b   All rows stand in one order. A budget keeps its\n"
    "     start; each dropped row has a kept stand-in.",
    draw_coverage: "c   Rows that have a kept row near enough,\n     at every budget (random: mean of 50 draws).",
}


def main() -> None:
    matplotlib.rcParams.update({"font.size": 11, "axes.titlesize": 11.5, "text.color": INK})
    figure = Figure(figsize=(14, 5.1), layout="constrained")
    with tempfile.TemporaryDirectory() as folder:
        done = run(lift(points()), Path(folder))
        for axes, (draw, title) in zip(figure.subplots(1, 3), PANELS.items(), strict=True):
            draw(axes, done)
            axes.set_title(title, loc="left")
            axes.set_anchor("N")
    FIGURE.parent.mkdir(exist_ok=True)
    figure.savefig(FIGURE, dpi=100)
    print(FIGURE)


if __name__ == "__main__":
    main()
