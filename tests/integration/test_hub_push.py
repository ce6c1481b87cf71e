"""Pushing through the real clients to a Hub on loopback: what arrives, and what others have stays."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial

import pytest
import yaml
from huggingface_hub import DatasetCard

from pipeline.report.card import BEGIN, END
from tests.conftest import toy_rows
from tests.integration import hub_server
from tests.integration.hub_server import OTHER, problems
from tests.integration.hub_user import (
    corebound,
    environment,
    load,
    parquet_of,
    push,
    put_source,
)


def test_a_push_makes_a_private_data_set_that_loads_as_it_was_meant(hub, tmp_path):
    said = push(hub, tmp_path)
    assert hub.repos["me/toys"].private
    commit = hub.repos["me/toys"].refs["main"]
    assert f"{hub.url}/datasets/me/toys/tree/main" in said and commit in said
    assert "80 rows in 2 configurations, equal" in said  # 20 kept ones, and a ledger of 60
    files = hub.files("me/toys")
    assert set(files) == {".gitattributes", "README.md", "map.svg", "run.json", "ledger.parquet",
                          "data/train-00000-of-00001.parquet"}  # fmt: skip
    rows, columns = load(hub, tmp_path, "me/toys")
    assert columns == ["instruction", "input", "output", "task"]
    assert len(rows) == 20 and all(row in toy_rows() for row in rows)
    ledger, columns = load(hub, tmp_path, "me/toys", "audit")
    assert len(ledger) == 60 and sum(row["decision"] == "kept" for row in ledger) == 20
    assert {"reason", "region", "stand_in", "similarity"} <= set(columns) and "text" not in columns
    receipt = json.loads((tmp_path / "runs/hub/me/toys/pushed.json").read_text())
    assert receipt["repo"] == "me/toys" and receipt["commit"] == commit


def test_the_card_says_what_the_data_set_is(hub, tmp_path):
    push(hub, tmp_path, "sink.audit_text=true")
    text = hub.files("me/toys")["README.md"].decode()
    assert problems(text) == []
    data = DatasetCard(text).data.to_dict()
    assert data["size_categories"] == ["n<1K"] and data["task_categories"] == ["text-generation"]
    assert "license" not in data and "language" not in data  # nobody said what they are
    assert data["pretty_name"] == "Selection from toys.jsonl"
    assert [config["config_name"] for config in data["configs"]] == ["default", "audit"]
    for part in ("## Funnel", "## Kept by", "## Beside random", "## Limits", "## How to make it again", "map.svg",
                 "Resolved configuration", "numpy", "arxiv.org/abs/2509.19856"):  # fmt: skip
        assert part in text, part
    ledger, _ = load(hub, tmp_path, "me/toys", "audit")
    first = toy_rows()[0]
    assert ledger[0]["text"] == f"{first['instruction']}\n{first['output']}"


def test_a_dry_run_of_the_whole_command_pushes_nothing(hub, tmp_path):
    assert "Expected cost" in push(hub, tmp_path, "dry_run=true")
    assert not any(request.startswith(("PUT", "POST")) for request in hub.requests) and "me/toys" not in hub.repos


def test_what_others_wrote_in_the_card_stays(hub, tmp_path):
    theirs = (
        "---\nlicense: mit\npretty_name: All my toys\ntags:\n- toys\nconfigs:\n- config_name: old\n  data_files:\n"
        "  - split: train\n    path: old.parquet\n---\n# All my toys\n\nHow I made them.\n"
    )
    hub.put("me/toys", {"README.md": theirs, "old.parquet": parquet_of([{"a": 1}])}, private=True)
    assert "sink.config_name" in push(hub, tmp_path, fails=True)  # which would take the nameless load from theirs
    push(hub, tmp_path, "sink.config_name=picked")
    push(hub, tmp_path, "sink.config_name=picked", "budget.rows=10")
    text = hub.files("me/toys")["README.md"].decode()
    data = DatasetCard(text).data.to_dict()
    assert data["license"] == "mit" and data["pretty_name"] == "All my toys"
    assert data["tags"] == ["toys", "corebound", "data-selection"]
    assert [config["config_name"] for config in data["configs"]] == ["old", "picked", "audit"]
    assert "How I made them." in text
    assert text.count("# A selection of") == 1 and "# A selection of 10 rows" in text
    assert load(hub, tmp_path, "me/toys", "old")[0] == load(hub, tmp_path, "me/toys", None)[0] == [{"a": 1}]
    assert len(load(hub, tmp_path, "me/toys", "picked")[0]) == 10


def test_a_push_with_other_columns_replaces_the_columns_in_the_card_and_the_shards(hub, tmp_path):
    push(hub, tmp_path)
    record = json.loads(hub.files("me/toys")["run.json"])
    shard = "data/train-00001-of-00002.parquet"  # as if the push before had made two
    record["files"][shard] = "its digest"
    hub.put("me/toys", {shard: b"rows", "run.json": json.dumps(record), "data/notes.txt": "mine"})
    push(hub, tmp_path, "sink.columns=true")
    rows, columns = load(hub, tmp_path, "me/toys")
    assert len(rows) == 20 and "selection_region" in columns
    files = hub.files("me/toys")
    assert shard not in files and files["data/notes.txt"] == b"mine"
    assert shard not in json.loads(files["run.json"])["files"]
    push(hub, tmp_path)
    assert "selection_region" not in load(hub, tmp_path, "me/toys")[1]


def test_a_pull_request_leaves_the_branch_alone(hub, tmp_path):
    hub.put("me/toys", {"README.md": "Mine.\n"})
    before = hub.repos["me/toys"].refs["main"]
    said = push(hub, tmp_path, "sink.create_pr=true", "sink.message='Fewer toys'")
    assert f"{hub.url}/datasets/me/toys/discussions/1" in said and "equal" in said
    assert hub.repos["me/toys"].refs["main"] == before
    assert hub.repos["me/toys"].messages[-1] == "Fewer toys"
    assert "ledger.parquet" in hub.files("me/toys", "refs/pr/1")
    receipt = json.loads((tmp_path / "runs/hub/me/toys/pushed.json").read_text())
    assert receipt["pull_request"] == f"{hub.url}/datasets/me/toys/discussions/1"


def test_who_may_not_write_can_open_a_pull_request(hub, tmp_path):
    hub.put("me/toys", {"README.md": "Mine.\n"})
    line = push(hub, tmp_path, fails=True, HF_TOKEN=OTHER)
    assert "refused the token (403)" in line
    push(hub, tmp_path, "sink.create_pr=true", HF_TOKEN=OTHER)
    assert "ledger.parquet" in hub.files("me/toys", "refs/pr/1")


@pytest.mark.parametrize("how", [["sink.create_pr=true", "sink.revision=small"], ["sink.revision=refs/pr/7"]])
def test_a_pull_request_makes_no_branch(hub, tmp_path, how):
    hub.put("me/toys", {"README.md": "Mine.\n"})
    line = push(hub, tmp_path, *how, fails=True)
    assert f"{how[-1]} is not in me/toys" in line
    assert list(hub.repos["me/toys"].refs) == ["main"]


def test_a_public_data_set_stays_one_and_that_is_said(hub, tmp_path):
    hub.put("me/toys", {"README.md": "Mine.\n"})
    assert "me/toys is there and public, and stays so" in push(hub, tmp_path)


def test_branch_configuration_and_split_have_the_names_that_they_are_given(hub, tmp_path):
    hub.put("me/toys", {"README.md": "Mine.\n"})
    push(hub, tmp_path, "sink.revision=small", "sink.config_name=fifth", "sink.split=validation")
    assert set(hub.files("me/toys")) == {"README.md"}
    assert len(load(hub, tmp_path, "me/toys", "fifth", "validation", "small")[0]) == 20


def test_one_configuration_is_the_default(hub, tmp_path):
    push(hub, tmp_path, "sink.config_name=small")
    assert len(load(hub, tmp_path, "me/toys", None)[0]) == 20  # it need not be named
    push(hub, tmp_path, "budget.rows=30")
    push(hub, tmp_path, "sink.config_name=small", "budget.rows=10")
    assert len(load(hub, tmp_path, "me/toys", None)[0]) == 30
    assert len(load(hub, tmp_path, "me/toys", "small")[0]) == 10


def test_splits_of_one_configuration_have_the_same_columns(hub, tmp_path):
    push(hub, tmp_path, "sink.split=test")
    push(hub, tmp_path)
    assert len(load(hub, tmp_path, "me/toys", split="test")[0]) == 20
    before = hub.repos["me/toys"].refs["main"]
    said = push(hub, tmp_path, "sink.columns=true", fails=True)
    assert "configuration 'default' has the split 'test' with other columns" in said and "sink.config_name" in said
    assert hub.repos["me/toys"].refs["main"] == before


def test_one_data_set_holds_one_format(hub, tmp_path):
    push(hub, tmp_path)
    push(hub, tmp_path, "sink.files=jsonl")  # nothing else is there but the ledger, which leaves the card
    rows, _ = load(hub, tmp_path, "me/toys")
    files = hub.files("me/toys")
    assert len(rows) == 20 and "ledger.parquet" in files and "data/train-00000-of-00001.parquet" not in files
    assert [config["config_name"] for config in DatasetCard(files["README.md"].decode()).data.configs] == ["default"]
    for other in ("sink.config_name=other", "sink.split=test"):
        line = push(hub, tmp_path, other, fails=True)
        assert "configuration 'default'" in line and "holds json files" in line and "holds one format" in line
    assert hub.files("me/toys") == files


def test_only_what_the_record_lists_is_ours(hub, tmp_path):
    small = ["sink.config_name=small", "sink.format=messages"]
    push(hub, tmp_path, *small, "sink.trainer=trl")
    files = hub.files("me/toys")
    assert "train_trl.py" in files
    push(hub, tmp_path, "sink.config_name=large")
    assert "train_trl.py" not in hub.files("me/toys")  # of a push that is no longer the last
    push(hub, tmp_path, *small, "sink.trainer=axolotl")  # whose files the record still knows
    files = hub.files("me/toys")
    assert yaml.safe_load(files["axolotl.yaml"])["datasets"][0]["path"] == "me/toys"
    assert {name for name in files if name.endswith((".parquet", ".yaml"))} == set(
        json.loads(files["run.json"])["files"]
    )
    before = hub.put("me/toys", {"data/small/train-extra.parquet": parquet_of([{"a": 1}])})
    line = push(hub, tmp_path, *small, fails=True)
    assert "holds 'data/small/train-extra.parquet', which would be read with our files" in line
    assert hub.repos["me/toys"].refs["main"] == before


def test_a_commit_of_others_meanwhile_is_built_upon(hub, tmp_path, monkeypatch):
    old = "---\nconfigs:\n- config_name: theirs\n  data_files:\n  - split: train\n    path: {}.parquet\n---\nMine.\n"
    hub.put("me/toys", {"README.md": old.format("one"), "one.parquet": parquet_of([{"a": 1}])})
    answer = hub_server.Handler.commit

    def late(handler, query, body, repo, revision):  # somebody else is quicker by a moment, once
        if "two.parquet" not in hub.files("me/toys"):
            hub.put("me/toys", {"README.md": old.format("two"), "two.parquet": parquet_of([{"a": 2}])})
        answer(handler, query, body, repo, revision)

    routes = [(m, p, late if a is answer else a) for m, p, a in hub_server.ROUTES]
    monkeypatch.setattr(hub_server, "ROUTES", routes)
    push(hub, tmp_path, "sink.config_name=picked")
    assert len(load(hub, tmp_path, "me/toys", "picked")[0]) == 20
    assert load(hub, tmp_path, "me/toys", "theirs")[0] == [{"a": 2}]


def test_owners_push_with_datasets_before_a_push_and_after_it(hub, tmp_path):
    theirs = (
        "import sys; from datasets import Dataset; Dataset.from_list([{'a': 1}]).push_to_hub('me/toys', sys.argv[1])"
    )
    own = partial(subprocess.run, env=environment(hub, tmp_path), check=True, capture_output=True, text=True)
    own([sys.executable, "-c", theirs, "default"])
    push(hub, tmp_path, "sink.config_name=picked")
    own([sys.executable, "-c", theirs, "more"])
    for name, rows in (("default", 1), ("picked", 20), ("more", 1)):
        assert len(load(hub, tmp_path, "me/toys", name)[0]) == rows


def card_of(*configs, more=""):
    entries = "".join(
        f"- config_name: {name}\n  data_files:\n  - split: train\n    path: '{path}'\n" for name, path in configs
    )
    return f"---\n{more}{'configs:' if configs else 'tags: []'}\n{entries}---\nMine.\n"


@pytest.mark.parametrize(
    ("files", "card", "said"),
    [
        (["data/train-00000-of-00001.parquet"], card_of(("old", "data/train-*")), "no push of corebound wrote"),
        (["mine.parquet"], card_of(("default", "mine.parquet")), "has a configuration 'default' of its own"),
        (["a.csv"], card_of(("a", "a.csv")), "configuration 'a' of me/toys holds csv files"),
        (["toys.py"], card_of(("a", "a.parquet")), "the loading script 'toys.py'"),
        (["a.parquet"], "---\nconfigs:\n- config_name: a\n---\n", "configuration 'a' of me/toys has neither"),
        (["train/a.jpg"], card_of(), "names no configurations"),
        ([], f"{END}\nMine.\n{BEGIN}\n", "expected one of each, in this order"),
        (["data/train-extra.parquet"], card_of(("old", "data/train-e*")), "would be read with our files"),
        (["rows.parquet"], card_of(("old", "**/*.parquet")), "configuration 'old' of me/toys reads **/*.parquet"),
        (["ledger.parquet"], card_of(("audit", "ledger.parquet")), "has a configuration 'audit' of its own"),
        (["map.svg"], card_of(), "holds 'map.svg'"),
        (["train.parquet"], card_of(), "names no configurations"),
        (["a.parquet"], card_of(("a", "a.parquet"), more="license: [mit\n"), "mend its YAML"),
        (["a.parquet"], card_of(("a", "a.parquet")).encode("latin-1") + b"\xe9", "not UTF-8"),
        (
            ["a.parquet"],
            "---\nconfigs:\n- config_name: a\n  default: true\n  data_files: a.parquet\n---\n",
            "what load_dataset gives",
        ),
    ],
)
def test_a_push_that_would_harm_what_others_have_is_refused(hub, tmp_path, files, card, said):
    before = hub.put("me/toys", {**{name: parquet_of([{"a": 1}]) for name in files}, "README.md": card})
    line = push(hub, tmp_path, fails=True)
    assert line.startswith("corebound: ") and said in line
    assert hub.repos["me/toys"].refs["main"] == before


def test_licences_are_never_joined_in_silence(hub, tmp_path):
    put_source(hub)
    hub.put("me/toys", {"README.md": "---\nlicense: mit\n---\nMine.\n"})
    where = ["source=hub", "source.repo=you/toys", "sink=hub", "sink.repo=me/toys"]
    line = corebound(hub, tmp_path, *where, fails=True)
    assert "says license: mit" in line and "are cc-by-4.0" in line
    hub.put("me/toys", {"README.md": "---\nlicense: [mit, cc-by-4.0]\n---\nMine.\n"})
    corebound(hub, tmp_path, *where)
    data = DatasetCard(hub.files("me/toys")["README.md"].decode()).data.to_dict()
    assert data["license"] == ["mit", "cc-by-4.0"] and data["source_datasets"] == ["you/toys"]
    assert "language" not in data and "pretty_name" not in data  # the card is somebody else's


def test_what_the_card_said_of_rows_goes_with_them(hub, tmp_path):
    put_source(hub)
    corebound(hub, tmp_path, "source=hub", "source.repo=you/toys", "sink=hub", "sink.repo=me/toys")
    assert DatasetCard(hub.files("me/toys")["README.md"].decode()).data.license == "cc-by-4.0"
    push(hub, tmp_path)
    data = DatasetCard(hub.files("me/toys")["README.md"].decode()).data.to_dict()
    assert not {"license", "language", "source_datasets"} & data.keys()
    assert data["pretty_name"] == "Selection from toys.jsonl" and data["task_categories"] == ["text-generation"]


def test_a_source_is_not_replaced_by_what_is_selected_of_it(hub, tmp_path):
    put_source(hub)
    line = corebound(hub, tmp_path, "source=hub", "source.repo=you/toys", "sink=hub", "sink.repo=you/toys", fails=True)
    assert "sink.repo=you/toys is a source" in line


def test_rows_with_nan_come_back_equal(hub, tmp_path):
    from datasets import Dataset

    path = tmp_path / "toys.parquet"
    Dataset.from_list([{**row, "score": float("nan")} for row in toy_rows()]).to_parquet(str(path))
    said = corebound(hub, tmp_path, f"source.path={path}", "sink=hub", "sink.repo=me/toys")
    assert "equal" in said


def test_a_dry_run_writes_what_would_be_pushed_and_pushes_nothing(hub, tmp_path):
    hub.put("me/toys", {"README.md": "Mine.\n"})
    said = push(hub, tmp_path, "sink.dry_run=true", "sink.path=dry")
    assert "not pushed to me/toys" in said
    assert not any(request.startswith("PUT") or "commit/main" in request for request in hub.requests)
    assert "the token sees no data set" not in said
    push(hub, tmp_path, "sink.path=wet")
    files = hub.files("me/toys")
    dry = {path.relative_to(tmp_path / "dry").as_posix(): path.read_bytes()
           for path in (tmp_path / "dry").rglob("*") if path.is_file()}  # fmt: skip
    assert set(dry) == set(files)
    for name in set(files) - {"run.json", "README.md"}:  # these hold times and the command
        assert dry[name] == files[name], name
    assert dry["README.md"].startswith(b"---") and b"Mine." in dry["README.md"]


def test_a_dry_run_says_that_it_knows_no_card_to_merge_into(hub, tmp_path):
    hub.put("me/toys", {"README.md": "Mine.\n"}, private=True)
    said = push(hub, tmp_path, "sink.dry_run=true", HF_TOKEN="")
    assert "the token sees no data set me/toys" in said
