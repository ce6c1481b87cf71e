"""A folder that ``datasets.load_dataset`` opens."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from omegaconf import MISSING

from pipeline.cache import digest, file_digest
from pipeline.errors import ConfigError
from pipeline.progress import track
from pipeline.sinks import Sink, configurations, json_lines
from pipeline.sinks.configurations import Written

if TYPE_CHECKING:
    from datasets import Dataset

    from pipeline.arrays import Corpus, Order, Scores, Selection, Space

RECORD = "run.json"  # written last: a folder that has it is a whole product
SHARD_BYTES = 500_000_000
RowFormat = StrEnum("RowFormat", ["rows", "messages"])
FileFormat = StrEnum("FileFormat", ["parquet", "jsonl"])


@dataclass(kw_only=True)
class Disk(Sink):
    """``data``, ``README.md``, ``ledger.parquet`` and ``run.json``.

    Where the kept rows have several schemas, each is a configuration with a folder of its own in ``data``.

    Parameters
    ----------
    path : str
        The folder; it appears by rename when it is complete.
    overwrite : bool
        Whether an earlier product may be replaced. A folder that is no product never is.
    columns : bool
        Whether the rows get ``selection_*`` columns.
    format : RowFormat
        ``rows``: every row as it came, a configuration a schema; ``messages``: all rows as conversations in one table.
    files : FileFormat
        ``parquet`` or ``jsonl``.
    """

    path: str = MISSING
    overwrite: bool = False
    columns: bool = False
    format: RowFormat = RowFormat.rows
    files: FileFormat = FileFormat.parquet

    @property
    def target(self) -> Path:
        return Path(self.path).expanduser().resolve()  # a link stays one: what it points to is written

    def check(self, sources: list[Path] | None = None) -> None:
        target = self.target
        for path in sources or []:
            if path.resolve().is_relative_to(target):
                raise ConfigError(
                    f"sink.path={self.path} holds the source {path.name}; expected another folder; name one."
                )
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
        describe: Callable[[Path, dict[str, Written]], None],
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
            written = self._write_rows(draft, space, scores, order, selection)
            _write_ledger(draft, space, scores, order, selection)
            describe(draft, written)
            if target.exists():
                os.rename(target, aside)
            os.rename(draft, target)
            shutil.rmtree(aside, ignore_errors=True)
        return target

    def accept(self, corpus: Corpus) -> None:
        if self.format == RowFormat.messages:
            configurations.require_answers(corpus)
        elif self.files == FileFormat.jsonl:
            for name, table in zip(corpus.names, corpus.tables, strict=True):
                json_lines.require_writable(name, table.features.arrow_schema)

    def _write_rows(
        self, draft: Path, space: Space, scores: Scores, order: Order, selection: Selection
    ) -> dict[str, Written]:
        inputs = space.corpus.inputs
        kept = selection.kept[inputs.distinct] & inputs.stands
        kept[selection.copies] = True
        chosen = np.flatnonzero(kept)
        if self.format == RowFormat.messages:
            found = configurations.of_messages(space.corpus, chosen, draft)
        else:
            found = configurations.of_rows(space.corpus, chosen)
        written = {}
        for name, parts in found.items():
            if self.columns:
                parts = [
                    (_with_columns(rows, inputs.distinct[which], space, scores, order, selection), which)
                    for rows, which in parts
                ]
            folder = Path("data") if name == configurations.SINGLE else Path("data") / name
            written[name] = self._write_shards([rows for rows, _ in parts], draft, folder)
        (draft / "messages.arrow").unlink(missing_ok=True)
        return written

    def _write_shards(self, parts: list[Dataset], draft: Path, folder: Path) -> Written:
        from datasets import concatenate_datasets

        (draft / folder).mkdir(parents=True, exist_ok=True)
        rows = concatenate_datasets(parts)
        size = sum(part.data.nbytes * len(part) // max(1, part.data.num_rows) for part in parts)
        shards = max(1, -(-size // SHARD_BYTES))
        paths = []
        for shard in track(range(shards), "publish", "shards", total=shards):
            part = rows.shard(shards, shard, contiguous=True)
            paths.append(draft / folder / f"train-{shard:05d}-of-{shards:05d}.{self.files}")
            if self.files == FileFormat.parquet:
                part.to_parquet(paths[-1])
            else:
                json_lines.write(part, paths[-1])
        return Written(
            glob=f"{folder.as_posix()}/train-*.{self.files}",
            features=rows.features,
            rows=len(rows),
            bytes=sum(path.stat().st_size for path in paths),
            digest=digest([file_digest(path) for path in paths]),
        )


def _is_ours(path: Path, target: Path) -> bool:
    name = path.relative_to(target).as_posix()
    if name == RECORD:
        try:
            return "corebound" in json.loads(path.read_text("utf-8"))["versions"]
        except (ValueError, KeyError, TypeError):
            return False
    return (
        name in ("README.md", "ledger.parquet")
        or re.fullmatch(r"data/([\w.+-]+/)?train-\d+-of-\d+\.(parquet|jsonl)", name) is not None
    )


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
