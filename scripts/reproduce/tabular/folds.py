"""One cross-validation of a table: nothing that a test fold says is used before it is judged."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import recall_score
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

from tabular import oversampling, reduction, tables
from tabular.classifiers import CLASSIFIERS, WEIGHTED, f1, make, measure
from tabular.oversampling import Candidate, Rows

NONE, WEIGHTS, CHOSEN = "none", "class weights", "chosen"
Splits = Iterator[tuple[Rows, Rows]]


def start(workers: int) -> None:
    """What a process does first: one thread each, as the tables are small."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)


def splits(features: np.ndarray, label: np.ndarray, folds: int, seed: int) -> Splits:
    """Training and test rows of each fold, standardised as the training rows are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of classes with fewer rows than folds, in inner ones
        parts = list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(features, label))
    for train, test in parts:
        scaler = StandardScaler().fit(features[train])
        yield (scaler.transform(features[train]), label[train]), (scaler.transform(features[test]), label[test])


def run(folder: Path, name: str, repeat: int, chosen: dict[str, Any]) -> list[dict[str, Any]]:
    """Results of every fold, classifier and method."""
    table = tables.read(folder, name, chosen["folds"])
    found = []
    for number, (train, test) in enumerate(splits(table.features, table.label, chosen["folds"], repeat)):
        seed = 1000 * repeat + number
        common = {"table": name, "repeat": repeat, "fold": number}
        for one in [*oversampled(train, test, seed, chosen), *reduced(train, test, seed, chosen)]:
            found.append(common | one)
    return found


def fitted(name: str, rows: Rows, seed: int, weighted: bool = False) -> Any:
    return make(name, seed, weighted).fit(*rows)


def oversampled(train: Rows, test: Rows, seed: int, chosen: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every method of oversampling, the borders' rule and settings chosen inside the training rows."""
    offered = oversampling.candidates(chosen["k"], chosen["percentiles"])
    inner = inside(train, offered, seed, chosen)
    margin = oversampling.margins(*train)
    made: dict[str, Rows] = {NONE: train}
    failed = {}
    for method in (*oversampling.LIBRARY, oversampling.RECIPE):
        try:
            if method == oversampling.RECIPE:
                made[method] = oversampling.by_recipe(*train, seed)
            else:
                made[method] = oversampling.as_library(method, *train, seed)
        except (ValueError, RuntimeError) as error:
            failed[method] = str(error)
    border = {one: oversampling.from_borders(*train, margin, one, seed) for one in offered}
    for classifier in CLASSIFIERS:
        common = {"kind": "oversampling", "classifier": classifier}
        for method, rows in made.items():
            yield common | {"method": method} | measure(fitted(classifier, rows, seed), *test)
        for method, reason in failed.items():
            yield common | {"method": method, "failed": reason}
        if classifier in WEIGHTED:
            yield common | {"method": WEIGHTS} | measure(fitted(classifier, train, seed, weighted=True), *test)
        best: dict[str, Candidate] = {}
        for rule in (*oversampling.RULES, CHOSEN):
            own = [one for one in offered if rule in (one.rule, CHOSEN)]
            best[rule] = max(own, key=lambda one: inner[classifier, one])
        values = {one: measure(fitted(classifier, border[one], seed), *test) for one in set(best.values())}
        for rule, one in best.items():
            gained = inner[classifier, one] > inner[classifier, None]
            yield common | {"method": rule, "choice": asdict(one), "gained": bool(gained)} | values[one]


def inside(
    train: Rows, offered: list[Candidate], seed: int, chosen: dict[str, Any]
) -> dict[tuple[str, Candidate | None], float]:
    """F1 of each classifier and candidate, and of no oversampling (None), on all folds of the training rows together.

    The smaller class has a few rows in each: the mean of their F1 would be mostly noise (Forman and Scholz 2010).
    """
    said: dict[tuple[str, Candidate | None], list[np.ndarray]] = defaultdict(list)
    true = []
    for rows, (features, truth) in splits(*train, chosen["inner"], seed):
        margin = oversampling.margins(*rows)
        true.append(truth)
        for one in (None, *offered):
            more = rows if one is None else oversampling.from_borders(*rows, margin, one, seed)
            for classifier in CLASSIFIERS:
                said[classifier, one].append(fitted(classifier, more, seed).predict(features))
    return {key: f1(np.concatenate(true), np.concatenate(parts)) for key, parts in said.items()}


def reduced(train: Rows, test: Rows, seed: int, chosen: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every rule for what is removed, at every share."""
    margin = oversampling.margins(*train)
    for rule in reduction.RULES:
        order = reduction.order(rule, *train, margin, seed)
        for share in (0.0, *chosen["removed"]):
            if share == 0 and rule != "random":
                continue
            kept = order[: max(2, round((1 - share) * len(order)))]
            for classifier in CLASSIFIERS:
                said = answers(classifier, (train[0][kept], train[1][kept]), test[0], seed)
                yield {
                    "kind": "reduction", "classifier": classifier, "method": rule, "removed": share,
                    "accuracy": float((said == test[1]).mean()),
                    "balanced": float(recall_score(test[1], said, average="macro", zero_division=0)),
                }  # fmt: skip


def answers(classifier: str, rows: Rows, features: np.ndarray, seed: int) -> np.ndarray:
    """What a classifier says that has learnt from few rows, perhaps of one class."""
    if len(np.unique(rows[1])) == 1:
        return np.full(len(features), rows[1][0])
    model = make(classifier, seed)
    if "n_neighbors" in model.get_params():
        model.set_params(n_neighbors=min(model.n_neighbors, len(rows[1])))
    return model.fit(*rows).predict(features)
