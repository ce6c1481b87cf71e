"""What a run will take, from trials on a few of its rows: seconds and peak memory of every stage."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import numpy as np

from pipeline.arrays import Aside, Corpus
from pipeline.augmenters import Augmenter
from pipeline.budget import Budget
from pipeline.cache import Cache
from pipeline.config import Config
from pipeline.errors import ConfigError
from pipeline.executors import one_thread
from pipeline.filter import Filter
from pipeline.progress import hidden, waiting
from pipeline.provenance import Stage, Stages
from pipeline.publish import publish
from pipeline.run import order_and_cut

FEWEST = 256  # rows of the first trial
PATIENCE = {256: 8.0, 1024: 1.5}  # seconds of a trial of so many rows up to which larger ones are tried
# Bytes of a row beside its vector and its text: places, bins, neighbours, scores, ranks. By the peaks of stages that
# scripts/bench.py measured at 125,000 and 500,000 rows: 280 of bin to 530 of compare.
ROW = 450


@dataclass(frozen=True)
class Forecast:
    """What a run is expected to take.

    Attributes
    ----------
    rows, dimensions : int
    text_bytes, vector_bytes : int
        Of all rows; both are on disk and mapped, so the system can take their memory back.
    kept : float
        Share of the rows that the budget keeps.
    stages : list of Stage
        Those of reading as they were, the others as expected.
    """

    rows: int
    dimensions: int
    text_bytes: int
    vector_bytes: int
    kept: float
    stages: list[Stage]

    @property
    def seconds(self) -> float:
        return sum(stage.seconds for stage in self.stages)

    @property
    def largest(self) -> Stage:
        """The stage that takes the most memory, of those that are still to be made."""
        return max((stage for stage in self.stages if not stage.key), key=lambda stage: stage.peak_mib)

    def require(self, memory_gb: float) -> None:
        """Refuse a run that takes more memory.

        Raises
        ------
        ConfigError
            Naming the stage, and what of its memory are vectors and texts.
        """
        largest, mapped = self.largest, (self.text_bytes + self.vector_bytes) / 2**30
        if largest.peak_mib > 1024 * memory_gb:
            raise ConfigError(
                f"memory_gb={memory_gb:g}, but the stage {largest.name} is expected to take "
                f"{largest.peak_mib / 1024:.1f} GB for {self.rows:,} rows, of which {mapped:.1f} GB are vectors and "
                "texts on disk, mapped; allow that, choose an embedder of fewer dimensions or an executor with fewer "
                "workers, or leave rows out."
            )


@one_thread()
def forecast(config: Config, corpus: Corpus, stages: Stages) -> Forecast:
    """Try the run on few rows, on four times as many, and on these with larger samples to learn from.

    What a stage takes follows from rows, and from the rows of the sample that it learns from where it does (``sample``
    of embedder and scorers): see `expect`. How memory grows with rows would be lost in what an allocator keeps, so that
    is not measured but reckoned.

    Parameters
    ----------
    config, corpus, stages
        As `pipeline.run.prepare` leaves them.

    Raises
    ------
    PipelineError
        As the run itself would, where already few rows make it impossible; not of floors and ceilings, which only the
        order of all rows can tell.
    """
    n = len(corpus)
    with TemporaryDirectory() as folder, waiting("trying the run on few rows"), silence():
        trials = Trials(config, corpus, Path(folder))
        few = min(FEWEST, n)
        one = trials.run(few, few)  # it also imports libraries, loads models and starts workers
        while 16 * few <= n and one.seconds < PATIENCE.get(few, 0):
            few *= 4
            one = trials.run(few, few)
        if few == min(FEWEST, n):
            one = trials.run(few, few)  # again, now that this is done
        many = min(4 * few, n)
        more = trials.run(many, few) if many > few else one
        learns = any(largest_sample(name, config) for name in one.stages)
        most = trials.run(many, many) if learns and many > few else more
    return Forecast(
        rows=n,
        dimensions=one.dimensions,
        text_bytes=int(corpus.bytes.sum()),
        vector_bytes=4 * n * one.dimensions,
        kept=kept(config.budget, corpus),
        stages=[*stages.done, *(expect(name, config, corpus, one, more, most) for name in one.stages)],
    )


@dataclass(frozen=True)
class Trial:
    """Stages of a run on ``rows`` rows that learns from ``sample`` of them; ``dimensions`` of its vectors."""

    rows: int
    sample: int
    dimensions: int
    stages: dict[str, Stage]

    @property
    def seconds(self) -> float:
        return sum(stage.seconds for stage in self.stages.values())

    @property
    def floor(self) -> float:
        """What the process has of memory whatever it does, in MiB."""
        return min(stage.peak_mib for stage in self.stages.values())


@dataclass(frozen=True)
class Trials:
    """Runs on the rows with the smallest ids, which are a random sample, in a folder that is thrown away."""

    config: Config
    corpus: Corpus
    folder: Path

    def run(self, rows: int, sample: int) -> Trial:
        here = Path(mkdtemp(dir=self.folder))
        np.save(here / "rows.npy", np.arange(rows))
        corpus = Filter().apply(self.corpus, np.load(here / "rows.npy", mmap_mode="r"))
        config = replace(
            self.config,
            budget=Budget(fraction=max(kept(self.config.budget, self.corpus), 1 / rows)),
            embedder=learning_from(sample, self.config.embedder),
            scorers={name: learning_from(sample, scorer.trial()) for name, scorer in self.config.scorers.items()},
            clusterer=self.config.clusterer.settled(len(self.corpus)),
            tokenizer=None,  # the tokens are counted
            augmenter=Augmenter(),
            source=self.config.source.alone(),
            sink=self.config.sink.trial(here / "product"),
        )
        run = order_and_cut(config, corpus, Stages(Cache(here / "cache")))
        # The other rows of the corpus are no part of this product.
        alone = replace(run, space=replace(run.space, corpus=replace(corpus, aside=Aside.bad([]))))
        publish(alone, "")
        dimensions = run.space.embeddings.vectors.shape[1]
        return Trial(rows, sample, dimensions, {stage.name: stage for stage in run.stages.done})


def expect(name: str, config: Config, corpus: Corpus, one: Trial, more: Trial, most: Trial) -> Stage:
    """What a stage takes on the whole corpus.

    Seconds are taken as linear in rows and lessons, which they are not quite where clusters are few or tiny. Memory is
    what the last trial took, the size of the arrays of the other rows, and a power of the lessons, as vocabularies
    grow.
    """
    n, sample = len(corpus), largest_sample(name, config)
    first, second, last = (trial.stages[name] for trial in (one, more, most))
    growth = most.sample / one.sample
    by_row = (second.seconds - first.seconds) / max(1, more.rows - one.rows)
    if by_row <= 0:  # fewer rows took longer, so that the difference says nothing
        by_row = second.seconds / more.rows
    seconds = second.seconds + by_row * (n - more.rows)
    row = 4 * one.dimensions + float(corpus.bytes.mean()) + ROW
    peak = last.peak_mib + row * (n - most.rows) / 2**20
    if sample and growth > 1:
        again = min(sample, n) / most.sample  # so many times as many lessons
        learning = max(0.0, last.seconds - second.seconds) / (most.sample - one.sample)
        seconds = last.seconds + by_row * (n - more.rows) + learning * most.sample * max(0.0, again - 1)
        little, much = (trial.stages[name].peak_mib - trial.floor for trial in (more, most))
        power = np.clip(np.log(max(much, 1.0) / max(little, 1.0)) / np.log(growth), 0, 1)
        peak += much * (max(again, 1.0) ** power - 1)
    return Stage(name, float(seconds), float(peak))


def learning_from(sample: int, component: Any) -> Any:
    """The component, learning from so many rows at most."""
    most = getattr(component, "sample", None)
    return component if most is None else replace(component, sample=min(most, sample))


def largest_sample(name: str, config: Config) -> int:
    """Rows that a stage learns from; 0 for one that learns from none."""
    learning = {"embed": config.embedder} | {f"score-{name}": scorer for name, scorer in config.scorers.items()}
    return getattr(learning.get(name), "sample", 0)


def kept(budget: Budget, corpus: Corpus) -> float:
    """Share of the rows that a budget keeps, about."""
    if budget.tokens is not None:
        return min(1.0, budget.tokens / max(1, int(corpus.tokens.sum())))
    return min(1.0, budget.fraction if budget.fraction is not None else budget.rows / len(corpus))


@contextmanager
def silence() -> Iterator[None]:
    """Trials log nothing, and show no progress."""
    log = logging.getLogger("corebound")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        with hidden():
            yield
    finally:
        log.setLevel(before)
