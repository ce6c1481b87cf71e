"""Where the product goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.component import Component

if TYPE_CHECKING:
    from pipeline.arrays import Corpus, Order, Scores, Selection, Space
    from pipeline.sinks.configurations import Written


@dataclass(kw_only=True)
class Sink(Component):
    """Writes the selected rows, unchanged, and the ledger beside them."""

    def check(self, sources: list[Path] | None = None) -> None:
        """Refuse, before anything is computed, a target that cannot be written, or that holds a source."""
        raise NotImplementedError

    def accept(self, corpus: Corpus) -> None:
        """Refuse, before anything is computed on them, rows that cannot be written."""

    def publish(
        self,
        space: Space,
        scores: Scores,
        order: Order,
        selection: Selection,
        describe: Callable[[Path, dict[str, Written]], None],
    ) -> Path:
        """Write the product and return where it is.

        ``describe`` adds card and run record to its folder, given the configurations that are in it.
        """
        raise NotImplementedError
