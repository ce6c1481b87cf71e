"""From input rows to distinct rows: duplicates collapse, ids sort, and the order of the input is forgotten."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.arrays import Aside, Corpus, Inputs, Texts
from pipeline.cache import digest

if TYPE_CHECKING:
    from pipeline.sources import Source


def read(source: Source, folder: Path) -> None:
    """Read a source into ``folder``: tables, turns, and the arrays of `Corpus`, `Inputs` and `Aside`."""
    from pipeline.sources.intake import Intake

    for _ in Intake(folder).take(source):
        pass
    collapse(folder, list(source.parts()))


def key(source: Source) -> Any:
    """What decides the result of reading: the contents of the files, and the names of sources where copies of a row in
    several of them need a rule."""
    parts = source.parts()
    read = [[part.identity(), part.content()] for part in parts.values()]
    return [read, list(parts) if len(parts) > 1 else None]


def collapse(folder: Path, names: list[str]) -> None:
    """Make distinct rows of what ``intake`` left in ``folder`` (METHOD, section 1).

    Rows of one id become one row. The copy with the smallest hash of its whole row stands; of those that are equal in
    every column, one of the source that is first by name, so that the order of sources decides nothing.

    Parameters
    ----------
    folder : Path
    names : list of str
        Of the sources.
    """
    ids, hashes = np.load(folder / "row_id.npy"), np.load(folder / "row_hash.npy")
    by_name = np.argsort(np.argsort(np.array(names)))
    by_id = np.lexsort((by_name[np.load(folder / "source.npy")], hashes, ids))
    new = np.ones(len(ids), bool)
    new[1:] = ids[by_id][1:] != ids[by_id][:-1]
    standing = by_id[new]
    distinct = np.empty(len(ids), np.int64)
    distinct[by_id] = np.cumsum(new) - 1
    stands = np.zeros(len(ids), bool)
    stands[standing] = True

    where = {name: np.load(folder / f"{name}.npy") for name in ("source", "file", "row", "line", "index")}
    (folder / "inputs").mkdir()
    Inputs(**where, distinct=distinct, stands=stands).save(folder / "inputs")
    np.save(folder / "ids.npy", ids[standing])
    np.save(folder / "copies.npy", np.bincount(distinct, minlength=len(standing)).astype(np.int32))
    for name in ("source", "index", "bytes", "empty"):
        np.save(folder / f"{name}.npy", np.load(folder / f"{name}.npy")[standing])
    _sort_turns(folder, standing)
    for name in ("row_id", "file", "row", "line"):
        (folder / f"{name}.npy").unlink()


def _sort_turns(folder: Path, standing: np.ndarray) -> None:
    import pyarrow as pa

    from pipeline.sources.intake import TURNS
    from pipeline.sources.rows import BATCH

    arrived = Texts(str(folder / "arrived.arrow"), standing)
    with pa.OSFile(str(folder / "turns.arrow"), "wb") as sink, pa.ipc.new_stream(sink, TURNS) as writer:
        for start in range(0, len(standing), BATCH):
            writer.write_table(arrived.turns(start, start + BATCH))
    (folder / "arrived.arrow").unlink()


def load(source: Source, folder: Path) -> Corpus:
    """The corpus that ``source`` read into ``folder``."""
    arrays = {f: np.load(folder / f"{f}.npy", mmap_mode="r") for f in
              ("ids", "source", "index", "copies", "bytes", "empty")}  # fmt: skip
    parts = source.parts()
    return Corpus(
        tables=[part.table(folder / f"rows-{number}.arrow") for number, part in enumerate(parts.values())],
        names=list(parts),
        files=[part.files() for part in parts.values()],
        columns=[dict(part.columns) for part in parts.values()],
        detected=json.loads((folder / "files.json").read_text("utf-8")),
        texts=Texts(str(folder / "turns.arrow")),
        inputs=Inputs.load(folder / "inputs"),
        tokens=np.empty(len(arrays["ids"]), np.int64),  # counted next, by the tokenizer that the run names
        aside=Aside.load(folder / "aside"),
        key=digest([np.load(folder / "row_hash.npy")]),
        **arrays,
    )
