"""What goes wrong with the Hub ends in one sentence, and the same command completes."""

from __future__ import annotations

import pytest

from tests.integration.hub_server import TOKEN
from tests.integration.hub_user import (
    load,
    parquet_of,
    push,
    rows_of,
)


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
