import pickle

import numpy as np
import pyarrow as pa
import pytest

from pipeline.arrays import Texts
from pipeline.sources.intake import TURNS


@pytest.fixture
def turns(tmp_path):
    """40 rows of none to four turns, in batches of seven."""
    rng = np.random.default_rng(0)
    rows = [[(int(rng.integers(3)), f"row {i} turn {t}") for t in range(i % 5)] for i in range(40)]
    with pa.OSFile(str(tmp_path / "turns.arrow"), "wb") as sink, pa.ipc.new_stream(sink, TURNS) as writer:
        for start in range(0, 40, 7):
            part = rows[start : start + 7]
            columns = {"role": [[r for r, _ in row] for row in part], "text": [[t for _, t in row] for row in part]}
            writer.write_table(pa.table(columns, schema=TURNS))
    return str(tmp_path / "turns.arrow"), rows


def said(row, part):
    speaks = {"conversation": (0, 1, 2), "instruction": (0,), "response": (1,)}[part]
    return "\n".join(text for role, text in row if role in speaks)


@pytest.mark.parametrize("part", ["conversation", "instruction", "response"])
def test_texts_are_those_of_the_rows(turns, part):
    path, rows = turns
    chosen = np.random.default_rng(1).integers(0, 40, 60)  # some more than once, in no order
    for texts, order in ((Texts(path), range(40)), (Texts(path, chosen), chosen)):
        assert len(texts) == len(order)
        for start, stop in ((0, len(order)), (5, 6), (13, 31), (8, 8), (35, 99)):
            expected = [said(rows[i], part) for i in list(order)[start:stop]]
            assert texts.read(start, stop, part) == expected
            assert pickle.loads(pickle.dumps(texts)).read(start, stop, part) == expected
