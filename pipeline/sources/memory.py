"""A dataset that is already in memory: the source of `pipeline.select`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.sources import Source, identity, intake
from pipeline.sources.conversation import fingerprint

if TYPE_CHECKING:
    from datasets import Dataset


@dataclass(kw_only=True)
class Memory(Source):
    """A ``datasets.Dataset`` of Alpaca or ``messages`` rows.

    Parameters
    ----------
    dataset : datasets.Dataset
    """

    dataset: Any

    def identity(self) -> dict[str, Any]:
        return {"component": "Memory", "version": self.version}

    def content(self) -> Any:
        # Not Dataset._fingerprint, which differs between equal data sets and may agree between different ones.
        return [fingerprint(row) for _, row in self._rows()]

    def _rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        plain = self.dataset.with_format(None)
        for name, feature in self.dataset.features.items():
            if type(feature).__name__ in ("Image", "Audio", "Video", "Pdf"):
                plain = plain.cast_column(name, type(feature)(decode=False))  # bytes are compared, not pixels
        names = plain.column_names
        for start in range(0, len(plain), intake.BATCH):
            batch = plain[start : start + intake.BATCH]
            for offset, values in enumerate(zip(*(batch[name] for name in names), strict=True)):
                # A null in an Arrow table is what a missing key of a JSON row became.
                yield -(start + offset), dict(zip(names, values, strict=True))

    def read(self, folder: Path) -> None:
        intake.require_storable("dataset", self.dataset.features.arrow_schema)
        for _ in intake.take_in("dataset", self._rows(), folder):
            pass
        identity.collapse(folder)

    def tables(self, folder: Path) -> list[Dataset]:
        return [self.dataset]

    def names(self) -> list[str]:
        return ["dataset"]
