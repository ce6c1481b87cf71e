"""Which written rows go into which table of a product."""

from types import SimpleNamespace

import numpy as np
import pytest
from datasets import Dataset

from pipeline.arrays import Additions, TopUp
from pipeline.arrays.additions import Candidate
from pipeline.errors import ConfigError
from pipeline.sinks.synthetic import Synthetic, beside, require_free, tables


def written(source, text, weight=1.0, reason="accepted", border=None):
    return Candidate({"text": text}, source, 1, ["p"], "hash", text, reason, weight, border)


@pytest.fixture
def run():
    """Sources 0 and 1 have one schema, 2 another; bin 1 is thin."""
    real = [Dataset.from_dict({"text": [f"{s}{i}" for i in range(3)]}) for s in range(2)]
    real.append(Dataset.from_dict({"text": ["20", "21"], "more": [1, 2]}))
    count = np.array([2, 2])
    topup = TopUp(np.empty(0, np.int64), np.array([0, 1, 1, 0]), np.array(["a", "b"]), count, count, 0 * count, count,
                  np.array([1.0, 2.5]))  # fmt: skip
    made = [written(0, "new0"), written(2, "new2", border="a"), written(1, "new1", weight=0.5),
            written(1, "bad", reason="length")]  # fmt: skip
    inputs = SimpleNamespace(source=np.array([0, 0, 0, 1, 1, 1, 2, 2]), distinct=np.array([0, 1, 1, 2, 2, 2, 3, 3]))
    corpus = SimpleNamespace(tables=real, inputs=inputs, names=["x", "y", "z"])
    return SimpleNamespace(space=SimpleNamespace(corpus=corpus), topup=topup, additions=Additions("m", made))


def test_mixed_rows_stand_behind_those_of_their_columns(run):
    one, two, three = run.space.corpus.tables
    shared = beside([(one, np.array([0, 1, 2])), (two, np.array([3, 4, 5]))], run, Synthetic.mixed)
    assert [part["text"][:] for part in shared] == [["00", "01", "02"], ["10", "11", "12"], ["new0", "new1"]]
    assert [part["sample_weight"][:] for part in shared] == [[1.0, 2.5, 2.5], [2.5, 2.5, 2.5], [1.0, 0.5]]
    (real, made) = beside([(three, np.array([6, 7]))], run, Synthetic.mixed)
    assert made["text"][:] == ["new2"] and made["more"][:] == [None] and made["synthetic_border"][:] == ["a"]
    assert real["sample_weight"][:] == [1.0, 1.0] and real["synthetic_id"][:] == [None, None]


def test_rows_apart_are_a_table_a_source_and_every_candidate_is_told(run):
    found = tables(run, {"synthetic"}, str, Synthetic.separate)
    assert {name: part["text"][:] for name, part in found.items() if name != "candidates"} == {
        "synthetic-1": ["new0"], "synthetic-2": ["new1"], "synthetic-3": ["new2"]
    }  # fmt: skip
    assert found["synthetic-2"]["sample_weight"][:] == [0.5] and found["synthetic-3"]["synthetic_border"][:] == ["a"]
    assert found["candidates"]["reason"][:] == ["accepted", "accepted", "accepted", "length"]
    assert found["candidates"]["border"][:] == [None, "a", None, None]
    assert set(tables(run, set(), str, Synthetic.mixed)) == {"candidates"}
    assert tables(run, set(), str, Synthetic.none) == {}


def test_a_column_of_ours_is_refused(run):
    require_free(run.space.corpus)
    run.space.corpus.tables[1] = Dataset.from_dict({"text": ["x"], "synthetic_bin": ["y"]})
    with pytest.raises(ConfigError, match="y has a column 'synthetic_bin'"):
        require_free(run.space.corpus)


def test_what_adds_columns_takes_no_split_along_and_no_column_of_its_name(run):
    from pipeline.sinks.disk import Disk

    mixed = Disk(path="out", synthetic=Synthetic.mixed)
    with pytest.raises(ConfigError, match=r"'test' along as it is, but sink\.synthetic=mixed changes rows"):
        mixed.accept(run.space.corpus, ["test"])
    mixed.accept(run.space.corpus, [])
    run.space.corpus.tables[0] = Dataset.from_dict({"sample_weight": [1]})
    with pytest.raises(ConfigError, match="x has a column 'sample_weight'"):
        mixed.accept(run.space.corpus, [])
