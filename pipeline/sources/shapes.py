"""The shapes that rows come in: their columns, and the conversation that each stands for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline.sources.conversation import Conversation, Message, named, string, tools_of, transcript_of, turns_of
from pipeline.sources.rows import BadRow, Row

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


def _text(value: Any, key: str) -> str:
    """An answer: text, or the first of several that are equally right, or null."""
    if isinstance(value, list):
        odd = next((item for item in value if not isinstance(item, str)), None)
        if odd is not None:
            raise BadRow(f"'{key}' holds a list with {named(odd)} in it; expected strings")
        return next((item for item in value if item.strip()), value[0] if value else "")
    return string({key: value}, key)


def _answer(value: Any, key: str) -> Message:
    return {"role": "assistant", "content": _text(value, key)}


def _several(value: Any) -> list[str] | None:
    """Answers of which only one is said."""
    return value if isinstance(value, list) and len(value) > 1 else None


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
    messages = [*_system(row), *earlier, asked, _answer(row["output"], "output")]
    several = _several(row["output"])
    return Conversation(messages, tools_of(row.get("tools")), several, unsaid=("output",) if several else ())


def _answered(
    messages: list[Message], tools: Any, verdict: Any = None, unsaid: tuple[str, ...] = ("label",)
) -> Conversation:
    if not any(message["role"] == "assistant" for message in messages):
        roles = ", ".join(message["role"] for message in messages)
        raise BadRow(f"no assistant turn to learn from; found {roles}; expected an answer")
    return Conversation(messages, tools, verdict, unsaid=unsaid)


def _wanted(row: Row) -> bool | None:
    """The label of KTO; other labels say nothing of the answer."""
    return row["label"] if isinstance(row.get("label"), bool) else None


def _turns(key: str) -> Callable[[Row], Conversation]:
    def build(row: Row) -> Conversation:
        messages, listed = turns_of(row[key], key)
        tools = tools_of(row.get("tools"))
        return _answered([*_system(row), *messages], listed if tools is None else tools, _wanted(row))

    return build


def _side(row: Row, key: str, role: str) -> list[Message]:
    """One side of a row: text, one turn, or a list of turns."""
    value = row[key]
    if isinstance(value, dict):
        value = [value]
    if isinstance(value, list) and not (value and all(isinstance(item, str) for item in value)):
        return turns_of(value, key)[0]
    if isinstance(value, str) and (turns := transcript_of(value)):
        return turns
    return [_question(row, key)] if role == "user" else [_answer(value, key)]


def _prompt_completion(row: Row) -> Conversation:
    asked, answered = _side(row, "prompt", "user"), _side(row, "completion", "assistant")
    return _answered([*_system(row), *asked, *answered], tools_of(row.get("tools")), _wanted(row))


def _preference(row: Row) -> Conversation:
    """The prompt with the chosen answer; the rejected one stays in its column."""
    for key in ("chosen", "rejected"):
        if row[key] is None:
            raise BadRow(f"'{key}' holds null; expected an answer")
    chosen = _side(row, "chosen", "assistant")
    _side(row, "rejected", "assistant")
    context = next((key for key in ("prompt", "conversations", "instruction") if row.get(key) is not None), None)
    before: list[Message] = []
    if context == "instruction":
        before = [_question(row, "instruction", "input")]
    elif context is not None:
        before = _side(row, context, "user")
    unsaid = {"rejected", "prompt", "conversations", "instruction", "input"} - {context}
    if context == "instruction":
        unsaid.discard("input")
    if chosen[: len(before)] == before:
        before = []  # chosen holds the whole conversation
    if not before and not any(message["role"] == "user" for message in chosen):
        raise BadRow("no question: neither 'chosen' nor another column holds a user turn; expected one, as in 'prompt'")
    verdict = {"rejected": row["rejected"], **{key: row[key] for key in unsaid if row.get(key) is not None}}
    return _answered([*_system(row), *before, *chosen], tools_of(row.get("tools")), verdict, tuple(sorted(unsaid)))


def _question_answer(row: Row) -> Conversation:
    messages = [*_system(row), _question(row, "question"), _answer(row["answer"], "answer")]
    several = _several(row["answer"])
    return Conversation(messages, verdict=several, unsaid=("answer",) if several else ())


def _natural(row: Row) -> Conversation:
    definition = row["definition"]
    if isinstance(definition, list) and all(isinstance(line, str) for line in definition):
        definition = "\n".join(definition)
    asked = _question({"definition": definition, "input": row["input"]}, "definition", "input")
    several = _several(row["output"])
    messages = [asked, _answer(row["output"], "output")]
    return Conversation(messages, verdict=several, unsaid=("output",) if several else ())


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
    whole = all(item.keys() <= {"input", "output"} for item in instances)
    return Conversation(messages, unsaid=() if whole else ("instances",))


def _plain(row: Row) -> Conversation:
    label = row.get("label")
    unsaid = () if label is None or isinstance(label, str) else ("label",)  # as text it has another type
    return Conversation([_question(row, "text")], verdict=label, plain=True, unsaid=unsaid)


SYSTEM, TOOLS, LABEL = ("system", "system_prompt"), ("tools", "functions"), ("label",)
SHAPES = {
    shape.name: shape
    for shape in (
        Shape("preference", (("chosen",), ("rejected",)),
              (("prompt", "question"), ("conversations", "messages"), ("instruction",), ("input",), SYSTEM, TOOLS),
              _preference),
        Shape("messages", (("messages",),), (SYSTEM, TOOLS, LABEL), _turns("messages")),
        Shape("sharegpt", (("conversations", "conversation"),), (SYSTEM, TOOLS, LABEL), _turns("conversations")),
        Shape("self_instruct", (("instruction",), ("instances",)), (), _self_instruct),
        Shape("natural_instructions", (("definition", "Definition"), ("input",), ("output",)), (), _natural),
        Shape("alpaca", (("instruction",), ("output", "response")),
              (("input", "context"), SYSTEM, ("history",), TOOLS), _alpaca),
        Shape("prompt_completion", (("prompt",), ("completion", "response")), (SYSTEM, TOOLS, LABEL),
              _prompt_completion),
        Shape("question_answer", (("question",), ("answer", "response")), (SYSTEM,), _question_answer),
        Shape("text", (("text",),), (LABEL,), _plain),
    )
}  # fmt: skip
