"""Reading from a Hub on loopback through the real clients: a commit, a sample, other splits, a mix."""

from __future__ import annotations

import json
import re
import shlex

import pytest
from huggingface_hub import DatasetCard

from tests.conftest import toy_rows, write_jsonl
from tests.integration import hub_server
from tests.integration.hub_server import TOKEN
from tests.integration.hub_user import (
    SMALL,
    SOURCE_CARD,
    corebound,
    load,
    put_source,
)


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
