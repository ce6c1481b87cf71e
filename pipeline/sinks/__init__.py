"""Where the product goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.component import Component

if TYPE_CHECKING:
    from pipeline.arrays import Corpus
    from pipeline.run import Run
    from pipeline.sinks.configurations import Written
    from pipeline.sources import Source


@dataclass(frozen=True)
class Product:
    """What was written: its folder, and where a person finds it."""

    folder: Path
    where: str


@dataclass(kw_only=True)
class Sink(Component):
    """Writes the selected rows, unchanged, and the ledger beside them."""

    def check(self, source: Source) -> None:
        """Refuse, before anything is computed, a target that cannot be written, or that holds a source."""
        raise NotImplementedError

    def accept(self, corpus: Corpus, passes: list[str]) -> None:
        """Refuse, before anything is computed on them, rows that cannot be written, or splits that go with them."""

    def changes(self) -> str:
        """What becomes of the rows, in a sentence."""
        return "Rows are unchanged."

    def trial(self, folder: Path) -> Sink:
        """A sink that writes into a folder what this one would, and nowhere else."""
        raise NotImplementedError

    def publish(self, run: Run, describe: Callable[[Path, dict[str, Written]], None]) -> Product:
        """Write the product.

        ``describe`` adds card and run record to its folder, given the configurations that are in it.
        """
        raise NotImplementedError
