"""Task categories, and clusters inside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.component import Component

if TYPE_CHECKING:
    from pipeline.arrays import Bins, Categories, Corpus, Embeddings
    from pipeline.executors import Executor
    from pipeline.provenance import Stages


@dataclass(kw_only=True)
class Categorizer(Component):
    """Gives every row a task category."""

    def columns(self) -> list[str]:
        """Columns of the corpus that it reads; their absence is refused before anything is computed."""
        return []

    def require(self) -> None:
        """Refuse what no row could be categorized with, before anything is computed.

        Raises
        ------
        ConfigError
        """

    def names(self, corpus: Corpus) -> list[str]:
        """The categories that rows can get: quotas that name others are refused before anything is computed."""
        raise NotImplementedError

    def content(self, corpus: Corpus) -> Any:
        """What besides ``identity`` decides the categories; nothing where they take no time and are not kept."""
        return None

    def assign(self, corpus: Corpus, executor: Executor) -> Categories:
        raise NotImplementedError

    def categories(self, corpus: Corpus, executor: Executor, stages: Stages) -> Categories:
        """What `assign` gives, kept by content where that takes time."""
        from pipeline.arrays import Categories

        content = self.content(corpus)
        if content is None:
            return self.assign(corpus, executor)
        inputs = [self.identity(), content]
        return stages.cached("categorize", Categories.load, inputs, lambda to: self.assign(corpus, executor).save(to))


@dataclass(kw_only=True)
class Clusterer(Component):
    """Divides every category into clusters."""

    def settled(self, rows: int) -> Clusterer:
        """The same with what it derives from the number of rows settled, for a trial on fewer."""
        return self

    def assign(self, embeddings: Embeddings, categories: Categories, executor: Executor, seed: int) -> Bins:
        raise NotImplementedError
