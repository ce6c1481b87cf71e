"""What written rows do to a classifier of a long-tailed set of texts."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from proof import space
from proof.sets import SETS, Rows
from tails.sets import fall

from pipeline.augmenters import reading
from pipeline.augmenters.endpoint import Endpoint
from pipeline.augmenters.plans import shape_of
from pipeline.bins.categorizers import ColumnCategory
from pipeline.budget import Budget
from pipeline.config import Config
from pipeline.endpoint.chat import Chat
from pipeline.run import Run, curate
from pipeline.sinks.disk import Disk
from topup.writers import WRITERS, serving

CLASS = "its class"  # a column that no set has
C = 10.0  # inverse of a head's penalty, as in `pipeline.augmenters.acceptance`
PLAIN, BEST = "real rows", "real rows up to the target"


def judge(name: str, imbalance: float, repeat: int, chosen: dict[str, Any]) -> list[dict[str, Any]]:
    """Balanced accuracy on test rows: of real rows, with class weights, with what each writer adds, and at best."""
    data = SETS[name](Path(chosen["data"]))
    labels, truth = next(iter(data.labels.values()))
    classes, code = np.unique(labels, return_inverse=True)
    rng = np.random.default_rng(repeat)
    train = rng.permutation(len(labels))
    kept = fall(code, train, imbalance, rng)
    rows = [{**data.pool[at], CLASS: str(labels[at])} for at in kept]
    # DBpedia is long-tailed as it comes, and has hardly more rows of its small classes: half of the test rows, which
    # nobody is judged by, are held back too.
    order = rng.permutation(len(truth))
    given, tested = order[: len(order) // 2], np.sort(order[len(order) // 2 :])
    left = [(str(labels[at]), data.pool[at]) for at in np.setdiff1d(train, kept)]
    left += [(str(truth[at]), data.test[at]) for at in given]
    left = [left[at] for at in rng.permutation(len(left))]
    held_back = {str(one): [row for of, row in left if of == str(one)] for one in classes}
    found: list[dict[str, Any]] = []

    def add(method: str, vectors: np.ndarray, of: np.ndarray, **more: Any) -> None:
        told, weighted = (_balanced(vectors, of, test, expected, weights) for weights in (None, "balanced"))
        found.append({"set": name, "imbalance": imbalance, "repeat": repeat, "method": method, "balanced": told,
                      "weighted": weighted, "rows": len(of), **more})  # fmt: skip

    with tempfile.TemporaryDirectory() as folder:
        config = replace(
            space.configure(rows, space.encoder(chosen["embedder"], chosen["models"]), Path(folder), repeat),
            categorizer=ColumnCategory(column=CLASS), budget=Budget(fraction=1.0), scorers={}, sink=Disk(path=folder),
        )  # fmt: skip
        for writer in WRITERS:
            with serving(writer, held_back, repeat) as server:
                chat = Chat(model=writer, url=server.url, max_requests=10_000, concurrency=4)
                augmenter = Endpoint(chat=chat, power=0, requests=f"{folder}/{writer}.sqlite")
                run = curate(replace(config, augmenter=augmenter))
            if not found:
                real, label = (
                    np.array(run.space.embeddings.vectors),
                    run.space.bins.category_name[run.space.bins.category],
                )
                test, expected = _vectors([data.test[at] for at in tested], run, config), truth[tested].astype(str)
                add(PLAIN, real, label)
                best, of = _at_best(held_back, run, config)
                add(BEST, np.concatenate([real, best]), np.concatenate([label, of]))
            made = run.additions
            taken = made.accepted if made else []
            vectors = _vectors([one.row for one in taken], run, config)
            of = run.topup.name[[one.bin for one in taken]] if taken else np.empty(0, label.dtype)
            reasons = Counter(one.reason for one in made.candidates) if made else Counter()
            add(writer, np.concatenate([real, vectors]), np.concatenate([label, of]), factor=made.factor if made else 0,
                lacking=int((run.topup.target - run.topup.kept).sum()), written=len(taken),
                candidates=reasons.total(), reasons=dict(reasons.most_common()))  # fmt: skip
    return found


def _vectors(rows: Rows, run: Run, config: Config) -> np.ndarray:
    """float32[m, d] of rows, in the space of the run."""
    nobody = [0] * len(rows), [""] * len(rows)
    read = reading.read(rows, *nobody, 0, shape_of(run.space.corpus, 0, 0), run.space, config)
    assert all(one is not None for one in read), "real rows can be read"
    nothing = np.empty((0, run.space.embeddings.vectors.shape[1]), np.float32)
    return np.stack([one.vector for one in read if one]) if read else nothing


def _at_best(held_back: dict[str, Rows], run: Run, config: Config) -> tuple[np.ndarray, np.ndarray]:
    """Held-back rows up to the target of each class, and their classes."""
    top = run.topup
    lacking = dict(zip(top.name.tolist(), (top.target - top.kept).tolist(), strict=True))
    found = {name: held_back[name][:many] for name, many in lacking.items() if many}
    of = np.repeat(list(found), [len(rows) for rows in found.values()])
    return _vectors([row for rows in found.values() for row in rows], run, config), of


def _balanced(
    vectors: np.ndarray, label: np.ndarray, test: np.ndarray, truth: np.ndarray, weights: str | None
) -> float:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import recall_score

    head = LogisticRegression(C=C, max_iter=3000, tol=1e-5, class_weight=weights)
    return float(recall_score(truth, head.fit(vectors, label).predict(test), average="macro", zero_division=0))
