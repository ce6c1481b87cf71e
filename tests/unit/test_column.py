"""A score that came with the rows."""

import numpy as np
import pytest

from pipeline.budget import Budget
from pipeline.errors import ConfigError
from pipeline.run import curate
from pipeline.scorers.column import Column
from tests.conftest import toy_config


def test_a_column_is_a_score(tmp_path):
    given = [0.5, "1.5", 7, None, "", "good", float("nan"), 1e300, True]
    rows = [{"instruction": f"ask {i}", "output": f"say {i}", "stars": str(v) if v is not None else None}
            for i, v in enumerate(given)]  # fmt: skip
    run = curate(toy_config(tmp_path, rows, budget=Budget(rows=2), scorers={"quality": Column(column="stars")}))
    values = run.scores.columns["quality"]
    by_row = np.empty(len(rows), np.float32)
    by_row[run.space.corpus.index] = values
    assert by_row[:3].tolist() == [0.5, 1.5, 7] and np.isnan(by_row[3:]).all()
    assert run.scores.nulls["quality"] == {
        "nothing in the column": 2, "no number in the column": 2, "no finite number in the column": 2,
    }  # fmt: skip


def test_another_column_is_another_score_and_a_missing_one_is_refused(tmp_path):
    from datasets import Dataset

    from pipeline.sources.memory import Memory

    rows = [{"instruction": f"ask {i}", "output": f"say {i}", "stars": i} for i in range(12)]
    settings = {"budget": Budget(rows=2), "scorers": {"quality": Column(column="stars")}}
    for change in (0, 5):  # the same texts
        table = Dataset.from_list([{**row, "stars": row["stars"] + change} for row in rows])
        run = curate(toy_config(tmp_path, source=Memory(dataset=table), **settings))
        assert sorted(run.scores.columns["quality"]) == [i + change for i in range(12)]
    table = Dataset.from_list([{**row, "stars": "none"} for row in rows])
    with pytest.raises(ConfigError, match=r"column 'stars' holds no number in any row \(dataset row \d+.*'none'"):
        curate(toy_config(tmp_path, source=Memory(dataset=table), **settings))
    with pytest.raises(ConfigError, match="no column 'star'; its columns are"):
        curate(toy_config(tmp_path, rows, budget=Budget(rows=2), scorers={"quality": Column(column="star")}))
