"""A toy corpus that a reader can judge by eye, and a cache of its own for every test session."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_OFFLINE", "1")

CITIES = ["Paris", "Rome", "Cairo", "Lima", "Oslo", "Delhi", "Quito", "Seoul", "Accra", "Hanoi", "Tunis", "Riga"]
FRUITS = ["apples", "pears", "plums", "figs", "kiwis", "limes", "dates", "melons", "grapes", "lemons", "nuts", "beans"]
VERBS = ["sort", "reverse", "count", "sum", "filter", "join", "split", "flatten", "shuffle", "copy", "zip", "rotate"]
MOODS = ["glad", "sad", "angry", "calm", "proud", "tired", "bored", "keen", "shy", "bold", "cross", "jolly"]
SEAS = ["Baltic", "Red", "Black", "Coral", "North", "Arabian", "Ionian", "Timor", "Java", "Kara", "Aral", "Celtic"]


def toy_rows() -> list[dict[str, str]]:
    """60 rows in five tasks of 12, each task a template with one word changed."""
    rows = []
    for i in range(12):
        tasks = {
            "travel": (f"Describe a day in {CITIES[i]} for a visitor.", "", f"Start in the old town of {CITIES[i]}."),
            "arithmetic": (f"Tom has {i + 3} {FRUITS[i]} and buys {i} more. How many has he?", "", f"{2 * i + 3}"),
            "coding": (f"Write a Python function to {VERBS[i]} a list.", "", f"def {VERBS[i]}(xs):\n    return xs"),
            "sentiment": ("Name the mood of the sentence.", f"I feel {MOODS[i]} about my new job.", MOODS[i]),
            "geography": (f"Where is the {SEAS[i]} Sea?", "", f"The {SEAS[i]} Sea is on the map, between two shores."),
        }
        for task, (instruction, context, output) in tasks.items():
            rows.append({"instruction": instruction, "input": context, "output": output, "task": task})
    return rows


def write_jsonl(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture(scope="session", autouse=True)
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    os.environ["COREBOUND_CACHE"] = str(folder)
    return folder


def toy_config(folder, rows=None, **changes):
    """A configuration for the library that selects 20 toy rows and keeps its results in ``folder``."""
    from datasets import Dataset

    from pipeline.bins.categorizers import OneCategory
    from pipeline.bins.clusterers import SphericalKMeans
    from pipeline.budget import Budget
    from pipeline.config import Config, default_scorers
    from pipeline.embedders.lsa import Lsa
    from pipeline.executors import Serial
    from pipeline.selectors.coverage import Coverage
    from pipeline.sources.memory import Memory

    settings = {
        "source": Memory(dataset=Dataset.from_list(rows or toy_rows())),
        "embedder": Lsa(dimensions=16),
        "categorizer": OneCategory(),
        "clusterer": SphericalKMeans(size=6),
        "scorers": default_scorers(),
        "selector": Coverage(),
        "budget": Budget(rows=20),
        "executor": Serial(),
        "cache_dir": str(folder),
    }
    return Config(**{**settings, **changes})


@pytest.fixture(scope="session")
def demo_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real rows: those of the demo."""
    from filelock import FileLock

    own = tmp_path_factory.getbasetemp()
    path = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "demo.jsonl"  # one for all processes
    script = ROOT / "scripts" / "make_demo_corpus.py"
    with FileLock(f"{path}.lock"):
        if not path.exists():
            subprocess.run([sys.executable, str(script), str(path), "--rows", "1500"], check=True, capture_output=True)
    return path


def corebound(folder, *overrides, check=True):
    command = [sys.executable, "-m", "pipeline", *overrides]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env={**os.environ, "COLUMNS": "200"})
    if check:
        assert done.returncode == 0, done.stderr
    return done


def ledger_of(product):
    import pyarrow.parquet as parquet

    return parquet.read_table(product / "ledger.parquet").to_pandas()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    write_jsonl(folder / "toy.jsonl", toy_rows())
    return folder
