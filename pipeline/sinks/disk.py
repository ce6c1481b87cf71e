"""A folder that ``datasets.load_dataset`` opens."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from omegaconf import MISSING

from pipeline.cache import digest
from pipeline.errors import ConfigError
from pipeline.progress import track
from pipeline.sinks import Sink

if TYPE_CHECKING:
    from datasets import Dataset

    from pipeline.arrays import Order, Scores, Selection, Space

RECORD = "run.json"  # written last: a folder that has it is a whole product
SHARD_BYTES = 500_000_000


@dataclass(kw_only=True)
class Disk(Sink):
    """``data/train-*.parquet``, ``README.md``, ``ledger.parquet`` and ``run.json``.

    Parameters
    ----------
    path : str
        The folder; it appears by rename when it is complete.
    overwrite : bool
        Whether an earlier product may be replaced. A folder that is no product never is.
    columns : bool
        Whether the rows get ``selection_*`` columns.
    """

    path: str = MISSING
    overwrite: bool = False
    columns: bool = False

    @property
    def target(self) -> Path:
        return Path(self.path).expanduser().resolve()  # a link stays one: what it points to is written

    def check(self) -> None:
        target = self.target
        parent = next(folder for folder in target.parents if folder.exists())
        if not (parent.is_dir() and os.access(parent, os.W_OK)):
            raise ConfigError(f"sink.path={self.path}: {parent} is no folder that can be written to; name another.")
        if not target.exists() or (target.is_dir() and not any(target.iterdir())):
            return
        if not target.is_dir():
            raise ConfigError(f"sink.path={self.path} is a file; expected a new folder; name another.")
        foreign = [path.name for path in target.rglob("*") if path.is_file() and not _is_ours(path, target)]
        if foreign or not (target / RECORD).exists():
            what = f"'{foreign[0]}', which is no part of a product" if foreign else f"no {RECORD}"
            raise ConfigError(
                f"sink.path={self.path} is not empty and holds {what} of corebound; expected a new or empty folder, or "
                "an earlier product alone; name another, or move what is yours."
            )
        if not self.overwrite:
            raise ConfigError(
                f"sink.path={self.path} holds an earlier product; name another folder, or set sink.overwrite=true."
            )

    def publish(
        self,
        space: Space,
        scores: Scores,
        order: Order,
        selection: Selection,
        describe: Callable[[Path], None],
    ) -> Path:
        from filelock import FileLock

        target = self.target
        target.parent.mkdir(parents=True, exist_ok=True)
        draft, aside = (target.with_name(f".{target.name}.{what}") for what in ("draft", "replaced"))
        lock = Path(tempfile.gettempdir()) / f"corebound-{digest(str(target))[:16]}.lock"
        with FileLock(lock):
            if aside.exists() and not target.exists():
                os.rename(aside, target)  # an earlier run was killed between the two renames below
            self.check()  # again: another run may have finished meanwhile
            for leftover in (draft, aside):
                shutil.rmtree(leftover, ignore_errors=True)
            (draft / "data").mkdir(parents=True)
            self._write_rows(draft, space, scores, order, selection)
            _write_ledger(draft, space, scores, order, selection)
            describe(draft)
            if target.exists():
                os.rename(target, aside)
            os.rename(draft, target)
            shutil.rmtree(aside, ignore_errors=True)
        return target

    def _write_rows(self, draft: Path, space: Space, scores: Scores, order: Order, selection: Selection) -> None:
        inputs = space.corpus.inputs
        kept = selection.kept[inputs.distinct] & inputs.stands
        kept[selection.copies] = True
        for number, table in enumerate(space.corpus.tables):
            chosen = np.flatnonzero(kept & (inputs.source == number))
            rows = table.with_format(None).select(inputs.index[chosen])
            if self.columns:
                rows = _with_columns(rows, inputs.distinct[chosen], space, scores, order, selection)
            shards = max(1, -(-rows.data.nbytes * len(rows) // max(1, len(table)) // SHARD_BYTES))
            for shard in track(range(shards), "publish", "shards", total=shards):
                part = rows.shard(shards, shard, contiguous=True)
                part.to_parquet(draft / "data" / f"train-{shard:05d}-of-{shards:05d}.parquet")


def _is_ours(path: Path, target: Path) -> bool:
    name = path.relative_to(target).as_posix()
    if name == RECORD:
        try:
            return "corebound" in json.loads(path.read_text("utf-8"))["versions"]
        except (ValueError, KeyError, TypeError):
            return False
    return name in ("README.md", "ledger.parquet") or re.fullmatch(r"data/train-\d+-of-\d+\.parquet", name) is not None


def _with_columns(
    rows: Dataset, distinct: np.ndarray, space: Space, scores: Scores, order: Order, selection: Selection
) -> Dataset:
    from pipeline import ledger

    represents = np.bincount(selection.stand_in, minlength=len(space)) - 1
    added = {
        "id": ledger.text(space.corpus.ids[distinct]),
        **ledger.described(space, scores, order, distinct),
        "represents": represents[distinct],
    }
    taken = [f"selection_{name}" for name in added if f"selection_{name}" in rows.column_names]
    if taken:
        raise ConfigError(
            f"sink.columns=true would replace the column '{taken[0]}' that the rows already have; "
            "rename or remove it, or leave sink.columns out."
        )
    for name, values in added.items():
        rows = rows.add_column(f"selection_{name}", list(values.tolist()))
    return rows


def _write_ledger(draft: Path, space: Space, scores: Scores, order: Order, selection: Selection) -> None:
    import pyarrow.parquet as parquet

    from pipeline import ledger

    writer = None
    for batch in ledger.records(space, scores, order, selection):
        writer = writer or parquet.ParquetWriter(draft / "ledger.parquet", batch.schema)
        writer.write_table(batch)
    if writer:
        writer.close()
