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


def test_a_column_that_is_not_there_is_not_one_of_nulls(tmp_path):
    rows = Dataset.from_list([{"instruction": f"q{i}", "output": None} for i in range(20)])
    assert len(select(rows, rows=5, cache_dir=str(tmp_path))) == 5
    with pytest.raises(PipelineError, match="no known shape"):
        select(rows.remove_columns("output"), rows=5, cache_dir=str(tmp_path))


def test_bad_rows_can_be_skipped_and_columns_named(tmp_path):
    rows = [{"Q": f"What is {i}?", "A": f"{i}"} for i in range(30)]
    rows[7]["Q"] = ""
    dataset = Dataset.from_list(rows)
    columns = {"question": "Q", "answer": "A"}
    with pytest.raises(PipelineError, match=r"dataset row 7 \(from 0\): 'question' is empty"):
        select(dataset, rows=29, columns=columns, cache_dir=str(tmp_path))
    kept, ledger = select(
        dataset, rows=29, columns=columns, on_bad_row="skip", text="instruction", ledger=True, cache_dir=str(tmp_path)
    )
    assert list(kept) == [row for i, row in enumerate(rows) if i != 7]
    assert [d == "bad" for d in ledger["reason"]] == [i == 7 for i in range(30)]
    with pytest.raises(PipelineError, match="text is 'question'; expected conversation or instruction or response"):
        select(dataset, rows=3, columns=columns, text="question")
