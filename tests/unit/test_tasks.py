"""Task categories: what is asked for, learnt from labelled requests."""

import pytest

from pipeline.bins.tasks import OTHER, SHIPPED, Tasks, read
from pipeline.budget import Budget
from pipeline.errors import ConfigError
from pipeline.run import curate
from tests.conftest import toy_config

SEVEN = ["Math", "Coding", "Generation", "Reasoning", "Brainstorming", "Factual QA", "Extraction"]
ASKED = {
    "A farmer has 12 hens and buys 7 more. How many hens does he have now?": "Math",
    "Write a Python function that returns the largest element of a list.": "Coding",
    "Write a short poem about the autumn rain.": "Generation",
    "Suggest some ideas for a birthday party in a small flat.": "Brainstorming",
    "What is the capital of Portugal?": "Factual QA",
}
TWO = """
animals:
  - Tell me about cats and dogs.
  - Which dog barks most?
plants:
  - Tell me about trees and flowers.
  - Which flower blooms first?
"""


def categories(folder, rows, **settings):
    run = curate(toy_config(folder, rows, categorizer=Tasks(**settings), budget=Budget(rows=1), scorers={}))
    names = run.space.bins.category_name[run.space.bins.category]
    return dict(zip(run.space.corpus.texts.read(0, len(names), "instruction"), names.tolist(), strict=True))


def test_the_examples_that_come_along_are_of_seven_categories():
    lessons = read(str(SHIPPED))
    assert list(lessons) == SEVEN
    assert min(map(len, lessons.values())) > 400
    flat = [" ".join(text.lower().split()) for texts in lessons.values() for text in texts]
    assert len(set(flat)) == len(flat)


def test_plain_requests_get_the_category_that_a_reader_would_give_whatever_is_answered(tmp_path):
    rows = [{"instruction": text, "output": "def f(x): return x + 1"} for text in ASKED]
    assert categories(tmp_path, rows) == ASKED


def test_ones_own_categories(tmp_path):
    (tmp_path / "mine.yaml").write_text(TWO)
    rows = [{"instruction": text, "output": "so"} for text in ("My dog and cats", "Trees and a flower", "zzz")]
    found = categories(tmp_path, rows, examples=str(tmp_path / "mine.yaml"), confidence=0.6)
    assert found == {"My dog and cats": "animals", "Trees and a flower": "plants", "zzz": OTHER}


def test_what_requests_teach_is_kept_for_other_rows_and_learnt_anew_from_other_requests(tmp_path, monkeypatch):
    learnt, learn = [], Tasks._learn
    monkeypatch.setattr(Tasks, "_learn", lambda self, to: (learnt.append(to), learn(self, to))[1])
    (tmp_path / "mine.yaml").write_text(TWO)
    for text in ("dogs", "flowers"):
        categories(tmp_path, [{"instruction": text, "output": "so"}], examples=str(tmp_path / "mine.yaml"))
    assert len(learnt) == 1
    asked = [{"instruction": "dogs", "output": "so"}]
    unsure = categories(tmp_path, asked, examples=str(tmp_path / "mine.yaml"), confidence=1.0)
    assert len(learnt) == 1 and unsure == {"dogs": OTHER}, "what is sure is settled when it is told"
    (tmp_path / "mine.yaml").write_text(TWO.replace("cats and dogs", "flowers").replace("trees and flowers", "cats"))
    assert categories(tmp_path, [{"instruction": "cats", "output": "so"}], examples=str(tmp_path / "mine.yaml"))
    assert len(learnt) == 2


def test_most_user_turns_win_and_of_equals_the_earliest(tmp_path):
    from datasets import Dataset

    from pipeline.sources.memory import Memory

    (tmp_path / "mine.yaml").write_text(TWO)

    def chat(*asked):
        return {"messages": [turn for q in asked for turn in (
            {"role": "user", "content": q}, {"role": "assistant", "content": "trees trees flowers"})]}  # fmt: skip

    rows = [
        chat("dogs", "flower", "flower blooms"),
        chat("dogs", "flower"),
        chat("flower", "dogs"),
        chat("zzz", "dogs"),
    ]
    tasks = Tasks(examples=str(tmp_path / "mine.yaml"), confidence=0.6)
    source = Memory(dataset=Dataset.from_list(rows))
    run = curate(toy_config(tmp_path, source=source, categorizer=tasks, budget=Budget(rows=1), scorers={}))
    names = run.space.bins.category_name[run.space.bins.category].tolist()
    found = dict(zip(run.space.corpus.texts.read(0, 4, "instruction"), names, strict=True))
    assert found["dogs\nflower\nflower blooms"] == "plants"
    assert (found["dogs\nflower"], found["flower\ndogs"], found["zzz\ndogs"]) == ("animals", "plants", "animals")


def test_other_examples_are_another_result(tmp_path):
    for name, text in {"a.yaml": TWO, "b.yaml": TWO.replace("cats", "cows")}.items():
        (tmp_path / name).write_text(text)
    assert Tasks(examples=str(tmp_path / "a.yaml")).identity() != Tasks(examples=str(tmp_path / "b.yaml")).identity()


def test_a_file_that_changes_is_read_again(tmp_path):
    import os

    path = tmp_path / "a.yaml"
    before = []
    for at, text in enumerate((TWO, TWO.replace("animals", "beasts"))):
        path.write_text(text)
        os.utime(path, ns=(at, at))
        before.append((Tasks(examples=str(path)).names(None), Tasks(examples=str(path)).identity()))
    assert before[0] != before[1] and before[1][0][0] == "beasts"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a\n- b\n", "holds no categories"),
        ("a: [x, y]\n", "holds no categories"),
        ("a: [x, y]\nb: [z]\n", "'b' has no such list"),
        ("a: [x, y]\nb: [z, 3]\n", "'b' has no such list"),
        ("a: [x\n", "cannot be read"),
        ("a: [x, y]\nOther: [z, w]\n", "names 'Other'"),
    ],
)
def test_examples_that_are_none_are_refused(tmp_path, text, said):
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(ConfigError, match=said):
        Tasks(examples=str(tmp_path / "bad.yaml")).names(None)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"gone\.yaml cannot be read"):
        Tasks(examples=str(tmp_path / "gone.yaml")).names(None)


def test_shares_of_a_category_without_rows_go_to_the_others(tmp_path, caplog):
    (tmp_path / "mine.yaml").write_text(TWO + "stars:\n  - Name the stars.\n  - Is the sun a star?\n")
    rows = [
        {"instruction": f"Tell me about {what} {i}", "output": "so"} for i in range(9) for what in ("cats", "trees")
    ]
    budget = Budget(rows=8, shares={"animals": 1, "plants": 1, "stars": 2})
    run = curate(toy_config(tmp_path, rows, categorizer=Tasks(examples=str(tmp_path / "mine.yaml")), budget=budget))
    names = run.space.bins.category_name[run.space.bins.category][run.selection.kept]
    assert sorted(names) == ["animals"] * 4 + ["plants"] * 4
    assert "stars is due 4 rows, has 0 and gets 0; more than their shares got" in caplog.text
