"""Written rows as a corpus of their own: what they say, their ids, their vectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline import tokens
from pipeline.augmenters import asking
from pipeline.augmenters.acceptance import BIN, BROKEN, FORM, Written
from pipeline.augmenters.form import Form
from pipeline.augmenters.plans import Plan, Task, columns_of, shape_of
from pipeline.bins.categorizers import named
from pipeline.errors import DataError
from pipeline.scorers.heuristic import Heuristic
from pipeline.sources import OnBadRow, identity
from pipeline.sources.memory import Memory

if TYPE_CHECKING:
    from pipeline.arrays import Corpus, Space
    from pipeline.config import Config
    from pipeline.sources.rows import Row


@dataclass(frozen=True)
class Said:
    """A row of an answer: as it is said, what that means where it can be read, and what is against it before that."""

    row: Row
    written: Written | None = None
    reason: str = BROKEN


def answers(
    tasks: list[Task], said: list[str | None], label: str | None, form: Callable[[Plan], Form], space: Space,
    config: Config,
) -> list[list[Said]]:  # fmt: skip
    """Rows of each answer, no more than were asked for; those of a file are read together.

    Parameters
    ----------
    tasks : list of Task
    said : list of str, optional
        To each of them; None where nothing is said.
    label : str, optional
        The column that says the bin of a row; what is written gets that of the rows that were shown.
    form : callable
        How the rows of a bin are made.
    space : Space
    config : Config
    """
    corpus, bins = space.corpus, space.bins
    found = [
        [Said(row) for row in asking.rows_of(text)[: task.count]] if text is not None else []
        for task, text in zip(tasks, said, strict=True)
    ]
    for where in sorted({task.plan.where for task in tasks}):
        columns, kind = columns_of(corpus, *where), corpus.tables[where[0]].features.get(label)
        reads: list[tuple[int, int, Row, Row]] = []  # place, the row, and what is not read of it
        for at, task in enumerate(tasks):
            if task.plan.where != where:
                continue
            known = {} if kind is None else {label: _value(corpus, task.shows.rows[0], label)}
            for number, one in enumerate(found[at]):
                if not set(columns) <= set(one.row):
                    continue
                row = {column: one.row[column] for column in columns}
                if label in row and row[label] is not None and named(kind)(row[label]) != task.plan.name:
                    found[at][number] = Said(row, reason=BIN)
                    continue
                row |= {column: value for column, value in known.items() if column in row}
                if form(task.plan).has(row):
                    reads.append((at, number, row, known))
                else:
                    found[at][number] = Said(row, reason=FORM)
        shown = [tasks[at].shows.rows[0] for at, *_ in reads]
        categories = bins.category_name[bins.category[shown]].tolist()
        asked = [tasks[at].plan.bin for at, *_ in reads]
        rows = [row for *_, row, _ in reads]
        told = read(rows, asked, categories, where[0], shape_of(corpus, *where), space, config)
        for (at, number, row, known), one in zip(reads, told, strict=True):
            found[at][number] = Said(row | known, one) if one else found[at][number]
    return found


def _value(corpus: Corpus, row: int, column: str) -> Any:
    """Of a distinct row, as it came."""
    return (
        corpus.tables[int(corpus.source[row])]
        .with_format(None)
        .select_columns([column])[int(corpus.index[row])][column]
    )


def read(
    rows: list[Row], bins: list[int], categories: list[str], source: int, shape: str, space: Space, config: Config
) -> list[Written | None]:
    """Rows as their source's rows are read; None for one that cannot be read.

    Parameters
    ----------
    rows : list of dict
        In some columns of their source, all in the same.
    bins : list of int
        For which each was asked.
    categories : list of str
        Of the rows that were shown for each.
    source : int
        Whose columns they have.
    shape : str
    space : Space
    config : Config
    """
    from datasets import Dataset, Features

    found: list[Written | None] = [None] * len(rows)
    if not rows:
        return found
    table = space.corpus.tables[source]
    features = Features({column: table.features[column] for column in rows[0]})
    fitting = [True] * len(rows) if _fit(rows, features) else [_fit([row], features) for row in rows]
    good = [at for at, fits in enumerate(fitting) if fits]
    if not good:
        return found
    if len(good) > 1 and not _fit([rows[at] for at in good], features):  # each with types of its own
        alone = [read([row], [bin], [name], source, shape, space, config)[0]
                 for row, bin, name in zip(rows, bins, categories, strict=True)]  # fmt: skip
        return alone
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
        counted = tokens.of_new(corpus, config.tokenizer if config.filter else None)
        within = config.filter.within(counted)
        of = np.array([categories[good[row]] for row in corpus.inputs.row[corpus.standing]])
        quality = _quality(corpus, of, config)
        for row, distinct in zip(corpus.inputs.row.tolist(), corpus.inputs.distinct.tolist(), strict=True):
            at = good[row]
            found[at] = Written(
                bytes(corpus.ids[distinct]), asked[distinct], said[distinct], bool(corpus.empty[distinct]),
                int(corpus.bytes[distinct]), np.array(vectors[distinct]), bins[at], bool(within[distinct]),
                float(quality[distinct]),
            )  # fmt: skip
    return found


def _quality(corpus: Corpus, category: np.ndarray, config: Config) -> np.ndarray:
    """What rules say, where these judge real rows: float64[m]; models are not asked again."""
    scorer = config.scorers.get("quality")
    return scorer.of_new(corpus.texts, category) if isinstance(scorer, Heuristic) else np.full(len(corpus), np.nan)


def _fit(rows: list[Row], features: object) -> bool:
    """Whether Arrow can hold them with the types of their source."""
    from datasets import Dataset

    try:
        Dataset.from_list(rows, features=features)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):  # UnicodeEncodeError is a ValueError
        return False
    return True
