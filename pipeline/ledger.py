"""The ledger: one record for every input row, saying what became of it and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pipeline.arrays import BAD, REGIONS

if TYPE_CHECKING:
    from pipeline.arrays import Aside, Corpus, Inputs, Order, Scores, Selection, Space, TopUp

# Why a row was kept: its region, or a rule that put it first, or because copies were allowed, or its bin is thin.
KEPT = ("core", "boundary", "outlier", "garbage", "empty", "floor", "always", "copy", "returned")
# Why a row was dropped: a kept row is near enough; the budget ended; it may be garbage, else it had been kept; the
# guard ordered it last, as no one is near or as garbage; ...
DROPPED = (
    "duplicate", "represented", "budget", "doubtful", "ceiling", "outlier", "garbage", "empty", "excluded", "bad",
)  # fmt: skip
ASIDE = np.array(["bad", "excluded"], dtype=object)  # by the codes of Aside.reason
BATCH = 65_536


def records(
    space: Space, scores: Scores, order: Order, selection: Selection, topup: TopUp | None, said: bool = False
) -> Iterator[pa.Table]:
    """The ledger in batches, in the order of the input.

    Columns: ``source``, ``file``, ``row`` (of the file, from 0), ``line`` (from 1, null where rows have none), ``id``,
    ``decision``, ``reason``, ``category``, ``cluster``, ``region``, one column a scorer (null: no verdict), ``rank``
    (from 0, in the order), ``empty_answer``, ``tokens``, ``copies`` (of this row in the input), ``represents``
    (distinct rows that a kept row stands for), with a top-up ``weight`` (of a kept row in training). For dropped rows
    the kept row that stands for them: ``stand_in`` (its id), ``stand_in_source``, ``stand_in_file``, ``stand_in_row``,
    ``similarity``. For bad and excluded rows, of which little else is known, ``detail`` says why. With ``said``,
    ``text``: what the row says, turns joined by newlines (null for bad rows).
    """
    corpus, inputs, aside = space.corpus, space.corpus.inputs, space.corpus.aside
    copied = np.zeros(len(inputs), bool)
    copied[selection.copies] = True
    stands_for = np.bincount(selection.stand_in, minlength=len(corpus)) - 1
    row_of_file = corpus.row_of_file(inputs)
    as_input = np.lexsort(
        (np.concatenate([inputs.row, aside.row]), np.concatenate([inputs.source, aside.source]))
    )  # fmt: skip
    for start in range(0, len(as_input), BATCH):
        chosen = as_input[start : start + BATCH]
        part, out = chosen[chosen < len(inputs)], chosen[chosen >= len(inputs)] - len(inputs)
        row, stands = inputs.distinct[part], inputs.stands[part]
        kept = (selection.kept[row] & stands) | copied[part]
        reason = np.where(copied[part], "copy", np.where(stands, selection.reason[row], "duplicate"))
        stand_in = selection.stand_in[row]
        deputy = corpus.standing[stand_in]
        table = pa.table(
            {
                **_where(corpus, inputs, part, row_of_file),
                "id": text(corpus.ids[row]),
                "decision": pa.array(np.where(kept, "kept", "dropped").astype(object), pa.string()),
                "reason": pa.array(reason.astype(object), pa.string()),
                **described(space, scores, order, row),
                "empty_answer": corpus.empty[row],
                "tokens": corpus.tokens[row],
                "copies": corpus.copies[row],
                "represents": pa.array(stands_for[row], mask=~kept),
                **({"weight": pa.array(topup.weights(row), mask=~kept)} if topup else {}),
                "stand_in": text(corpus.ids[stand_in], kept),
                "stand_in_source": pa.array(_names(corpus.names, inputs.source[deputy]), pa.string(), mask=kept),
                "stand_in_file": pa.array(_files(corpus, inputs, deputy), pa.string(), mask=kept),
                "stand_in_row": pa.array(row_of_file[deputy], mask=kept),
                "similarity": pa.array(selection.similarity[row], mask=kept),
                "detail": pa.nulls(len(part), pa.string()),
                **({"text": pa.array(corpus.texts.of(row), pa.large_string())} if said else {}),
            }
        )
        if len(out):
            table = _with_aside(table, corpus, out).take(np.argsort(np.argsort(chosen >= len(inputs), kind="stable")))
        yield table


def _where(corpus: Corpus, rows: Inputs | Aside, part: np.ndarray, row_of_file: np.ndarray) -> dict[str, pa.Array]:
    line = rows.line[part]
    return {
        "source": pa.array(_names(corpus.names, rows.source[part]), pa.string()),
        "file": pa.array(_files(corpus, rows, part), pa.string()),
        "row": row_of_file[part],
        "line": pa.array(line, mask=line == 0),
    }


def _with_aside(table: pa.Table, corpus: Corpus, out: np.ndarray) -> pa.Table:
    """The records, and behind them those of rows that were set aside."""
    aside = corpus.aside
    ids = aside.id[out]
    added = {
        **_where(corpus, aside, out, corpus.row_of_file(aside)),
        "id": text(ids, ids == b""),
        "decision": pa.array(["dropped"] * len(out)),
        "reason": pa.array(ASIDE[aside.reason[out]], pa.string()),
        "tokens": pa.array(aside.tokens[out], mask=aside.reason[out] == BAD),
        "detail": pa.array(_names(aside.whys, aside.why[out]), pa.string()),
    }
    rest = {field.name: pa.nulls(len(out), field.type) for field in table.schema if field.name not in added}
    return pa.concat_tables([table, pa.table({name: {**added, **rest}[name] for name in table.column_names})])


def _files(corpus: Corpus, rows: Inputs | Aside, part: np.ndarray) -> np.ndarray:
    names = np.array([name for files in corpus.files for name in files], dtype=object)
    first = np.cumsum([0, *map(len, corpus.files)])[:-1]
    return names[first[rows.source[part]] + rows.file[part]]


def _names(names: list[str], positions: np.ndarray) -> np.ndarray:
    return np.array(names, dtype=object)[positions]


def described(space: Space, scores: Scores, order: Order, row: np.ndarray) -> dict[str, pa.Array]:
    """What ledger and ``selection_*`` columns both say of distinct rows."""
    bins = space.bins
    return {
        "category": pa.array(bins.category_name[bins.category[row]].astype(object), pa.string()),
        "cluster": pa.array(bins.cluster[row]),
        "region": pa.array(np.array(REGIONS, dtype=object)[scores.region[row]], pa.string()),
        **{name: nullable(values[row]) for name, values in scores.columns.items()},
        "rank": pa.array(order.rank[row]),
    }


def nullable(values: np.ndarray) -> pa.Array:
    """NaN, which is no verdict, as null."""
    return pa.array(values, mask=np.isnan(values))


def text(ids: np.ndarray, mask: np.ndarray | None = None) -> pa.Array:
    """S32[n] as strings, null where ``mask`` is true."""
    return pa.array(ids.astype("U32").astype(object), pa.string(), mask=mask)
