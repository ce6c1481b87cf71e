"""A folder that ``datasets.load_dataset`` opens."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from omegaconf import MISSING

from pipeline.cache import digest
from pipeline.errors import ConfigError
from pipeline.sinks import (
    Product,
    Sink,
    configurations,
    folders,
    json_lines,
    layouts,
    shards,
    synthetic,
    trainers,
)
from pipeline.sinks.configurations import APART, AUDIT, OURS, SINGLE, Written
from pipeline.sinks.synthetic import Synthetic
from pipeline.sinks.trainers import Trainer

if TYPE_CHECKING:
    from pipeline.arrays import Corpus
    from pipeline.run import Run
    from pipeline.sources import Source

RowFormat = StrEnum("RowFormat", ["rows", "messages"])
FileFormat = StrEnum("FileFormat", ["parquet", "jsonl"])


@dataclass(kw_only=True)
class Disk(Sink):
    """``data``, ``README.md`` with ``map.svg``, ``ledger.parquet`` and ``run.json``.

    Where the kept rows have several schemas, each is a configuration with a folder of its own in ``data``; what a
    model wrote has its own in ``written``.

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
    config_name : str
        What `load_dataset` calls the rows; where they have several schemas, it begins the names.
    split : str
    shard_mb : int
        Size of a file, in 10^6 bytes of rows in memory.
    trainer : Trainer, optional
        ``trl``, ``axolotl`` or ``llamafactory``: also write the entry that fine-tuning on the product needs.
    synthetic : Synthetic
        Rows that a language model wrote: ``separate``, a configuration of their own; ``mixed``, behind the real ones,
        which get the same columns; or ``none``.
    audit_text : bool
        Whether the ledger says what each row says, dropped ones included.
    """

    path: str = MISSING
    overwrite: bool = False
    columns: bool = False
    format: RowFormat = RowFormat.rows
    files: FileFormat = FileFormat.parquet
    config_name: str = SINGLE
    split: str = "train"
    shard_mb: int = 500
    trainer: Trainer | None = None
    synthetic: Synthetic = Synthetic.separate
    audit_text: bool = False

    def __post_init__(self) -> None:
        # What datasets loads: a split has no dash in its name.
        for key, value, between in (("config_name", self.config_name, ".-"), ("split", self.split, ".")):
            if not re.fullmatch(rf"\w+([{between}]\w+)*", value) or value in ("data", *OURS):
                raise ConfigError(
                    f"sink.{key} is {value!r}; expected letters, digits and _ with {' or '.join(between)} between, not "
                    f"'data' or {', '.join(map(repr, OURS))}; name another."
                )
        if self.shard_mb < 1:
            raise ConfigError(f"sink.shard_mb is {self.shard_mb}; expected 1 or more; mend it.")

    @property
    def target(self) -> Path:
        return folders.target(self.path)

    def check(self, source: Source) -> None:
        folders.require(self.path, self.overwrite, source.paths())

    def publish(self, run: Run, describe: Callable[[Path, dict[str, Written]], None]) -> Product:
        from filelock import FileLock

        from pipeline import ledger

        target = self.target
        target.parent.mkdir(parents=True, exist_ok=True)
        draft, aside = (target.with_name(f".{target.name}.{what}") for what in ("draft", "replaced"))
        lock = Path(tempfile.gettempdir()) / f"corebound-{digest(str(target))[:16]}.lock"
        with FileLock(lock):
            if aside.exists() and not target.exists():
                os.rename(aside, target)  # an earlier run was killed between the two renames below
            folders.require(self.path, self.overwrite, [])  # again: another run may have finished meanwhile
            for leftover in (draft, aside):
                shutil.rmtree(leftover, ignore_errors=True)
            (draft / "data").mkdir(parents=True)
            written = self._write_rows(draft, run)
            apart = synthetic.tables(run, set(written), lambda name: self._named(name)[0], self.synthetic)
            for name, table in apart.items():
                # Not in `data`, of which LLaMA-Factory reads all files.
                made = shards.write([table], draft, Path(APART) / name, self.split, self.files, self.shard_mb)
                written[name] = Written(table.features, {self.split: made}, selected=False)
            records = ledger.records(run.space, run.scores, run.order, run.selection, run.topup, self.audit_text)
            audit = shards.write_ledger(draft, records)
            if self.files == FileFormat.parquet:  # load_dataset reads one format in a data set
                written[AUDIT] = audit
            describe(draft, written)
            if target.exists():
                os.rename(target, aside)
            os.rename(draft, target)
            shutil.rmtree(aside, ignore_errors=True)
        return Product(target, str(target))

    def changes(self) -> str:
        if self.format == RowFormat.messages:
            return "Rows are written as conversations; what these do not say is in `extra`."
        mixed = self.synthetic == Synthetic.mixed
        more = ["`selection_*`"] * self.columns + ["`synthetic_*`", "`sample_weight`"] * mixed
        return f"Rows are unchanged, with columns {', '.join(more)} added." if more else "Rows are unchanged."

    def trial(self, folder: Path) -> Disk:
        return Disk(**{field.name: getattr(self, field.name) for field in fields(Disk)} | {"path": str(folder)})

    def accept(self, corpus: Corpus, passes: list[str]) -> None:
        changing = {
            "sink.format=messages changes rows": self.format == RowFormat.messages,
            "sink.columns=true changes rows": self.columns,
            "sink.synthetic=mixed changes rows": self.synthetic == Synthetic.mixed,
            "sink.trainer=llamafactory reads whole folders": self.trainer == Trainer.llamafactory,
        }
        against = [why for why, is_set in changing.items() if is_set]
        if passes and against:
            raise ConfigError(
                f"source.pass_through takes the split '{passes[0]}' along as it is, but {' and '.join(against)}; leave "
                "one of them out."
            )
        if self.split in passes:
            raise ConfigError(f"sink.split and source.pass_through both name '{self.split}'; name another split.")
        if self.synthetic == Synthetic.mixed:
            synthetic.require_free(corpus)
        if self.trainer is not None:
            trainers.require(self.trainer, corpus, self.format == RowFormat.messages)
        if self.format == RowFormat.messages:
            configurations.require_answers(corpus)
        elif self.files == FileFormat.jsonl:
            for name, table in zip(corpus.names, corpus.tables, strict=True):
                json_lines.require_writable(name, table.features.arrow_schema)

    def _write_rows(self, draft: Path, run: Run) -> dict[str, Written]:
        from datasets import concatenate_datasets

        space, inputs = run.space, run.space.corpus.inputs
        kept = run.selection.kept[inputs.distinct] & inputs.stands
        kept[run.selection.copies] = True
        chosen = np.flatnonzero(kept)
        if self.format == RowFormat.messages:
            found = configurations.of_messages(space.corpus, chosen, draft)
        else:
            found = configurations.of_rows(space.corpus, chosen)
        represents = np.bincount(run.selection.stand_in, minlength=len(space)) - 1
        passed = {split: [table] for split, table in run.config.source.passed().items()}
        written, parts_of, said = {}, {}, (space, run.scores, run.order, run.topup)
        for name, parts in found.items():
            if self.columns or self.synthetic == Synthetic.mixed:
                parts = shards.flattened(parts, draft)
            if self.columns:
                more = [shards.with_columns(rows, inputs.distinct[which], represents, *said) for rows, which in parts]
                parts = [(rows, which) for rows, (_, which) in zip(more, parts, strict=True)]
            rows = synthetic.beside(parts, run, self.synthetic)
            name, folder = self._named(name)
            written[name] = Written(
                rows[0].features,
                {
                    split: shards.write(tables, draft, folder, split, self.files, self.shard_mb)
                    for split, tables in {self.split: rows, **passed}.items()
                },
            )
            if self.trainer is not None:
                laid = (
                    layouts.MESSAGES
                    if self.format == RowFormat.messages
                    else trainers.of_corpus(space.corpus, int(inputs.source[parts[0][1][0]]))
                )
                parts_of[name] = laid, concatenate_datasets(rows), folder.as_posix()
        for file in draft.glob("*.arrow"):
            file.unlink()
        if self.trainer is not None:
            entry = trainers.entry(self.trainer, parts_of, self.split, self.home)
            (draft / trainers.FILES[self.trainer]).write_text(entry, "utf-8")
        return written

    @property
    def home(self) -> trainers.Home:
        """Where trainers will find the product."""
        return trainers.Home(folder=str(self.target))

    def _named(self, name: str) -> tuple[str, Path]:
        """What a configuration is called, and its folder."""
        if self.config_name != SINGLE:
            name = self.config_name if name == SINGLE else f"{self.config_name}-{name}"
        return name, Path("data") if name == SINGLE else Path("data") / name
