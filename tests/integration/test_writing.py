"""Rows that a language model writes for thin bins: which are taken, what is said of the others, what it costs."""

import json
from collections import Counter

import pytest
from datasets import load_dataset

from tests.conftest import corebound, write_jsonl
from tests.integration import tales
from tests.integration.chat_server import serving
from tests.integration.writing import command, reasons, run_with, tops

pytest.importorskip("openai")


@pytest.fixture(scope="module")
def kept_stages(tmp_path_factory):
    return str(tmp_path_factory.mktemp("stages"))


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
    run, server = run_with(tales.good, kept_stages, tmp_path)
    asked = [body["messages"][1]["content"] for body in server.bodies]
    (first,) = [text for text in asked if "numbers 1 to 20 of" in text]
    assert '"tales"' in first and "Write 20 new rows" in first
    seeds = [[json.loads(line) for line in text.splitlines() if line.startswith("{")] for text in asked]
    known = [{k: v for k, v in row.items() if k != "task"} for row in tales.corpus() if row["task"] == "tales"]
    assert all(len(each) == 20 and all(seed in known for seed in each) for each in seeds)
    kept, _, returned, _, _ = tops(run)
    shown = {json.dumps(seed) for each in seeds for seed in each}
    assert len(shown) == kept + returned - (kept + returned) // 4, "in turn, but for the quarter that judges"
    rows = server.bodies[0]["response_format"]["json_schema"]["schema"]["properties"]["rows"]["items"]
    assert rows["required"] == ["instruction", "input", "output"]


def test_a_server_s_pace_decides_nothing(kept_stages, tmp_path):
    def uneven(number, body):
        return (0.3 if tales.first_of(body) == 1 else 0.0), tales.good(number, body)

    (tmp_path / "one").mkdir()
    one, _ = run_with(uneven, kept_stages, tmp_path / "one", chat={"concurrency": 1})
    many, _ = run_with(uneven, kept_stages, tmp_path, chat={"concurrency": 8})
    told = [[(each.row, each.id, each.reason, each.weight) for each in run.additions.candidates] for run in (one, many)]
    assert told[0] == told[1] and one.additions.losses == many.additions.losses


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
        (tales.blank, "placeholder"),
        (tales.listing, "made otherwise"),
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


def test_an_answer_that_was_cut_off_or_lacks_a_column_loses_only_that_row(kept_stages, tmp_path):
    def cut(number, body):
        rows = json.loads(tales.good(number, body))["rows"]
        del rows[3]["output"]
        return json.dumps({"rows": rows})[:-40]

    run, server = run_with(cut, kept_stages, tmp_path)
    assert 0 < reasons(run)["broken"] <= len(server.bodies) and reasons(run)["accepted"] > 30


def test_what_no_file_can_hold_is_broken_and_the_run_goes_on(tmp_path):
    def odd(number, body):
        rows = json.loads(tales.good(number, body))["rows"]
        rows[0]["output"] = "\ud83d"
        return json.dumps({"rows": rows}) + "[" * 100_000

    write_jsonl(tmp_path / "tales.jsonl", tales.corpus())
    with serving(odd) as server:
        corebound(tmp_path, *command(server.url, tmp_path, "augmenter.count=20"))
    candidates = load_dataset(str(tmp_path / "topped"), "candidates", split="train", cache_dir=str(tmp_path / "hf"))
    assert Counter(candidates["reason"])["broken"] >= 1


def test_rows_that_say_another_bin_are_of_another_bin(kept_stages, tmp_path):
    def mislabelled(number, body):
        rows = json.loads(tales.good(number, body))["rows"]
        return tales.said([{"text": row["output"], "label": "sums"} for row in rows])

    rows = [{"text": row["output"], "label": row["task"]} for row in tales.corpus()]
    run, _ = run_with(mislabelled, kept_stages, tmp_path, rows=rows, column="label")
    assert set(reasons(run)) == {"other bin"}


def test_rows_that_the_filter_or_rules_would_not_have_are_not_taken(kept_stages, tmp_path):
    from pipeline.config import default_scorers
    from pipeline.filter import Filter
    from pipeline.scorers.heuristic import Heuristic

    def some_bad(number, body):
        rows = json.loads(tales.good(number, body))["rows"]
        rows[0]["output"] = rows[0]["output"].split(";")[0] + " and then the"  # cut off
        rows[1]["output"] += " " + " ".join(tales.tale(7000 + i)["output"] for i in range(1))
        return tales.said(rows)

    config = {"scorers": default_scorers() | {"quality": Heuristic()}, "filter": Filter(max_tokens=45)}
    run, server = run_with(some_bad, kept_stages, tmp_path, config=config)
    many = len(server.bodies)
    assert reasons(run)["quality"] == many and reasons(run)["excluded by filter"] == many
    assert all("until" in one.row["output"] for one in run.additions.accepted)


def test_no_more_rows_are_taken_of_an_answer_than_were_asked_for(kept_stages, tmp_path):
    def generous(number, body):
        return tales.said([tales.tale(9000 + 60 * tales.first_of(body) + i) for i in range(60)])

    run, server = run_with(generous, kept_stages, tmp_path, count=5)
    assert len(run.additions.candidates) == 5 * len(server.bodies)


def test_labels_of_a_data_set_s_own_are_called_by_their_names(kept_stages, tmp_path):
    from datasets import ClassLabel, Dataset, Value
    from datasets.features import Features

    from pipeline.sinks.synthetic import Synthetic, tables
    from pipeline.sources.memory import Memory

    def as_it_comes(number, body):
        rows = json.loads(tales.good(number, body))["rows"]
        return tales.said([{"text": row["output"], "label": 1 if i else "tales"} for i, row in enumerate(rows)])

    rows = [{"text": row["output"], "label": int(row["task"] == "tales")} for row in tales.corpus()]
    kinds = Features({"text": Value("string"), "label": ClassLabel(names=["sums", "tales"])})
    source = Memory(dataset=Dataset.from_list(rows, features=kinds))
    run, server = run_with(as_it_comes, kept_stages, tmp_path, column="label", config={"source": source})
    assert 'of the kind "tales"' in server.bodies[0]["messages"][1]["content"]
    assert reasons(run)["accepted"] > 0 and not reasons(run)["other bin"] and not reasons(run)["broken"]
    written = tables(run, set(), str, Synthetic.separate)["synthetic"]
    assert set(written["label"]) == {1} and written.features["label"].names == ["sums", "tales"]


def test_a_bin_of_four_is_asked_for_and_one_of_three_is_not(kept_stages, tmp_path, caplog):
    from pipeline.budget import Budget
    from pipeline.scorers.region import Regions

    for few, wanted in ((4, 4), (3, 0)):
        rows = tales.corpus()[: 300 + few]
        (folder := tmp_path / str(few)).mkdir()
        # So few would be outliers, which no one is shown.
        config = {"budget": Budget(fraction=1.0), "regions": Regions(fence=100), "scorers": {}}
        run, server = run_with(tales.good, kept_stages, folder, rows=rows, config=config)
        lines = [line for body in server.bodies for line in body["messages"][1]["content"].splitlines()]
        assert len({line for line in lines if line.startswith("{")}) == wanted and tops(run)[0] == few
    assert "has 3 to show; expected 4 or more" in caplog.text


def test_where_no_bin_can_judge_nobody_is_asked(kept_stages, tmp_path, caplog):
    from pipeline.budget import Budget

    rows = [*tales.corpus()[:7], *tales.corpus()[300:304]]
    run, server = run_with(tales.good, kept_stages, tmp_path, rows=rows, config={"budget": Budget(fraction=1.0)})
    assert not server.bodies and run.additions is None and "no bin has 8 rows" in caplog.text
    assert run.topup.weight.max() > 1


def test_a_label_that_is_a_number_stays_one(kept_stages, tmp_path):
    from pipeline.sinks.synthetic import Synthetic, tables

    rows = [{**row, "task": int(row["task"] == "tales")} for row in tales.corpus()]
    run, _ = run_with(tales.good, kept_stages, tmp_path, rows=rows)
    assert reasons(run)["accepted"] > 0
    assert set(tables(run, set(), str, Synthetic.separate)["synthetic"]["synthetic_bin"]) == {"1"}


@pytest.mark.parametrize(
    ("rows", "change", "said"),
    [
        ([{**row, "sample_weight": 1} for row in tales.corpus()], {}, "has a column 'sample_weight'"),
        (None, {"tokens": 5000}, "augmenter counts rows"),
        (None, {"format": "messages"}, "sink.format=messages"),
    ],
)
def test_what_cannot_be_is_refused_before_anybody_is_asked(rows, change, said, kept_stages, tmp_path):
    from pipeline.errors import ConfigError

    with pytest.raises(ConfigError, match=said):
        run_with(tales.good, kept_stages, tmp_path, rows=rows, **change)
