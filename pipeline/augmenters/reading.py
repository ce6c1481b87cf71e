"""Written rows as a corpus of their own: what they say, their ids, their vectors."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from pipeline.augmenters.acceptance import Written
from pipeline.errors import DataError
from pipeline.sources import OnBadRow, identity
from pipeline.sources.memory import Memory

if TYPE_CHECKING:
    from pipeline.arrays import Space
    from pipeline.config import Config
    from pipeline.sources.rows import Row


def read(rows: list[Row], bin: int, source: int, shape: str, space: Space, config: Config) -> list[Written | None]:
    """Rows as their source's rows are read; None for one that cannot be read.

    Parameters
    ----------
    rows : list of dict
    bin : int
        For which they were asked.
    source : int
        Whose columns they have.
    shape : str
    space : Space
    config : Config
    """
    from datasets import Dataset, Features

    if not rows:
        return []
    table = space.corpus.tables[source]
    features = Features({column: table.features[column] for column in rows[0]})
    fitting = [_fits(row, features) for row in rows]
    found: list[Written | None] = [None] * len(rows)
    good = [at for at, fits in enumerate(fitting) if fits]
    if not good:
        return found
    dataset = Dataset.from_list([rows[at] for at in good], features=features)
    with TemporaryDirectory() as folder:
        part = Memory(
            dataset=dataset, shape=shape, columns=space.corpus.columns[source], on_bad_row=OnBadRow.skip, name="written"
        )
        try:
            identity.read(part, Path(folder))
        except DataError:  # none of them can be read
            return found
        corpus = identity.load(part, Path(folder))
        vectors = config.embedder.more(corpus, config.text, Path(space.embeddings.vectors.filename).parent, config.seed)
        asked, said = (corpus.texts.read(0, len(corpus), part) for part in ("instruction", "response"))
        for row, distinct in zip(corpus.inputs.row.tolist(), corpus.inputs.distinct.tolist(), strict=True):
            at = good[row]
            found[at] = Written(
                bytes(corpus.ids[distinct]), asked[distinct], said[distinct], bool(corpus.empty[distinct]),
                int(corpus.bytes[distinct]), np.array(vectors[distinct]), bin,
            )  # fmt: skip
    return found


def _fits(row: Row, features: object) -> bool:
    """Whether Arrow can hold it with the types of its source."""
    from datasets import Dataset

    try:
        Dataset.from_list([row], features=features)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):  # UnicodeEncodeError is a ValueError
        return False
    return True
