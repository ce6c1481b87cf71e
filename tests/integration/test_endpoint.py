"""Every mood of a server, caps that hold, and runs that are stopped."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from pipeline.budget import Budget
from pipeline.endpoint.chat import Chat
from pipeline.endpoint.meter import Meter
from pipeline.errors import ConfigError, EndpointError
from pipeline.run import curate
from pipeline.scorers.judge import Judge
from tests.conftest import corebound, toy_config, write_jsonl
from tests.integration.chat_server import serving
from tests.integration.judging import ROWS, command, judged, number_of, said


def test_what_may_pass_is_tried_again(tmp_path):
    seen = {}

    def moody(number, body):
        row = number_of(body)
        seen[row] = seen.get(row, 0) + 1
        if seen[row] == 1 and row % 3 == 0:
            return 500
        if seen[row] == 1 and row % 3 == 1:
            return 429, {"retry-after": "0.2"}
        return said(5)

    started = time.monotonic()
    with serving(moody) as server:
        values, nulls, _ = judged(tmp_path, server)
    assert not np.isnan(values).any() and nulls == {} and time.monotonic() - started > 0.2
    assert len(server.bodies) == 24 + 16


def test_a_server_that_knows_no_schema_is_asked_without(tmp_path):
    with serving(lambda number, body: 400 if "response_format" in body else said(5)) as server:
        values, _, _ = judged(tmp_path, server, concurrency=2)
    assert not np.isnan(values).any()
    assert sum("response_format" in body for body in server.bodies) <= 2


def test_a_few_failures_are_counted_and_more_stop_the_run_which_goes_on_later(tmp_path):
    broken = {3, 7}
    with serving(lambda number, body: 503 if number_of(body) in broken else said(5)) as server:
        values, nulls, _ = judged(tmp_path, server, tries=1, tolerance=0.1)
        assert np.flatnonzero(np.isnan(values)).tolist() == [3, 7]
        assert nulls == {"no answer in 1 tries, at last: status 503": 2}
        with pytest.raises(EndpointError, match=r"2 requests to judge failed .*status 503.* share of 0.05 of 24"):
            judged(tmp_path, server, tries=1, tolerance=0.05)
        broken.clear()
        asked = len(server.bodies)
        values, nulls, _ = judged(tmp_path, server, tries=1, tolerance=0.05)
    assert not np.isnan(values).any() and nulls == {} and len(server.bodies) == asked + 2


def test_a_server_that_dies_stops_the_run_soon_and_what_was_answered_is_kept(tmp_path):
    dead = [False]

    def dies(number, body):
        dead[0] = dead[0] or number >= 6
        return 503 if dead[0] else said(5)

    with serving(dies) as server:
        with pytest.raises(EndpointError, match="requests to judge failed"):
            judged(tmp_path, server, tries=1, tolerance=0.05, concurrency=2)
        assert len(server.bodies) <= 6 + 2 + 2
        server.answer = lambda number, body: said(5)
        before = len(server.bodies)
        judged(tmp_path, server, tries=1, tolerance=0.05, concurrency=2)
    assert len(server.bodies) == before + 24 - 6


def test_one_request_that_is_refused_is_one_failure(tmp_path):
    with serving(lambda number, body: 400 if number_of(body) == 5 else said(5)) as server:
        values, nulls, _ = judged(tmp_path, server, tolerance=0.1)
        assert np.flatnonzero(np.isnan(values)).tolist() == [5]
        assert nulls == {"the server refuses the request (status 400)": 1}
    assert sum("response_format" not in body for body in server.bodies) == 1  # the same request, without a schema


def test_the_server_s_address_belongs_to_what_was_asked(tmp_path, monkeypatch):
    for number, score in enumerate((3, 8)):
        with serving(lambda number, body, score=score: said(score)) as server:
            monkeypatch.setenv("OPENAI_BASE_URL", server.url)
            values, _, _ = judged(tmp_path, server, url=None)
        assert set(values.round(4)) == {round((score - 1) / 9, 4)}, number


@pytest.mark.parametrize("usage", [None, {}, {"total_tokens": 9}, {"prompt_tokens": 9}])
def test_a_server_that_does_not_count_is_taken_at_the_most(tmp_path, usage):
    with serving(lambda number, body: said(5)) as server:
        server.usage = usage
        _, nulls, _ = judged(tmp_path, server, max_requests=None, max_tokens=6_000, concurrency=1)
    most = 2 * 64 + len("".join(one["content"] for one in server.bodies[0]["messages"]).encode()) + 512
    counted = most if usage != {"prompt_tokens": 9} else 9 + 512
    assert 1 <= len(server.bodies) <= (6_000 - most) // counted + 1 and next(iter(nulls)).startswith(
        "the cap on tokens"
    )


def test_a_slow_answer_is_a_failure_in_time(tmp_path):
    with serving(lambda number, body: (1.5, said(5)) if number_of(body) == 0 else said(5)) as server:
        values, nulls, _ = judged(tmp_path, server, timeout=0.5, tries=1, tolerance=1.0)
    assert np.flatnonzero(np.isnan(values)).tolist() == [0] and "no answer in time" in next(iter(nulls))


def test_a_server_that_is_not_there_or_refuses_stops_the_run_at_once(tmp_path):
    with serving(lambda number, body: said(5)) as server:
        pass
    with pytest.raises(EndpointError, match=r"none of 8 requests to http://127\S+ was answered .*no connection"):
        judged(tmp_path, server, tries=1)
    with pytest.raises(EndpointError, match=r"judge answered none of 2 requests .*no connection"):
        judged(tmp_path, server, tries=1, max_requests=2, concurrency=1)
    for status in (401, 403):
        with serving(lambda number, body, status=status: status) as server:
            with pytest.raises(EndpointError, match=f"refuses requests for judge .status {status}"):
                judged(tmp_path, server)
        assert len(server.bodies) <= 8


def test_a_cap_that_is_reached_is_said(tmp_path, caplog):
    with serving(lambda number, body: said(5)) as server:
        judged(tmp_path, server, max_requests=10)
    assert "quality: 14 rows were not asked about: the cap on requests was reached." in caplog.text


@pytest.mark.parametrize("cap", [{"max_requests": 9}, {"max_tokens": 2_000},
                                 {"max_cost": 0.009, "price_in": 2.0, "price_out": 10.0}])  # fmt: skip
def test_caps_hold_whatever_the_server_says(tmp_path, cap):
    with serving(lambda number, body: 429 if number % 3 == 0 else said(5)) as server:
        values, nulls, _ = judged(tmp_path, server, **{"max_requests": None, "tolerance": 1.0, "tries": 1, **cap})
    capped = next(count for reason, count in nulls.items() if "the cap on" in reason)
    assert 0 < capped < 24 and np.isnan(values).sum() == sum(nulls.values())
    used = [(sum(len(one["content"].split()) for one in body["messages"]), 10) for body in server.bodies]
    assert len(used) <= cap.get("max_requests", 1000)
    assert sum(map(sum, used)) <= cap.get("max_tokens", 10**9)
    if "max_cost" in cap:
        assert sum(2 * i + 10 * o for i, o in used) / 1e6 <= cap["max_cost"]


def test_which_rows_a_cap_leaves_out_does_not_depend_on_speed(tmp_path):
    left = []
    for number, (concurrency, pause) in enumerate(((1, 0.0), (8, 0.0), (8, 0.02))):
        with serving(lambda number, body, pause=pause: (pause * (number % 3), said(5))) as server:
            values, _, _ = judged(tmp_path / str(number), server, max_requests=None, max_tokens=2_000,
                                  concurrency=concurrency)  # fmt: skip
        left.append(np.flatnonzero(np.isnan(values)).tolist())
    assert left[0] == left[1] == left[2] and 0 < len(left[0]) < 24


def test_a_meter_lets_nothing_pass_its_caps():
    meter = Meter(max_tokens=100)
    assert meter.reserve(40, 20) is None and meter.reserve(30, 20) == "tokens"
    meter.settle(40, 20, 10, 5)
    assert meter.reserve(60, 25) is None and meter.reserve(0, 1) == "tokens"
    assert (meter.requests, meter.tokens_in, meter.tokens_out) == (2, 70, 30)


@pytest.mark.parametrize(
    ("settings", "said"),
    [({}, "has no cap"), ({"max_cost": 1.0, "price_in": 1.0}, "price_in and price_out"),
     ({"max_cost": 1.0, "price_in": -1.0, "price_out": 1.0}, "price_in is -1"),
     ({"max_requests": -3}, "max_requests is"),
     ({"max_cost": float("nan")}, "max_cost is nan"), ({"max_requests": 1, "extra": {"n": 4}}, "extra.n"),
     ({"max_requests": 1, "tries": 0}, "tries is 0"), ({"max_requests": 1, "tolerance": 2.0}, "tolerance is 2"),
     ({"max_requests": 1, "concurrency": 0}, "concurrency")],
)  # fmt: skip
def test_settings_that_no_run_can_obey_are_refused(settings, said):
    with pytest.raises(ConfigError, match=rf"scorers\.quality\.chat.*{said}"):
        Judge(chat=Chat(model="judge", **settings))


def test_openai_itself_needs_a_key(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    scorers = {"quality": Judge(chat=Chat(model="judge", max_requests=1))}
    with pytest.raises(ConfigError, match="OPENAI_API_KEY holds no key"):
        curate(toy_config(tmp_path, ROWS, scorers=scorers, budget=Budget(rows=2)))


def test_a_killed_run_repeats_no_answer_and_few_others(tmp_path):
    write_jsonl(tmp_path / "toy.jsonl", ROWS)
    words = ["scorers.quality.chat.concurrency=2"]
    with serving(lambda number, body: (0.3, said(5))) as server:
        run = [sys.executable, "-m", "pipeline", *command(server, *words)]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": dict(os.environ)}
        running = subprocess.Popen(run, cwd=tmp_path, **quiet)
        while len(server.bodies) < 8:
            assert running.poll() is None
            time.sleep(0.02)
        running.send_signal(signal.SIGKILL)
        running.wait()
        before = len(server.bodies)
        corebound(tmp_path, *command(server, *words))
    rows = [number_of(body) for body in server.bodies]
    repeated = set(rows[:before]) & set(rows[before:])
    assert len(repeated) <= 2 and len(rows) == 24 + len(repeated)
