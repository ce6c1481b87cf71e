"""Quality as a judge behind a server sees it: scores, rubrics, and what a rerun pays."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from pipeline.errors import ConfigError, EndpointError
from pipeline.scorers.judge import EMPTY
from pipeline.scorers.rubrics import NONSENSE, OUTSIDE, SHIPPED
from tests.conftest import corebound, ledger_of, write_jsonl
from tests.integration.chat_server import serving
from tests.integration.judging import ROWS, command, judged, number_of, said


def test_scores_are_those_of_the_judge_on_the_scale_of_the_rubric(tmp_path):
    with serving(lambda number, body: (0.05, said(1 + number_of(body) % 10))) as server:
        values, nulls, _ = judged(tmp_path, server, concurrency=4)
    assert values == pytest.approx([i % 10 / 9 for i in range(24)]) and nulls == {}
    assert len(server.bodies) == 24 and 1 < server.most_running <= 4
    body = next(body for body in server.bodies if number_of(body) == 3)
    assert "Name the number 3." in body["messages"][-1]["content"] and body["model"] == "judge"
    assert body["response_format"]["json_schema"]["schema"]["required"] == ["reason", "score"]
    criteria = yaml.safe_load(SHIPPED.read_text())["criteria"]
    assert criteria["Math"] in body["messages"][-1]["content"]
    other = next(body for body in server.bodies if number_of(body) == 4)
    assert criteria["default"] in other["messages"][-1]["content"]


def test_what_was_paid_for_is_not_asked_again(tmp_path):
    with serving(lambda number, body: said(5)) as server:
        judged(tmp_path, server)
        _, _, run = judged(tmp_path, server)
        assert len(server.bodies) == 24
        assert next(stage.reused for stage in run.stages.done if stage.name == "score-quality")
        more = [*ROWS, {"instruction": "Name the number 24.", "output": "It is 24.", "kind": "Math"}]
        judged(tmp_path, server, more)
        assert len(server.bodies) == 25
        judged(tmp_path, server, answer_tokens=100)  # another question
        assert len(server.bodies) == 49


NONSENSES = ["I like it.", "", '{"score": "high"}', "[]", '{"score": 3} or {"score": 9}', "score: 7"]


def test_an_answer_without_a_score_is_no_number(tmp_path):
    answers = [*NONSENSES, said(11), said(-1), "```json\n" + said(7) + "\n```", '{"reason": "{\\"x\\"", "score": "8"}']
    rows = [*ROWS[: len(answers)], {"instruction": "Say nothing.", "output": " ", "kind": "other"}]
    with serving(lambda number, body: answers[number_of(body)]) as server:
        values, nulls, _ = judged(tmp_path, server, rows)
    assert nulls == {NONSENSE: len(NONSENSES), OUTSIDE: 2, EMPTY: 1}
    assert np.isnan(values[:8]).all() and np.isnan(values[-1]) and values[8:10] == pytest.approx([6 / 9, 7 / 9])


def test_answers_without_any_score_stop_the_run(tmp_path):
    rows = [{"instruction": f"Name the number {i}.", "output": f"It is {i}.", "kind": "Math"} for i in range(60)]
    with serving(lambda number, body: "I like it.") as server:
        with pytest.raises(EndpointError, match="none of the first 32 answers of judge holds a score"):
            judged(tmp_path, server, rows, concurrency=2)
    assert len(server.bodies) <= 34


def test_the_body_is_as_it_was_told_and_system_and_tools_are_shown(tmp_path):
    rows = [{"messages": [{"role": "system", "content": "Be terse."}, {"role": "user", "content": "Name it."},
                          {"role": "assistant", "content": "It is 1."}], "kind": "Math"}, *ROWS]  # fmt: skip
    rows = [{"messages": row.get("messages") or [{"role": "user", "content": row["instruction"]},
                                                 {"role": "assistant", "content": row["output"]}],
             "kind": row["kind"]} for row in rows]  # fmt: skip
    settings = {"temperature": None, "limit": "max_completion_tokens", "answer_tokens": 99, "extra": {"seed": 1}}
    with serving(lambda number, body: said(5)) as server:
        judged(tmp_path, server, rows, **settings)
    body = next(body for body in server.bodies if "Be terse." in body["messages"][1]["content"])
    assert (body["max_completion_tokens"], body["seed"]) == (99, 1)
    assert "temperature" not in body and "max_tokens" not in body


def test_a_rubric_of_ones_own(tmp_path):
    path = tmp_path / "rubric.yaml"
    mine = {"low": 0, "high": 4, "system": "Judge.", "prompt": "{criteria}: {instruction} -> {response}",
            "criteria": {"default": "Be kind", "Math": "Be exact"}}  # fmt: skip
    path.write_text(yaml.safe_dump(mine))
    with serving(lambda number, body: said(1)) as server:
        values, _, _ = judged(tmp_path, server, rubric=str(path))
        assert set(values) == {0.25}
        assert "Be exact: Name the number 1. -> It is 1." in {body["messages"][1]["content"] for body in server.bodies}
        for change, why in (
            ({"high": 0}, "low is not below high"), ({"prompt": "Judge {x}"}, "is no rubric"),
            ({"criteria": {}}, "is no rubric"), ({"extra": 1}, "is no rubric"),
            ({"prompt": "none"}, "no {instruction}"), ({"system": None}, "no text"), ({"low": "0"}, "is no rubric"),
            ({"prompt": "{instruction} {{response}}"}, "no {response}"), ({"criteria": {"default": 3}}, "no text"),
        ):  # fmt: skip
            path.write_text(yaml.safe_dump(mine | change))
            with pytest.raises(ConfigError, match=why):
                judged(tmp_path, server, rubric=str(path))


def test_long_texts_are_shown_by_their_ends(tmp_path):
    rows = [{"instruction": "Name it.", "output": "It is 1." + " and" * 400 + " the end", "kind": "other"}, *ROWS]
    with serving(lambda number, body: said(5)) as server:
        judged(tmp_path, server, rows, most=60)
    long = next(body for body in server.bodies if "[...]" in body["messages"][1]["content"])["messages"][1]["content"]
    assert "It is 1. and" in long and "the end\n</answer>" in long and long.count(" and") < 20


def test_the_command_says_what_was_spent_and_a_dry_run_asks_nobody(tmp_path):
    write_jsonl(tmp_path / "toy.jsonl", ROWS)
    with serving(lambda number, body: said(1 + number_of(body) % 10)) as server:
        corebound(tmp_path, *command(server, "dry_run=true"))
        assert not server.bodies
        done = corebound(
            tmp_path, *command(server, "scorers.quality.chat.price_in=1", "scorers.quality.chat.price_out=2")
        )
    assert "judge asked: 24 requests" in done.stderr and "cost" in done.stderr
    assert ledger_of(tmp_path / "out").quality.notna().all()
    assert Path(tmp_path / "cache" / "requests.sqlite").exists()
