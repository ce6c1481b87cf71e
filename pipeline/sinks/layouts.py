"""How rows are laid out for a trainer: which columns hold what, in every row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.sources.shapes import SHAPES, Names

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset

BATCH = 10_000
KEYS = (("role", "content"), ("from", "value"))  # of a turn
PAIRS = {  # question, what Alpaca calls the input, answer
    "alpaca": ("instruction", "input", "output"),
    "prompt_completion": ("prompt", None, "completion"),
    "question_answer": ("question", None, "answer"),
}


@dataclass(frozen=True)
class Layout:
    """Which columns hold what: of turns, or of a question and its answer, or of text.

    Attributes
    ----------
    turns : str, optional
    role, content : str
        Keys of a turn.
    question, more, answer, text, system, tools : str, optional
        Columns; ``more`` is what Alpaca calls the input.
    """

    turns: str | None = None
    role: str = "role"
    content: str = "content"
    question: str | None = None
    more: str | None = None
    answer: str | None = None
    text: str | None = None
    system: str | None = None
    tools: str | None = None


MESSAGES = Layout(turns="messages", tools="tools")


def layout(shape: str, columns: dict[str, str], rows: Dataset) -> Layout | None:
    """The layout of rows of a shape, or None where no trainer reads all of them as they are.

    Parameters
    ----------
    shape : str
    columns : dict of str to str
        What the user says of columns.
    rows : datasets.Dataset
    """
    names = {one[0]: one for one in (*SHAPES[shape].required, *SHAPES[shape].optional)}
    found = {name: _columns(rows, alternatives, columns) for name, alternatives in names.items()}
    if any(len(several) > 1 for several in found.values()):
        return None  # some rows are read from one column and some from another
    every = {name: several[0] if several else None for name, several in found.items()}
    if every.get("label") is not None:
        return None  # good and bad answers, which are no examples to follow, or texts that are answered by it
    beside = {"system": every.get("system"), "tools": every.get("tools")}
    if shape in ("messages", "sharegpt"):
        turns = every["messages" if shape == "messages" else "conversations"]
        keys = _keys(rows, turns)
        return None if keys is None else Layout(turns, *keys, **beside)
    if shape in PAIRS:
        question, more, answer = (None if name is None else every[name] for name in PAIRS[shape])
        whole = _is_text(rows, question) and _is_text(rows, answer) and not every.get("history")
        return Layout(question=question, more=more, answer=answer, **beside) if whole else None
    return Layout(text=every["text"]) if shape == "text" and _is_text(rows, every["text"]) else None


def roles(rows: Dataset, laid: Layout) -> set[str]:
    """Who speaks."""
    import pyarrow.compute as pc

    if _is_json(rows, laid.turns):
        return {turn[laid.role] for turns in _parsed(rows, laid.turns) for turn in turns}
    found: set[str] = set()
    for turns in _parts(rows, laid.turns):
        found |= set(pc.unique(pc.struct_field(pc.list_flatten(turns), laid.role)).to_pylist())
    return found


def says(rows: Dataset, column: str) -> bool:
    """Whether any row says something in a column."""
    return any(part.null_count < len(part) for part in _parts(rows, column))


def _columns(rows: Dataset, alternatives: Names, columns: dict[str, str]) -> list[str]:
    """The columns that are read for one of the shape's: one, or several where the first has holes."""
    if alternatives[0] in columns:
        return [name for name in [columns[alternatives[0]]] if name in rows.column_names]
    there = [name for name in alternatives if name in rows.column_names]
    if len(there) < 2:
        return there
    holes = {name: sum(_holes(part) for part in _parts(rows, name)) for name in there}
    speaking = [name for name in there if holes[name] < len(rows)] or there[:1]
    return speaking[:1] if holes[speaking[0]] == 0 else speaking


def _holes(part: pa.ChunkedArray) -> int:
    """How many values are null or empty, as a row is read."""
    import pyarrow as pa
    import pyarrow.compute as pc

    empty = 0
    if _is_string(part.type):
        empty = pc.sum(pc.equal(pc.binary_length(part), 0)).as_py() or 0
    elif pa.types.is_list(part.type) or pa.types.is_large_list(part.type):
        empty = pc.sum(pc.equal(pc.list_value_length(part), 0)).as_py() or 0
    return part.null_count + empty


def _keys(rows: Dataset, column: str) -> tuple[str, str] | None:
    """What role and content are called in every turn, or None where some content is no text."""
    import pyarrow as pa

    if _is_json(rows, column):
        possible = list(KEYS)
        for turns in _parsed(rows, column):
            possible = [keys for keys in possible if isinstance(turns, list) and all(_fits(t, *keys) for t in turns)]
            if not possible:
                return None
        return possible[0]
    kind = rows.with_format("arrow")[:0][column].type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)) or not pa.types.is_struct(kind.value_type):
        return None
    texts = {field.name for field in kind.value_type if _is_string(field.type)}
    return next((keys for keys in KEYS if set(keys) <= texts), None)


def _fits(turn: Any, role: str, content: str) -> bool:
    return isinstance(turn, dict) and isinstance(turn.get(role), str) and isinstance(turn.get(content), str | None)


def _is_text(rows: Dataset, column: str | None) -> bool:
    return column is not None and _is_string(rows.with_format("arrow")[:0][column].type)


def _is_string(kind: pa.DataType) -> bool:
    import pyarrow.types as kinds

    return kinds.is_string(kind) or kinds.is_large_string(kind)


def _is_json(rows: Dataset, column: str | None) -> bool:
    """Whether turns are written as JSON, as where they differ in their kinds."""
    from datasets import Json

    return isinstance(rows.features[column], Json)


def _parsed(rows: Dataset, column: str | None) -> Iterator[Any]:
    for part in _parts(rows, column):
        yield from (json.loads(text) for text in part.to_pylist() if text is not None)


def _parts(rows: Dataset, column: str | None) -> Iterator[pa.ChunkedArray]:
    for part in rows.select_columns([column]).with_format("arrow").iter(BATCH):
        yield part[column]
