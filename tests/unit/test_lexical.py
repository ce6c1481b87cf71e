"""Lexical difficulty: long requests in rare words say more."""

import numpy as np
import pytest

from pipeline.errors import ConfigError
from pipeline.executors import Serial
from pipeline.run import curate
from pipeline.scorers.lexical import NOTHING, Lexical
from tests.conftest import toy_config


def difficulty(folder, asked, **settings):
    rows = [{"instruction": text, "output": f"answer {i}"} for i, text in enumerate(asked)]
    run = curate(toy_config(folder, rows, scorers={"difficulty": Lexical(**settings)}, budget=toy_budget()))
    values = run.scores.columns["difficulty"]
    by_text = dict(zip(run.space.corpus.texts.read(0, len(values), "instruction"), values.tolist(), strict=True))
    return [by_text[text] for text in asked], run


def toy_budget():
    from pipeline.budget import Budget

    return Budget(rows=2)


COMMON = [f"say the word number {i}" for i in range(20)]


def test_rare_words_and_more_of_them_are_harder(tmp_path):
    values, _ = difficulty(tmp_path, [*COMMON, "say quixotic", "say quixotic zephyr paradigm", "say say say say say"])
    assert values[-1] < values[0] < values[-2]
    assert values[-3] < values[-2]


def test_a_word_counts_once(tmp_path):
    values, _ = difficulty(tmp_path, [*COMMON, "say zephyr", "say zephyr zephyr zephyr"])
    assert values[-1] == values[-2]


def test_of_a_long_request_the_last_words_count(tmp_path):
    start = " ".join(f"odd{i}" for i in range(50))
    values, _ = difficulty(tmp_path, [*COMMON, f"{start} say the word", "say the word"], words=3)
    assert values[-1] == values[-2]


def test_a_row_that_asks_nothing_has_no_difficulty_and_is_counted(tmp_path):
    _, run = difficulty(tmp_path, [*COMMON, "?!"])
    assert run.scores.nulls["difficulty"] == {NOTHING: 1}


def test_a_chat_has_the_mean_of_its_turns(tmp_path):
    from datasets import Dataset

    from pipeline.sources.memory import Memory

    def chat(*asked):
        said = [[{"role": "user", "content": q}, {"role": "assistant", "content": "so be it"}] for q in asked]
        return {"messages": [turn for pair in said for turn in pair]}

    rows = [
        *map(chat, COMMON),
        chat("brisk otter"),
        chat("mellow heron quietly"),
        chat("brisk otter", "mellow heron quietly"),
    ]
    config = toy_config(tmp_path, scorers={"difficulty": Lexical()}, source=Memory(dataset=Dataset.from_list(rows)))
    run = curate(config)
    asked = run.space.corpus.texts.read(0, len(run.space), "instruction")
    one, other, both = (
        run.scores.columns["difficulty"][asked.index(text)]
        for text in ("brisk otter", "mellow heron quietly", "brisk otter\nmellow heron quietly")
    )
    assert both == pytest.approx((one + other) / 2, rel=1e-5)


def test_settings_out_of_range_are_refused():
    with pytest.raises(ConfigError, match="words is 0"):
        Lexical(words=0)


def test_it_is_a_number_of_every_toy_row(tmp_path):
    run = curate(toy_config(tmp_path))
    values, reasons = Lexical().score(run.space, Serial())
    assert np.isfinite(values).all() and reasons == {}
