"""What written rows cost: caps, plans, failures, and nothing paid for twice."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from datasets import load_dataset

from tests.conftest import corebound, ledger_of, write_jsonl
from tests.integration import tales
from tests.integration.chat_server import serving
from tests.integration.writing import command, run_with, tops

pytest.importorskip("openai")


@pytest.fixture(scope="module")
def kept_stages(tmp_path_factory):
    return str(tmp_path_factory.mktemp("stages"))


def test_what_is_asked_twice_is_paid_once(kept_stages, tmp_path):
    def once(number, body):
        return tales.good(0, body)

    first, server = run_with(once, kept_stages, tmp_path)
    with serving(once) as other:
        other.server_close()
    again, silent = run_with(once, kept_stages, tmp_path, chat={"url": server.url})
    assert not silent.bodies
    assert [one.row for one in again.additions.candidates] == [one.row for one in first.additions.candidates]


def test_a_killed_run_pays_for_nothing_twice(tmp_path):
    write_jsonl(tmp_path / "tales.jsonl", tales.corpus())

    def slow(number, body):
        asked = body["messages"][1]["content"]
        return 0.3, tales.said([tales.tale(hash_of(asked) + i) for i in range(4)])

    with serving(slow) as server:
        words = command(server.url, tmp_path)
        started = subprocess.Popen([sys.executable, "-m", "pipeline", *words], cwd=tmp_path, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while len(server.bodies) < 6 and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(started.pid, signal.SIGKILL)
        started.wait()
        before = [body["messages"][1]["content"] for body in server.bodies]
        assert len(before) >= 6 and not (tmp_path / "topped").exists()
        corebound(tmp_path, *words)
        after = [body["messages"][1]["content"] for body in server.bodies][len(before) :]
        assert after and len(set(before) & set(after)) <= 2, "only those under way"

    record = json.loads((tmp_path / "topped" / "run.json").read_text())
    assert record["written"]["factor"] > 0 and "requests" in record["written"]["spent"]
    written = load_dataset(str(tmp_path / "topped"), "synthetic", split="train", cache_dir=str(tmp_path / "hf"))
    (top,) = [row for row in record["top_up"] if row["name"] == "tales"]
    assert len(written) == top["written"] > 0
    row = written[0]
    assert row["synthetic_id"].startswith("synthetic-") and row["synthetic_generator"] == "m"
    assert row["synthetic_bin"] == row["task"] == "tales" and row["sample_weight"] == 1
    ledger = ledger_of(tmp_path / "topped")
    assert set(row["synthetic_parents"]) <= set(ledger.id[ledger.decision == "kept"])
    candidates = load_dataset(str(tmp_path / "topped"), "candidates", split="train", cache_dir=str(tmp_path / "hf"))
    assert Counter(candidates["reason"])["accepted"] == len(written)
    kept = load_dataset(str(tmp_path / "topped"), "default", split="train", cache_dir=str(tmp_path / "hf"))
    assert len(kept) == (ledger.decision == "kept").sum(), "written rows are apart"


def test_a_plan_asks_nobody(tmp_path):
    write_jsonl(tmp_path / "tales.jsonl", tales.corpus())
    with serving(tales.good) as server:
        done = corebound(tmp_path, *command(server.url, tmp_path, "augmenter.plan_only=true"))
    assert not server.bodies and "tales" in done.stdout and not (tmp_path / "topped").exists()
    found = re.search(r"tales wants (\d+) rows, in at most (\d+) requests that show 20 of 30 rows", done.stderr)
    assert found and int(found[2]) == int(found[1]) / 2, "of 4 rows each, twice as many as are wanted"
    assert f"m is asked at most {found[2]} times, with about" in done.stderr


@pytest.mark.parametrize("cap", [{"max_requests": 1}, {"max_requests": None, "max_tokens": 8500}])
def test_caps_hold_and_what_is_short_gets_weight(cap, kept_stages, tmp_path, caplog):
    # Where nobody counts tokens, a request has taken all that it might.
    run, server = run_with(tales.good, kept_stages, tmp_path, chat=cap, usage=None, count=4)
    assert len(server.bodies) == 1 and "the cap on" in caplog.text
    kept, target, returned, written, short = tops(run)
    assert short == target - kept - returned - written > 0 and run.topup.weight.max() > 1


def test_a_server_that_answers_nothing_is_an_error(kept_stages, tmp_path):
    from pipeline.errors import EndpointError

    with pytest.raises(EndpointError, match="see that it runs"):
        run_with(lambda number, body: 500, kept_stages, tmp_path)


def test_a_server_that_dies_in_the_middle_ends_the_run_and_the_next_asks_only_the_rest(kept_stages, tmp_path):
    from pipeline.errors import EndpointError

    alive = [True] * 4 + [False] * 1000

    def moody(number, body):
        first = tales.first_of(body)
        return tales.said([tales.tale(1000 + first + i) for i in range(4)]) if alive[number] else 500

    chat = {"max_requests": 60, "concurrency": 1}
    with serving(moody) as server:
        with pytest.raises(EndpointError, match="run again, which asks these and the rest"):
            run_with(None, kept_stages, tmp_path, chat=chat | {"url": server.url}, count=4)
        answered = [body["messages"][1]["content"] for body in server.bodies[:4]]
        before, alive[:] = len(server.bodies), [True] * 1000
        run, _ = run_with(None, kept_stages, tmp_path, chat=chat | {"url": server.url}, count=4)
        again = [body["messages"][1]["content"] for body in server.bodies[before:]]
    assert again and not set(answered) & set(again)
    assert len(run.additions.candidates) == 4 * (len(answered) + len(again)) and run.additions.accepted


def test_a_limited_server_is_waited_for_and_nothing_is_lost(kept_stages, tmp_path):
    def limited(number, body):
        return (429, {"retry-after": "0"}) if number == 0 else tales.good(number, body)

    run, server = run_with(limited, kept_stages, tmp_path)
    assert len(run.additions.candidates) == 20 * (len(server.bodies) - 1) and len(run.additions.accepted) > 0


def hash_of(text):

    return int(hashlib.sha256(text.encode()).hexdigest()[:6], 16)
