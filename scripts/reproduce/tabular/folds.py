"""One cross-validation of a table: nothing that a test fold says is used before it is judged."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

from tabular import oversampling, reduction
from tabular.classifiers import CLASSIFIERS, WEIGHTED, confusion, f1, make, precision_recall
from tabular.oversampling import RULES, SMOTED, Candidate, Rows
from tabular.tables import Table

NONE, WEIGHTS, THRESHOLD, CHOSEN = "none", "class weights", "threshold", "border, chosen"
Inner = dict[tuple[str, Any], float]


def splits(features: np.ndarray, label: np.ndarray, folds: int, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """Training and test rows of each fold, standardised as the training rows are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of classes with fewer rows than folds, in inner ones
        parts = list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(features, label))
    for train, test in parts:
        scaler = StandardScaler().fit(features[train])
        yield (scaler.transform(features[train]), label[train]), (scaler.transform(features[test]), label[test])


def run(table: Table, repeat: int, chosen: dict[str, Any]) -> list[dict[str, Any]]:
    """Results of every fold, classifier and method."""
    found = []
    for number, (train, test) in enumerate(splits(table.features, table.label, chosen["folds"], repeat)):
        seed = 1000 * repeat + number
        common = {"table": table.name, "repeat": repeat, "fold": number}
        for one in [*oversampled(train, test, seed, chosen), *reduced(train, test, seed, chosen)]:
            found.append(common | one)
    return found


def oversampled(train: Rows, test: Rows, seed: int, chosen: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every method, its settings chosen inside the training rows; ``gained``: whether it beat none there, too."""
    offered = oversampling.candidates(chosen["k"], chosen["percentiles"], chosen["neighbours"])
    inner, thresholds = inside(train, offered, seed, chosen)
    margin, (features, truth) = oversampling.margins(*train), test
    fixed = {name: oversampling.fixed(name, train, seed) for name in oversampling.FIXED}
    made = {one: one.make(*train, margin, seed) for one in offered}

    def judged(classifier: str, method: str, model: Any, key: Any, threshold: float = 0.5) -> dict[str, Any]:
        chance = model.predict_proba(features)
        said = np.argmax(chance, axis=1) if threshold == 0.5 else (chance[:, 1] >= threshold).astype(np.int64)
        tried = (classifier, key) in inner
        return {
            "kind": "oversampling", "classifier": classifier, "method": method,
            "confusion": confusion(truth, said, chance.shape[1]), "auprc": precision_recall(truth, chance),
            "choice": asdict(key) if isinstance(key, Candidate) else None,
            "gained": bool(inner[classifier, key] > inner[classifier, NONE]) if tried else None,
        }  # fmt: skip

    for classifier in CLASSIFIERS:
        plain = make(classifier, seed).fit(*train)
        yield judged(classifier, NONE, plain, NONE)
        if classifier in thresholds:
            yield judged(classifier, THRESHOLD, plain, THRESHOLD, thresholds[classifier])
        if classifier in WEIGHTED:
            yield judged(classifier, WEIGHTS, make(classifier, seed, weighted=True).fit(*train), WEIGHTS)
        for method, rows in fixed.items():
            if isinstance(rows, str):
                yield {"kind": "oversampling", "classifier": classifier, "method": method, "failed": rows}
            else:
                yield judged(classifier, method, make(classifier, seed).fit(*rows), method)
        models: dict[Candidate, Any] = {}
        for method in (*RULES, CHOSEN, SMOTED):
            own = [one for one in offered if one.rule == method or (method == CHOSEN and one.rule in RULES)]
            best = max(own, key=lambda one: inner[classifier, one])
            if best not in models:
                models[best] = make(classifier, seed).fit(*made[best])
            yield judged(classifier, method, models[best], best)


def inside(train: Rows, offered: list[Candidate], seed: int, chosen: dict[str, Any]) -> tuple[Inner, dict[str, float]]:
    """F1 of what is offered, of none, class weights and a threshold, on folds of the training rows; and that threshold.

    A threshold is the chance from which a row is said to be of the smaller of two classes.
    """
    classes, total = train[1].max() + 1, defaultdict(lambda: np.zeros((classes, classes), np.int64))
    chances, true = defaultdict(list), []
    for rows, (features, truth) in splits(*train, chosen["inner"], seed):
        margin = oversampling.margins(*rows)
        true.append(truth)
        for one in (NONE, WEIGHTS, *offered):
            more = rows if isinstance(one, str) else one.make(*rows, margin, seed)
            for classifier in WEIGHTED if one == WEIGHTS else CLASSIFIERS:
                chance = answers(make(classifier, seed, one == WEIGHTS), more, features, classes)
                total[classifier, one] += np.array(confusion(truth, np.argmax(chance, axis=1), classes))
                if one == NONE and classes == 2:
                    chances[classifier].append(chance[:, 1])
    found, thresholds = {key: f1(counts) for key, counts in total.items()}, {}
    for classifier, parts in chances.items():
        chance, truth = np.concatenate(parts), np.concatenate(true)
        at = {t: f1(np.array(confusion(truth, chance >= t, 2))) for t in (0.5, *np.linspace(0.02, 0.98, 49))}
        thresholds[classifier] = float(max(at, key=at.__getitem__))  # one half unless another is better
        found[classifier, THRESHOLD] = max(at.values())
    return found, thresholds


def answers(model: Any, rows: Rows, features: np.ndarray, classes: int) -> np.ndarray:
    """Chances float64[m, k] by a model that learns from few rows, perhaps not of all classes."""
    chance, there = np.zeros((len(features), classes)), np.unique(rows[1])
    if len(there) == 1:
        chance[:, there] = 1
        return chance
    if "n_neighbors" in model.get_params():
        model.set_params(n_neighbors=min(model.n_neighbors, len(rows[1])))
    chance[:, there] = model.fit(*rows).predict_proba(features)
    return chance


def reduced(train: Rows, test: Rows, seed: int, chosen: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every rule for what is removed, at every share."""
    margin, (features, truth) = oversampling.margins(*train), test
    classes = train[1].max() + 1
    for rule in reduction.RULES:
        order = reduction.order(rule, *train, margin, seed)
        for share in (0.0, *chosen["removed"]):
            if share == 0 and rule != reduction.RANDOM:
                continue
            kept = order[: max(2, round((1 - share) * len(order)))]
            rows = train[0][kept], train[1][kept]
            for classifier in CLASSIFIERS:
                said = np.argmax(answers(make(classifier, seed), rows, features, classes), axis=1)
                yield {
                    "kind": "reduction", "classifier": classifier, "method": rule, "removed": share,
                    "confusion": confusion(truth, said, classes), "classes": len(np.unique(rows[1])),
                }  # fmt: skip
