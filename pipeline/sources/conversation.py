"""The canonical conversation that every shape of row stands for, its text and its identity."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from pipeline.sources.fingerprint import fingerprint, stripped
from pipeline.sources.rows import BadRow, Row

Message = dict[str, Any]
ROLES = {
    "human": "user", "prompter": "user", "gpt": "assistant", "bot": "assistant", "chatgpt": "assistant",
    "model": "assistant", "function": "tool", "observation": "tool", "function_response": "tool", "ipython": "tool",
}  # fmt: skip
CALL = "function_call"  # of ShareGPT a role, of old OpenAI rows a key: the assistant calls a tool
SAID = ("content", "value", "text")
USER, ASSISTANT, OTHER = 0, 1, 2


@dataclass(frozen=True)
class Conversation:
    """What a row says, whatever its shape.

    Attributes
    ----------
    messages : list of dict
        ``role`` is one of OpenAI's where the source's means the same; ``content`` is a string or null, or a list where
        there is more than text in it; ``tool_calls`` as OpenAI has them; every other key of a turn stays.
    tools : list or str, optional
        A list where the source has one, or has it as JSON.
    verdict : JSON value, optional
        What else makes the row another one: the label of a text, whether an answer is wanted (KTO), the answer that is
        rejected, further answers that are right. Rows that say other things of one conversation are no duplicates.
    plain : bool
        Whether the row is a text that nobody answers.
    unsaid : tuple of str
        Columns of the shape that the messages and tools do not say whole.
    """

    messages: list[Message]
    tools: Any = None
    verdict: Any = None
    plain: bool = False
    unsaid: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Content hash of the conversation, its tools and its verdict (METHOD, section 1)."""
        return fingerprint([self.messages, self.tools] + ([self.verdict] if self.verdict is not None else []))

    @property
    def unanswered(self) -> bool:
        """Whether no assistant turn says or calls anything."""
        if self.plain:
            return not any(text_of(message).strip() for message in self.messages)
        answers = [message for message in self.messages if message["role"] == "assistant"]
        return not any(text_of(message).strip() for message in answers)

    def turns(self) -> tuple[list[int], list[str]]:
        """Who speaks (`USER`, `ASSISTANT`, `OTHER`) and what is said or called, turn by turn."""
        who = {"user": USER, "assistant": ASSISTANT}
        return (
            [who.get(message["role"], OTHER) for message in self.messages],
            [text_of(message) for message in self.messages],
        )


def text_of(message: Message) -> str:
    """Content and tool calls of a turn as text."""
    content, parts = message.get("content"), []
    if isinstance(content, str):
        parts = [content]
    elif content:
        parts = [part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str)]
    if message.get("tool_calls"):
        parts.append(json.dumps(stripped(message["tool_calls"]), ensure_ascii=False, sort_keys=True))
    return "\n".join(part for part in parts if part)


def turns_of(value: Any, where: str) -> tuple[list[Message], Any]:
    """Canonical messages, and tools where a turn lists them, of a list of turns in any of the usual spellings.

    Raises
    ------
    BadRow
        Naming the turn that is none.
    """
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = _json(value, where, "a list of turns")  # a column of CSV holds chats as JSON
    if not isinstance(value, list) or not value:
        raise BadRow(f"'{where}' holds {named(value)}; expected a list of turns")
    messages, tools = [], None
    for position, turn in enumerate(value):
        message, listed = _turn(turn, f"{where}[{position}]")
        messages.append(message)
        tools = tools if listed is None else listed
    return messages, tools


def _turn(turn: Any, where: str) -> tuple[Message, Any]:
    if not isinstance(turn, dict):
        raise BadRow(f"'{where}' holds {named(turn)}; expected an object with role and content, or from and value")
    speaks = any(key in turn for key in SAID)  # null is an empty answer, not a missing one
    turn = {key: value for key, value in turn.items() if value is not None}  # Arrow gives turns the keys of others
    role_key = next((key for key in ("role", "from") if key in turn), "role")
    role = turn.get(role_key)
    if not isinstance(role, str):
        raise BadRow(f"'{where}.{role_key}' is {named(role) if role else 'missing'}; expected a string such as user")
    said_key = next((key for key in SAID if key in turn), None)
    said = turn.get(said_key) if said_key else None
    calls = turn.get("tool_calls") or []
    if not isinstance(calls, list):
        raise BadRow(f"'{where}.tool_calls' holds {named(calls)}; expected a list of calls")
    message = {"role": ROLES.get(role, role), "content": said}
    message |= {key: item for key, item in turn.items() if key not in (role_key, said_key, CALL, "tool_calls")}
    if role == CALL:
        message |= {"role": "assistant", "content": None}
        calls = [*calls, *_calls(said, f"{where}.{said_key}")]
    elif CALL in turn:
        calls = [*calls, {"type": "function", "function": turn[CALL]}]
    elif not speaks and not calls:
        raise BadRow(f"'{where}.content' is missing; found {', '.join(turn)}; expected the text of the turn")
    tools = None
    if isinstance(said, list):
        tools, called = _unpack_parts(message, said, f"{where}.{said_key}")
        calls = [*calls, *called]
    elif said is not None and not isinstance(said, str):
        raise BadRow(f"'{where}.{said_key}' holds {named(said)}; expected a string or a list of parts")
    return {**message, "tool_calls": calls} if calls else message, tools


def _unpack_parts(message: Message, parts: list[Any], where: str) -> tuple[Any, list[dict[str, Any]]]:
    """Put ``{type, text | value}`` parts into a message, one string where all are text; return tools and calls."""
    texts, others, tools, calls = [], False, None, []
    for position, part in enumerate(parts):
        if not isinstance(part, dict) or not isinstance(part.get("type"), str):
            raise BadRow(f"'{where}[{position}]' holds {named(part)}; expected an object with a type")
        part = {key: item for key, item in part.items() if item is not None}  # Arrow gives parts the keys of others
        value = next((part[key] for key in ("text", "value") if key in part), None)
        if part["type"] == "text":
            if not isinstance(value, str):
                raise BadRow(f"'{where}[{position}]' is a text part with {named(value)}; expected its text as a string")
            texts.append({"type": "text", "text": value})
        elif part["type"] == "tool_call" and isinstance(value, str):
            calls += _calls(value, f"{where}[{position}].value")
        elif part["type"] == "tools":
            tools = tools_of(value)
        else:
            others = True
            texts.append(part)
    if others:
        message["content"] = texts
    else:
        # Chat templates write the text parts of a turn one behind the other.
        message["content"] = "".join(part["text"] for part in texts) if texts else None
    return tools, calls


def _calls(value: Any, where: str) -> list[dict[str, Any]]:
    """Calls that are written as JSON, ``{name, arguments}`` or a list of these."""
    calls = _json(value, where, "a tool call, name and arguments")
    calls = calls if isinstance(calls, list) else [calls]
    if not all(isinstance(call, dict) for call in calls):
        raise BadRow(f"'{where}' holds a tool call that is no JSON object; expected name and arguments")
    return [call if "function" in call else {"type": "function", "function": call} for call in calls]


def _json(value: Any, where: str, what: str) -> Any:
    try:
        return json.loads(value, parse_int=_whole)
    except (TypeError, ValueError) as error:
        raise BadRow(f"'{where}' is not valid JSON ({error}); expected {what}") from None


def _whole(text: str) -> int:
    number = int(text)
    if not -(2**63) <= number < 2**63:
        raise ValueError(f"a whole number beyond 64 bits, {text[:30]}")
    return number


def tools_of(value: Any) -> Any:
    """Tools as OpenAI lists them, where they are a list or JSON of one; None for none."""
    if isinstance(value, str):
        try:
            parsed = json.loads(value)
        except ValueError:
            return value or None
        value = parsed if isinstance(parsed, list) else value
    if isinstance(value, list):
        value = [
            {"type": "function", "function": tool}
            if isinstance(tool, dict) and isinstance(tool.get("name"), str) and tool.get("function") is None else tool
            for tool in value
        ]  # fmt: skip
    return value or None


TRANSCRIPT = re.compile(r"(?:^|\n\n)(Human|Assistant): ?")


def transcript_of(text: str) -> list[Message] | None:
    """The turns of a transcript, ``Human: ... Assistant: ...``, as preference data has them; None for other text."""
    parts = TRANSCRIPT.split(text.lstrip("\n"))
    if parts[0] or len(parts) < 3:
        return None
    roles = {"Human": "user", "Assistant": "assistant"}
    return [{"role": roles[who], "content": said} for who, said in zip(parts[1::2], parts[2::2], strict=True)]


def string(row: Row, key: str) -> str:
    """A column that holds text; null is none."""
    value = row.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadRow(f"'{key}' holds {named(value)}; expected a string")
    return value


def named(value: Any) -> str:
    """What a value is, for people."""
    if value == [] and isinstance(value, list):
        return "an empty list"
    names = {dict: "an object", list: "a list", bool: "a boolean", int: "a number", float: "a number",
             str: "a string", type(None): "null"}  # fmt: skip
    return names.get(type(value), type(value).__name__)
