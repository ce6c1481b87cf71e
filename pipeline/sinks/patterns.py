"""Which files of a data set a configuration of its card reads."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterable
from typing import Any

HARBOR = (".md", ".toml")  # also what documents a data set and its code


def files_of(config: dict[str, Any]) -> list[dict[str, Any]]:
    """``data_files``, each with its split."""
    found = config.get("data_files", [])
    if isinstance(found, str):
        return [{"split": "train", "path": found}]
    return [one if isinstance(one, dict) else {"split": "train", "path": one} for one in found]


def patterns_of(config: dict[str, Any], without: Iterable[str] = ()) -> list[str]:
    """Patterns of the files that a configuration reads, without those of some splits."""
    folder = f"{config['data_dir'].strip('/')}/" if isinstance(config.get("data_dir"), str) else ""
    files = files_of(config)
    if not files:
        return [f"{folder}**"] if folder else []
    return [f"{folder}{path}" for one in files if one.get("split") not in without for path in listed(one.get("path"))]


def matches(name: str, pattern: str) -> bool:
    """Whether a pattern of a card reads a file: ``**`` crosses folders, ``*``, ``?`` and ``[...]`` are as in a shell.

    Where `datasets` passes over a file, as over hidden ones, this may say yes all the same, but never the reverse.
    """
    return re.fullmatch(_expression(posixpath.normpath(pattern)), name) is not None


def formats_of(names: Iterable[str]) -> set[str]:
    """With what `datasets` reads files, by their names: ``parquet``, ``json``, ``imagefolder`` and the like."""
    # The table by which load_dataset itself decides; it has no public name.
    from datasets.packaged_modules import _EXTENSION_TO_MODULE

    endings = [f".{ending.lower()}" for name in names for ending in posixpath.basename(name).split(".")[1:]]
    return {_EXTENSION_TO_MODULE[ending][0] for ending in endings if ending in _EXTENSION_TO_MODULE}


def is_data(name: str) -> bool:
    """Whether `load_dataset` would find rows in a file when a card says nothing of files."""
    if name.endswith(HARBOR):
        return posixpath.basename(name) in ("task.toml", "instruction.md")
    hidden = any(part.startswith((".", "__")) for part in name.split("/"))
    return not hidden and (name.endswith(".zip") or bool(formats_of([name])))


def listed(value: Any) -> list[Any]:
    """A value that a card has alone or in a list."""
    return [] if value is None else value if isinstance(value, list) else [value]


def _expression(pattern: str) -> str:
    parts = re.split(r"(\*\*/?|\*|\?|\[!?\]?[^]]*\]|\{[^{}]*\})", pattern)
    means = {"**": ".*", "**/": "(.*/)?", "*": "[^/]*", "?": "[^/]"}
    found = []
    for part in parts:
        if part.startswith("["):
            found.append(fnmatch.translate(part)[:-2])  # without its end of text
        elif part.startswith("{") and part.endswith("}"):
            found.append(f"(?:{'|'.join(map(_expression, part[1:-1].split(',')))})")
        else:
            found.append(means.get(part, re.escape(part)))
    return "".join(found)
