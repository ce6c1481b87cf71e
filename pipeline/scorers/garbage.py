"""Garbage: the probability that a row's text is a corruption, learnt from the corpus itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from pipeline.errors import ConfigError
from pipeline.progress import track, waiting
from pipeline.scorers import Scorer, Verdicts
from pipeline.scorers.corruptions import KINDS
from pipeline.scorers.detector import COPIES, Detector, enough
from pipeline.scorers.ngrams import shortened

if TYPE_CHECKING:
    from pipeline.arrays import Space, Texts
    from pipeline.executors import Executor

BLOCK = 1024
FEWEST = 200  # rows that there must be to learn from
HELD_OUT = 4  # one row in so many of the sample is not counted but tells real from corrupted
LESSONS = 2500  # at most so many
HELD = 5  # times what is looked at is held of a text to be corrupted: cut off, it is to be as long as others still
# What is looked at of a row with both sides, and of a row with one; a question that is cut off is still a question.
PARTS = {"instruction": KINDS[:3], "response": KINDS, "conversation": KINDS}


@dataclass(kw_only=True)
class Garbage(Scorer):
    """How likely a text is words in no order, random characters, another language, or cut off.

    Nothing is known of any language. How often the words, pairs of words, runs of four characters and endings of a text
    occur in the other texts of the corpus is compared with the same of corrupted copies, which the scorer makes; a
    logistic model tells them apart, and its odds become probabilities by how much garbage the corpus can have: in a
    corpus without any, rows that are merely rare are hardly doubted, unless a few per cent look like copies.
    Instructions and responses have a model each, and a row the higher probability of both; plain texts have a model of
    their own.

    Parameters
    ----------
    sample : int
        Rows that are learnt from: those with the smallest ids.
    """

    version: ClassVar[int] = 5  # calibrated by folds of rows; kinds that nothing tells are not believed in
    sample: int = 20_000

    def __post_init__(self) -> None:
        if self.sample < 1:
            raise ConfigError(f"scorers.garbage.sample is {self.sample}; expected 1 or more; mend it.")

    def score(self, space: Space, executor: Executor) -> Verdicts:
        texts, n = space.corpus.texts, len(space)
        blocks = [(start, min(start + BLOCK, n)) for start in range(0, n, BLOCK)]
        with TemporaryDirectory() as folder:
            with waiting(f"garbage: learning from {min(self.sample, n):,} rows"):
                detectors = {part: found.mapped(Path(folder, part)) for part, found in self._learn(texts).items()}
            found = executor.map(partial(_judge, texts, detectors, self.sample), blocks)
            steps = [stop - start for start, stop in blocks]
            results = list(track(found, "garbage", "rows", total=n, step=steps))
        values = np.concatenate([value for value, _ in results])
        said = np.concatenate([one for _, one in results])
        unknown = np.isnan(values)
        reasons = {
            "too little text to judge": int((unknown & ~said).sum()),
            "too few rows to learn from": int((unknown & said).sum()),
        }
        return values, {reason: count for reason, count in reasons.items() if count}

    def _learn(self, texts: Texts) -> dict[str, Detector]:
        sample = min(self.sample, len(texts))
        heard: dict[str, list[str]] = {part: [] for part in PARTS}
        lessons: dict[str, list[str]] = {part: [] for part in PARTS}
        for start in range(0, sample, BLOCK):
            stop = min(start + BLOCK, sample)
            counted = _counted(np.arange(start, stop), self.sample)
            for part, said in _parts(texts, start, stop).items():
                for text, own in zip(said, counted, strict=True):
                    if enough(text):
                        if own:
                            heard[part].append(shortened(text))
                        elif len(lessons[part]) < LESSONS:
                            lessons[part].append(shortened(text, HELD))
        return {
            part: Detector.fit(heard[part], lessons[part], kinds)
            for part, kinds in PARTS.items()
            if len(heard[part]) + len(lessons[part]) >= FEWEST and len(lessons[part]) >= COPIES
        }


def _counted(rows: np.ndarray, sample: int) -> np.ndarray:
    """Whether a row's n-grams were counted: bool[m]."""
    return (rows < sample) & (rows % HELD_OUT != 0)


def _parts(texts: Texts, start: int, stop: int) -> dict[str, list[str]]:
    """For each part, its text in every row; empty where it is not looked at."""
    asked, said = (texts.read(start, stop, part) for part in ("instruction", "response"))
    both = [bool(q.strip() and a.strip()) for q, a in zip(asked, said, strict=True)]
    whole = [""] * len(both) if all(both) else texts.read(start, stop)
    return {
        "instruction": [q if two else "" for q, two in zip(asked, both, strict=True)],
        "response": [a if two else "" for a, two in zip(said, both, strict=True)],
        "conversation": ["" if two else t for t, two in zip(whole, both, strict=True)],
    }


def _judge(
    texts: Texts, detectors: dict[str, Detector], sample: int, block: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of a block, float32[b], and whether there was enough text to judge, bool[b]."""
    counted = _counted(np.arange(*block), sample)
    values, said = np.full(len(counted), np.nan), np.zeros(len(counted), bool)
    for part, found in _parts(texts, *block).items():
        rows = np.flatnonzero([enough(text) for text in found])
        said[rows] = True
        if part in detectors and len(rows):
            judged = detectors[part].probability([found[row] for row in rows], counted[rows])
            values[rows] = np.fmax(values[rows], judged)
    return values.astype(np.float32), said
