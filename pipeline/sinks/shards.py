"""Rows and ledger as files of a product."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.cache import digest, file_digest
from pipeline.errors import ConfigError
from pipeline.progress import track
from pipeline.sinks import json_lines
from pipeline.sinks.configurations import Shards, Written

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset

    from pipeline.arrays import Order, Scores, Space, TopUp

LEDGER = "ledger.parquet"


def flattened(parts: list[tuple[Dataset, np.ndarray]], draft: Path) -> list[tuple[Dataset, np.ndarray]]:
    """Rows in files of their own, to which columns can be added: `datasets` would leave such files in the cache."""
    number = len(list(draft.glob("*.arrow")))
    return [
        (rows.flatten_indices(cache_file_name=str(draft / f"rows-{number + more}.arrow")), which)
        for more, (rows, which) in enumerate(parts)
    ]


def write(parts: list[Dataset], draft: Path, folder: Path, split: str, ending: str, shard_mb: int) -> Shards:
    """Write rows of one schema as files of about ``shard_mb`` (10^6 bytes in memory) each.

    Parameters
    ----------
    parts : list of datasets.Dataset
    draft : Path
        The product.
    folder : Path
        Where in it the files go.
    split : str
    ending : str
        ``parquet`` or ``jsonl``.
    shard_mb : int
    """
    from datasets import concatenate_datasets

    (draft / folder).mkdir(parents=True, exist_ok=True)
    rows = concatenate_datasets(parts)
    size = sum(part.data.nbytes * len(part) // max(1, part.data.num_rows) for part in parts)
    shards = max(1, min(-(-size // (shard_mb * 10**6)), len(rows)))
    paths = []
    for shard in track(range(shards), "publish", "shards", total=shards):
        part = rows.shard(shards, shard, contiguous=True)
        paths.append(draft / folder / f"{split}-{shard:05d}-of-{shards:05d}.{ending}")
        if ending == "parquet":
            part.to_parquet(paths[-1])
        else:
            json_lines.write(part, paths[-1])
    return shards_of(paths, f"{folder.as_posix()}/{split}-*.{ending}", len(rows))


def shards_of(paths: list[Path], glob: str, rows: int) -> Shards:
    """What files that are written are."""
    return Shards(
        glob=glob,
        rows=rows,
        bytes=sum(path.stat().st_size for path in paths),
        digest=digest([file_digest(path) for path in paths]),
    )


def write_ledger(draft: Path, records: Iterable[pa.Table]) -> Written:
    """Write the ledger, which is a configuration of its own."""
    import pyarrow.parquet as parquet
    from datasets import Features

    writer, rows = None, 0
    for batch in records:
        writer = writer or parquet.ParquetWriter(draft / LEDGER, batch.schema)
        writer.write_table(batch)
        rows += len(batch)
    assert writer is not None, "a corpus has rows"
    writer.close()
    features = Features.from_arrow_schema(writer.schema)
    return Written(features, {"train": shards_of([draft / LEDGER], LEDGER, rows)}, selected=False)


def with_columns(
    rows: Dataset, distinct: np.ndarray, represents: np.ndarray, space: Space, scores: Scores, order: Order,
    topup: TopUp | None,
) -> Dataset:  # fmt: skip
    """Rows with what the ledger says of them in ``selection_*`` columns.

    Raises
    ------
    ConfigError
        If the rows have such a column already.
    """
    from pipeline import ledger

    added = {
        "id": ledger.text(space.corpus.ids[distinct]),
        **ledger.described(space, scores, order, distinct),
        "represents": represents[distinct],
        **({"weight": topup.weights(distinct)} if topup else {}),
    }
    taken = [f"selection_{name}" for name in added if f"selection_{name}" in rows.column_names]
    if taken:
        raise ConfigError(
            f"sink.columns=true would replace the column '{taken[0]}' that the rows already have; "
            "rename or remove it, or leave sink.columns out."
        )
    for name, values in added.items():
        rows = rows.add_column(f"selection_{name}", list(values.tolist()))
    return rows
