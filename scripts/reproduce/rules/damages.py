"""Ways to damage an answer, and the rule that ought to see each."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

NUMBER = re.compile(r"(?<=>>)\d+(?:\.\d+)?|(?<== )\d+(?:\.\d+)?(?![\d.]*\s*[-+*/x])")
BRACKET, QUOTE = re.compile(r"[()\[\]{}]"), re.compile(r"[\"']")
KEYWORD = re.compile(r"\b(?:def|function|return|for|if|else|class|while|in|import|from|SELECT|FROM|WHERE|const|let)\b")
REFUSALS = (
    "I'm sorry, but I can't help with that.",
    "As an AI language model, I am not able to answer this.",
    "Sorry, I cannot do that without more information.",
)


@dataclass(frozen=True)
class Row:
    """What is asked and what is answered."""

    asked: str
    said: str


Change = Callable[[Row, Row, Random], str | None]


@dataclass(frozen=True)
class Damage:
    """A change of a row's answer, given another row of its source; None where there is nothing to change.

    ``rule`` is the part of quality that addresses it, if one does; ``sources`` those in which it makes sense.
    """

    name: str
    change: Change
    rule: str | None
    sources: tuple[str, ...]


def halved(row: Row, other: Row, rng: Random) -> str | None:
    return row.said[: len(row.said) // 2].rstrip() or None


def repeated(row: Row, other: Row, rng: Random) -> str:
    return f"{row.said}{rng.choice(' ' * 2 + chr(10))}{row.said}"


def shuffled(row: Row, other: Row, rng: Random) -> str | None:
    words = row.said.split()
    if len(set(words)) < 3:
        return None
    mixed = words[:]
    while mixed == words:
        rng.shuffle(mixed)
    return " ".join(mixed)


def swapped(row: Row, other: Row, rng: Random) -> str | None:
    return other.said if other.said != row.said else None


def echoed(row: Row, other: Row, rng: Random) -> str:
    return row.asked


def refused(row: Row, other: Row, rng: Random) -> str:
    return rng.choice(REFUSALS)


def without(pattern: re.Pattern[str]) -> Change:
    def change(row: Row, other: Row, rng: Random) -> str | None:
        found = list(pattern.finditer(row.said))
        if not found:
            return None
        one = rng.choice(found)
        return row.said[: one.start()] + row.said[one.end() :]

    return change


def miscalculated(row: Row, other: Row, rng: Random) -> str | None:
    """One digit of one result, as GSM8K writes them between marks or after an equals sign, is another."""
    found = list(NUMBER.finditer(row.said))
    if not found:
        return None
    one = rng.choice(found)
    at = rng.choice([place for place in range(one.start(), one.end()) if row.said[place].isdigit()])
    digit = rng.choice([figure for figure in "0123456789" if figure != row.said[at]])
    return row.said[:at] + digit + row.said[at + 1 :]


ALL = ("alpaca", "t0", "gsm8k")
CODE = ("code",)
DAMAGES = (
    Damage("cut in half", halved, "truncation", ALL),
    Damage("repeated", repeated, "repetition", (*ALL, *CODE)),
    Damage("words shuffled", shuffled, None, (*ALL, *CODE)),
    Damage("answer of another row", swapped, None, (*ALL, *CODE)),
    Damage("request instead", echoed, "echo", ("alpaca",)),
    Damage("refusal instead", refused, "refusal", ("alpaca", "t0")),
    Damage("code cut in half", halved, "code", CODE),
    Damage("a bracket left out", without(BRACKET), "code", CODE),
    Damage("a quote left out", without(QUOTE), "code", CODE),
    Damage("a keyword left out", without(KEYWORD), "code", CODE),
    Damage("a digit of a result changed", miscalculated, "arithmetic", ("gsm8k",)),
    Damage("constraint violated", swapped, "constraints", ("alpaca",)),
)
