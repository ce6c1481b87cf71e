"""Which files a configuration of a card reads, as datasets finds them."""

import pytest

from pipeline.sinks.patterns import formats_of, is_data, matches, patterns_of


@pytest.mark.parametrize(
    ("pattern", "reads", "not_"),
    [
        ("data/train-*.parquet", "data/train-00000-of-00001.parquet", "data/small/train-0.parquet"),
        ("**", "a/b/c.csv", None),
        ("data/**", "data/a/b.csv", "other/a.csv"),
        ("**/*.csv", "b.csv", "b.tsv"),
        ("data/t?ain.csv", "data/train.csv", "data/t/ain.csv"),
        ("data/train-[0-9].csv", "data/train-3.csv", "data/train-x.csv"),
        ("data/[!t]*.csv", "data/dev.csv", "data/train.csv"),
        ("data/{train,dev}-*.csv", "data/dev-0.csv", "data/test-0.csv"),
        ("./data/a.csv", "data/a.csv", "a.csv"),
        ("data/a+b(1).csv", "data/a+b(1).csv", "data/aab1.csv"),
    ],
)
def test_patterns_read_what_datasets_reads(pattern, reads, not_):
    assert matches(reads, pattern)
    assert not_ is None or not matches(not_, pattern)


@pytest.mark.parametrize(
    ("config", "patterns"),
    [
        ({}, []),
        ({"data_dir": "mine/"}, ["mine/**"]),
        ({"data_dir": "mine", "data_files": "*.csv"}, ["mine/*.csv"]),
        ({"data_files": ["a.csv", "b.csv"]}, ["a.csv", "b.csv"]),
        ({"data_files": [{"split": "test", "path": ["a.csv", "b.csv"]}]}, ["a.csv", "b.csv"]),
    ],
)
def test_a_configuration_names_its_files_in_several_ways(config, patterns):
    assert patterns_of(config) == patterns


def test_patterns_of_some_splits_are_left_out():
    config = {"data_files": [{"split": "train", "path": "a.csv"}, {"split": "test", "path": "b.csv"}]}
    assert patterns_of(config, {"train"}) == ["b.csv"]


def test_formats_are_those_of_datasets():
    assert formats_of(["a.jsonl.gz", "b.json"]) == {"json"}
    assert formats_of(["data/*.parquet", "c.tsv", "d.JPG", "LICENSE"]) == {"parquet", "csv", "imagefolder"}


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.ndjson", True), ("x/a.zip", True), ("a.webp", True), ("tasks/task.toml", True), ("LICENSE.md", False),
     ("pyproject.toml", False), (".gitattributes", False), (".cache/a.csv", False), ("prepare.py", False)],
)  # fmt: skip
def test_what_load_dataset_would_find_is_data(name, data):
    assert is_data(name) == data
