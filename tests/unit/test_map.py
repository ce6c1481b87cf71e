"""The map of a corpus says how many rows of each kind it shows."""

import re

import numpy as np

from pipeline.arrays import BOUNDARY, CORE
from pipeline.report.map import draw
from pipeline.run import curate
from tests.conftest import toy_config


def test_the_legend_counts_the_points(tmp_path):
    run = curate(toy_config(tmp_path / "cache"))
    svg = draw(run)
    legend = {name: int(count) for name, count in re.findall(r">([a-z, ]+) \((\d+)\)</text>", svg)}
    kept, region = run.selection.kept, run.scores.region
    counts = {
        "dropped": ~kept,
        "kept, core": kept & (region == CORE),
        "kept, boundary": kept & (region == BOUNDARY),
        "kept, other": kept & (region != CORE) & (region != BOUNDARY),
    }
    assert legend == {name: int(np.sum(rows)) for name, rows in counts.items() if rows.any()}
    assert svg.count("<circle") == sum(legend.values()) + len(legend)  # one of each is in the legend
