"""Garbage that the bench mixes in."""

import random
import sys

from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "scripts"))


def test_garbage_is_a_share_of_the_pool_in_equal_parts():
    from proof.garbage import KINDS, mixed

    pool = [{"instruction": f"Say {i}", "output": f"Number {i} is said aloud, twice."} for i in range(950)]
    rows, kinds = mixed(pool, 0.05, "known", seed=0)
    assert rows[:950] == pool and kinds[:950] == [None] * 950 and len(rows) == 1000
    assert [kinds.count(kind) for kind in KINDS] == [13, 13, 12, 12]
    assert mixed(pool, 0.05, "known", seed=0) == (rows, kinds)
    shuffled = rows[950]
    assert sorted(shuffled["output"].split()) == sorted(
        f"Number {shuffled['instruction'][4:]} is said aloud, twice.".split()
    )


def test_spoiling_leaves_the_row_itself_alone():
    from proof.garbage import spoil

    row = {
        "conversations": [{"from": "human", "value": "Where to?"}, {"from": "gpt", "value": "To the station, please."}]
    }
    cut = spoil(row, "truncated", random.Random(0))
    assert row["conversations"][1]["value"].startswith(cut["conversations"][1]["value"]) and cut != row
    assert cut["conversations"][0] == row["conversations"][0]


def test_each_kind_is_what_it_says():
    from proof.garbage import LANGUAGES, MIXES, spoil

    text = " ".join(f"word{i}" for i in range(30))
    draw, said = random.Random(1), {}
    for kind in (kind for kinds in MIXES.values() for kind in kinds):
        said[kind] = [spoil({"text": text}, kind, draw)["text"] for _ in range(40)]
    assert all(sorted(s.split()) == sorted(text.split()) and s != text for s in said["shuffled words"])
    assert all(text.startswith(s) and 0.05 < len(s) / len(text) < 0.95 for s in said["truncated"])
    assert len({len(s) for s in said["truncated"]}) > 20
    assert 10 < sum(text[len(s)] == " " for s in said["truncated"]) < 35
    assert all(len(s) == len(text) and "word" not in s for s in said["random characters"])
    foreign = {word for parts in LANGUAGES.values() for part in parts for word in part.replace("|", " ").split()}
    assert all(set(s.replace(".", "").split()) <= foreign for s in said["another language"])
    assert len(set(said["another language"])) > 35
    assert all(len(set(s.split())) <= 5 < len(s.split()) for s in said["repetition"])
    assert all("</span>" in s for s in said["markup"])


def test_a_truncated_dialogue_loses_the_end_of_its_last_answer():
    from proof.garbage import spoil

    turns = [
        ("human", "Where to?"),
        ("gpt", "To the old station, please."),
        ("human", "And now?"),
        ("gpt", "Stop here, right now."),
    ]
    row = {"conversations": [{"from": who, "value": value} for who, value in turns]}
    for seed in range(20):
        cut = [turn["value"] for turn in spoil(row, "truncated", random.Random(seed))["conversations"]]
        assert cut[:3] == [value for _, value in turns[:3]]
        assert turns[3][1].startswith(cut[3]) and len(cut[3]) < len(turns[3][1])
        other = spoil(row, "random characters", random.Random(seed))["conversations"]
        assert not {turn["value"] for turn in other} & {value for _, value in turns}


def test_what_spoiling_leaves_as_it_is_is_not_called_garbage():
    from proof.garbage import mixed

    pool = [{"instruction": f"Which of {i}?", "output": "Yes" if i % 5 else "No, not at all today"} for i in range(400)]
    rows, kinds = mixed(pool, 0.2, "known", seed=1)
    assert all(row not in pool for row, kind in zip(rows, kinds, strict=True) if kind)


def test_a_cut_text_keeps_its_lines():
    from proof.garbage import spoil

    text = "first line\nsecond line\n\n  and the third line is longer than the others"
    assert all(text.startswith(spoil({"text": text}, "truncated", random.Random(s))["text"]) for s in range(40))
