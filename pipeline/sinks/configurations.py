"""What the product holds: one configuration a schema, or one of messages."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.errors import ConfigError, DataError
from pipeline.sources.rows import BATCH

if TYPE_CHECKING:
    from datasets import Dataset, Features

    from pipeline.arrays import Corpus

SINGLE = "default"
AUDIT = "audit"  # what the card calls the configuration that the ledger is
SYNTHETIC, CANDIDATES = "synthetic", "candidates"  # rows that a language model wrote: those kept, and all
OURS = (AUDIT, SYNTHETIC, CANDIDATES)
APART = "written"  # the folder of these two
WEIGHT = "sample_weight"
# Of a row that was written, behind those of its source: `synthetic-` and a hash, which no real row has; ids of the rows
# that the model was shown; the model; a hash of the request; the bin, and at whose border; what it should weigh.
COLUMNS = (
    "synthetic_id",
    "synthetic_parents",
    "synthetic_generator",
    "synthetic_prompt",
    "synthetic_bin",
    "synthetic_border",
    WEIGHT,
)
LONGEST = 60  # characters of a name


@dataclass(frozen=True)
class Shards:
    """A split that is on disk: the glob of its files, how many rows they hold, their sizes and digest."""

    glob: str
    rows: int
    bytes: int
    digest: str


@dataclass(frozen=True)
class Written:
    """A configuration that is on disk: its columns, its splits by name, and whether it is of selected rows."""

    features: Features
    splits: dict[str, Shards]
    selected: bool = True


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
        By configuration that has any, for each of its sources, the rows and which input rows they are. Names depend
        on what was read, not on what was chosen of it.
    """
    inputs = corpus.inputs
    groups: list[tuple[Any, list[int]]] = []
    for number, table in enumerate(corpus.tables):
        schema = dict(table.features)
        same = next((sources for features, sources in groups if features == schema), None)
        if same is None:
            groups.append((schema, [number]))
        else:
            same.append(number)
    names = names_of([[corpus.names[source] for source in sources] for _, sources in groups])
    found: dict[str, list[tuple[Dataset, np.ndarray]]] = {}
    for (_, sources), name in zip(groups, names, strict=True):
        columns = corpus.tables[sources[0]].column_names
        parts = []
        for number in sources:
            rows = chosen[inputs.source[chosen] == number]
            if len(rows):
                table = corpus.tables[number].with_format(None).select_columns(columns)
                parts.append((table.select(inputs.index[rows]), rows))
        if parts:
            found[name] = parts
    return found


def names_of(groups: list[list[str]]) -> list[str]:
    """A name a configuration: ``default`` where there is one, else those of its sources, as a folder can have them."""
    if len(groups) == 1:
        return [SINGLE]
    names: list[str] = []
    for group in groups:
        name = "+".join(re.sub(r"[^\w.-]+", "-", source).strip("-.") or "rows" for source in group)
        if len(name) > LONGEST:
            name = name[:LONGEST].rstrip("+-.") + (f"+{len(group)}" if len(group) > 1 else "")
        # Folders whose names differ in case are one on some systems.
        taken = {one.casefold() for one in (*OURS, *names)}
        free = (f"{name}-{number}" if number else name for number in count())
        names.append(next(one for one in free if one.casefold() not in taken))
    return names


def of_messages(corpus: Corpus, chosen: np.ndarray, folder: Path) -> dict[str, list[tuple[Dataset, np.ndarray]]]:
    """Chosen rows as conversations in one table: ``messages``, ``tools``, ``source``, ``extra``.

    ``extra`` is JSON of every column that the conversation does not say whole, so that nothing is lost; bytes are
    base64 there.

    Parameters
    ----------
    corpus : Corpus
    chosen : int64[m]
        Input rows, ascending.
    folder : Path
        Where the table is written.
    """
    import pyarrow as pa
    from datasets import Dataset

    from pipeline.sources.tables import RowWriter, Unstorable

    writer = RowWriter(folder / "messages.arrow")
    writer.types = {"messages": pa.null(), "tools": pa.null(), "source": pa.string(), "extra": pa.string()}
    for start in range(0, len(chosen), BATCH):
        rows = chosen[start : start + BATCH]
        try:
            writer.add(list(_conversations(corpus, rows)))
        except Unstorable as error:
            where = corpus.place(corpus.inputs.distinct[rows[error.positions[0]]])
            raise DataError(f"{where}: as messages, {error}; mend or remove this row.") from error
    if pa.types.is_null(writer.types["tools"]):
        writer.types["tools"] = pa.string()
    writer.close()
    return {SINGLE: [(Dataset.from_file(str(folder / "messages.arrow")), chosen)]}


def require_answers(corpus: Corpus) -> None:
    """Refuse texts without a label, of which no conversation can be made.

    Raises
    ------
    ConfigError
    """
    for one in corpus.detected:
        label = corpus.columns[one["source"]].get("label", "label")
        if one["shape"] == "text" and label not in corpus.tables[one["source"]].column_names:
            raise ConfigError(
                f"{corpus.files[one['source']][one['file']]} holds texts that nobody answers; sink.format=messages "
                "needs answers; name the column that says them, as in source.columns={text: ..., label: ...}, or leave "
                "it out."
            )


def _conversations(corpus: Corpus, chosen: np.ndarray) -> Iterator[dict[str, Any]]:
    from pipeline.sources.arrow_rows import undecoded
    from pipeline.sources.detection import Reader
    from pipeline.sources.fingerprint import stripped
    from pipeline.sources.shapes import SHAPES

    inputs = corpus.inputs
    detected = {(one["source"], one["file"]): one for one in corpus.detected}
    for number in np.unique(inputs.source[chosen]):
        rows = chosen[inputs.source[chosen] == number]
        table = undecoded(corpus.tables[number].with_format(None)).select(inputs.index[rows])
        readers: dict[int, Reader] = {}
        for row, file in zip(table, inputs.file[rows].tolist(), strict=True):
            one = detected[int(number), file]
            if one["typed"]:
                row = stripped(row)  # what came in Arrow's structs has a null for every key of other rows
            reader = readers.setdefault(file, Reader(SHAPES[one["shape"]], corpus.columns[number]))
            said = reader.read(row)
            messages = said.messages
            if said.plain:
                messages = [
                    *messages,
                    {"role": "assistant", "content": "" if said.verdict is None else str(said.verdict)},
                ]
            extra = {column: row[column] for column in reader.unsaid(row, said) if row[column] is not None}
            yield {
                "messages": messages,
                "tools": said.tools,
                "source": corpus.names[number],
                "extra": json.dumps(extra, ensure_ascii=False, default=_written) if extra else None,
            }


def _written(value: Any) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
