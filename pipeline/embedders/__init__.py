"""Rows as unit vectors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.component import Component

if TYPE_CHECKING:
    from pipeline.arrays import Corpus
    from pipeline.executors import Executor


@dataclass(kw_only=True)
class Embedder(Component):
    """Writes ``vectors.npy`` and ``long.npy`` into a folder that may hold a killed draft; see `Embeddings`."""

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
