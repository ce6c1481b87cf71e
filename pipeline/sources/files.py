"""Files and folders of rows, in every format that trainers eat."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from omegaconf import MISSING

from pipeline.cache import file_digest
from pipeline.errors import ConfigError, DataError
from pipeline.sources import Part
from pipeline.sources.rows import Batch, batched
from pipeline.sources.streams import COMPRESSED, ending, require_encoding

FORMATS = {
    ".json": "json", ".jsonl": "json", ".ndjson": "json", ".csv": "delimited", ".tsv": "delimited",
    ".parquet": "arrow", ".arrow": "arrow",
}  # fmt: skip


@dataclass(kw_only=True)
class Files(Part):
    """JSON, JSON Lines, CSV, TSV, Parquet or Arrow files, or a ``save_to_disk`` folder; text formats also .gz or .zst.

    Parameters
    ----------
    path : str or list of str
        A file, a glob such as ``data/*.jsonl``, such a folder, or a list of these. The shape of each file is detected
        from its first rows and checked on all.
    name : str, optional
        What ledger and summary call the source; by default taken from ``path``.
    shape : str, optional
        The shape of the rows, where detection should not choose.
    columns : dict of str to str
        A shape's columns under the names that they have here: ``{instruction: Question, output: Reply}``,
        ``{text: body}``.
    encoding : str, optional
        Of text formats; by default UTF-8, and anything else is refused.
    header : list of str, optional
        Names of the columns of CSV and TSV files without a header line, or of JSON rows that are lists.
    delimiter : str, optional
        Of .csv and .tsv files, one character or ``tab``; by default the comma and the tab.
    quote : str
        Quote character of .csv and .tsv files; empty where quotes are characters like others.
    field : str, optional
        Key that holds the rows of a JSON file that is one object.
    split : str, optional
        Of a ``save_to_disk`` folder that has several.
    share, weight : float, optional
        In a mix: the source's proportion among kept rows, or how much more than its size it counts.
    on_bad_row : OnBadRow
        ``error`` stops at the first row that cannot be read; ``skip`` lists it in the ledger and goes on.
    """

    path: Any = MISSING
    encoding: str | None = None
    header: list[str] | None = None
    delimiter: str | None = None
    quote: str = '"'
    field: str | None = None
    split: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not all(isinstance(path, str) and path.strip() for path in self._given()) or not self._given():
            raise ConfigError(f"source.path is {self.path!r}; expected a file, a glob, or a list of these; mend it.")
        require_encoding(self.encoding)
        self.delimiter = {"\\t": "\t", "tab": "\t"}.get(self.delimiter, self.delimiter)  # a shell has no key for it
        for name in self.header or []:
            if self.header.count(name) > 1:
                raise ConfigError(f"source.header names '{name}' twice; expected different names; mend it.")
        for key, value in {"delimiter": self.delimiter, "quote": self.quote or None}.items():
            if value is not None and (len(value) != 1 or value in "\r\n"):
                raise ConfigError(f"source.{key} is {value!r}; expected one character; mend it.")

    def identity(self) -> dict[str, Any]:
        # The bytes of the files say what is read, not their names: a moved file is not read again.
        return {**super().identity(), **dict.fromkeys(("path", "name", "share", "weight"))}

    def advice(self, file: int, columns: list[str]) -> str:
        if self._paths[file].is_dir() or FORMATS[ending(self._paths[file])] != "delimited":
            return ""
        other = next((mark for mark in (";", "\t", "|", ",") if len(columns) == 1 and mark in columns[0]), None)
        if other is not None:
            return f"; if columns are divided by {other!r}, set source.delimiter={'tab' if other == chr(9) else other}"
        return "; if the first line is a row already, name its columns in source.header"

    def called(self) -> str:
        if self.name is not None:
            return self.name
        first = self._given()[0]
        return Path(first).name if len(self._given()) == 1 else f"{Path(first).name} and {len(self._given()) - 1} more"

    def paths(self) -> list[Path]:
        return self._paths

    def files(self) -> list[str]:
        return [path.name for path in self._paths]

    def content(self) -> Any:
        from pipeline.sources import arrow_rows

        found = []
        for path in self._paths:
            if path.is_dir():
                found.append([[file_digest(file), file.name] for file in arrow_rows.files_of(path)])
            else:
                found.append([file_digest(path), "".join(path.suffixes[-2:])])
        return found

    def batches(self) -> Iterator[Batch]:
        for number, path in enumerate(self._paths):
            yield from self._reader(path)(path, number)

    def _given(self) -> list[str]:
        return list(self.path) if isinstance(self.path, list | tuple) else [self.path]

    @cached_property
    def _paths(self) -> list[Path]:
        # Once: a file that arrives meanwhile must not shift the others.
        paths: list[Path] = []
        for given in self._given():
            path = Path(given).expanduser()
            if path.exists() or not glob.has_magic(given):
                paths.append(path)
                continue
            found = [Path(name) for name in sorted(glob.glob(str(path), recursive=True))]
            found = [path for path in found if path.is_file() or _is_saved(path)]
            if not found:
                raise DataError(f"{given} matches no file; mend the glob.")
            paths += found
        for path in paths:
            self._require(path)
        return paths

    def _require(self, path: Path) -> None:
        if not path.exists():
            raise DataError(f"{path} does not exist; set source.path to a file, a glob, or a list of these.")
        if path.is_dir():
            if not _is_saved(path):
                inside = (file for file in sorted(path.rglob("*")) if ending(file) in FORMATS)
                kind = "".join(next(inside, Path("a.jsonl")).suffixes[-2:])
                raise DataError(
                    f"{path} is a folder that save_to_disk did not write; name the files in it, as in "
                    f"source.path='{path}/**/*{kind}'."
                )
        elif ending(path) not in FORMATS or (path.suffix in COMPRESSED and FORMATS[ending(path)] == "arrow"):
            raise DataError(
                f"{path} has the ending '{''.join(path.suffixes[-2:]) or 'none'}'; expected one of "
                f"{', '.join(FORMATS)}, the first five also with {' or '.join(COMPRESSED)}; convert or rename it."
            )

    def _reader(self, path: Path) -> Callable[[Path, int], Iterator[Batch]]:
        from pipeline.sources import arrow_rows, delimited, json_rows

        if path.is_dir():
            return lambda path, number: arrow_rows.read_folder(path, number, self.split)
        kind = FORMATS[ending(path)]
        if kind == "arrow":
            return arrow_rows.read_file
        if kind == "json":
            return lambda path, number: batched(number, json_rows.read(path, self.encoding, self.header, self.field))
        delimiter = self.delimiter or ("\t" if ending(path) == ".tsv" else ",")
        return lambda path, number: batched(
            number, delimited.read(path, delimiter, self.quote, self.encoding, self.header)
        )


def _is_saved(path: Path) -> bool:
    from pipeline.sources.arrow_rows import SAVED

    return any((path / name).exists() for name in SAVED)
