"""Categories that cost nothing: one for all rows, or a label column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from omegaconf import MISSING

from pipeline.arrays import Categories
from pipeline.bins import Categorizer

if TYPE_CHECKING:
    from pipeline.arrays import Corpus
    from pipeline.executors import Executor

UNLABELLED = "unlabelled"


@dataclass(kw_only=True)
class OneCategory(Categorizer):
    """All rows in one category."""

    def names(self, corpus: Corpus) -> list[str]:
        return ["all"]

    def assign(self, corpus: Corpus, executor: Executor) -> Categories:
        return Categories(np.zeros(len(corpus), np.int32), np.array(["all"]))


@dataclass(kw_only=True)
class ColumnCategory(Categorizer):
    """A label column, trusted as it is; rows without a label are a category of their own.

    Parameters
    ----------
    column : str
    """

    column: str = MISSING

    def columns(self) -> list[str]:
        return [self.column]

    def names(self, corpus: Corpus) -> list[str]:
        return grouped(corpus, self.column).name.tolist()

    def assign(self, corpus: Corpus, executor: Executor) -> Categories:
        return grouped(corpus, self.column)


def grouped(corpus: Corpus, column: str) -> Categories:
    """Rows by the value of a column, values sorted as text; of a list, its values with commas between.

    Values of a `datasets.ClassLabel` are called by their names.
    """
    called = [named(table.features.get(column)) for table in corpus.tables]
    labels = [
        UNLABELLED if value is None else ", ".join(map(call, value)) if isinstance(value, list) else call(value)
        for call, value in zip(map(called.__getitem__, corpus.source.tolist()), corpus.column(column), strict=True)
    ]
    name, code = np.unique(np.array(labels, dtype=object), return_inverse=True)
    return Categories(code.astype(np.int32), name.astype(str))


def named(kind: Any) -> Callable[[Any], str]:
    """What values of a column are called: those of a `datasets.ClassLabel` by their names, others as text.

    Parameters
    ----------
    kind : datasets feature, optional
    """
    names = getattr(getattr(kind, "feature", kind), "names", None)
    if not names:
        return str

    def name(value: Any) -> str:
        if isinstance(value, int) and not isinstance(value, bool) and value < len(names):
            return names[value] if value >= 0 else UNLABELLED
        return str(value)

    return name
