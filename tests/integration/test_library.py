"""``pipeline.select`` on datasets as users have them."""

import datetime

import pytest
from datasets import Dataset, DatasetDict, Features, Image, Value

from pipeline import select
from pipeline.errors import PipelineError
from tests.conftest import toy_rows


def test_indices_and_formats_are_respected():
    whole = Dataset.from_list(toy_rows())
    part = whole.shuffle(seed=3).filter(lambda row: row["task"] != "coding").with_format("numpy")
    kept, ledger = select(part, rows=10, ledger=True)
    assert len(kept) == 10 and len(ledger) == len(part) == 48
    assert "coding" not in set(kept.with_format(None)["task"])
    rows = [i for i, d in zip(ledger["row"], ledger["decision"], strict=True) if d == "kept"]
    assert kept.with_format(None)[:] == part.with_format(None).select(rows)[:]


def test_columns_that_json_has_not_are_left_alone(tmp_path):
    from PIL import Image as Pillow

    path = tmp_path / "dot.png"
    Pillow.new("RGB", (2, 2)).save(path)
    rows = [
        {**row, "when": datetime.datetime(2024, 1, 1), "raw": b"\x00\xff", "picture": str(path)} for row in toy_rows()
    ]
    features = Features(
        {**{name: Value("string") for name in toy_rows()[0]}, "when": Value("timestamp[us]"), "raw": Value("binary"),
         "picture": Image()}
    )  # fmt: skip
    kept = select(Dataset.from_list(rows, features=features), rows=5)
    assert kept.features == features and kept[0]["picture"].size == (2, 2)


@pytest.mark.parametrize(
    "size", [{"rows": "20"}, {"rows": 20.0}, {"rows": True}, {"fraction": "0.2"}, {}, {"rows": 61}]
)
def test_sizes_that_make_no_sense_are_refused(size):
    with pytest.raises(PipelineError):
        select(Dataset.from_list(toy_rows()), **size)


def test_a_dataset_dict_is_refused_with_advice():
    with pytest.raises(PipelineError, match="one split of a DatasetDict"):
        select(DatasetDict(train=Dataset.from_list(toy_rows())), rows=5)
