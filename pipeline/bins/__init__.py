"""Task categories, and clusters inside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.component import Component

if TYPE_CHECKING:
    from pipeline.arrays import Bins, Categories, Corpus, Embeddings
    from pipeline.executors import Executor


@dataclass(kw_only=True)
class Categorizer(Component):
    """Gives every row a task category."""

    def columns(self) -> list[str]:
        """Columns of the corpus that it reads; their absence is refused before anything is computed."""
        return []

    def names(self, corpus: Corpus) -> list[str]:
        """The categories that rows can get: quotas that name others are refused before anything is computed."""
        raise NotImplementedError

    def assign(self, corpus: Corpus, embeddings: Embeddings) -> Categories:
        raise NotImplementedError


@dataclass(kw_only=True)
class Clusterer(Component):
    """Divides every category into clusters."""

    def settled(self, rows: int) -> Clusterer:
        """The same with what it derives from the number of rows settled, for a trial on fewer."""
        return self

    def assign(self, embeddings: Embeddings, categories: Categories, executor: Executor, seed: int) -> Bins:
        raise NotImplementedError
