"""A score that came with the rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from omegaconf import MISSING

from pipeline.errors import ConfigError
from pipeline.scorers import Scorer, Verdicts

if TYPE_CHECKING:
    from pipeline.arrays import Corpus, Space
    from pipeline.executors import Executor

LARGEST = float(np.finfo(np.float32).max)  # what is beyond would become infinite
MISSED, WORD, ENDLESS = "nothing in the column", "no number in the column", "no finite number in the column"


@dataclass(kw_only=True)
class Column(Scorer):
    """The number in a column of the corpus, as it is; text that is a number counts. Larger is better, or harder.

    Of identical conversations that of the row that stands for them.

    Parameters
    ----------
    column : str
    """

    of_texts: ClassVar[bool] = True

    column: str = MISSING

    def columns(self) -> list[str]:
        return [self.column]

    def content(self, corpus: Corpus) -> Any:
        return [repr(value) for value in corpus.column(self.column)]

    def score(self, space: Space, executor: Executor) -> Verdicts:
        values, reasons = np.full(len(space), np.nan, np.float32), dict.fromkeys((MISSED, WORD, ENDLESS), 0)
        column = space.corpus.column(self.column)
        for row, value in enumerate(column):
            number = _number(value)
            if isinstance(number, str):
                reasons[number] += 1
            else:
                values[row] = number
        if np.isnan(values).all():
            shown = repr(column[0])
            raise ConfigError(
                f"column '{self.column}' holds no number in any row ({space.corpus.place(0)}: "
                f"{shown if len(shown) < 60 else shown[:57] + '...'}); expected scores; name another column."
            )
        return values, {reason: count for reason, count in reasons.items() if count}


def _number(value: Any) -> float | str:
    """The number that a value is, or why it is none."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return MISSED
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return WORD
    return number if math.isfinite(number) and abs(number) < LARGEST else ENDLESS
