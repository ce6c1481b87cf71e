"""What of a data set is ours, and what a push may not go onto."""

import pytest
import yaml

from pipeline.errors import ConfigError
from pipeline.report.card import BEGIN, MARK
from pipeline.sinks.existing import Existing

SHARD = "data/train-00000-of-00001.parquet"
WRITTEN = {"default": {"train": "data/train-*.parquet"}, "audit": {"train": "ledger.parquet"}}
NAMES = [SHARD, "README.md", "ledger.parquet", "map.svg", "run.json"]


def there(*files, ours=(), recorded=(), **configs):
    """A data set whose record lists some files and whose card names configurations, some of them marked as ours."""
    entries = [
        {"config_name": name, **({"description": f"{MARK}, files 0"} if name in ours else {}), **reads}
        for name, reads in configs.items()
    ]
    card = f"---\n{yaml.safe_dump({'configs': entries})}---\n" if entries else ""
    record = {"versions": {"corebound": "1"}, "files": dict.fromkeys(recorded, "digest")} if recorded else {}
    return Existing("me/toys", "sha", files=list(files), card=card, record=record)


def reads(**splits):
    return {"data_files": [{"split": split, "path": path} for split, path in splits.items()]}


def test_stale_is_what_the_record_lists_in_the_place_of_what_is_written():
    old, other, entry = "data/train-00001-of-00002.parquet", "data/small/train-00000-of-00001.parquet", "axolotl.yaml"
    found = there(
        old, other, entry, "data/train-0.jsonl", "data/test-0.parquet", "axolotl.yml", ours=["default", "small"],
        recorded=[old, other, entry, "data/train-0.jsonl", "data/test-0.parquet", "gone.parquet"],
        default=reads(train="data/train-*.jsonl", test="data/test-*.parquet"),
        small=reads(train="data/small/train-*.parquet"),
    )  # fmt: skip
    assert found.stale(NAMES, WRITTEN) == [old, entry, "data/train-0.jsonl"]
    assert set(found.carried(NAMES, WRITTEN)) == {other, "data/test-0.parquet"}
    found.require(NAMES, WRITTEN)


def test_what_another_configuration_reads_is_never_stale():
    old = "data/train-00001-of-00002.parquet"
    found = there(old, ours=["default", "small"], recorded=[old], small=reads(train=old))
    assert found.stale(NAMES, WRITTEN) == []
    with pytest.raises(ConfigError, match=f"holds '{old}', which would be read with our files"):
        found.require(NAMES, WRITTEN)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (there("toys.py"), r"the loading script 'toys\.py'"),
        (Existing("me/toys", "sha", card=f"Mine.\n{BEGIN}\n"), "expected one of each"),
        (there("a.ndjson"), r"finds 'a\.ndjson' by its name"),
        (there(mine={}), "configuration 'mine' of me/toys has neither data_files nor data_dir"),
        (there("run.json", mine=reads(train="x/*")), r"holds 'run\.json', which no push of corebound wrote"),
        (there(SHARD, ours=["default"], default=reads(train="data/train-*")), "no push of corebound wrote"),
        (there(mine={"data_dir": "data"}), r"configuration 'mine' of me/toys reads data/\*\*"),
        (there(mine=reads(train="data/{train,dev}-*.parquet")), "configuration 'mine' of me/toys reads"),
        (there(mine=reads(train="data/t[r]ain-*.parquet")), "configuration 'mine' of me/toys reads"),
        (there("x/a.csv", mine={"data_dir": "x"}), "configuration 'mine' of me/toys holds csv files"),
        (
            there("data/test-0.jsonl", ours=["default"], default=reads(test="data/test-*")),
            "configuration 'default' of me/toys holds json files",
        ),
        (there(audit=reads(train="audit.parquet")), "has a configuration 'audit' of its own.*; push to another"),
        (there(default=reads(train="a.parquet")), "'default' of its own.*set sink.config_name"),
    ],
)
def test_what_a_push_may_not_go_onto(found, said):
    with pytest.raises(ConfigError, match=said):
        found.require(NAMES, WRITTEN)


@pytest.mark.parametrize(
    "found",
    [
        there("LICENSE.md", ".gitattributes", "scripts/other.py"),
        there("x/a.parquet", "notes.txt", mine=reads(train="x/*.parquet")),
        there("ledger.parquet", ours=["audit"], recorded=["ledger.parquet"], audit=reads(train="ledger.parquet")),
    ],
)
def test_what_a_push_harms_nothing_of(found):
    found.require(NAMES, WRITTEN)


def test_our_ledger_is_no_reason_to_refuse_json_lines():
    found = there("ledger.parquet", ours=["audit"], recorded=["ledger.parquet"], audit=reads(train="ledger.parquet"))
    found.require(["data/train-0.jsonl", "ledger.parquet"], {"default": {"train": "data/train-*.jsonl"}})
