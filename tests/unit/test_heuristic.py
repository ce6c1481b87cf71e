"""Quality by rules: each part a column, routed by category, and their product."""

import numpy as np
import pytest
from datasets import Dataset

from pipeline.bins.categorizers import ColumnCategory
from pipeline.budget import Budget
from pipeline.executors import Processes, Serial
from pipeline.run import curate
from pipeline.scorers.heuristic import ELSEWHERE, EMPTY, RULES, Heuristic, exchanges
from pipeline.sources.memory import Memory
from tests.conftest import toy_config, toy_rows

GOOD = "Bees live in colonies. Each colony has one queen. The workers gather nectar and feed the young."
ASK = "Describe in a few words how bees spend their days"
SUM = "She has 4 + 3 = <<4+3=7>>7 hives.\n#### 7"
CODE = "def f(x):\n    return x + 1"
ROWS = {
    "good": ("Generation", f"{ASK} now.", GOOD),
    "refused": ("Generation", f"{ASK}, please.", "I'm sorry, but I can't help with that."),
    "cut": ("Generation", f"{ASK}, then.", GOOD[:60] + "the"),
    "twice": ("Generation", f"{ASK}, at last.", f"{GOOD} {GOOD}"),
    "forbidden": ("Generation", f"{ASK}. Do not use the word 'queen'.", GOOD),
    "sum": ("Math", "Ann has 4 hives and buys 3. How many has she?", SUM),
    "wrong sum": ("Math", "Ann has 4 hives and gets 3. How many has she?", SUM.replace("=7>>", "=8>>")),
    "code": ("Coding", "Write a Python function that adds one.", CODE),
    "broken code": ("Coding", "Write a Python function that adds 1.", CODE.replace("):", ":")),
    "nothing": ("Coding", "Write a Python function that adds two.", ""),
}


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    rows = [{"instruction": q, "output": a, "kind": kind} for kind, q, a in ROWS.values()]
    config = toy_config(
        tmp_path_factory.mktemp("quality"), source=Memory(dataset=Dataset.from_list(rows)),
        categorizer=ColumnCategory(column="kind"), scorers={"quality": Heuristic()},
        budget=Budget(rows=2),
    )  # fmt: skip
    run = curate(config)
    asked = run.space.corpus.texts.read(0, len(run.space), "instruction")
    place = {name: asked.index(q) for name, (_, q, _) in ROWS.items()}
    return {c: {n: v[place[n]] for n in ROWS} for c, v in run.scores.columns.items()}, run.scores.nulls


@pytest.mark.parametrize(
    ("row", "part"),
    [
        ("refused", "refusal"),
        ("cut", "truncation"),
        ("twice", "repetition"),
        ("forbidden", "constraints"),
        ("wrong sum", "arithmetic"),
        ("broken code", "code"),
    ],
)
def test_what_is_wrong_shows_in_its_part_and_in_the_whole(scores, row, part):
    columns, _ = scores
    sound = {"arithmetic": "sum", "code": "code"}.get(part, "good")
    assert columns[f"quality_{part}"][row] < 0.7
    assert not columns[f"quality_{part}"][sound] < 0.95
    assert columns["quality"][row] < 0.7 < columns["quality"][sound]


def test_the_whole_is_the_product_of_the_parts_that_have_a_verdict(scores):
    columns, _ = scores
    parts = [name for name in columns if name.startswith("quality_")]
    assert set(parts) == {f"quality_{name}" for name in [*RULES, "length"]}
    for row in set(ROWS) - {"nothing"}:
        assert columns["quality"][row] == pytest.approx(np.nanprod([columns[name][row] for name in parts]), rel=1e-5)


def test_an_empty_answer_has_no_number_anywhere_and_every_null_is_counted(scores):
    columns, nulls = scores
    for name, values in columns.items():
        assert np.isnan(values["nothing"]), name
        assert sum(nulls[name].values()) == sum(np.isnan(list(values.values()))), name
        assert nulls[name].get(EMPTY) == 1, name


def test_a_category_has_the_rules_that_are_meant_for_it(scores):
    columns, nulls = scores
    assert np.isnan(columns["quality_truncation"]["code"]) and np.isnan(columns["quality_code"]["good"])
    assert nulls["quality_code"][ELSEWHERE] == 7 and nulls["quality_answer"][ELSEWHERE] == 7


def test_without_categories_every_rule_looks_for_what_it_judges(tmp_path):
    rows = [{"instruction": q, "output": a} for _, q, a in ROWS.values()]
    config = toy_config(tmp_path, [*rows, *toy_rows()], scorers={"quality": Heuristic()})
    run = curate(config)
    asked = run.space.corpus.texts.read(0, len(run.space), "instruction")
    for row, part in (("wrong sum", "arithmetic"), ("broken code", "code"), ("refused", "refusal")):
        assert run.scores.columns[f"quality_{part}"][asked.index(ROWS[row][1])] < 0.7


def test_workers_change_nothing(tmp_path):
    run = curate(toy_config(tmp_path))
    alone, many = Heuristic().parts(run.space, Serial()), Heuristic().parts(run.space, Processes(workers=2))
    assert alone.keys() == many.keys()
    for name, (values, reasons) in alone.items():
        assert np.array_equal(values, many[name][0], equal_nan=True) and reasons == many[name][1]


def test_in_a_chat_each_request_is_judged_with_its_answer(tmp_path):
    chat = [("system", "Be kind."), ("user", f"{ASK}. Do not use the word 'hive'."), ("assistant", GOOD),
            ("user", "And the queen?"), ("user", "Say it briefly."), ("assistant", ROWS["refused"][2]),
            ("user", "Why?"), ("assistant", "The hive needs her, as she lays all the eggs.")]  # fmt: skip
    rows = [{"messages": [{"role": role, "content": text} for role, text in chat]}]
    rows += [{"messages": [{"role": "user", "content": f"{ASK} {i}"}, {"role": "assistant", "content": GOOD}]}
             for i in range(3)]  # fmt: skip
    run = curate(toy_config(tmp_path, rows, scorers={"quality": Heuristic()}, budget=Budget(rows=2)))
    row = int(np.argmax(run.space.corpus.bytes))
    columns = run.scores.columns
    assert columns["quality_refusal"][row] == pytest.approx(2 / 3)
    assert columns["quality_constraints"][row] == 1  # of the first request alone
    asked = list(exchanges([2, 0, 1, 0, 0, 1, 1, 0], list("sabcdefg")))
    assert asked == [("a", "b"), ("c\nd", "e\nf")]
