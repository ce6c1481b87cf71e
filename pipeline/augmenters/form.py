"""Whether a written row is made like those that were shown: kinds of values, who speaks, what is called."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.sources.fingerprint import stripped

if TYPE_CHECKING:
    from pipeline.sources.rows import Row

SPEAKERS = ("role", "from")
OPEN = ("arguments", "parameters", "properties")  # objects whose keys are the user's
NEVER, USED = {"nothing"}, {"nothing", "text"}
KINDS = {bool: "truth", int: "number", float: "number", str: "text", list: "list", dict: "object"}


@dataclass(frozen=True)
class Form:
    """What rows have in common.

    Attributes
    ----------
    kinds : dict of str to set of str
        For each place, as in ``messages[].role``, the kinds of its values.
    always : dict of str to set of str
        For each place of objects, the keys that all of them have.
    speakers, last : set of str
        Who speaks, and who speaks last.
    parsed : bool
        Whether all arguments that are text are JSON.
    offers : bool
        Whether all rows offer the functions that they call.
    """

    kinds: dict[str, set[str]]
    always: dict[str, set[str]]
    speakers: set[str]
    last: set[str]
    parsed: bool
    offers: bool

    @classmethod
    def of(cls, rows: list[Row]) -> Form:
        kinds: dict[str, set[str]] = {}
        always: dict[str, set[str]] = {}
        for row in map(_bare, rows):
            for place, value in _places(row):
                kinds.setdefault(place, set()).add(_kind(value))
                if isinstance(value, dict) and not _open(place):
                    said = {key for key, item in value.items() if item is not None}
                    always[place] = always.get(place, said) & said
        spoken = [speakers for row in rows if (speakers := _speakers(row))]
        return cls(
            kinds, always, {one for each in spoken for one in each}, {each[-1] for each in spoken},
            all(_is_json(call) for row in rows for call in _arguments(row)), all(map(_offers, rows)),
        )  # fmt: skip

    def has(self, row: Row) -> bool:
        """Whether a row is made so."""
        try:
            return self._has(_bare(row))
        except RecursionError:  # a thousand brackets
            return False

    def _has(self, row: Row) -> bool:
        for place, value in _places(row):
            seen = self.kinds.get(place, {_kind(value)})
            # A column that is always empty may be used.
            if _kind(value) not in (USED if seen == NEVER else seen):
                return False
            if isinstance(value, dict) and any(value.get(key) is None for key in self.always.get(place, ())):
                return False
        speakers = _speakers(row)
        if not set(speakers) <= self.speakers or (self.last and (not speakers or speakers[-1] not in self.last)):
            return False
        if self.offers and not _offers(row):
            return False
        return not self.parsed or all(map(_is_json, _arguments(row)))


def _bare(row: Row) -> Row:
    """Without nulls for keys that are not there, which a schema makes a server say; a column that is empty is null."""
    return {column: None if value in ("", []) else stripped(value) for column, value in row.items()}


def _kind(value: Any) -> str:
    return "nothing" if value is None else KINDS.get(type(value), "other")


def _open(place: str) -> bool:
    return place.rsplit(".", 1)[-1] in OPEN


def _places(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a row, and where it stands; of lists all items stand at one place."""
    yield place, value
    if isinstance(value, dict) and not _open(place):
        for key, item in value.items():
            yield from _places(item, f"{place}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from _places(item, f"{place}[]")


def _turns(row: Row) -> list[dict[str, Any]]:
    """Of its first column of turns."""
    for value in row.values():
        turns = [turn for turn in value if isinstance(turn, dict)] if isinstance(value, list) else []
        if any(key in turn for turn in turns for key in SPEAKERS):
            return turns
    return []


def _speakers(row: Row) -> list[str]:
    return [str(next((turn[key] for key in SPEAKERS if key in turn), "nobody")) for turn in _turns(row)]


def _calls(row: Row) -> Iterator[tuple[Any, str]]:
    """Arguments and name of each function that is called."""
    for turn in _turns(row):
        calls = turn.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            one = call.get("function", call) if isinstance(call, dict) else {}
            if isinstance(one, dict):
                yield one.get("arguments"), str(one.get("name"))


def _arguments(row: Row) -> list[str]:
    return [arguments for arguments, _ in _calls(row) if isinstance(arguments, str)]


def _offers(row: Row) -> bool:
    """Whether a row offers all functions that it calls, or says of none what it offers."""
    offered = _offered(row)
    return offered is None or {name for _, name in _calls(row)} <= offered


def _offered(row: Row) -> set[str] | None:
    """Names of the functions that a row offers; None where it says nothing of them."""
    tools = row.get("tools", row.get("functions"))
    if isinstance(tools, str) and _is_json(tools):
        tools = json.loads(tools)
    if not isinstance(tools, list):
        return None
    tools = [json.loads(tool) if isinstance(tool, str) and _is_json(tool) else tool for tool in tools]
    own = [tool.get("function", tool) if isinstance(tool, dict) else {} for tool in tools]
    return {str(one.get("name")) for one in own if isinstance(one, dict)}


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
