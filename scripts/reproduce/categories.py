"""How well ``categorizer=tasks`` tells tasks: against labels that a reader gave before it was trained.

``python scripts/reproduce/categories.py`` reads the sources that ``tasks/labels.csv`` names (ids and labels alone; the
rows stay where they are), and sources of one known category. It prints F1 by category and accuracy by source.
"""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

sys.path.append(str(Path(__file__).parents[1]))  # scripts, for proof
from proof.table import markdown

from pipeline.bins.tasks import OTHER, SHIPPED, Tasks, read
from pipeline.executors import Processes
from pipeline.sources import identity
from pipeline.sources.files import Files

LABELS = Path(__file__).parent / "tasks" / "labels.csv"
SECOND = LABELS.with_name("second_reader.csv")  # labels of some of the same rows, by one who did not know the first
DATA = Path(os.environ.get("COREBOUND_SHARED", "../shared")) / "data"
SOURCES = {
    "alpaca": "instruct/alpaca_17k.jsonl.gz",
    "t0": "instruct/t0_a.jsonl.gz",
    "natural_instructions": "instruct/superni_a_flat.jsonl.gz",
    "content_parts": "chat/v1_sft_demo.jsonl.gz",
    "dpo": "chat/dpo_en.json.gz",
    "kto": "chat/kto_en.json.gz",
    "dialogues": "chat/sgd_sharegpt.jsonl.gz",
    "tool_calls": "chat/glaive_toolcall_en.json.gz",
}
KNOWN = {"eval/gsm8k_test.jsonl.gz": "Math", "instruct/codealpaca_new.json.gz": "Coding"}
BALANCED, DRAWS = 50, 100  # rows of each category in a draw, and draws


def categories(path: str) -> dict[str, str]:
    """The category of each row of a file, by id."""
    with TemporaryDirectory() as folder:
        source = Files(path=str(DATA / path))
        identity.read(source, Path(folder))
        corpus = identity.load(source, Path(folder))
        found = Tasks().assign(corpus, Processes())
        return dict(zip(corpus.ids.astype(str).tolist(), found.name[found.code].tolist(), strict=True))


def f1(label: np.ndarray, found: np.ndarray, name: str) -> float:
    both = int(((label == name) & (found == name)).sum())
    return 2 * both / max(1, int((label == name).sum() + (found == name).sum()))


def agreement(rows: pd.DataFrame, names: list[str]) -> str:
    """How far a second reader, with the same definitions, agrees with the first."""
    second = {one["id"]: one["category"] for one in csv.DictReader(SECOND.open())}
    both = rows[rows.id.isin(second) & (rows.category != OTHER)]
    first, other = both.category.to_numpy(), np.array([second[id] for id in both.id])
    macro = np.mean([f1(first, other, name) for name in names])
    return f"Two readers agree on {100 * np.mean(first == other):.0f} % of {len(both)} rows, macro-F1 {macro:.3f}."


def main() -> None:
    if not DATA.is_dir():
        raise SystemExit(f"{DATA} is no folder; expected the sources; set COREBOUND_SHARED to the folder above it.")
    rows = pd.DataFrame(csv.DictReader(LABELS.open()))
    by_source = {name: categories(SOURCES[name]) for name in rows.source.unique()}
    rows["found"] = [by_source[source][id] for source, id in zip(rows.source, rows.id, strict=True)]
    judged = rows[rows.category != OTHER]
    names = sorted(judged.category.unique())
    label, found = judged.category.to_numpy(), judged.found.to_numpy()
    each = {name: f1(label, found, name) for name in names}
    rng, draws = np.random.default_rng(0), []
    for _ in range(DRAWS):
        some = [rng.choice(np.flatnonzero(label == name), BALANCED, replace=False) for name in names]
        chosen = np.concatenate(some)
        draws.append(np.mean([f1(label[chosen], found[chosen], name) for name in names]))
    lines = [[name, int((label == name).sum()), f"{value:.3f}"] for name, value in each.items()]
    lines += [["macro", len(judged), f"{np.mean(list(each.values())):.3f}"]]
    lines += [[f"macro, {BALANCED} rows of each", BALANCED * len(names), f"{np.mean(draws):.3f}"]]
    print(markdown(["category", "rows", "F1"], lines))
    print(agreement(rows, names))
    print(f"Learnt from {sum(map(len, read(str(SHIPPED)).values())):,} requests.\n")
    of = judged.assign(right=label == found).groupby("source").right.agg(["size", "mean"])
    lines = [[name, int(one["size"]), f"{100 * one['mean']:.0f} %"] for name, one in of.iterrows()]
    for path, name in KNOWN.items():
        own = list(categories(path).values())
        lines.append([f"{Path(path).name} ({name})", len(own), f"{100 * np.mean(np.array(own) == name):.0f} %"])
    print(markdown(["source", "rows", "right"], lines))


if __name__ == "__main__":
    main()
