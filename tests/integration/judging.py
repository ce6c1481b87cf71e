"""Rows that a judge behind a server on loopback is asked about."""

import json

import numpy as np

from pipeline.bins.categorizers import ColumnCategory
from pipeline.budget import Budget
from pipeline.endpoint.chat import Chat
from pipeline.run import curate
from pipeline.scorers.judge import Judge
from tests.conftest import toy_config

ROWS = [{"instruction": f"Name the number {i}.", "output": f"It is {i}.", "kind": "Math" if i % 2 else "other"}
        for i in range(24)]  # fmt: skip


def said(number):
    return json.dumps({"reason": "so it is", "score": number})


def number_of(body):
    """Of the row that a request is about."""
    asked = body["messages"][-1]["content"]
    return int(asked.split("It is ")[1].split(".")[0])


def judged(folder, server, rows=ROWS, rubric=None, most=12_000, **settings):
    """Quality by the number of the row, the reasons for none, and the run."""
    chat = Chat(**{"model": "judge", "url": server.url, "max_requests": 1000, "tries": 3, **settings})
    scorers = {"quality": Judge(chat=chat, rubric=rubric, most=most, requests=str(folder / "requests.sqlite"))}
    config = toy_config(folder / "cache", rows, scorers=scorers, budget=Budget(rows=2),
                        categorizer=ColumnCategory(column="kind"))  # fmt: skip
    run = curate(config)
    values = np.empty(len(rows))
    values[run.space.corpus.index] = run.scores.columns["quality"]
    return values, run.scores.nulls["quality"], run


def command(server, *words):
    return ["source.path=toy.jsonl", "budget.rows=5", "sink.path=out", "cache_dir=cache",
            "scorer@scorers.quality=judge", "scorers.quality.chat.model=judge",
            f"scorers.quality.chat.url={server.url}", "scorers.quality.chat.max_requests=1000",
            *words]  # fmt: skip
