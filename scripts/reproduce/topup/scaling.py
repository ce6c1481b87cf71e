"""What synthetic rows do to the loss of a classifier of a table with a small class (arXiv 2406.03628, section 5).

The loss is balanced cross-entropy: the mean over classes of the mean of their test rows, in nats.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import balanced_accuracy_score
from sklearn.preprocessing import StandardScaler
from tabular import tables
from tabular.classifiers import make

from topup import asked
from topup.generators import GENERATORS, Generator, NoRows, Rows

NONE, WEIGHTS, ASKED = "none", "class weights", "chat model"
CLASSIFIERS = ("logistic regression", "gradient boosting")  # those of tabular/ whose chances are more than votes
BEYOND = 0.5  # weight of rows beyond balance (a in the paper's risk)
LEAST = 1e-6  # chance that a row is said to have at least


def judge(name: str, repeat: int, chosen: dict[str, Any]) -> list[dict[str, Any]]:
    """Loss and balanced accuracy of every classifier: without synthetic rows, at balance, and with more of them."""
    table = tables.read(Path(chosen["tables"]), name, folds=2)
    split = parts(table, chosen["sizes"], repeat)
    if isinstance(split, str):
        return [{"table": name, "repeat": repeat, "left_out": split}]
    common = {"table": name, "repeat": repeat, "rows": np.bincount(split.train[1]).tolist()}
    found: list[dict[str, Any]] = []

    def add(method: str, extra: int, rows: Rows, weight: np.ndarray | None = None, weighted: bool = False) -> None:
        for classifier in CLASSIFIERS:
            told = make(classifier, repeat, weighted).fit(*rows, sample_weight=weight).predict_proba(split.test[0])
            one = {"method": method, "extra": extra, "classifier": classifier}
            found.append({**common, **one, **losses(told, split.test[1])})

    add(NONE, 0, split.train)
    add(WEIGHTS, 0, split.train, weighted=True)
    draws = dict(GENERATORS)
    if chosen["chat"]:
        draws[ASKED] = asked.generator(table, split.scaler, chosen)
    for method, draw in draws.items():
        try:
            for extra, rows, weight in grown(split.train, draw, chosen["amounts"], repeat):
                add(method, extra, rows, weight)
        except NoRows as why:
            found.append({**common, "method": method, "failed": str(why)})
    return found


@dataclass(frozen=True)
class Parts:
    """Rows of two classes, standardised as those of training are."""

    train: Rows
    test: Rows
    scaler: StandardScaler


def parts(table: tables.Table, sizes: list[int], seed: int) -> Parts | str:
    """Training rows as many as ``sizes`` of the larger and the smaller class, or as few to one another; others test.

    Half of the smaller class tests. Why not, of a table that has more classes, or fewer than half of these rows.
    """
    rng, (large, small) = np.random.default_rng(seed), sizes
    size = np.bincount(table.label)
    few = min(small, int(size[1]) // 2, int(size[0]) * small // (large + small))
    if len(size) != 2:
        return "more than two classes"
    if few < max(small / 2, 2):
        return "too few rows"
    rows = [rng.permutation(np.flatnonzero(table.label == one)) for one in (0, 1)]
    many = few * large // small
    train, test = np.concatenate([rows[0][:many], rows[1][:few]]), np.concatenate([rows[0][many:], rows[1][few:]])
    scaler = StandardScaler().fit(table.features[train])
    train, test = ((scaler.transform(table.features[some]), table.label[some]) for some in (train, test))
    return Parts(train, test, scaler)


def grown(train: Rows, draw: Generator, amounts: list[int], seed: int) -> Iterator[tuple[int, Rows, np.ndarray | None]]:
    """Rows at balance, and with so many more of each class; what they weigh.

    Real rows and those of the smaller class up to balance weigh half then, rows of all classes beyond it the other half
    (arXiv 2406.03628: (1 - a) of the risk of oversampled rows, a of that of augmenting ones). Fewer are part of more.
    """
    features, label = train
    size = np.bincount(label)
    lacking, most = int(size[0] - size[1]), max(amounts, default=0)
    small = draw(features, label, 1, lacking + most, seed)
    balanced = np.concatenate([features, small[:lacking]]), np.concatenate([label, np.ones(lacking, label.dtype)])
    yield 0, balanced, None
    large = draw(features, label, 0, most, seed + 1) if most else small[:0]
    whole = len(balanced[1])
    for extra in amounts:
        rows = np.concatenate([balanced[0], small[lacking : lacking + extra], large[:extra]])
        of = np.concatenate([balanced[1], np.repeat([1, 0], extra)])
        weight = np.repeat([(1 - BEYOND), BEYOND * whole / (2 * extra)], [whole, 2 * extra])
        yield extra, (rows, of), weight


def losses(chance: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Balanced cross-entropy in nats, and balanced accuracy, of chances float64[m, 2]."""
    loss = -np.log(np.maximum(chance[np.arange(len(truth)), truth], LEAST))
    balanced = float(np.mean([loss[truth == one].mean() for one in (0, 1)]))
    return {"loss": balanced, "accuracy": float(balanced_accuracy_score(truth, chance.argmax(axis=1)))}
