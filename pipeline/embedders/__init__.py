"""Rows as unit vectors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from pipeline.component import Component
from pipeline.executors import Serial

if TYPE_CHECKING:
    from pipeline.arrays import Corpus
    from pipeline.executors import Executor


@dataclass(kw_only=True)
class Embedder(Component):
    """Writes ``vectors.npy`` and ``long.npy`` into a folder that may hold a killed draft; see `Embeddings`."""

    places_more: ClassVar[bool] = True  # whether `more` can

    def content(self, corpus: Corpus, text: str) -> Any:
        """What besides ``identity`` decides the vectors: by default the distinct rows, and what is read of each."""
        return [corpus.content, text]

    def embed(self, corpus: Corpus, text: str, folder: Path, executor: Executor, seed: int) -> None:
        """Embed every distinct row.

        Parameters
        ----------
        corpus : Corpus
        text : str
            ``conversation``, ``instruction`` or ``response``: what is read of each row.
        folder : Path
            Where the arrays go.
        executor : Executor
        seed : int
        """
        raise NotImplementedError

    def more(self, corpus: Corpus, text: str, folder: Path, seed: int) -> np.ndarray:
        """Vectors of rows that are not in the corpus, in the space of its own: float32[m, d], unit.

        Parameters
        ----------
        corpus : Corpus
            These rows.
        text : str
        folder : Path
            Where `embed` left the arrays of the run's corpus.
        seed : int
        """
        assert self.places_more, "asked for before anything is computed"
        with TemporaryDirectory() as scratch:
            self.embed(corpus, text, Path(scratch), Serial(), seed)
            return np.load(Path(scratch) / "vectors.npy")
