"""Ways to damage an answer, and the rule that ought to see each."""

from __future__ import annotations

import json
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
Pair = Callable[[Row, Random], tuple[Row, Row] | None]


@dataclass(frozen=True)
class Damage:
    """A change of a row's answer, given another row of its source; None where there is nothing to change.

    ``rule`` is the part of quality that addresses it, if one does; ``sources`` those in which it makes sense; ``pair``
    makes a whole row, too, where the damage is to something that few rows have.
    """

    name: str
    change: Change | None
    rule: str | None
    sources: tuple[str, ...]
    pair: Pair | None = None

    def of(self, row: Row, other: Row, rng: Random) -> tuple[Row, Row] | None:
        """A whole row and a damaged one."""
        if self.pair is not None:
            return self.pair(row, rng)
        said = self.change(row, other, rng)
        return (row, Row(row.asked, said)) if said and said != row.said else None


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


def constrained(row: Row, rng: Random) -> tuple[Row, Row] | None:
    """A constraint is added to the request, which one answer follows and the other does not."""
    words = row.said.split()
    if len(words) < 12:
        return None
    few, name = rng.randrange(5, 11), rng.choice(("lantern", "orchard", "harbour", "velvet"))
    own = max((word.strip(".,;:!?\"'()") for word in words), key=len).lower()
    short = " ".join(words[:few])
    without_own = re.sub(re.escape(own), "that", row.said, flags=re.I)
    bullets = "\n".join(f"- {' '.join(words[at::3])}" for at in range(3))
    choices = [
        (f"Answer in at most {few} words.", short, row.said),
        (f"Use at least {len(words)} words.", row.said, short),
        ("Write your answer in all capital letters.", row.said.upper(), row.said.capitalize()),
        ("Your answer should be in all lowercase letters.", row.said.lower(), row.said.title()),
        (f'Include the word "{name}" in your answer.', f"{row.said} The {name}.", row.said),
        (f'Do not use the word "{own}".', without_own, f"{row.said} {own.capitalize()}."),
        (f'Use the word "{name}" at least twice.', f"{row.said} The {name}, a {name}.", f"{row.said} The {name}."),
        ("Do not use any commas.", row.said.replace(",", ""), f"Well, {row.said}"),
        ("Answer in JSON format.", json.dumps({"answer": row.said}), row.said),
        ("Use exactly 3 bullet points.", bullets, short),
        ('End your answer with the phrase "That is all."', f"{row.said} That is all.", row.said),
        ('Start your answer with "In short".', f"In short, {row.said}", row.said),
        ("Wrap your whole answer in double quotation marks.", f'"{row.said}"', row.said.strip('"')),
        ("Add a postscript starting with P.S. at the end.", f"{row.said}\n\nP.S. {short}.", row.said),
        ("Answer in one sentence.", f"{short}.".replace("..", "."), f"{short}. {short}. {short}."),
        ("Answer in French.", "La réponse est que nous ne savons pas encore ce que les autres vont faire.", row.said),
    ]
    asked, follows, violates = rng.choice(choices)
    if follows != violates:
        return Row(f"{row.asked}\n{asked}", follows), Row(f"{row.asked}\n{asked}", violates)
    return None


ALL = ("alpaca", "t0", "gsm8k")
CODE = ("code",)
DAMAGES = (
    Damage("cut in half", halved, "truncation", ("alpaca", "t0")),
    Damage("cut in half", halved, "answer", ("gsm8k",)),
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
    Damage("constraint violated", None, "constraints", ("alpaca",), constrained),
)
