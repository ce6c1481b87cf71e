"""Lexical difficulty: how much a request says that others do not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar
from zlib import crc32

import numpy as np

from pipeline.arrays.texts import USER
from pipeline.errors import ConfigError
from pipeline.progress import track
from pipeline.scorers import Scorer, Verdicts

if TYPE_CHECKING:
    from pipeline.arrays import Space, Texts
    from pipeline.executors import Executor

BLOCK = 1024
BITS = 20  # of a place in the table of counts
WORD = re.compile(r"\w+")
PER_WORD = 12  # characters that are looked at for each word, so that no row costs more than a page
NOTHING = "no user turn with a word"


@dataclass(kw_only=True)
class Lexical(Scorer):
    """How much a request says, in words that are rare in the corpus: log(1 + the sum of their idf), each word once.

    It stands in, without a model, for difficulty as a model feels it: it knows length and vocabulary, not how much
    thought a request needs. The mean over user turns, of which the last ``words`` count, as in arXiv 2505.22157.

    Parameters
    ----------
    words : int
        Of each user turn, the last ones.
    sample : int
        Rows whose words are counted: those with the smallest ids.
    """

    of_texts: ClassVar[bool] = True

    words: int = 1024
    sample: int = 20_000

    def __post_init__(self) -> None:
        for name in ("words", "sample"):
            if getattr(self, name) < 1:
                raise ConfigError(f"scorers.difficulty.{name} is {getattr(self, name)}; expected 1 or more; mend it.")

    def score(self, space: Space, executor: Executor) -> Verdicts:
        texts, n = space.corpus.texts, len(space)
        counted = executor.map(partial(_count, texts, self.words), _blocks(min(self.sample, n)))
        counts = np.zeros(1 << BITS, np.int64)
        for some in counted:
            counts += np.bincount(some, minlength=1 << BITS)
        # Smoothed as in scikit-learn's TfidfTransformer.
        idf = (np.log((1 + min(self.sample, n)) / (1 + counts)) + 1).astype(np.float32)
        blocks = _blocks(n)
        judged = executor.map(partial(_judge, texts, self.words, idf), blocks)
        steps = [stop - start for start, stop in blocks]
        values = np.concatenate(list(track(judged, "difficulty", "rows", total=n, step=steps)))
        silent = int(np.isnan(values).sum())
        return values, {NOTHING: silent} if silent else {}


def _blocks(rows: int) -> list[tuple[int, int]]:
    return [(start, min(start + BLOCK, rows)) for start in range(0, rows, BLOCK)]


def _turns(texts: Texts, words: int, block: tuple[int, int]) -> list[list[np.ndarray]]:
    """For each row, the places of the distinct words of each of its user turns that has any."""
    found = []
    for role, said in zip(*texts.turns(*block).to_pydict().values(), strict=True):
        asked = (text for speaker, text in zip(role, said, strict=True) if speaker == USER)
        turns = (WORD.findall(text[-words * PER_WORD :].lower())[-words:] for text in asked)
        found.append([_places(turn) for turn in turns if turn])
    return found


def _places(words: list[str]) -> np.ndarray:
    # Sorted: sums do not depend on how Python hashes strings.
    return np.array(sorted({crc32(word.encode()) >> (32 - BITS) for word in words}), np.int64)


def _count(texts: Texts, words: int, block: tuple[int, int]) -> np.ndarray:
    """The places of the words of each row, each once a row."""
    rows = [np.unique(np.concatenate(turns)) for turns in _turns(texts, words, block) if turns]
    return np.concatenate(rows) if rows else np.empty(0, np.int64)


def _judge(texts: Texts, words: int, idf: np.ndarray, block: tuple[int, int]) -> np.ndarray:
    said = [[np.log1p(idf[turn].sum(dtype=np.float64)) for turn in turns] for turns in _turns(texts, words, block)]
    return np.array([np.mean(turns) if turns else np.nan for turns in said], np.float32)
