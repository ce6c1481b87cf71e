"""The ledger: one record for every input row, saying what became of it and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pipeline.arrays import REGIONS

if TYPE_CHECKING:
    from pipeline.arrays import Order, Scores, Selection, Space

# Why a row was kept: its region, or a rule that put it first, or because copies were allowed.
KEPT = ("core", "boundary", "outlier", "empty", "floor", "always", "copy")
# Why a row was dropped: a kept row is near enough; the budget ended; the guard ordered it last; ...
DROPPED = ("duplicate", "represented", "budget", "ceiling", "outlier", "excluded", "bad")
BATCH = 65_536


def records(space: Space, scores: Scores, order: Order, selection: Selection) -> Iterator[pa.Table]:
    """The ledger in batches, in the order of the input.

    Columns: ``source``, ``row`` (from 0), ``line`` (from 1, null where rows have none), ``id``, ``decision``,
    ``reason``, ``category``, ``cluster``, ``region``, one column a scorer (null: no verdict), ``empty_answer``,
    ``rank`` (from 0, in the order), ``copies`` (of this row in the input), ``represents`` (distinct rows that a kept
    row stands for), and for dropped rows the kept row that stands for them: ``stand_in`` (its id), ``stand_in_row``,
    ``similarity``.
    """
    corpus, inputs = space.corpus, space.corpus.inputs
    copied = np.zeros(len(inputs), bool)
    copied[selection.copies] = True
    first_input = np.empty(len(corpus), np.int64)
    first_input[inputs.distinct[inputs.stands]] = np.flatnonzero(inputs.stands)
    stands_for = np.bincount(selection.stand_in, minlength=len(corpus)) - 1
    for start in range(0, len(inputs), BATCH):
        part = slice(start, start + BATCH)
        row, stands = inputs.distinct[part], inputs.stands[part]
        kept = (selection.kept[row] & stands) | copied[part]
        reason = np.where(copied[part], "copy", np.where(stands, selection.reason[row], "duplicate"))
        stand_in = selection.stand_in[row]
        yield pa.table(
            {
                "source": pa.array(np.array(corpus.names, dtype=object)[inputs.source[part]], pa.string()),
                "row": inputs.index[part],
                "line": pa.array(inputs.line[part], mask=inputs.line[part] == 0),
                "id": text(corpus.ids[row]),
                "decision": pa.array(np.where(kept, "kept", "dropped").astype(object), pa.string()),
                "reason": pa.array(reason.astype(object), pa.string()),
                **described(space, scores, order, row),
                "empty_answer": corpus.empty[row],
                "copies": corpus.copies[row],
                "represents": pa.array(stands_for[row], mask=~kept),
                "stand_in": pa.array(text(corpus.ids[stand_in]).to_numpy(False), mask=kept),
                "stand_in_row": pa.array(inputs.index[first_input[stand_in]], mask=kept),
                "similarity": pa.array(selection.similarity[row], mask=kept),
            }
        )


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


def text(ids: np.ndarray) -> pa.Array:
    """S32[n] as strings."""
    return pa.array(ids.astype("U32").astype(object), pa.string())
