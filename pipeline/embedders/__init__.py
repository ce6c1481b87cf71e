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
    """Writes ``vectors.npy``, float32[n, d] unit rows in id order, into a folder that may hold a killed draft."""

    def content(self, corpus: Corpus, text: str) -> Any:
        """What besides ``identity`` decides the vectors: by default the distinct rows, and which part of them."""
        return [corpus.content, text]

    def embed(self, corpus: Corpus, text: str, folder: Path, executor: Executor, seed: int) -> None:
        raise NotImplementedError
