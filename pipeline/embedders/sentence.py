"""Encoders of sentence-transformers, from a folder or from the Hub."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from omegaconf import MISSING

from pipeline import checkpoints
from pipeline.checkpoints import Place
from pipeline.devices import Dtype, one_torch_thread
from pipeline.embedders import Embedder, models
from pipeline.embedders.chunks import NotFiniteError, fill
from pipeline.embedders.encoder import Encoder
from pipeline.errors import ConfigError, DataError
from pipeline.progress import waiting

if TYPE_CHECKING:
    from pipeline.arrays import Corpus
    from pipeline.arrays.texts import Texts
    from pipeline.executors import Executor

log = logging.getLogger("corebound")


class Long(StrEnum):
    """What becomes of text that is longer than the encoder's window."""

    pool = "pool"
    cut = "cut"


@dataclass(kw_only=True)
class Sentence(Embedder):
    """A transformer trained to give sentences of one meaning near vectors. Best for paraphrased corpora (METHOD,
    section 2).

    On a processor ``executor=processes`` uses all cores, with a copy of the encoder in each worker; on a GPU
    ``executor=serial`` is right.

    Parameters
    ----------
    model : str
        A folder that ``SentenceTransformer.save`` wrote, or an id of the Hub.
    revision : str, optional
        Branch, tag or commit of the Hub's repository; by default its main branch.
    device : str, optional
        As torch names it: ``cuda``, ``cuda:1``, ``mps``, ``cpu``. By default the first of these kinds that is there.
    batch_size : int
        Texts that are encoded together. It changes the last digits of vectors, as device and dtype do.
    prompt : str, optional
        Text put before each row, exactly as given. A single word is the name of one of the prompts that come with the
        model. By default the model's own default, if it has one; '' for none.
    dtype : Dtype
        ``float32``, or on a GPU ``float16`` or ``bfloat16``.
    long : Long
        Text longer than the encoder reads at once: with ``pool`` it is cut into pieces, whose vectors are averaged;
        with ``cut`` only its beginning counts.
    trust_remote_code : bool
        Whether Python code that comes with the model may run.
    """

    chunk: ClassVar[int] = 512  # rows that a kill can cost: on a processor, half a minute
    static: ClassVar[bool] = False

    model: str = MISSING
    revision: str | None = None
    device: str | None = None
    batch_size: int = 64
    prompt: str | None = None
    dtype: Dtype = Dtype.float32
    long: Long = Long.pool
    trust_remote_code: bool = False

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise ConfigError(f"embedder.batch_size is {self.batch_size}; expected 1 or more; mend it.")

    def identity(self) -> dict[str, Any]:
        return {**super().identity(), **checkpoints.identity(*checkpoints.settle(models.ENCODER, self))}

    def embed(self, corpus: Corpus, text: str, folder: Path, executor: Executor, seed: int) -> None:
        settled, found = checkpoints.settle(models.ENCODER, self)
        with waiting("embed: loading the encoder"):
            encoder = _load(settled, found)
        encode = partial(_encode, settled, found, corpus.texts, text)
        try:
            fill(folder, len(corpus), encoder.dimensions, encode, executor, self.chunk)
        except NotFiniteError as error:
            raise DataError(
                f"{corpus.place(error.row)}: the vector that {self.model} gives is not finite; expected numbers; "
                "take that row out, or choose another encoder or dtype."
            ) from error
        finally:
            _loaded.clear()  # the later stages need the memory
        long = np.load(folder / "long.npy", mmap_mode="r")
        if long.any():
            then = "pooled over pieces" if self.long == Long.pool else "the rest of their text is not embedded"
            log.info("embed: %.1f%% of rows (%s) are longer than the encoder's %d tokens; %s",
                     100 * long.mean(), f"{long.sum():,}", encoder.window, then)  # fmt: skip


@dataclass(kw_only=True)
class Static(Sentence):
    """One fixed vector a token, averaged: hundreds of times faster than a transformer, between it and ``lsa`` on
    paraphrased corpora.

    Parameters
    ----------
    model : str
        A folder or an id of the Hub, written by sentence-transformers or by model2vec.
    batch_size : int
        Texts that are tokenised together.
    revision, device, prompt, dtype, long, trust_remote_code
        As for ``sentence``.
    """

    chunk: ClassVar[int] = 4096
    static: ClassVar[bool] = True

    batch_size: int = 1024


_loaded: dict[tuple[str, str], Encoder] = {}


def _load(settled: Sentence, found: Place) -> Encoder:
    key = (repr(settled), found.content)
    if key not in _loaded:  # once a worker, not once a chunk
        _loaded.clear()
        model = models.load(found, settled.static, settled.device, settled.dtype, settled.trust_remote_code)
        with one_torch_thread():
            _loaded[key] = Encoder(model, settled.model, settled.prompt, settled.batch_size)
    return _loaded[key]


def _encode(
    settled: Sentence, found: Place, texts: Texts, text: str, chunk: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    encoder = _load(settled, found)
    with one_torch_thread():
        return encoder.encode(texts.read(*chunk, text), settled.long == Long.pool)
