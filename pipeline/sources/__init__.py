"""Where rows come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.component import Component

if TYPE_CHECKING:
    from datasets import Dataset


@dataclass(kw_only=True)
class Source(Component):
    """Reads rows into tables that keep every column as it came."""

    def content(self) -> Any:
        """Digests of what would be read: the cache key of reading."""
        raise NotImplementedError

    def read(self, folder: Path) -> None:
        """Write tables, texts and row arrays into ``folder``."""
        raise NotImplementedError

    def tables(self, folder: Path) -> list[Dataset]:
        """The tables, one a source, once ``read`` has filled ``folder``."""
        raise NotImplementedError

    def names(self) -> list[str]:
        """What ledger and messages call each table."""
        raise NotImplementedError
