"""Rows that a language model writes for thin bins: which are taken, what is said of the others, what it costs."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from datasets import Dataset, load_dataset

from tests.conftest import corebound, ledger_of, write_jsonl
from tests.integration import tales
from tests.integration.chat_server import serving

pytest.importorskip("openai")


@pytest.fixture(scope="module")
def kept_stages(tmp_path_factory):
    return str(tmp_path_factory.mktemp("stages"))


def run_with(answer, kept_stages, tmp_path, chat=None, usage="counted", **settings):
    """A run whose tales are written by a server, and that server."""
    from pipeline.augmenters.endpoint import Endpoint
    from pipeline.bins.categorizers import ColumnCategory
    from pipeline.bins.clusterers import SphericalKMeans
    from pipeline.budget import Budget
    from pipeline.config import Config, default_scorers
    from pipeline.embedders.lsa import Lsa
    from pipeline.endpoint.chat import Chat
    from pipeline.executors import Serial
    from pipeline.run import curate
    from pipeline.selectors.herding import Herding
    from pipeline.sources.memory import Memory

    with serving(answer) as server:
        server.usage = usage
        asked = {"model": "m", "url": server.url, "max_requests": 20, "answer_tokens": 4000, "tries": 2} | (chat or {})
        config = Config(
            source=Memory(dataset=Dataset.from_list(tales.corpus())), embedder=Lsa(), executor=Serial(), sink=None,
            categorizer=ColumnCategory(column="task"), clusterer=SphericalKMeans(), scorers=default_scorers(),
            selector=Herding(), budget=Budget(rows=100), cache_dir=kept_stages,
            augmenter=Endpoint(chat=Chat(**asked), requests=str(tmp_path / "requests.sqlite"), power=0.2, **settings),
        )  # fmt: skip
        run = curate(config)
    return run, server


def reasons(run):
    return Counter(one.reason for one in run.additions.candidates)


def tops(run):
    """Of the tales: rows kept, wanted, given back, written, short."""
    top = run.topup
    (at,) = [i for i, name in enumerate(top.name) if name == "tales"]
    return [int(values[at]) for values in (top.kept, top.target, top.returned, top.written, top.short)]


def test_a_good_model_fills_the_bin_and_no_more(kept_stages, tmp_path):
    run, server = run_with(tales.good, kept_stages, tmp_path)
    kept, target, returned, written, short = tops(run)
    lacking = target - kept - returned
    assert 0 < written <= lacking and short == lacking - written
    assert len(run.additions.accepted) == written == round(run.additions.factor * lacking)
    assert run.additions.losses[run.additions.factor] == min(run.additions.losses.values()) < run.additions.losses[0]
    assert sum(reasons(run)[which] for which in ("accepted", "more than is needed")) >= lacking, "the model wrote them"
    assert len(server.bodies) <= 2 * -(-lacking // 20), "twice as many rows as are wanted may be asked for"
    ids = {bytes(one).decode() for one in run.space.corpus.ids}
    shown = {row for one in run.additions.accepted for row in one.parents}
    assert shown < ids and not {one.id for one in run.additions.accepted} & ids
    assert all(one.weight == 1 for one in run.additions.accepted)


def test_the_model_is_shown_rows_of_the_bin_as_they_are(kept_stages, tmp_path):
    _, server = run_with(tales.good, kept_stages, tmp_path)
    asked = server.bodies[0]["messages"][1]["content"]
    seeds = [json.loads(line) for line in asked.splitlines() if line.startswith("{")]
    known = [{k: v for k, v in row.items() if k != "task"} for row in tales.corpus() if row["task"] == "tales"]
    assert 8 <= len(seeds) <= 11 and all(seed in known for seed in seeds), "a quarter is held out"
    assert '"tales"' in asked and "20 new rows" in asked and "numbers 1 to 20" in asked
    rows = server.bodies[0]["response_format"]["json_schema"]["schema"]["properties"]["rows"]["items"]
    assert rows["required"] == ["instruction", "input", "output"]


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (tales.lazy, "copies its seeds"),
        (tales.parrot, "copy of a row"),
        (tales.wrong, "other bin"),
        (tales.broken, "broken"),
        (tales.refusing, "refusal"),
        (tales.silent, "empty answer"),
        (tales.endless, "length"),
    ],
)
def test_a_bad_model_adds_nothing_and_each_row_says_why(model, reason, kept_stages, tmp_path, caplog):
    run, server = run_with(model, kept_stages, tmp_path)
    assert set(reasons(run)) == {reason}
    assert tops(run)[3] == 0 and tops(run)[4] > 0 and run.topup.weight.max() > 1
    assert "no more are asked for" in caplog.text
    assert len(server.bodies) <= 3, "a bin stops early"


def test_what_is_said_twice_is_taken_once(kept_stages, tmp_path):
    run, _ = run_with(lambda number, body: tales.said([tales.tale(5000)] * 20), kept_stages, tmp_path)
    assert reasons(run)["copy of a row"] >= 19 and len(run.additions.accepted) <= 1


def test_rows_around_other_words_are_found(kept_stages, tmp_path):
    def chatty(number, body):
        rows = [tales.tale(3000 + 20 * number + i) for i in range(20)]
        if number % 2:
            return "\n".join(json.dumps(row) for row in rows)
        return f"Sure! Here they are:\n```json\n{json.dumps(rows)}\n```\nEnjoy."

    run, _ = run_with(chatty, kept_stages, tmp_path)
    assert not reasons(run)["broken"] and len(run.additions.accepted) > 0


def test_a_limited_server_is_waited_for_and_nothing_is_lost(kept_stages, tmp_path):
    def limited(number, body):
        return (429, {"retry-after": "0"}) if number == 0 else tales.good(number, body)

    run, server = run_with(limited, kept_stages, tmp_path)
    assert len(run.additions.candidates) == 20 * (len(server.bodies) - 1) and len(run.additions.accepted) > 0


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


def test_what_is_asked_twice_is_paid_once(kept_stages, tmp_path):
    def once(number, body):
        return tales.good(0, body)

    first, server = run_with(once, kept_stages, tmp_path)
    with serving(once) as other:
        other.server_close()
    again, silent = run_with(once, kept_stages, tmp_path, chat={"url": server.url})
    assert not silent.bodies
    assert [one.row for one in again.additions.candidates] == [one.row for one in first.additions.candidates]


def command(url, folder, *words):
    return [
        "source.path=tales.jsonl", "categorizer=column", "categorizer.column=task", "budget.rows=100",
        "sink.path=topped", "augmenter=endpoint", "augmenter.power=0", "augmenter.count=4", "augmenter.chat.model=m",
        f"augmenter.chat.url={url}", "augmenter.chat.max_requests=60", "augmenter.chat.concurrency=2",
        f"cache_dir={folder}/cache", *words,
    ]  # fmt: skip


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
    assert row["synthetic_bin"] == "tales" and row["sample_weight"] == 1 and row["task"] is None
    ledger = ledger_of(tmp_path / "topped")
    assert set(row["synthetic_parents"]) <= set(ledger.id[ledger.decision == "kept"])
    candidates = load_dataset(str(tmp_path / "topped"), "candidates", split="train", cache_dir=str(tmp_path / "hf"))
    assert Counter(candidates["reason"])["accepted"] == len(written)
    kept = load_dataset(str(tmp_path / "topped"), "default", split="train", cache_dir=str(tmp_path / "hf"))
    assert len(kept) == (ledger.decision == "kept").sum(), "written rows are apart"


def hash_of(text):
    import hashlib

    return int(hashlib.sha256(text.encode()).hexdigest()[:6], 16)


def test_a_plan_asks_nobody(tmp_path):
    write_jsonl(tmp_path / "tales.jsonl", tales.corpus())
    with serving(tales.good) as server:
        done = corebound(tmp_path, *command(server.url, tmp_path, "augmenter.plan_only=true"))
    assert not server.bodies and "tales" in done.stdout and not (tmp_path / "topped").exists()
    found = re.search(r"tales wants (\d+) rows, in at most (\d+) requests that show (\d+) of \3 rows", done.stderr)
    assert found and int(found[2]) == int(found[1]) / 2, "of 4 rows each, twice as many as are wanted"
    assert f"m is asked at most {found[2]} times, with about" in done.stderr
