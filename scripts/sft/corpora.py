"""Conversations of several sources: a general slice for the base, a pool to select from, and held-out rows."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proof import sets

Messages = list[dict[str, str]]
Row = dict[str, Any]


@dataclass(frozen=True)
class Corpus:
    """Rows ``{"messages", "source"}``; no conversation of a source is in two of the three parts.

    Attributes
    ----------
    general : list of dict
        What the base is trained on; no arm may use it.
    pool : list of dict
    held_out : list of dict
    """

    general: list[Row]
    pool: list[Row]
    held_out: list[Row]

    def content(self) -> str:
        """Short hash of all of it."""
        return hashlib.sha256(json.dumps([self.general, self.pool, self.held_out]).encode()).hexdigest()[:8]


def load(data: Path, names: list[str], general: float, held_out: int) -> Corpus:
    """Read sources and divide each: held-out rows, and of the others a share for the general slice.

    Parameters
    ----------
    data : Path
    names : list of str
        Keys of `SOURCES`.
    general : float
        Share of each source's training rows that the general slice gets.
    held_out : int
        So many rows of each source are wanted to be held out; a source without a split of its own for that gives twice
        as many, as not all will fit the context.

    Returns
    -------
    Corpus
        Each part in an order drawn at random, source after source.
    """
    parts: dict[str, list[Row]] = {"general": [], "pool": [], "held_out": []}
    for name in names:
        train, test = SOURCES[name](data)
        rng = random.Random(f"corebound {name}")
        train, test = _distinct(train), _distinct(test)
        rng.shuffle(train)
        if not test:
            test, train = train[: 2 * held_out], train[2 * held_out :]
        rng.shuffle(test)
        asked = {_text(messages) for messages in test}
        train = [messages for messages in train if _text(messages) not in asked]
        cut = round(general * len(train))
        for part, rows in (("general", train[:cut]), ("pool", train[cut:]), ("held_out", test)):
            parts[part] += [{"messages": messages, "source": name} for messages in rows]
    return Corpus(**parts)


def _text(messages: Messages) -> str:
    return json.dumps([message["content"] for message in messages])


def _distinct(rows: list[Messages]) -> list[Messages]:
    return list({_text(messages): messages for messages in rows}.values())


def _said(asked: str, answer: str) -> Messages:
    return [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]


def _rows(path: Path) -> Iterator[Row]:
    """Rows of a JSON array or of JSON lines."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from json.load(file) if path.name.endswith(".json.gz") else map(json.loads, file)


def _alpaca(path: Path) -> list[Messages]:
    rows = list(_rows(path))
    return [_said(f"{r['instruction']}\n{r['input']}".strip(), r["output"]) for r in rows if r["output"].strip()]


def alpaca(data: Path) -> tuple[list[Messages], list[Messages]]:
    """Instructions, single turn."""
    return _alpaca(data / "instruct/alpaca_17k.jsonl.gz"), _alpaca(data / "eval/alpaca_eval1k.jsonl.gz")


def code(data: Path) -> tuple[list[Messages], list[Messages]]:
    """Programming, single turn; no split of its own is held out."""
    names = ("codealpaca_new", "code_alpaca_2k")
    return [row for name in names for row in _alpaca(data / f"instruct/{name}.json.gz")], []


def gsm8k(data: Path) -> tuple[list[Messages], list[Messages]]:
    """School mathematics with the steps of the solution."""
    paths = (data / "instruct/gsm8k_train.jsonl.gz", data / "eval/gsm8k_test.jsonl.gz")
    train, test = ([_said(r["question"], r["answer"]) for r in _rows(path)] for path in paths)
    return train, test


def t0(data: Path) -> tuple[list[Messages], list[Messages]]:
    """Prompts made from labelled sets by templates."""
    labelled = sets.t0(data)
    train, test = ([_said(r["prompt"], r["completion"]) for r in part] for part in (labelled.pool, labelled.test))
    return train, test


def natural_instructions(data: Path) -> tuple[list[Messages], ...]:
    """A task's definition, an instance of it, and the first of its answers."""

    def read(path: Path) -> list[Messages]:
        rows = [(f"{r['definition']}\n{r['input']}", sets.first_answer(r)) for r in _rows(path)]
        return [_said(asked, answer) for asked, answer in rows if answer.strip()]

    return tuple(read(data / part / "superni_a_flat.jsonl.gz") for part in ("instruct", "eval"))


def dialogues(data: Path) -> tuple[list[Messages], list[Messages]]:
    """Chats of many turns with an assistant that books and looks up."""
    roles = {"human": "user", "gpt": "assistant"}
    paths = (data / "chat/sgd_sharegpt.jsonl.gz", data / "eval/sgd_sharegpt_eval.jsonl.gz")
    train, test = (
        [[{"role": roles[m["from"]], "content": m["value"]} for m in r["conversations"]] for r in _rows(path)]
        for path in paths
    )
    return train, test


def docs(data: Path) -> tuple[list[Messages], list[Messages]]:
    """The docstrings of the demo, for a machine without the others."""
    labelled = sets.docs(data)
    train, test = ([_said(r["instruction"], r["output"]) for r in part] for part in (labelled.pool, labelled.test))
    return train, test


SOURCES: dict[str, Callable[[Path], tuple[list[Messages], list[Messages]]]] = {
    "alpaca": alpaca,
    "code": code,
    "dialogues": dialogues,
    "docs": docs,
    "gsm8k": gsm8k,
    "natural-instructions": natural_instructions,
    "t0": t0,
}
