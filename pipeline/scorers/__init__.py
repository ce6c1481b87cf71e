"""What is measured of each row."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from pipeline.component import Component

if TYPE_CHECKING:
    from pipeline.arrays import Corpus, Space
    from pipeline.executors import Executor

Verdicts = tuple[np.ndarray, dict[str, int]]


@dataclass(kw_only=True)
class Scorer(Component):
    """Gives every row a number, or no verdict and a reason for it.

    Attributes
    ----------
    resumable : bool
        Whether `fill` continues what a killed run left in the folder.
    of_texts : bool
        Whether texts alone decide, so that its numbers outlive other vectors and clusters.
    """

    resumable: ClassVar[bool] = False
    of_texts: ClassVar[bool] = False

    def columns(self) -> list[str]:
        """Columns of the corpus that it reads; their absence is refused before anything is computed."""
        return []

    def content(self, corpus: Corpus) -> Any:
        """What besides ``identity``, texts and, unless `of_texts`, the place of rows in space decides the numbers."""
        return None

    def require(self) -> None:
        """Refuse what no row could be scored with, before anything is computed.

        Raises
        ------
        ConfigError
        """

    def foretell(self, corpus: Corpus) -> None:
        """Say what it will cost, where it costs more than time."""

    def trial(self) -> Scorer:
        """The same for a trial, which may neither ask nor pay anyone."""
        return self

    def score(self, space: Space, executor: Executor) -> Verdicts:
        """float32[n] with NaN for no verdict, and how many rows had none for which reason."""
        raise NotImplementedError

    def parts(self, space: Space, executor: Executor) -> dict[str, Verdicts]:
        """The score, under the empty name, and by their names what it is made of: columns ``<scorer>_<part>``."""
        return {"": self.score(space, executor)}

    def fill(self, space: Space, executor: Executor, folder: Path) -> None:
        """Write `parts` into a folder, as `load` reads them."""
        save(self.parts(space, executor), folder)


def save(parts: dict[str, Verdicts], folder: Path) -> None:
    """Write what a scorer says: its score into ``folder``, each part into a folder of its name in that."""
    for part, (values, reasons) in parts.items():
        own = folder / part
        own.mkdir(exist_ok=True)
        np.save(own / "values.npy", values)
        (own / "nulls.json").write_text(json.dumps(reasons))


def load(folder: Path) -> dict[str, Verdicts]:
    """What `save` wrote, values memory-mapped."""
    found = {"": folder} | {own.name: own for own in sorted(folder.iterdir()) if own.is_dir()}
    return {
        part: (np.load(own / "values.npy", mmap_mode="r"), json.loads((own / "nulls.json").read_text()))
        for part, own in found.items()
    }
