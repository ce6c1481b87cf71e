"""JSON and JSON Lines files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import MISSING

from pipeline.cache import file_digest
from pipeline.sources import Source, json_rows

if TYPE_CHECKING:
    from datasets import Dataset


@dataclass(kw_only=True)
class Files(Source):
    """One JSON array or JSON Lines file, plain or .gz, of Alpaca or ``messages`` rows.

    Parameters
    ----------
    path : str
        The file; its shape is detected from its first rows and checked on all.
    """

    path: str = MISSING

    def identity(self) -> dict[str, Any]:
        # The bytes of the file say what it is, not its name: a moved file is not read again.
        return {**super().identity(), "path": None}

    def content(self) -> Any:
        path = Path(self.path).expanduser()
        json_rows.check(path)
        return {"sha256": file_digest(path), "ending": path.name.split(".", 1)[-1]}

    def read(self, folder: Path) -> None:
        from pipeline.sources import identity, intake

        path = Path(self.path).expanduser()
        rows = intake.take_in(self.path, json_rows.read(path), folder)
        intake.write_table(self.path, rows, folder / "rows-0.arrow")
        identity.collapse(folder)

    def tables(self, folder: Path) -> list[Dataset]:
        from datasets import Dataset

        return [Dataset.from_file(str(folder / "rows-0.arrow"))]

    def names(self) -> list[str]:
        return [Path(self.path).name]
