"""The folder of a product: a new one, an empty one, or that of an earlier product."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pipeline.errors import ConfigError
from pipeline.sinks import run_record, trainers
from pipeline.sinks.configurations import APART
from pipeline.sinks.run_record import RECORD
from pipeline.sinks.shards import LEDGER

MAP = "map.svg"
RECEIPT = "pushed.json"  # beside a product that was pushed


def target(path: str) -> Path:
    """Where ``sink.path`` is; a link stays one: what it points to is written."""
    return Path(path).expanduser().resolve()


def require(path: str, overwrite: bool, sources: list[Path]) -> None:
    """Refuse a folder that cannot be written, that holds a source, or what is no product.

    Parameters
    ----------
    path : str
        ``sink.path``.
    overwrite : bool
        Whether an earlier product may be replaced.
    sources : list of Path

    Raises
    ------
    ConfigError
    """
    folder = target(path)
    for source in sources:
        if source.resolve().is_relative_to(folder):
            raise ConfigError(f"sink.path={path} holds the source {source.name}; expected another folder; name one.")
    parent = next(parent for parent in folder.parents if parent.exists())
    if not (parent.is_dir() and os.access(parent, os.W_OK)):
        raise ConfigError(f"sink.path={path}: {parent} is no folder that can be written to; name another.")
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not folder.is_dir():
        raise ConfigError(f"sink.path={path} is a file; expected a new folder; name another.")
    foreign = [file.name for file in folder.rglob("*") if file.is_file() and not _is_ours(file, folder)]
    if foreign or not (folder / RECORD).exists():
        what = f"'{foreign[0]}', which is no part of a product" if foreign else f"no {RECORD}"
        raise ConfigError(
            f"sink.path={path} is not empty and holds {what} of corebound; expected a new or empty folder, or "
            "an earlier product alone; name another, or move what is yours."
        )
    if not overwrite:
        raise ConfigError(
            f"sink.path={path} holds an earlier product; name another folder, or set sink.overwrite=true."
        )


def _is_ours(path: Path, target: Path) -> bool:
    name = path.relative_to(target).as_posix()
    if name == RECORD:
        return bool(run_record.read(path.read_text("utf-8", errors="replace")))
    return (
        name in ("README.md", LEDGER, MAP, RECEIPT, *trainers.FILES.values())
        or re.fullmatch(rf"(data|{APART})/([\w.+-]+/)?[\w.-]+-\d+-of-\d+\.(parquet|jsonl)", name) is not None
    )
