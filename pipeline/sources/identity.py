"""From input rows to distinct rows: duplicates collapse, ids sort, and the order of the input is forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays import Corpus, Inputs
from pipeline.cache import digest

if TYPE_CHECKING:
    from pipeline.sources import Source


def collapse(folder: Path) -> None:
    """Write the arrays of `Corpus` and `Inputs` from what ``intake`` left in ``folder`` (METHOD, section 1).

    Rows of one id become one row; the copy with the smallest hash of its whole row stands (then the earliest, which
    is then equal to it in every column).
    """
    ids, hashes = np.load(folder / "row_id.npy"), np.load(folder / "row_hash.npy")
    by_id = np.lexsort((hashes, ids))
    new = np.ones(len(ids), bool)
    new[1:] = ids[by_id][1:] != ids[by_id][:-1]
    standing = by_id[new]
    distinct = np.empty(len(ids), np.int64)
    distinct[by_id] = np.cumsum(new) - 1
    stands = np.zeros(len(ids), bool)
    stands[standing] = True

    inputs = Inputs(
        source=np.zeros(len(ids), np.int32),
        index=np.arange(len(ids), dtype=np.int64),
        line=np.load(folder / "line.npy"),
        distinct=distinct,
        stands=stands,
    )
    (folder / "inputs").mkdir()
    inputs.save(folder / "inputs")
    np.save(folder / "ids.npy", ids[standing])
    np.save(folder / "source.npy", inputs.source[standing])
    np.save(folder / "index.npy", inputs.index[standing])
    np.save(folder / "copies.npy", np.bincount(distinct, minlength=len(standing)).astype(np.int32))
    for name in ("bytes", "empty"):
        np.save(folder / f"{name}.npy", np.load(folder / f"{name}.npy")[standing])
    _sort_texts(folder, standing)
    (folder / "row_id.npy").unlink()


def _sort_texts(folder: Path, standing: np.ndarray) -> None:
    import pyarrow as pa
    from datasets import Dataset

    from pipeline.sources.intake import BATCH, TEXT

    arrived = Dataset.from_file(str(folder / "arrived.arrow"))
    with pa.OSFile(str(folder / "texts.arrow"), "wb") as sink, pa.ipc.new_stream(sink, TEXT) as writer:
        for batch in arrived.select(standing).with_format("arrow").iter(BATCH):
            writer.write_table(batch.cast(TEXT))
    (folder / "arrived.arrow").unlink()


def load(source: Source, folder: Path) -> Corpus:
    """The corpus that ``source`` read into ``folder``."""
    from pipeline.arrays.texts import Texts

    arrays = {f: np.load(folder / f"{f}.npy", mmap_mode="r") for f in
              ("ids", "source", "index", "copies", "bytes", "empty")}  # fmt: skip
    return Corpus(
        tables=source.tables(folder),
        names=source.names(),
        texts=Texts(str(folder / "texts.arrow"), len(arrays["ids"])),
        inputs=Inputs.load(folder / "inputs"),
        key=digest([np.load(folder / "row_hash.npy")]),
        **arrays,
    )
