"""Labelled corpora with a held-out split: rows as users have them, labels beside, never in them."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Labelled:
    """A pool to select from and rows to test on.

    Attributes
    ----------
    pool, test : list of dict
    labels : dict of str to (str[n], str[t])
        For each kind of label, those of the pool and of the test rows.
    """

    pool: Rows
    test: Rows
    labels: dict[str, tuple[np.ndarray, np.ndarray]]

    def content(self) -> str:
        """Short hash of all of it."""
        labels = {kind: [list(part) for part in parts] for kind, parts in self.labels.items()}
        return hashlib.sha256(json.dumps([self.pool, self.test, labels]).encode()).hexdigest()[:8]


def lines(path: Path) -> Rows:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _of_text(pool: list[tuple[str, str]], test: list[tuple[str, str]], kind: str) -> Labelled:
    rows = [[{"text": text} for text, _ in part] for part in (pool, test)]
    labels = tuple(np.array([label for _, label in part]) for part in (pool, test))
    return Labelled(*rows, {kind: labels})


def clinc150(data: Path, name: str) -> Labelled:
    """Queries to an assistant, 150 intents."""
    with gzip.open(data / "labels" / "clinc150" / f"data_{name}.json.gz", "rt", encoding="utf-8") as file:
        parts = json.load(file)
    return _of_text(parts["train"], parts["test"], "intent")


def r8(data: Path) -> Labelled:
    """Newswire, 8 topics, the largest 69 times the smallest."""
    parts = []
    for name in ("train", "test"):
        with gzip.open(data / "labels" / "reuters_r8" / f"{name}.tsv.gz", "rt", encoding="utf-8") as file:
            split = [line.rstrip("\n").split("\t", 1) for line in file if line.strip()]
        parts.append([(text, label) for label, text in split])
    return _of_text(*parts, "topic")


def dbpedia(data: Path) -> Labelled:
    """Abstracts of Wikipedia, 14 classes, long-tailed in the pool and even in the test."""
    parts = []
    for name in ("train", "test"):
        path = data / "labels" / "dbpedia14_longtail" / f"{name}.csv.gz"
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            parts.append([(row["text"], row["label"]) for row in csv.DictReader(file)])
    return _of_text(*parts, "class")


def t0(data: Path) -> Labelled:
    """Templated prompts. The eval file shares no underlying example with the pool (its SOURCES says how)."""
    files = [lines(data / "instruct" / "t0_a.jsonl.gz"), lines(data / "eval" / "t0_a_eval.jsonl.gz")]
    rows = [
        [{"prompt": r["prompt"], "completion": r["completion"].removesuffix("<|endoftext|>")} for r in file]
        for file in files
    ]
    kinds = ("dataset", "template", "task_type")
    return Labelled(*rows, {kind: tuple(np.array([r[kind] for r in file]) for file in files) for kind in kinds})


def first_answer(row: dict[str, Any]) -> str:
    """Of Natural Instructions, where some tasks have a list of answers and others one."""
    answers = row["output"] if isinstance(row["output"], list) else [row["output"]]
    return answers[0] if answers else ""


def natural_instructions(data: Path) -> Labelled:
    """Seven tasks; without their definitions, which would give the label away."""
    files = [lines(data / part / "superni_a_flat.jsonl.gz") for part in ("instruct", "eval")]
    rows = [[{"instruction": r["input"], "output": first_answer(r)} for r in file] for file in files]
    kinds = ("task", "category")
    return Labelled(*rows, {kind: tuple(np.array([r[kind] for r in file]) for file in files) for kind in kinds})


def dialogues(data: Path) -> Labelled:
    """Schema-Guided Dialogue; the label is the domain of the first service."""
    files = [lines(data / "chat" / "sgd_sharegpt.jsonl.gz"), lines(data / "eval" / "sgd_sharegpt_eval.jsonl.gz")]
    rows = [[{"conversations": r["conversations"]} for r in file] for file in files]
    labels = tuple(np.array([r["services"][0].split("_")[0] for r in file]) for file in files)
    return Labelled(*rows, {"domain": labels})


def docs(data: Path, many: int = 5_000) -> Labelled:
    """Docstrings of installed packages (scripts/make_demo_corpus.py), for a machine without the other sets."""
    import random

    rows = demo_rows()[:many]
    random.Random(0).shuffle(rows)
    parts = rows[many // 5 :], rows[: many // 5]
    shown = [[{k: r[k] for k in ("instruction", "output")} for r in part] for part in parts]
    return Labelled(*shown, {"task": tuple(np.array([r["task"] for r in part]) for part in parts)})


def demo_rows() -> Rows:
    """The demo corpus, made once for the packages that are there."""
    import os
    import subprocess
    import sys
    import tempfile
    from importlib.metadata import version

    maker = Path(__file__).parent.parent / "make_demo_corpus.py"
    made_of = [sys.version, maker.read_text("utf-8")]
    made_of += [version(name) for name in ("numpy", "scikit-learn", "scipy", "pandas", "datasets")]
    home = Path(os.environ.get("COREBOUND_CACHE", "~/.cache/corebound")).expanduser()
    kept = home / f"demo-{hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:16]}.jsonl"
    if not kept.exists():
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home) as folder:
            subprocess.run([sys.executable, maker, f"{folder}/docs.jsonl"], check=True, stdout=subprocess.DEVNULL)
            os.replace(f"{folder}/docs.jsonl", kept)
    with open(kept, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


SETS: dict[str, Callable[[Path], Labelled]] = {
    "clinc150": lambda data: clinc150(data, "full"),
    "clinc150-imbalanced": lambda data: clinc150(data, "imbalanced"),
    "dbpedia": dbpedia,
    "dialogues": dialogues,
    "docs": docs,
    "docs-small": lambda data: docs(data, 1_500),
    "natural-instructions": natural_instructions,
    "r8": r8,
    "t0": t0,
}
TUNED_ON = ("clinc150-imbalanced", "r8", "t0", "natural-instructions")
