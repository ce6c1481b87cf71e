"""What the product holds: one configuration a schema, or one of messages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.errors import ConfigError
from pipeline.sources.rows import BATCH

if TYPE_CHECKING:
    from datasets import Dataset

    from pipeline.arrays import Corpus

SINGLE = "default"


def of_rows(corpus: Corpus, chosen: np.ndarray) -> dict[str, list[tuple[Dataset, np.ndarray]]]:
    """Chosen rows as they came, sources of one schema together.

    Parameters
    ----------
    corpus : Corpus
    chosen : int64[m]
        Input rows, ascending.

    Returns
    -------
    dict of str to list of (datasets.Dataset, int64[...])
        By configuration, for each of its sources, the rows and which input rows they are.
    """
    inputs = corpus.inputs
    groups: list[tuple[Any, list[int]]] = []
    for number, table in enumerate(corpus.tables):
        if not (inputs.source[chosen] == number).any():
            continue
        schema = dict(table.features)
        same = next((sources for features, sources in groups if features == schema), None)
        if same is None:
            groups.append((schema, [number]))
        else:
            same.append(number)
    found: dict[str, list[tuple[Dataset, np.ndarray]]] = {}
    for (_, sources), name in zip(groups, _names([[corpus.names[s] for s in g] for _, g in groups]), strict=True):
        columns = corpus.tables[sources[0]].column_names
        found[name] = []
        for number in sources:
            rows = chosen[inputs.source[chosen] == number]
            table = corpus.tables[number].with_format(None).select_columns(columns)
            found[name].append((table.select(inputs.index[rows]), rows))
    return found


def _names(groups: list[list[str]]) -> list[str]:
    """A name a configuration: ``default`` where there is one, else those of its sources, as folders can have them."""
    if len(groups) == 1:
        return [SINGLE]
    names: list[str] = []
    for group in groups:
        name = re.sub(r"[^\w.-]+", "-", group[0] if len(group) == 1 else f"{group[0]}-and-{len(group) - 1}-more")
        name = name.strip("-.") or "rows"
        names.append(name if name not in names else f"{name}-{len(names)}")
    return names


def of_messages(corpus: Corpus, chosen: np.ndarray, folder: Path) -> dict[str, list[tuple[Dataset, np.ndarray]]]:
    """Chosen rows as conversations in one table: ``messages``, ``tools``, ``source``, ``extra``.

    ``extra`` is JSON of every column that the conversation does not say, so that nothing is lost.

    Parameters
    ----------
    corpus : Corpus
    chosen : int64[m]
        Input rows, ascending.
    folder : Path
        Where the table is written.

    Raises
    ------
    ConfigError
        If a row is a text that nobody answers.
    """
    import pyarrow as pa
    from datasets import Dataset

    from pipeline.sources.tables import TableWriter, table_of

    nothing = {"messages": pa.null(), "tools": pa.string(), "source": pa.string(), "extra": pa.string()}
    writer = TableWriter(folder / "messages.arrow")
    for start in range(0, len(chosen), BATCH):
        table = table_of(list(_conversations(corpus, chosen[start : start + BATCH])))
        fields = [f.with_type(nothing[f.name]) if pa.types.is_null(f.type) else f for f in table.schema]
        writer.add(table.cast(pa.schema(fields)))
    writer.close()
    return {SINGLE: [(Dataset.from_file(str(folder / "messages.arrow")), chosen)]}


def _conversations(corpus: Corpus, chosen: np.ndarray) -> Iterator[dict[str, Any]]:
    from pipeline.sources.conversation import stripped
    from pipeline.sources.detection import Reader
    from pipeline.sources.shapes import SHAPES

    inputs = corpus.inputs
    shapes = {(one["source"], one["file"]): SHAPES[one["shape"]] for one in corpus.detected}
    for number in np.unique(inputs.source[chosen]):
        rows = chosen[inputs.source[chosen] == number]
        table = corpus.tables[number].with_format(None).select(inputs.index[rows])
        for row, file in zip(table, inputs.file[rows], strict=True):
            reader = Reader(shapes[int(number), int(file)], corpus.columns[number])
            said = reader.read({key: value for key, value in row.items()})
            messages = said.messages
            if said.plain:
                if said.label is None:
                    raise ConfigError(
                        f"{corpus.names[number]} holds texts that nobody answers; sink.format=messages needs answers; "
                        "name the column that says them, as in source.columns={text: ..., label: ...}, or leave it out."
                    )
                messages = [*messages, {"role": "assistant", "content": said.label}]
            used = reader.used(row)
            extra = {key: stripped(value) for key, value in row.items() if key not in used and value is not None}
            yield {
                "messages": messages,
                "tools": said.tools,
                "source": corpus.names[number],
                "extra": json.dumps(extra, ensure_ascii=False, default=str) if extra else None,
            }
