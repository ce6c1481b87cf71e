"""From the Hub and to the Hub, through the real clients and a server on loopback."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import sys
from functools import partial

import pytest
import yaml
from huggingface_hub import DatasetCard

from pipeline.report.card import BEGIN, END
from tests.conftest import toy_rows, write_jsonl
from tests.integration import hub_server
from tests.integration.hub_server import OTHER, TOKEN, problems, serving

SMALL = ["embedder.dimensions=16", "clusterer.size=6", "budget.rows=20"]
SOURCE_CARD = """---
license: cc-by-4.0
language:
- en
task_categories:
- question-answering
---
Toys.
"""


@pytest.fixture
def hub():
    with serving() as server:
        yield server


def environment(hub, tmp_path, **changes):
    """Of a user whose Hub is ours; without the storage protocol that only the Hub's own servers speak."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    ours = {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_DISABLE_XET": "1"}
    return {**env, **ours, "COLUMNS": "200", "HF_HUB_DISABLE_TELEMETRY": "1", **changes}


def corebound(hub, tmp_path, *overrides, fails=False, **changes):
    command = [sys.executable, "-m", "pipeline", *SMALL, *overrides]
    env = environment(hub, tmp_path, **changes)
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env)
    assert (done.returncode != 0) == fails, done.stderr
    if fails:
        assert "Traceback" not in done.stderr
        return done.stderr.strip().splitlines()[-1]
    return done.stdout + done.stderr


def push(hub, tmp_path, *overrides, **how):
    path = tmp_path / "toys.jsonl"
    if not path.exists():
        write_jsonl(path, toy_rows())
    return corebound(hub, tmp_path, f"source.path={path}", "sink=hub", "sink.repo=me/toys", *overrides, **how)


def load(hub, tmp_path, repo, name="default", split="train", revision="main"):
    """Rows and columns, as a user loads them."""
    code = (
        "import json, sys; from datasets import load_dataset; "
        "d = load_dataset(sys.argv[1], sys.argv[2] or None, split=sys.argv[3], revision=sys.argv[4]); "
        "print(json.dumps([d.to_list(), d.column_names], default=str))"
    )
    command = [sys.executable, "-c", code, repo, name or "", split, revision]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(hub, tmp_path))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def rows_of(content):
    import pyarrow.parquet as parquet

    return parquet.read_table(io.BytesIO(content)).to_pylist()


def parquet_of(rows):
    import pyarrow as pa
    import pyarrow.parquet as parquet

    out = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


def put_source(hub, repo="you/toys", card=SOURCE_CARD):
    """A data set with the splits train and test, as others publish them."""
    rows = toy_rows()
    lines = {name: "".join(json.dumps(row) + "\n" for row in part)
             for name, part in {"train": rows[:50], "test": rows[50:]}.items()}  # fmt: skip
    configs = "configs:\n- config_name: default\n  data_files:\n" + "".join(
        f"  - split: {name}\n    path: {name}.jsonl\n" for name in lines
    )
    files = {f"{name}.jsonl": text for name, text in lines.items()}
    return hub.put(repo, {**files, "README.md": card.replace("---\nToys", f"{configs}---\nToys")})


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


@pytest.mark.parametrize(
    ("pattern", "status", "said"),
    [
        ("commit/main", 429, "asks to wait"),
        ("commit/main", 503, "the Hub failed (503)"),
        ("commit/main", None, "the connection failed"),
        ("PUT /storage", None, "the connection failed"),
    ],
)
def test_a_fault_ends_in_a_sentence_and_the_same_command_completes(hub, tmp_path, pattern, status, said):
    if pattern.startswith("PUT"):
        push(hub, tmp_path, "sink.dry_run=true")  # so that nothing but the upload is left
        ledger = (tmp_path / "runs/hub/me/toys/ledger.parquet").read_bytes()
        import hashlib

        pattern = f"{pattern}/{hashlib.sha256(ledger).hexdigest()}"  # the second large file; the first goes through
    hub.fail(pattern, status)
    line = push(hub, tmp_path, fails=True)
    assert line.startswith("corebound: pushing to me/toys") and said in line and "run the same command again" in line
    assert set(hub.files("me/toys")) == {".gitattributes"}  # nothing half done is to be seen
    hub.faults.clear()
    done = len(hub.requests)
    push(hub, tmp_path)
    assert len(load(hub, tmp_path, "me/toys")[0]) == 20
    sent = [request for request in hub.requests[done:] if request.startswith("PUT")]
    assert len(sent) == (1 if "PUT" in pattern else 0)  # what was uploaded is not sent again


def test_what_the_hub_says_of_a_request_is_told(hub, tmp_path):
    hub.fail("commit/main", 400)
    line = push(hub, tmp_path, fails=True)
    assert "the Hub answered 400 (ordered by the test); mend what it names" in line


def test_a_card_that_cannot_be_fetched_is_not_taken_for_none(hub, tmp_path):
    hub.put("me/toys", {"README.md": "---\nlicense: mit\n---\nMine.\n"})
    before = hub.repos["me/toys"].refs["main"]
    hub.fail("(HEAD|GET) .*README.md", 503)
    line = push(hub, tmp_path, fails=True)
    assert line.startswith("corebound: pushing to me/toys") and hub.repos["me/toys"].refs["main"] == before


def test_a_split_that_could_not_be_loaded_is_refused(hub, tmp_path):
    line = push(hub, tmp_path, "sink.split=a-b", fails=True)
    assert "sink.split is 'a-b'" in line and "me/toys" not in hub.repos


def test_a_passing_fault_is_overcome(hub, tmp_path):
    hub.fail("PUT /storage", 503, times=1)
    push(hub, tmp_path)
    assert len(load(hub, tmp_path, "me/toys")[0]) == 20


def test_rows_that_come_back_changed_are_told(hub, tmp_path):
    push(hub, tmp_path)
    rotten = hub.files("me/toys")["data/train-00000-of-00001.parquet"]
    table = rows_of(rotten)
    sha = next(sha for sha, content in hub.blobs.items() if content == rotten)
    hub.blobs[sha] = parquet_of([{**table[0], "output": "changed"}, *table[1:]])
    line = push(hub, tmp_path, fails=True, HF_HOME=str(tmp_path / "empty"))
    assert "row 0 came back changed" in line and "split 'train'" in line


@pytest.mark.parametrize(("token", "said"), [("hf_wrong", "refused the token"), (None, "there is no token")])
def test_a_token_that_may_not_push_is_refused_before_anything_is_computed(hub, tmp_path, token, said):
    env = {"HF_TOKEN": token} if token else {"HF_TOKEN": ""}
    line = push(hub, tmp_path, fails=True, **env)
    assert said in line and "set HF_TOKEN" in line
    assert not (tmp_path / "runs/hub").exists()


def test_a_token_is_never_written_down(hub, tmp_path):
    line = push(hub, tmp_path, "sink.token=hf_secret", fails=True)
    assert "found a token on the command line" in line and "hf_secret" not in line
    line = push(hub, tmp_path, "sink.token=my-secret", fails=True)
    assert "sink.token is no name of an environment variable" in line and "my-secret" not in line
    push(hub, tmp_path, "sink.token=MINE", HF_TOKEN="", MINE=TOKEN)
    written = [path for path in tmp_path.rglob("*") if path.is_file() and "hf" not in path.parts]
    assert not any(secret in path.read_bytes() for path in written for secret in (TOKEN.encode(), b"hf_secret"))


def test_rows_come_from_a_commit_that_is_recorded_and_the_card_says_how_to_get_them_again(hub, tmp_path):
    commit = put_source(hub)
    out = corebound(hub, tmp_path, "source=hub", "source.repo=you/toys", "sink=hub", "sink.repo=me/toys")
    assert "you/toys" in out
    text = hub.files("me/toys")["README.md"].decode()
    record = json.loads(hub.files("me/toys")["run.json"])
    assert commit in text and commit in record["again"]
    data = DatasetCard(text).data.to_dict()
    assert data["license"] == "cc-by-4.0" and data["language"] == ["en"]
    assert data["source_datasets"] == ["you/toys"] and data["task_categories"] == ["question-answering"]
    # The source changes; the command in the card still makes the same rows.
    hub.put("you/toys", {"train.jsonl": '{"instruction": "Another?", "output": "Yes."}\n'})
    command = shlex.split(re.search(r"```\n(corebound .*)\n```", text)[1])
    corebound(hub, tmp_path, *[part for part in command[1:] if part not in SMALL])
    again = json.loads(hub.files("me/toys")["run.json"])
    assert again["kept_ids"] == record["kept_ids"] and again["files"] == record["files"]


def test_what_is_read_is_that_commit_even_if_the_source_moves_meanwhile(hub, tmp_path, monkeypatch):
    put_source(hub, card=SOURCE_CARD.replace("cc-by-4.0", "other\nlicense_name: toys\nlicense_link: LICENSE"))
    answer = hub_server.Handler.info

    def late(handler, query, body, repo, revision="main"):  # just after the commit is looked up
        answer(handler, query, body, repo, revision)
        if repo == "you/toys" and len(hub.repos[repo].commits) == 1:
            hub.put(repo, {"train.jsonl": json.dumps(toy_rows()[0]) + "\n", "README.md": "No licence.\n"})

    routes = [(m, p, late if a is answer else a) for m, p, a in hub_server.ROUTES]
    monkeypatch.setattr(hub_server, "ROUTES", routes)
    corebound(hub, tmp_path, "source=hub", "source.repo=you/toys", "sink=hub", "sink.repo=me/toys")
    files = hub.files("me/toys")
    assert len(hub.repos["you/toys"].commits) == 2 and json.loads(files["run.json"])["counts"]["read"] == 50
    data = DatasetCard(files["README.md"].decode()).data.to_dict()
    assert (data["license"], data["license_name"], data["license_link"]) == ("other", "toys", "LICENSE")


def test_a_private_source_is_read_with_its_own_token(hub, tmp_path):
    put_source(hub)
    hub.repos["you/toys"].private = True
    where = ["source=hub", "source.repo=you/toys", "sink.path=out"]
    assert "knows no such repository" in corebound(hub, tmp_path, *where, fails=True, HF_TOKEN="")
    corebound(hub, tmp_path, *where, "source.token=MINE", HF_TOKEN="", MINE=TOKEN)


def test_other_splits_pass_through_when_asked(hub, tmp_path):
    put_source(hub)
    where = ["source=hub", "source.repo=you/toys", "sink=hub", "sink.repo=me/toys"]
    corebound(hub, tmp_path, *where, "source.pass_through=[test]")
    assert load(hub, tmp_path, "me/toys", split="test")[0] == toy_rows()[50:]
    assert len(load(hub, tmp_path, "me/toys")[0]) == 20
    line = corebound(hub, tmp_path, *where, "source.pass_through=[test]", "sink.format=messages", fails=True)
    assert "source.pass_through" in line and "sink.format=messages" in line and "sink.columns" not in line
    line = corebound(hub, tmp_path, *where, "source.pass_through=[dev]", fails=True)
    assert "source.pass_through names 'dev', but you/toys has the splits train, test" in line


def test_a_sample_is_streamed_and_said_to_be_one(hub, tmp_path):
    put_source(hub)
    where = ["source=hub", "source.repo=you/toys", "sink.path=out", "source.sample=30"]
    corebound(hub, tmp_path, *where)
    record = json.loads((tmp_path / "out/run.json").read_text())
    assert record["counts"]["read"] == 30 and "only the first 30 rows" in record["read_from"][0]
    assert "first 30 rows" in (tmp_path / "out/README.md").read_text()


def test_hub_and_files_mix(hub, tmp_path):
    put_source(hub)
    write_jsonl(tmp_path / "mine.jsonl", toy_rows()[50:])
    mix = "source.files={mine: {path: mine.jsonl}}", "source.hub={theirs: {repo: you/toys}}"
    corebound(hub, tmp_path, "source=mix", *mix, "sink.path=out")
    record = json.loads((tmp_path / "out/run.json").read_text())
    assert [one["name"] for one in record["sources"]] == ["mine", "theirs"]
    assert f"source.hub.theirs.revision={hub.repos['you/toys'].refs['main']}" in record["again"]


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("source.repo=you/nothing", "knows no such repository"),
        ("source.revision=v9", "no such revision"),
        ("source.split=dev", "source.split"),
        ("source.config=other", "source.config"),
        ("source.repo=a/b/c", "expected an id of the Hub"),
        ("source.token=hf_secret", "found a token on the command line"),
    ],
)
def test_what_the_hub_does_not_have_is_told(hub, tmp_path, override, said):
    put_source(hub)
    line = corebound(hub, tmp_path, "source=hub", "source.repo=you/toys", "sink.path=out", override, fails=True)
    assert said in line and line.startswith("corebound: ")
