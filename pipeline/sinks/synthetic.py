"""Rows that a language model wrote, as configurations: those that are kept, and all of them with their verdicts."""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING, Any

from pipeline.sinks.configurations import CANDIDATES, COLUMNS, SYNTHETIC

if TYPE_CHECKING:
    from datasets import Dataset

    from pipeline.run import Run


def tables(run: Run, taken: set[str]) -> dict[str, Dataset]:
    """By the name of the configuration; none where none was written.

    ``synthetic`` (and a number, where rows have the columns of several sources): the kept rows in the columns of
    their source, and ``synthetic_id`` (``synthetic-`` and a hash, which no real row has), ``synthetic_parents`` (ids of
    the rows that the model was shown), ``synthetic_generator``, ``synthetic_prompt`` (hash of the request),
    ``synthetic_bin`` and ``sample_weight``. ``candidates``: every row that was written, as JSON, and what became of it.

    Parameters
    ----------
    run : Run
    taken : set of str
        Names of the configurations of real rows.
    """
    from datasets import Dataset, Features, List, Value

    corpus, topup, additions = run.space.corpus, run.topup, run.additions
    if topup is None or additions is None:
        return {}
    text = Value("string")
    kinds = {"synthetic_parents": List(text), "sample_weight": Value("float64")}
    told = Features({column: kinds.get(column, text) for column in COLUMNS})
    found = {}
    accepted = additions.accepted
    for source in sorted({one.source for one in accepted}):
        features = corpus.tables[source].features
        free = (f"{SYNTHETIC}-{number}" if number else SYNTHETIC for number in count())
        name = next(one for one in free if one not in taken and one not in found)
        found[name] = Dataset.from_list(
            [
                {column: one.row.get(column) for column in features}
                | {
                    "synthetic_id": f"synthetic-{one.id}",
                    "synthetic_parents": one.parents,
                    "synthetic_generator": additions.generator,
                    "synthetic_prompt": one.prompt,
                    "synthetic_bin": str(topup.name[one.bin]),
                    "sample_weight": one.weight,
                }
                for one in accepted
                if one.source == source
            ],
            features=Features({**features, **told}),
        )
    if additions.candidates:
        found[CANDIDATES] = Dataset.from_list(
            [
                {
                    "bin": str(topup.name[one.bin]),
                    "reason": one.reason,
                    "row": None if one.row is None else _said(one.row),
                    "id": f"synthetic-{one.id}" if one.id else None,
                    "parents": one.parents,
                    "generator": additions.generator,
                    "prompt": one.prompt,
                }
                for one in additions.candidates
            ],
            features=Features({name: List(text) if name == "parents" else text for name in
                               ("bin", "reason", "row", "id", "parents", "generator", "prompt")}),
        )  # fmt: skip
    return found


def _said(row: dict[str, Any]) -> str:
    """JSON of a row; of one that no file can hold as it is, with escapes."""
    text = json.dumps(row, ensure_ascii=False, default=str)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(row, default=str)
    return text
