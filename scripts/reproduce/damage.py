"""What the rules of ``scorer@scorers.quality=heuristic`` see: damage done on purpose, and rows that others flagged.

``python scripts/reproduce/damage.py`` damages answers of Alpaca, T0, GSM8K and Code Alpaca in a dozen ways and prints
how often a whole answer scores above a damaged one (AUROC), by the rule that addresses the damage and by quality as a
whole; and how well quality, difficulty and preference tell the rows of Alpaca that AlpaGasus (arXiv 2307.08701) and a
rater of helpfulness kept, beside length.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

sys.path.append(str(Path(__file__).parents[1]))  # scripts, for proof
from proof.table import markdown, percent
from rules.damages import DAMAGES, Damage, Row

DATA = Path(os.environ.get("COREBOUND_SHARED", "../shared")) / "data" / "instruct"
SOURCES = {
    "alpaca": "alpaca_17k.jsonl.gz",
    "t0": "t0_a.jsonl.gz",
    "gsm8k": "gsm8k_train.jsonl.gz",
    "code": "codealpaca_new.json.gz",
}
FLAGS = ("in_claude_t45", "in_helpfulness_t45")
JUDGED = ("in_random9k", "in_first5000")  # rows of which flags say something
ROWS = 2000  # of a source


def rows_of(path: Path) -> list[Row]:
    """Requests and answers of a file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        text = file.read()
    found = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
    rows = []
    for one in found:
        if "instruction" in one:
            asked = one["instruction"] + (f"\n{one['input']}" if one.get("input") else "")
            rows.append(Row(asked, one["output"]))
        elif "question" in one:
            rows.append(Row(one["question"], one["answer"]))
        else:
            rows.append(Row(one["prompt"], one["completion"].removesuffix("<|endoftext|>")))
    return rows


def scored(rows: list[Row]) -> pd.DataFrame:
    """What the ledger says of each row: ``quality`` and its parts, ``difficulty``, ``preference``."""
    from datasets import Dataset

    from pipeline import select
    from pipeline.bins.tasks import Tasks
    from pipeline.executors import Processes
    from pipeline.scorers.heuristic import Heuristic
    from pipeline.scorers.lexical import Lexical

    table = Dataset.from_list([{"instruction": row.asked, "output": row.said} for row in rows])
    with tempfile.TemporaryDirectory() as folder:
        scorers = {"quality": Heuristic(), "difficulty": Lexical()}
        how: dict[str, Any] = {"categorizer": Tasks(), "executor": Processes(), "cache_dir": folder, "ledger": True}
        ledger = select(table, rows=1, scorers=scorers, **how)[1].to_pandas()
    return ledger.sort_values("row").reset_index(drop=True)


def damaged(rows: list[Row], damage: Damage, seed: int) -> list[tuple[Row, Row]]:
    """Whole and damaged rows, where there is something to damage."""
    rng = Random(seed)
    found = [damage.of(row, rng.choice(rows), rng) for row in rows]
    return [pair for pair in found if pair is not None]


def auroc(whole: pd.Series, broken: pd.Series) -> tuple[float, int]:
    """How often a whole answer scores above a damaged one, equal ones half; and pairs in which both have a score."""
    both = whole.notna().to_numpy() & broken.notna().to_numpy()
    if not both.any():
        return np.nan, 0
    truth = np.repeat([1, 0], both.sum())
    return float(roc_auc_score(truth, np.concatenate([whole[both], broken[both]]))), int(both.sum())


def shown(value: float, judged: int, rows: int) -> str:
    return f"{value:.3f} ({percent(round(judged / rows, 2))})"


def of_damage() -> str:
    lines = []
    for source, file in SOURCES.items():
        rows = rows_of(DATA / file)
        Random(0).shuffle(rows)
        rows = [row for row in rows if row.said.strip()][:ROWS]
        kinds = [damage for damage in DAMAGES if source in damage.sources]
        made = [damaged(rows, damage, seed) for seed, damage in enumerate(kinds)]
        # All in one corpus, so that usual lengths are those of the same categories.
        everything = list(dict.fromkeys(row for pairs in made for pair in pairs for row in pair))
        place = {row: at for at, row in enumerate(everything)}
        columns = scored(everything)
        for damage, pairs in zip(kinds, made, strict=True):
            whole, broken = (columns.iloc[[place[pair[side]] for pair in pairs]] for side in (0, 1))
            cells = ["", ""]
            if damage.rule is not None:
                column = f"quality_{damage.rule}"
                cells = [damage.rule, shown(*auroc(whole[column], broken[column]), len(pairs))]
            lines.append(
                [damage.name, source, len(pairs), *cells, shown(*auroc(whole.quality, broken.quality), len(pairs))]
            )
    lines.sort(key=lambda line: [damage.name for damage in DAMAGES].index(line[0]))
    return markdown(["damage", "source", "rows", "rule", "AUROC of the rule", "of quality"], lines)


def of_flags() -> str:
    with gzip.open(DATA / "alpaca_17k_flags.csv.gz", "rt") as file:
        flags = pd.DataFrame(csv.DictReader(file)).astype(int)
    rows = rows_of(DATA / SOURCES["alpaca"])
    columns = scored(rows)
    columns["length"] = [len(row.said) for row in rows]
    columns["shortness"] = -columns.length
    judged = flags[list(JUDGED)].any(axis=1).to_numpy()
    lines = []
    for name in ("quality", "difficulty", "preference", "length", "shortness"):
        cells = []
        for flag in FLAGS:
            known = judged & columns[name].notna().to_numpy()
            value = roc_auc_score(flags[flag][known], columns[name][known])
            cells.append(shown(value, int(known.sum()), int(judged.sum())))
        lines.append([name, *cells])
    return markdown(["AUROC of", *(f"{flag.removeprefix('in_')} ({flags[flag][judged].sum():,} of {judged.sum():,})"
                                   for flag in FLAGS)], lines)  # fmt: skip


def main() -> None:
    if not DATA.is_dir():
        raise SystemExit(f"{DATA} is no folder; expected the sources; set COREBOUND_SHARED to the folder above it.")
    print("AUROC, and in brackets the share of the pairs, or rows, that have a score.\n")
    print(of_damage())
    print(of_flags())


if __name__ == "__main__":
    main()
