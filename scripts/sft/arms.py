"""What each arm trains on: what a run of corebound keeps of the pool, at a number of tokens."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from omegaconf import OmegaConf
from proof import space
from proof.sets import Rows
from proof.table import percent

from pipeline.bins.categorizers import OneCategory
from pipeline.bins.tasks import Tasks
from pipeline.budget import Budget
from pipeline.config import TextPart, default_scorers
from pipeline.embedders.lsa import Lsa
from pipeline.run import curate, prepare
from pipeline.scorers.heuristic import Heuristic
from pipeline.scorers.lexical import Lexical
from pipeline.selectors import Selector
from pipeline.selectors.baselines import Longest, Random, Stratified, Top
from pipeline.selectors.border import Border
from pipeline.selectors.coverage import Coverage
from pipeline.selectors.herding import Herding
from pipeline.selectors.laser import Laser

OURS, RANDOM, FULL, BASE = "corebound", "random", "full", "base"
MATCHED = "matched"  # random rows with as many answer tokens of each source as ours: what is left is which rows
POOL = 0.9  # of the pool in a pair, so that pairs differ in what there is to select from
PAPER = Path(__file__).parents[2] / "configs" / "experiment" / "laser.yaml"  # its proportions


@dataclass(frozen=True)
class Arm:
    """How rows are chosen.

    Attributes
    ----------
    selector : Selector
    scored : bool
        Whether rows have the scores of the default. Without, it is what a user without corebound would do: nothing is
        set aside.
    preferred : bool
        Whether they have quality, difficulty and task categories, as in ``experiment=laser``.
    shares : bool
        Whether these categories have its proportions.
    """

    selector: Selector
    scored: bool = False
    preferred: bool = False
    shares: bool = False


ARMS: dict[str, Arm] = {
    OURS: Arm(Herding(), scored=True),
    RANDOM: Arm(Random()),
    "stratified": Arm(Stratified()),
    "longest": Arm(Longest()),
    "border": Arm(Border(), scored=True),
    "coverage": Arm(Coverage(), scored=True),
    "herding, temper 1": Arm(Herding(temper=1), scored=True),
    "herding alone": Arm(Herding(temper=1)),  # no boundary, and nothing set aside
    "difficulty": Arm(Top(score="difficulty"), preferred=True),
    "quality": Arm(Top(score="quality"), preferred=True),
    "preference": Arm(Top(), preferred=True),
    "preference, shares": Arm(Top(), preferred=True, shares=True),
    "laser": Arm(Laser(), preferred=True, shares=True),
    "coverage, preference": Arm(Coverage(), scored=True, preferred=True),
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


def named(budget: float) -> str:
    """How a table names a budget."""
    return percent(budget) if budget < 1 else f"{budget:,.0f} rows"


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


def choose(arm: str, pool: Rows, budget: float, tokenizer: Path, pair: int, folder: Path) -> Chosen:
    """The rows that an arm keeps of a pool, everything else as by default.

    A budget below 1 is a share of the pool's tokens, one from 1 on a number of rows.
    """
    how = ARMS[arm]
    started = time.perf_counter()
    scorers = default_scorers() if how.scored else {}
    config = replace(
        space.configure(pool, Lsa(), folder, pair),
        tokenizer=str(tokenizer / "tokenizer.json") if budget < 1 else None,
        scorers=scorers | ({"quality": Heuristic(), "difficulty": Lexical()} if how.preferred else {}),
        categorizer=Tasks() if how.preferred else OneCategory(),
        selector=how.selector,
        budget=Budget(tokens=1) if budget < 1 else Budget(rows=round(budget)),
    )
    if budget < 1:
        _, corpus, _ = prepare(config)
        config = replace(config, budget=Budget(tokens=round(budget * int(corpus.tokens.sum()))))
    if how.shares:
        shares = OmegaConf.to_object(OmegaConf.load(PAPER).budget.shares)
        config = replace(config, budget=replace(config.budget, shares=shares))
    if isinstance(how.selector, Laser):
        config = replace(
            config, text=TextPart.response, selector=Laser(rows=round(budget), shares=config.budget.shares)
        )
    run = curate(config)
    inputs = run.space.corpus.inputs
    rows = inputs.index[run.selection.kept[inputs.distinct] & inputs.stands]
    return Chosen(rows.tolist(), time.perf_counter() - started)
