"""Rows of tables that a chat model writes: it is shown rows of a class as JSON, and asked for more."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.preprocessing import StandardScaler
from tabular.tables import Table

from pipeline.augmenters import asking
from pipeline.endpoint.chat import Chat
from pipeline.endpoint.client import Failure
from pipeline.endpoint.meter import Meter
from pipeline.endpoint.store import Store
from topup.generators import Generator, NoRows

SHOWN = 20  # rows of a request, and rows that it asks for (arXiv 2406.03628, section 5)
ROUNDS = 4  # of requests for what is lacking


def generator(table: Table, scaler: StandardScaler, chosen: dict[str, Any]) -> Generator:
    """Rows of a class as a model writes them, where they are rows of the table and no copies of those it was shown.

    Parameters
    ----------
    table : Table
    scaler : StandardScaler
        What classifiers see of it.
    chosen : dict
        ``chat``: settings of `pipeline.endpoint.chat.Chat`; ``folder``, where answers are kept.
    """
    chat = Chat(**{"temperature": 0.7, "answer_tokens": 4096} | chosen["chat"])
    meter = _meter(json.dumps(chosen["chat"], sort_keys=True))
    row = {
        "type": "object",
        "properties": {one: {"type": "number"} for one in table.columns},
        "required": table.columns,
    }
    schema = {"type": "object", "properties": {"rows": {"type": "array", "items": row}}, "required": ["rows"]}

    def make(features: np.ndarray, label: np.ndarray, number: int, many: int, seed: int) -> np.ndarray:
        own = np.round(scaler.inverse_transform(features[label == number]), 6)
        known, found, first = {tuple(one) for one in own.tolist()}, [], 1
        rng, prompt, reasons = np.random.default_rng([seed, number]), asking.read(None), Counter()
        with closing(Store(Path(chosen["folder"]) / "requests.sqlite")) as store:
            for _ in range(ROUNDS):
                requests = []
                for at in range(-(-(many - len(found)) // SHOWN)):
                    shown = own[rng.choice(len(own), min(SHOWN, len(own)), replace=False)]
                    rows = [dict(zip(table.columns, one, strict=True)) for one in shown.tolist()]
                    requests.append((at, prompt.messages(table.classes[number], SHOWN, first, rows)))
                    first += SHOWN
                said = dict(chat.ask(requests, schema, store, meter))
                for at in sorted(said):
                    if isinstance(said[at], Failure):
                        if not said[at].capped:
                            raise SystemExit(f"{chat.model} failed ({said[at].reason}); run again, which goes on here.")
                        reasons[said[at].reason] += 1
                        continue
                    for one in asking.rows_of(said[at].text):
                        values = numbers(one, table.columns)
                        if values is not None and values not in known:
                            known.add(values)
                            found.append(values)
                if len(found) >= many:
                    return scaler.transform(np.array(found[:many]))
        why = ", ".join(reasons) or f"{ROUNDS} rounds"
        raise NoRows(f"{len(found)} rows of {many} ({why})")

    return make


@cache
def _meter(chat: str) -> Meter:
    """Of all that this process asks, so that caps are of a run."""
    return Chat(**json.loads(chat)).meter()


def numbers(row: dict[str, Any], columns: list[str]) -> tuple[float, ...] | None:
    """Its values, where it has a number for every column."""
    try:
        values = tuple(float(row[column]) for column in columns)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return values if np.isfinite(values).all() else None
