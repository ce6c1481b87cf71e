"""What is loaded back is compared with what was meant, in columns, number and content."""

import pytest
from datasets import Dataset, Features, Value

from pipeline.hub import HubError
from pipeline.sinks.configurations import Shards, Written
from pipeline.sinks.verification import compare

CARD = "---\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n    path: train.parquet\n---\n"
MEANT = {"a": [1, 2, 3]}


def back(tmp_path, rows, **files):
    """Compare `MEANT` with a data set that holds something else."""
    for folder in ("meant", "pushed"):
        (tmp_path / folder).mkdir()
    Dataset.from_dict(MEANT).to_parquet(str(tmp_path / "meant/train.parquet"))
    Dataset.from_dict(rows).to_parquet(str(tmp_path / "pushed/train.parquet"))
    for name, text in {"README.md": CARD, **files}.items():
        (tmp_path / "pushed" / name).write_text(text)
    written = {"default": Written(Features(a=Value("int64")), {"train": Shards("train.parquet", 3, 0, "")})}
    return compare(str(tmp_path / "pushed"), "main", tmp_path / "meant", written, None)


def test_equal_rows_are_counted(tmp_path):
    assert back(tmp_path, MEANT) == 3


@pytest.mark.parametrize(
    ("rows", "files", "said"),
    [
        ({"a": [1, 2]}, {}, "came back with 2 rows; expected 3"),
        ({"a": [1, 2, 3, 4]}, {}, "came back with 4 rows; expected 3"),
        ({"b": [1, 2, 3]}, {}, "came back with the columns"),
        ({"a": [1, 5, 3]}, {}, "row 1 came back changed"),
        (MEANT, {"pushed.py": ""}, "was pushed but cannot be loaded"),
    ],
)
def test_what_differs_is_told(tmp_path, rows, files, said):
    with pytest.raises(HubError, match=said):
        back(tmp_path, rows, **files)
