"""Results kept by content: the same inputs and settings give the same key, whatever the file was called."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from pipeline import versions

T = TypeVar("T")


def digest(parts: Any) -> str:
    """Hexadecimal sha256 of canonical JSON in which arrays stand as the hash of their type, shape and bytes."""

    def plain(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            block = np.ascontiguousarray(value)
            content = hashlib.sha256(block.data if block.size else b"").hexdigest()
            return [str(block.dtype), block.shape, content]
        raise TypeError(f"{type(value).__name__} has no place in a cache key")

    text = json.dumps(parts, sort_keys=True, default=plain, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def file_digest(path: Path) -> str:
    """Hexadecimal sha256 of the bytes of a file."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


@dataclass(frozen=True)
class Cache:
    """A folder of finished results, ``<root>/<stage>/<key>``.

    A result appears only by rename, when complete. A killed run leaves ``<key>.draft``, which the next run
    discards, or continues where the stage can (``resumable``). A lock, freed by the system when its process
    ends, keeps two runs from writing one draft.
    """

    root: Path

    def stage(
        self,
        name: str,
        kind: Callable[[Path], T],
        inputs: Any,
        make: Callable[[Path], None],
        resumable: bool = False,
    ) -> tuple[T, str, bool]:
        """Load the result of a stage, making it first if it is not there.

        Parameters
        ----------
        name : str
            Folder and log name of the stage.
        kind : callable
            Turns the folder of a finished result into the object that the stage returns.
        inputs : JSON-like with arrays
            Everything that can change the result, but for versions of packages, which are in every key.
        make : callable
            Writes the result into the draft folder it is given.
        resumable : bool
            Whether ``make`` continues a draft that it finds.

        Returns
        -------
        result, key, reused
        """
        from filelock import FileLock

        key = digest([name, inputs, versions.decisive()])[:32]
        final = self.root / name / key
        if not final.exists():
            final.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{final}.lock"):
                if not final.exists():
                    draft = final.with_name(f"{key}.draft")
                    if draft.exists() and not resumable:
                        shutil.rmtree(draft)
                    draft.mkdir(exist_ok=True)
                    make(draft)
                    os.rename(draft, final)
                    return kind(final), key, False
        return kind(final), key, True
