"""What each arm trains on: what a run of corebound keeps of the pool, at a number of tokens."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from proof import space
from proof.sets import Rows

from pipeline.budget import Budget
from pipeline.config import default_scorers
from pipeline.embedders.lsa import Lsa
from pipeline.run import curate, prepare
from pipeline.selectors import Selector
from pipeline.selectors.baselines import Longest, Random, Stratified
from pipeline.selectors.border import Border
from pipeline.selectors.coverage import Coverage
from pipeline.selectors.herding import Herding

OURS, RANDOM, FULL, BASE = "corebound", "random", "full", "base"
MATCHED = "matched"  # random rows with as many answer tokens of each source as ours: what is left is which rows
POOL = 0.9  # of the pool in a pair, so that pairs differ in what there is to select from
# Those without scores are what a user without corebound would do: nothing is set aside.
ARMS: dict[str, tuple[Selector, bool]] = {
    OURS: (Herding(), True),
    RANDOM: (Random(), False),
    "stratified": (Stratified(), False),
    "longest": (Longest(), False),
    "border": (Border(), True),
    "coverage": (Coverage(), True),
    "herding, temper 1": (Herding(temper=1), True),
    "herding alone": (Herding(temper=1), False),  # no boundary, and nothing set aside
}


@dataclass(frozen=True)
class Chosen:
    """What an arm keeps.

    Attributes
    ----------
    rows : list of int
        In the pool of the pair.
    seconds : float
        What choosing took; less where stages of another arm were reused.
    """

    rows: list[int]
    seconds: float


def subsample(size: int, pair: int) -> np.ndarray:
    """int64[k], sorted: which rows of the pool a pair has."""
    return np.sort(np.random.default_rng(1000 + pair).permutation(size)[: round(POOL * size)])


def matched(pool: Rows, ours: list[int], pair: int) -> Chosen:
    """Rows at random, of each source as many answer tokens as ``ours`` have, to the row."""
    started = time.perf_counter()
    source, tokens = (np.array([row[key] for row in pool]) for key in ("source", "answer_tokens"))
    order, found = np.random.default_rng(2000 + pair).permutation(len(pool)), []
    for name in np.unique(source[ours]):
        rows = order[source[order] == name]
        wanted = tokens[ours][source[ours] == name].sum()
        found.append(rows[: max(1, int(np.argmin(np.abs(np.cumsum(tokens[rows]) - wanted))) + 1)])
    return Chosen(np.sort(np.concatenate(found)).tolist(), time.perf_counter() - started)


def choose(arm: str, pool: Rows, fraction: float, tokenizer: Path, pair: int, folder: Path) -> Chosen:
    """The rows that an arm keeps of a pool at a fraction of its tokens, everything else as by default."""
    selector, scored = ARMS[arm]
    started = time.perf_counter()
    config = replace(
        space.configure(pool, Lsa(), folder, pair),
        tokenizer=str(tokenizer / "tokenizer.json"),
        scorers=default_scorers() if scored else {},
        selector=selector,
        budget=Budget(tokens=1),
    )
    _, corpus, _ = prepare(config)
    run = curate(replace(config, budget=Budget(tokens=round(fraction * int(corpus.tokens.sum())))))
    rows = corpus.inputs.index[run.selection.kept[corpus.inputs.distinct] & corpus.inputs.stands]
    return Chosen(rows.tolist(), time.perf_counter() - started)
