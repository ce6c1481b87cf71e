"""LASER's sampling: preferred rows of many clusters, then preferred rows."""

import numpy as np
import pytest

from pipeline.bins.categorizers import ColumnCategory, OneCategory
from pipeline.budget import Budget
from pipeline.errors import ConfigError
from pipeline.report.scores import score_rows
from pipeline.report.summary import show
from pipeline.run import curate
from pipeline.scorers.heuristic import Heuristic
from pipeline.scorers.lexical import Lexical
from pipeline.selectors.laser import Laser
from tests.conftest import toy_config

SCORERS = {"quality": Heuristic(), "difficulty": Lexical()}


def run(folder, **changes):
    settings = {"scorers": SCORERS, "selector": Laser(rows=20), "categorizer": ColumnCategory(column="task")}
    return curate(toy_config(folder, changes.pop("rows", None), **{**settings, **changes}))


def test_categories_get_their_shares(tmp_path):
    shares = {"travel": 3.0, "coding": 1.0, "geography": 1.0}
    found = run(tmp_path, budget=Budget(rows=15, shares=shares), selector=Laser(rows=15, shares=shares))
    names = found.space.bins.category_name[found.space.bins.category[found.selection.kept]]
    assert {name: int((names == name).sum()) for name in shares} == {"travel": 9, "coding": 3, "geography": 3}


def test_what_no_cluster_gives_comes_by_preference(tmp_path):
    found = run(tmp_path, selector=Laser(rows=20, percentile=100))
    preference, bins = found.scores.columns["preference"], found.space.bins
    for code in range(len(bins.category_name)):
        rows = found.order.rows[bins.category[found.order.rows] == code]
        rows = rows[found.order.tier[rows] == 1]
        assert (np.diff(preference[rows]) <= 0).all()


HARD = "quartz zephyr lattice umbra cobalt fjord glyph nimbus onyx sphinx".split()


@pytest.mark.parametrize(("percentile", "easy"), [(0, 1), (100, 0)])
def test_the_best_of_each_cluster_comes_first_where_the_percentile_lets_it(tmp_path, percentile, easy):
    hard = [(f"Explain at length how a {word} bends {word}like light", f"A {word} bends.") for word in HARD]
    rows = [{"instruction": asked, "output": said} for asked, said in hard]
    easier = [f"Say hello to number {i}{' again' * (i == 3)}" for i in range(10)]
    rows += [{"instruction": asked, "output": f"Hello, {i}."} for i, asked in enumerate(easier)]
    found = run(
        tmp_path, rows=rows, categorizer=OneCategory(), budget=Budget(rows=2),
        selector=Laser(rows=2, percentile=percentile),
    )  # fmt: skip
    kept = np.flatnonzero(found.selection.kept)
    asked = found.space.corpus.texts.of(kept)
    assert sum("hello" in text.lower() for text in asked) == easy


def test_it_says_what_it_needs(tmp_path):
    with pytest.raises(ConfigError, match="preference, which needs scorers 'quality' and 'difficulty'"):
        run(tmp_path, scorers={})
    with pytest.raises(ConfigError, match=r"selector\.rows is not set"):
        run(tmp_path, selector=Laser())
    with pytest.raises(ConfigError, match=r"selector\.shares\.a is nan"):
        Laser(shares={"a": float("nan")})
    with pytest.raises(ConfigError, match="all 0"):
        Laser(shares={"a": 0})
    with pytest.raises(ConfigError, match="percentile is 101"):
        Laser(percentile=101)


def test_the_summary_says_how_scores_are_distributed_and_what_is_kept(tmp_path, capsys):
    found = run(tmp_path)
    rows = {row["name"]: row for row in score_rows(found)}
    assert {"quality", "quality_truncation", "difficulty", "preference"} <= rows.keys()
    assert not {"margin", "density"} & rows.keys()
    assert rows["preference"]["kept"] > rows["preference"]["dropped"]
    assert rows["difficulty"]["p10"] <= rows["difficulty"]["p50"] <= rows["difficulty"]["p90"]
    show(found)
    assert "quality_truncation" in capsys.readouterr().out


def test_top_keeps_the_highest_scores_and_rows_without_one_last(tmp_path):
    from pipeline.scorers.column import Column
    from pipeline.selectors.baselines import Top

    rows = [{"instruction": f"ask {i}", "output": f"say {i}", "stars": None if i % 5 == 0 else i} for i in range(30)]
    for size, wanted in ((4, {29, 28, 27, 26}), (24, {i for i in range(30) if i % 5})):
        found = curate(toy_config(tmp_path, rows, scorers={"quality": Column(column="stars")},
                                  selector=Top(score="quality"), budget=Budget(rows=size)))  # fmt: skip
        assert set(found.space.corpus.index[found.selection.kept]) == wanted
    for score in ("qualty", "quality_code", "preference"):
        with pytest.raises(ConfigError, match=f"selector.score={score} is no score of this run, which has quality"):
            curate(toy_config(tmp_path, rows, scorers={"quality": Column(column="stars")}, selector=Top(score=score)))
