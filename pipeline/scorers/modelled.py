"""Scores that a language model gives: batches of rows of alike length, kept chunk by chunk."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from omegaconf import MISSING

from pipeline import checkpoints, devices
from pipeline.checkpoints import Kind, Place
from pipeline.devices import Dtype
from pipeline.errors import ConfigError
from pipeline.journal import Journal
from pipeline.progress import track, waiting
from pipeline.scorers import Scorer, Verdicts, load

if TYPE_CHECKING:
    from pipeline.arrays import Space, Texts
    from pipeline.arrays.texts import Turns
    from pipeline.executors import Executor
    from pipeline.reader import Reader

CHUNK = 256  # rows that a kill can cost
FEWEST = 8  # tokens: with fewer there is no room for a text among the marks around it
EMPTY = "empty answer"
LONG = "longer than the model reads"
NO_NUMBER = "the model gives no finite number"


@dataclass(kw_only=True)
class Modelled(Scorer):
    """Base of scorers that run a checkpoint of transformers, on texts alone, the longest first.

    On a processor ``executor=processes`` uses all cores, with a copy of the model in each worker; on a GPU
    ``executor=serial`` is right. What a row gets does not depend on others, but for last digits.
    """

    resumable: ClassVar[bool] = True
    of_texts: ClassVar[bool] = True
    slot: ClassVar[str]  # of ``scorers``, that messages name
    advice: ClassVar[str]

    model: str = MISSING
    revision: str | None = None
    device: str | None = None
    dtype: Dtype = Dtype.float32
    batch_size: int = 16
    max_tokens: int = 4096
    trust_remote_code: bool = False

    def __post_init__(self) -> None:
        for name, least in (("batch_size", 1), ("max_tokens", FEWEST)):
            value = getattr(self, name)
            if value < least:
                raise ConfigError(f"scorers.{self.slot}.{name} is {value}; expected {least} or more; mend it.")

    def kind(self) -> Kind:
        """What its setting asks for."""
        return Kind(f"scorers.{self.slot}", "model", self.advice)

    def require(self) -> None:
        checkpoints.settle(self.kind(), self)

    def identity(self) -> dict[str, Any]:
        return {**super().identity(), **checkpoints.identity(*checkpoints.settle(self.kind(), self))}

    def load(self, found: Place) -> Reader:
        """The model of a settled scorer."""
        raise NotImplementedError

    def judge(self, read: Reader, rows: list[Turns]) -> list[float | str]:
        """What the model says of each row, or why nothing."""
        raise NotImplementedError

    def score(self, space: Space, executor: Executor) -> Verdicts:
        with TemporaryDirectory() as folder:
            self.fill(space, executor, Path(folder))
            values, reasons = load(Path(folder))[""]
            return np.array(values), reasons

    def fill(self, space: Space, executor: Executor, folder: Path) -> None:
        settled, found = checkpoints.settle(self.kind(), self)
        n, corpus, journal = len(space), space.corpus, Journal(folder / "chunks.jsonl")
        # The longest first: what memory allows, and how long it takes, shows at once.
        order = np.argsort(-corpus.bytes, kind="stable")
        if not journal.path.exists():  # it is made after the arrays, so these are there
            np.save(folder / "rows.npy", order if corpus.texts.rows is None else np.asarray(corpus.texts.rows)[order])
            np.save(folder / "values.npy", np.full(n, np.nan, np.float32))
        done = {one["start"]: one["nulls"] for one in journal.read()}
        with waiting(f"{self.slot}: loading the model"):
            _load(settled, found)
        values = np.load(folder / "values.npy", mmap_mode="r+")
        texts = replace(corpus.texts, rows=np.load(folder / "rows.npy", mmap_mode="r"))
        ranges = [(start, min(start + CHUNK, n)) for start in range(0, n, CHUNK) if start not in done]
        sizes = [stop - start for start, stop in ranges]
        judged = executor.map(partial(_judge, settled, found, texts), ranges)
        judged = track(judged, self.slot, "rows", total=sum(sizes), step=sizes)
        with journal.adding() as add:
            for (start, stop), (numbers, nulls) in zip(ranges, judged, strict=True):
                values[order[start:stop]] = numbers
                values.flush()
                add({"start": start, "nulls": nulls})
                done[start] = nulls
        _loaded.clear()  # the later stages need the memory
        reasons = sum((Counter(nulls) for nulls in done.values()), Counter())
        (folder / "nulls.json").write_text(json.dumps(dict(sorted(reasons.items()))))


_loaded: dict[tuple[str, str], Reader] = {}


def _load(settled: Modelled, found: Place) -> Reader:
    key = (repr(settled), found.content)
    if key not in _loaded:  # once a worker, not once a chunk
        _loaded.clear()
        _loaded[key] = settled.load(found)
    return _loaded[key]


def _judge(settled: Modelled, found: Place, texts: Texts, chunk: tuple[int, int]) -> tuple[np.ndarray, dict[str, int]]:
    import torch

    reader = _load(settled, found)
    turns = texts.turns(*chunk).to_pydict()
    rows = [list(zip(*row, strict=True)) for row in zip(turns["role"], turns["text"], strict=True)]
    values, nulls = np.full(len(rows), np.nan, np.float32), Counter()
    with devices.one_torch_thread(), devices.quiet(), torch.inference_mode():
        for row, verdict in enumerate(settled.judge(reader, rows)):
            if isinstance(verdict, str) or not np.isfinite(np.float32(verdict)):
                nulls[verdict if isinstance(verdict, str) else NO_NUMBER] += 1
            else:
                values[row] = verdict
    return values, dict(nulls)
