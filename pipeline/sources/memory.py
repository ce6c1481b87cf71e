"""A dataset that is already in memory: the source of `pipeline.select`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.sources import Part
from pipeline.sources.fingerprint import fingerprint

if TYPE_CHECKING:
    from datasets import Dataset

    from pipeline.sources.rows import Batch


@dataclass(kw_only=True)
class Memory(Part):
    """A ``datasets.Dataset`` of rows of any shape.

    Parameters
    ----------
    dataset : datasets.Dataset
    name, shape, columns, on_bad_row
        As in `Files`.
    """

    in_place: ClassVar[bool] = True
    dataset: Any

    def identity(self) -> dict[str, Any]:
        # A data set is no JSON value; what it holds is in `content`.
        return {
            "component": "Memory",
            "version": self.version,
            "shape": self.shape,
            "columns": self.columns,
            "on_bad_row": self.on_bad_row,
        }

    def called(self) -> str:
        return self.name or "dataset"

    def files(self) -> list[str]:
        return ["dataset"]

    def content(self) -> Any:
        # Not Dataset._fingerprint, which differs between equal data sets and may agree between different ones.
        # Its columns, because a null that is in the rows is another thing than a column that is not there.
        content = hashlib.sha256()
        for batch in self.batches():
            for row in batch.rows:
                content.update(fingerprint(row).encode())
        return [str(self.dataset.features), content.hexdigest()]

    def batches(self) -> Iterator[Batch]:
        from pipeline.sources import arrow_rows

        return arrow_rows.batches_of(self.dataset, 0)

    def table(self, path: Path) -> Dataset:
        return self.dataset
