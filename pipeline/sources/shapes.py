"""The shapes that rows come in: how each is recognised and what conversation it stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.sources.conversation import Conversation, Message, named, string, tools_of, turns_of
from pipeline.sources.rows import BadRow, Row

LOOK_AHEAD = 100
Names = tuple[str, ...]


@dataclass(frozen=True)
class Shape:
    """A kind of row.

    Attributes
    ----------
    name : str
    required, optional : tuple of tuple of str
        Columns; of the alternatives of one column, the first that is there is read. The first alternative is what
        ``columns`` calls it.
    build : callable
        Row whose columns have their first names -> Conversation; raises BadRow.
    """

    name: str
    required: tuple[Names, ...]
    optional: tuple[Names, ...]
    build: Callable[[Row], Conversation]

    @property
    def columns(self) -> list[str]:
        """What ``columns`` can name."""
        return [names[0] for names in (*self.required, *self.optional)]

    def fits(self, row: Row) -> bool:
        return all(any(name in row for name in names) for names in self.required)


@dataclass(frozen=True)
class Reader:
    """A shape, and which columns it is read from.

    Attributes
    ----------
    shape : Shape
    columns : dict of str to str
        What the user says: the shape's column -> the row's.
    """

    shape: Shape
    columns: Mapping[str, str] = field(default_factory=dict)

    def read(self, row: Row) -> Conversation:
        """The conversation of a row.

        Raises
        ------
        BadRow
            If a required column is missing or holds something else than the shape says.
        """
        view: Row = {}
        for names in (*self.shape.required, *self.shape.optional):
            found = self._column(row, names)
            if found is not None:
                view[names[0]] = row[found]
            elif names in self.shape.required:
                wanted = self.columns.get(names[0], " or ".join(f"'{name}'" for name in names).strip("'"))
                raise BadRow(
                    f"no field '{wanted}'; found {', '.join(row) or 'nothing'}; expected "
                    f"{' and '.join(self.columns.get(n[0], n[0]) for n in self.shape.required)}, as in the other rows"
                )
        return self.shape.build(view)

    def _column(self, row: Row, names: Names) -> str | None:
        if names[0] in self.columns:
            name = self.columns[names[0]]
            return name if name in row else None
        there = [name for name in names if name in row]
        return next((name for name in there if row[name] not in (None, "", [])), there[0] if there else None)

    def used(self, row: Row) -> list[str]:
        """Columns of a row that the conversation is made of, in the order of the row."""
        used = {self._column(row, names) for names in (*self.shape.required, *self.shape.optional)}
        return [column for column in row if column in used]


def _text(value: Any, key: str) -> str:
    """An answer: text, or the first of several that are equally right, or null."""
    if isinstance(value, list):
        odd = next((item for item in value if not isinstance(item, str)), None)
        if odd is not None:
            raise BadRow(f"'{key}' holds a list with {named(odd)} in it; expected strings")
        return next((item for item in value if item.strip()), value[0] if value else "")
    return string({key: value}, key)


def _answer(value: Any, key: str) -> Message:
    text = _text(value, key)
    others = [item for item in value if item != text] if isinstance(value, list) else []
    return {"role": "assistant", "content": text, **({"alternatives": others} if others else {})}


def _system(row: Row) -> list[Message]:
    text = string(row, "system")
    return [{"role": "system", "content": text}] if text else []


def _question(row: Row, *keys: str) -> Message:
    parts = [string(row, key) for key in keys]
    if not any(part.strip() for part in parts):
        raise BadRow(f"{' and '.join(map(repr, keys))} {'is' if len(keys) == 1 else 'are'} empty; expected a question")
    return {"role": "user", "content": "\n\n".join(part for part in parts if part)}


def _alpaca(row: Row) -> Conversation:
    history = row.get("history") or []
    if not isinstance(history, list) or any(not isinstance(pair, list) or len(pair) != 2 for pair in history):
        raise BadRow("'history' holds something else than pairs of a question and an answer")
    earlier = [
        {"role": role, "content": string({"history": said}, "history")}
        for pair in history
        for role, said in zip(("user", "assistant"), pair, strict=True)
    ]
    asked = _question(row, "instruction", "input")
    return Conversation([*_system(row), *earlier, asked, _answer(row["output"], "output")], tools_of(row.get("tools")))


def _answered(messages: list[Message], tools: Any) -> Conversation:
    if not any(message["role"] == "assistant" for message in messages):
        roles = ", ".join(message["role"] for message in messages)
        raise BadRow(f"no assistant turn to learn from; found {roles}; expected an answer")
    return Conversation(messages, tools)


def _turns(key: str) -> Callable[[Row], Conversation]:
    def build(row: Row) -> Conversation:
        messages, listed = turns_of(row[key], key)
        tools = tools_of(row.get("tools"))
        return _answered([*_system(row), *messages], listed if tools is None else tools)

    return build


def _side(row: Row, key: str, role: str) -> list[Message]:
    """One side of a row: text, one turn, or a list of turns."""
    value = row[key]
    if isinstance(value, dict):
        value = [value]
    if isinstance(value, list) and not (value and all(isinstance(item, str) for item in value)):
        return turns_of(value, key)[0]
    return [_question(row, key)] if role == "user" else [_answer(value, key)]


def _prompt_completion(row: Row) -> Conversation:
    asked, answered = _side(row, "prompt", "user"), _side(row, "completion", "assistant")
    return _answered([*_system(row), *asked, *answered], tools_of(row.get("tools")))


def _preference(row: Row) -> Conversation:
    """The prompt with the chosen answer; the rejected one stays in its column."""
    for key in ("chosen", "rejected"):
        if row[key] is None:
            raise BadRow(f"'{key}' holds null; expected an answer")
    chosen = _side(row, "chosen", "assistant")
    _side(row, "rejected", "assistant")
    before: list[Message] = []
    for key in ("prompt", "conversations"):
        if row.get(key) is not None:
            before = _side(row, key, "user")
            break
    if row.get("instruction") is not None and not before:
        before = [_question(row, "instruction", "input")]
    if before and chosen[: len(before)] == before:
        before = []  # chosen holds the whole conversation
    if not before and not any(message["role"] == "user" for message in chosen):
        raise BadRow("no question: neither 'chosen' nor another column holds a user turn; expected one, as in 'prompt'")
    return _answered([*_system(row), *before, *chosen], tools_of(row.get("tools")))


def _question_answer(row: Row) -> Conversation:
    return Conversation([*_system(row), _question(row, "question"), _answer(row["answer"], "answer")])


def _natural(row: Row) -> Conversation:
    definition, given = _text(row["definition"], "definition"), string(row, "input")
    asked = _question({"definition": definition, "input": given}, "definition", "input")
    return Conversation([asked, _answer(row["output"], "output")])


def _self_instruct(row: Row) -> Conversation:
    instances = row["instances"]
    if not isinstance(instances, list) or not instances or not all(isinstance(item, dict) for item in instances):
        raise BadRow("'instances' holds no list of objects; expected inputs and outputs")
    messages = []
    for item in instances:
        if "output" not in item:
            raise BadRow(f"an instance has no 'output'; found {', '.join(item)}; expected input and output")
        asked = _question({"instruction": row["instruction"], "input": item.get("input")}, "instruction", "input")
        messages += [asked, _answer(item["output"], "output")]
    return Conversation(messages)


def _plain(row: Row) -> Conversation:
    label = row.get("label")
    return Conversation([_question(row, "text")], label=None if label is None else str(label), plain=True)


SYSTEM, TOOLS = ("system", "system_prompt"), ("tools", "functions")
SHAPES = {
    shape.name: shape
    for shape in (
        Shape("preference", (("chosen",), ("rejected",)),
              (("prompt", "question"), ("conversations", "messages"), ("instruction",), ("input",), SYSTEM, TOOLS),
              _preference),
        Shape("messages", (("messages",),), (SYSTEM, TOOLS), _turns("messages")),
        Shape("sharegpt", (("conversations", "conversation"),), (SYSTEM, TOOLS), _turns("conversations")),
        Shape("self_instruct", (("instruction",), ("instances",)), (), _self_instruct),
        Shape("natural_instructions", (("definition", "Definition"), ("input",), ("output",)), (), _natural),
        Shape("alpaca", (("instruction",), ("output", "response")),
              (("input", "context"), SYSTEM, ("history",), TOOLS), _alpaca),
        Shape("prompt_completion", (("prompt",), ("completion", "response")), (SYSTEM, TOOLS), _prompt_completion),
        Shape("question_answer", (("question",), ("answer", "response")), (SYSTEM,), _question_answer),
        Shape("text", (("text",),), (("label",),), _plain),
    )
}  # fmt: skip


def detect(rows: list[Row], name: str | None = None, columns: Mapping[str, str] | None = None) -> tuple[Reader, str]:
    """The shape that most of the given rows have, and the evidence for it.

    Parameters
    ----------
    rows : list of dict
        The first of a file.
    name : str, optional
        The shape that the user names.
    columns : dict of str to str, optional
        What the user says of columns; only shapes that have all of them come into question.

    Raises
    ------
    BadRow
        Where none fits.
    """
    columns = dict(columns or {})
    possible = [s for s in SHAPES.values() if (name is None or s.name == name) and set(columns) <= set(s.columns)]
    readers = [Reader(shape, columns) for shape in possible]
    hits = [sum(_fits(reader, row) for row in rows) for reader in readers]
    if not any(hits):
        raise BadRow(_unknown(rows[0], readers))
    best = max(range(len(hits)), key=lambda number: hits[number])  # the first of equals: shapes stand in that order
    reader = readers[best]
    example = next(row for row in rows if _fits(reader, row))
    others = [r.shape.name for r, hit in zip(readers, hits, strict=True) if hit == hits[best] and r is not reader]
    evidence = f"{', '.join(reader.used(example))} in {hits[best]:,} of the first {len(rows):,} rows"
    if others and name is None:
        evidence += f"; {' and '.join(others)} would fit too"
    return reader, evidence


def _unknown(row: Row, readers: list[Reader]) -> str:
    """Why rows like this one cannot be read, and what to say of them."""
    found = ", ".join(f"'{column[:40]}'" for column in list(row)[:12]) or "none"
    lacks = [[names for names in r.shape.required if r._column(row, names) is None] for r in readers]
    near = [number for number, reader in enumerate(readers) if len(lacks[number]) < len(reader.shape.required)]
    if near:
        best = min(near, key=lambda number: len(lacks[number]))
        wanted = " and ".join(" or ".join(readers[best].columns.get(n, n) for n in names) for names in lacks[best])
        nearest = f"nearest is {readers[best].shape.name}, which also needs {wanted}"
    else:
        nearest = f"known are {', '.join(reader.shape.name for reader in readers)}"
    advice = "name their columns, as in source.columns={instruction: ..., output: ...}, or {text: ...} for texts alone"
    if any(isinstance(value, list) for value in row.values()):
        advice += "; if one of the columns holds the rows, name it in source.field"
    if all(isinstance(value, str) for value in row.values()):
        advice += "; if the first line of a table is a row already, name its columns in source.header"
    return f"rows with the columns {found} have no known shape ({nearest}); {advice}"


def _fits(reader: Reader, row: Row) -> bool:
    return all(reader._column(row, names) is not None for names in reader.shape.required)
