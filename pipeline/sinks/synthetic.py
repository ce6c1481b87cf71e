"""Rows that a language model wrote, beside real ones or apart, and all of them with their verdicts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from enum import StrEnum
from itertools import count
from typing import TYPE_CHECKING, Any

from pipeline.errors import ConfigError
from pipeline.sinks.configurations import CANDIDATES, COLUMNS, SYNTHETIC, WEIGHT

if TYPE_CHECKING:
    import numpy as np
    from datasets import Dataset

    from pipeline.arrays import Corpus
    from pipeline.run import Run

Synthetic = StrEnum("Synthetic", ["separate", "mixed", "none"])


def tables(run: Run, taken: set[str], named: Callable[[str], str], how: Synthetic) -> dict[str, Dataset]:
    """What goes into configurations of its own, by their names; nothing where nobody was asked.

    ``synthetic`` (and a number, where rows have the columns of several sources), if they are ``separate``: the kept
    rows in the columns of their source and in `COLUMNS`. ``candidates``: every row that was written, as JSON, and what
    became of it.

    Parameters
    ----------
    run : Run
    taken : set of str
        Names of the configurations of real rows.
    named : callable
        What a configuration is called in this product.
    how : Synthetic
    """
    from datasets import Dataset, Features, List, Value

    topup, additions = run.topup, run.additions
    if topup is None or additions is None or how == Synthetic.none:
        return {}
    found = {}
    for source in sorted({one.source for one in additions.accepted}) if how == Synthetic.separate else ():
        free = (named(f"{SYNTHETIC}-{number}" if number else SYNTHETIC) for number in count())
        name = next(one for one in free if one not in taken and one not in found)
        features = run.space.corpus.tables[source].features
        found[name] = Dataset.from_list(_rows(run, {source}, features), features=Features({**features, **_told()}))
    if additions.candidates:
        text = Value("string")
        rows = [
            {
                "bin": str(topup.name[one.bin]),
                "border": one.border,
                "reason": one.reason,
                "row": None if one.row is None else _said(one.row),
                "id": f"synthetic-{one.id}" if one.id else None,
                "parents": one.parents,
                "generator": additions.generator,
                "prompt": one.prompt,
            }
            for one in additions.candidates
        ]
        kinds = Features({name: List(text) if name == "parents" else text for name in rows[0]})
        found[named(CANDIDATES)] = Dataset.from_list(rows, features=kinds)
    return found


def beside(parts: list[tuple[Dataset, np.ndarray]], run: Run, how: Synthetic) -> list[Dataset]:
    """Real rows of a configuration; ``mixed``, with those behind them that were written in its columns.

    All have `COLUMNS` then; of these, real rows have ``sample_weight`` alone.

    Parameters
    ----------
    parts : list of (datasets.Dataset, int64[...])
        Rows of one schema, and which input rows they are.
    run : Run
    how : Synthetic
    """
    import numpy as np
    import pyarrow as pa
    from datasets import Dataset, Features, concatenate_datasets

    inputs, told = run.space.corpus.inputs, Features(_told())
    if how != Synthetic.mixed:
        return [rows for rows, _ in parts]
    found = []
    for rows, which in parts:
        weight = pa.array(np.ones(len(rows)) if run.topup is None else run.topup.weights(inputs.distinct[which]))
        beside = [weight if field.name == WEIGHT else pa.nulls(len(rows), field.type) for field in told.arrow_schema]
        added = Dataset(pa.table(beside, schema=told.arrow_schema))
        found.append(concatenate_datasets([rows, added], axis=1))
    features = found[0].features
    written = _rows(run, {int(inputs.source[which[0]]) for _, which in parts}, features)
    return [*found, Dataset.from_list(written, features=features)] if written else found


def require_free(corpus: Corpus) -> None:
    """Refuse rows that have one of `COLUMNS` already.

    Raises
    ------
    ConfigError
    """
    for name, table in zip(corpus.names, corpus.tables, strict=True):
        taken = [column for column in COLUMNS if column in table.column_names]
        if taken:
            raise ConfigError(
                f"{name} has a column '{taken[0]}', which written rows get; expected none of that name; rename or "
                "remove it."
            )


def _told() -> dict[str, Any]:
    """Kinds of `COLUMNS`."""
    from datasets import List, Value

    kinds = {"synthetic_parents": List(Value("string")), WEIGHT: Value("float64")}
    return {column: kinds.get(column, Value("string")) for column in COLUMNS}


def _rows(run: Run, sources: set[int], columns: Iterable[str]) -> list[dict[str, Any]]:
    """Kept rows that were written in the columns of these sources, and what they were made of."""
    topup, additions = run.topup, run.additions
    if topup is None or additions is None:
        return []
    return [
        {column: one.row.get(column) for column in columns if one.row is not None}
        | {
            "synthetic_id": f"synthetic-{one.id}",
            "synthetic_parents": one.parents,
            "synthetic_generator": additions.generator,
            "synthetic_prompt": one.prompt,
            "synthetic_bin": str(topup.name[one.bin]),
            "synthetic_border": one.border,
            WEIGHT: one.weight,
        }
        for one in additions.accepted
        if one.source in sources
    ]


def _said(row: dict[str, Any]) -> str:
    """JSON of a row; of one that no file can hold as it is, with escapes."""
    text = json.dumps(row, ensure_ascii=False, default=str)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(row, default=str)
    return text
