"""Scores that a language model gives: batches of rows of alike length, kept chunk by chunk."""

from __future__ import annotations

import json
import logging
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from omegaconf import MISSING

from pipeline import checkpoints, versions
from pipeline.checkpoints import Dtype, Kind, Place
from pipeline.errors import ConfigError
from pipeline.progress import track, waiting
from pipeline.reader import Reader, window
from pipeline.scorers import Scorer, Verdicts, load

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from pipeline.arrays import Space, Texts
    from pipeline.arrays.texts import Turns
    from pipeline.executors import Executor

log = logging.getLogger("corebound")
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

    def require(self) -> None:
        self._settle()

    def identity(self) -> dict[str, Any]:
        settled, found = self._settle()
        # Where the model is and what the device is called decide nothing; what they are does.
        return {
            **super().identity(),
            "model": found.content,
            "revision": None,
            "device": checkpoints.hardware(settled.device),
            "versions": versions.encoding(),
        }

    def build(self, place: Place) -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
        """The tokenizer and the model, on the processor; whatever transformers raises is a broken checkpoint."""
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
        settled, found = self._settle()
        n, journal = len(space), folder / "chunks.jsonl"
        if not journal.exists():  # it is made after the arrays, so these are there
            np.save(folder / "order.npy", _order(space.corpus.texts, space.corpus.bytes))
            np.save(folder / "values.npy", np.full(n, np.nan, np.float32))
        # A kill in the middle of a line leaves one without an end: it is taken out, and its chunk judged again.
        lines = journal.read_text().splitlines(keepends=True) if journal.exists() else []
        whole = [line for line in lines if line.endswith("\n")]
        if len(whole) < len(lines):
            journal.write_text("".join(whole))
        done = {one["start"]: one["nulls"] for one in map(json.loads, whole)}
        with waiting(f"{self.slot}: loading the model"):
            _load(settled, found)
        values = np.load(folder / "values.npy", mmap_mode="r+")
        place = np.argsort(-space.corpus.bytes, kind="stable")
        texts = replace(space.corpus.texts, rows=np.load(folder / "order.npy", mmap_mode="r"))
        ranges = [(start, min(start + CHUNK, n)) for start in range(0, n, CHUNK) if start not in done]
        sizes = [stop - start for start, stop in ranges]
        found_in = executor.map(partial(_judge, settled, found, texts), ranges)
        with open(journal, "a") as log_:
            for (start, stop), (numbers, nulls) in zip(
                ranges, track(found_in, self.slot, "rows", total=sum(sizes), step=sizes), strict=True
            ):
                values[place[start:stop]] = numbers
                values.flush()
                log_.write(json.dumps({"start": start, "nulls": nulls}) + "\n")
                log_.flush()
                done[start] = nulls
        _loaded.clear()  # the later stages need the memory
        reasons = sum((Counter(nulls) for nulls in done.values()), Counter())
        (folder / "nulls.json").write_text(json.dumps(dict(sorted(reasons.items()))))

    def kind(self) -> Kind:
        """What its setting asks for."""
        return Kind(f"scorers.{self.slot}", "model", self.advice)

    def _settle(self) -> tuple[Modelled, Place]:
        """This component with its device named, and where its model is."""
        setting = f"scorers.{self.slot}"
        found = checkpoints.find(self.kind(), self.model, self.revision)
        device = checkpoints.resolve(self.device, setting)
        checkpoints.require_fast(self.dtype, device, setting)
        return replace(self, device=device), found


def _order(texts: Texts, size: np.ndarray) -> np.ndarray:
    """Rows of the file of texts, the longest first: what memory allows, and how long it takes, shows at once."""
    order = np.argsort(-size, kind="stable")
    return order if texts.rows is None else np.asarray(texts.rows)[order]


_loaded: dict[tuple[str, str], Reader] = {}


def _load(settled: Modelled, found: Place) -> Reader:
    key = (repr(settled), found.content)
    if key not in _loaded:  # once a worker, not once a chunk
        import torch

        _loaded.clear()
        with checkpoints.quiet():
            try:
                tokenizer, model = settled.build(found)
                model = model.to(settled.device, getattr(torch, settled.dtype)).eval()
            except ConfigError:
                raise
            except Exception as error:  # a broken file fails anywhere in three libraries
                said = f"scorers.{settled.slot}.model={settled.model} cannot be loaded ({checkpoints.line(error)})"
                raise ConfigError(f"{said}; {settled.advice}.") from error
        limit = window(model, tokenizer, settled.max_tokens)
        _loaded[key] = Reader(tokenizer, model, limit, settled.batch_size)
    return _loaded[key]


def _judge(settled: Modelled, found: Place, texts: Texts, chunk: tuple[int, int]) -> tuple[np.ndarray, dict[str, int]]:
    import torch

    reader = _load(settled, found)
    turns = texts.turns(*chunk).to_pydict()
    rows = [list(zip(*row, strict=True)) for row in zip(turns["role"], turns["text"], strict=True)]
    values, nulls = np.full(len(rows), np.nan, np.float32), Counter()
    with checkpoints.one_torch_thread(), checkpoints.quiet(), torch.inference_mode():
        for row, verdict in enumerate(settled.judge(reader, rows)):
            if isinstance(verdict, str) or not np.isfinite(np.float32(verdict)):
                nulls[verdict if isinstance(verdict, str) else NO_NUMBER] += 1
            else:
                values[row] = verdict
    return values, dict(nulls)
