"""Parquet and Arrow files, and folders that ``Dataset.save_to_disk`` wrote: rows and the tables they came as."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import DataError
from pipeline.sources.rows import BATCH, Batch

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset

SAVED = ("state.json", "dataset_dict.json")  # one of them is in every folder that save_to_disk wrote


def read_file(path: Path, number: int) -> Iterator[Batch]:
    """Batches of a .parquet or .arrow file.

    Raises
    ------
    DataError
        If the file is damaged, or has a column of a kind that datasets cannot hold.
    """
    import pyarrow as pa
    import pyarrow.parquet as parquet

    try:
        if path.suffix == ".parquet":
            with parquet.ParquetFile(path) as file:
                for part in file.iter_batches(BATCH):
                    yield batch_of(path.name, number, pa.Table.from_batches([part]))
        else:
            with pa.memory_map(str(path)) as source:
                for part in _arrow(source):
                    for start in range(0, len(part), BATCH):
                        yield batch_of(path.name, number, pa.Table.from_batches([part.slice(start, BATCH)]))
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        kind = "Parquet" if path.suffix == ".parquet" else "Arrow"
        raise DataError(f"{path} is not a whole {kind} file ({_first(error)}); fetch or write it again.") from error


def read_folder(path: Path, number: int, split: str | None) -> Iterator[Batch]:
    """Batches of a folder that ``save_to_disk`` wrote."""
    yield from batches_of(saved(path, split), number, path.name)


def saved(path: Path, split: str | None) -> Dataset:
    """The data set, or the split of it, that ``save_to_disk`` wrote into a folder.

    Raises
    ------
    DataError
        If there are several splits and none is named, or the folder is damaged.
    """
    from datasets import Dataset

    splits = path / "dataset_dict.json"
    if splits.exists():
        try:
            names = json.loads(splits.read_text("utf-8"))["splits"]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{splits} names no splits ({_first(error)}); save the data set again.") from error
        split = names[0] if split is None and len(names) == 1 else split
        if split not in names:
            found = "several splits" if split is None else f"no split '{split}'"
            raise DataError(f"{path} has {found}: {', '.join(names)}; set source.split to one of these.")
        path = path / split
    elif split is not None:
        raise DataError(f"{path} is one data set without splits; leave source.split out.")
    try:
        return Dataset.load_from_disk(str(path))
    except Exception as error:  # whatever Arrow, json or datasets make of a damaged folder
        raise DataError(f"{path} is no whole folder of save_to_disk ({_first(error)}); save it again.") from error


def files_of(path: Path) -> list[Path]:
    """Files of a ``save_to_disk`` folder, for its digest."""
    return sorted(file for file in path.rglob("*") if file.suffix in (".arrow", ".json"))


def batches_of(dataset: Dataset, number: int, name: str = "the dataset") -> Iterator[Batch]:
    """Batches of a data set in memory or memory-mapped, its index applied, its format set aside."""
    for part in dataset.with_format("arrow").iter(BATCH):
        yield batch_of(name, number, part.cast(dataset.features.arrow_schema))


def _arrow(source: pa.MemoryMappedFile) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    if source.read(6) == b"ARROW1":  # the magic of the file format; datasets writes the stream format
        reader = pa.ipc.open_file(source)
        yield from (reader.get_batch(number) for number in range(reader.num_record_batches))
    else:
        source.seek(0)
        yield from pa.ipc.open_stream(source)


def batch_of(name: str, number: int, table: pa.Table) -> Batch:
    """The rows as Python objects, decoded as ``datasets`` would, but for media, whose bytes are enough here."""
    import pyarrow as pa
    from datasets import Dataset, Features

    for field in table.schema:
        try:
            Features.from_arrow_schema(pa.schema([field]))
        except (ValueError, TypeError, NotImplementedError) as error:
            raise DataError(
                f"{name}: column '{field.name}' is {field.type}, which datasets cannot hold ({_first(error)}); "
                "convert or remove it."
            ) from error
    columns = undecoded(Dataset(table))[:]
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return Batch(number, [0] * len(rows), rows, table)


def undecoded(dataset: Dataset) -> Dataset:
    """The data set with images and other media as their bytes."""
    for column, feature in dataset.features.items():
        if type(feature).__name__ in ("Image", "Audio", "Video", "Pdf"):
            dataset = dataset.cast_column(column, type(feature)(decode=False))
    return dataset


def _first(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
