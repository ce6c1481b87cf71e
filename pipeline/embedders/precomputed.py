"""Vectors that the user brings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from omegaconf import MISSING

from pipeline.cache import file_digest
from pipeline.embedders import Embedder
from pipeline.embedders.chunks import fill
from pipeline.errors import DataError

if TYPE_CHECKING:
    from pipeline.arrays import Corpus
    from pipeline.executors import Executor


@dataclass(kw_only=True)
class Precomputed(Embedder):
    """One vector for every input row, in the order of the file; scaled to length 1 here.

    Parameters
    ----------
    path : str
        A .npy file, float[N, d]. Of rows that copy each other, the vector of the copy that stands is taken.
    """

    path: str = MISSING

    def identity(self) -> dict[str, Any]:
        return {**super().identity(), "path": None}

    def content(self, corpus: Corpus, text: str) -> Any:
        path = Path(self.path).expanduser()
        if not path.is_file():
            raise DataError(f"{path} does not exist; set embedder.path to a .npy file of one vector a row.")
        return [file_digest(path), corpus.key]

    def embed(self, corpus: Corpus, text: str, folder: Path, executor: Executor, seed: int) -> None:
        path = Path(self.path).expanduser()
        try:
            given = np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise DataError(f"{path} is not a .npy array ({error}); save one with numpy.save.") from error
        if not isinstance(given, np.ndarray):
            raise DataError(f"{path} holds several arrays; expected one; save it with numpy.save.")
        if given.ndim != 2 or not given.shape[1] or given.dtype.kind != "f" or len(given) != len(corpus.inputs):
            raise DataError(
                f"{path} is {given.dtype}{list(given.shape)}; expected float[{len(corpus.inputs)}, d], one vector "
                "for every row of the source, in its order; compute the vectors again from this source."
            )
        standing = np.empty(len(corpus), np.int64)
        rows = np.flatnonzero(corpus.inputs.stands)
        standing[corpus.inputs.distinct[rows]] = rows
        fill(folder, len(corpus), given.shape[1], partial(_gather, str(path), standing), executor)


def _gather(path: str, standing: np.ndarray, chunk: tuple[int, int]) -> np.ndarray:
    rows = standing[slice(*chunk)]
    block = np.load(path, mmap_mode="r")[rows]
    bad = np.flatnonzero(~np.isfinite(block).all(axis=1))
    if len(bad):
        raise DataError(
            f"{path}: the vector of row {rows[bad[0]]} (from 0) is not finite; expected numbers; "
            "compute that vector again."
        )
    return block
