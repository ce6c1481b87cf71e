"""Arrays on disk."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Self

import numpy as np


def require(condition: bool, what: str) -> None:
    """Fail where an invariant does not hold: a mistake of ours, never of the user's."""
    if not condition:
        raise ValueError(f"array invariant broken: {what}")


class Saved:
    """Arrays kept as ``.npy`` files in one folder and memory-mapped when read again."""

    def save(self, folder: Path) -> None:
        for item in fields(self):
            np.save(folder / f"{item.name}.npy", getattr(self, item.name))

    @classmethod
    def load(cls, folder: Path) -> Self:
        return cls(**{f.name: np.load(folder / f"{f.name}.npy", mmap_mode="r") for f in fields(cls)})
