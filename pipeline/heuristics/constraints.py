"""Constraints on an answer that an instruction states in words that a rule can read."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.heuristics.addressed import sentences
from pipeline.heuristics.counting import UNITS
from pipeline.heuristics.options import options
from pipeline.heuristics.wordings import ONE_ONLY, RULES


@dataclass(frozen=True, slots=True)
class Constraint:
    """What an instruction asks of the form of its answer.

    Parameters
    ----------
    kind : str
        One of the thirteen of IF-quality (arXiv 2505.22157).
    text : str
        The words that express it.
    check : str
        A rule of `following.CHECKS`.
    values : tuple
        What that rule compares the answer with.
    """

    kind: str
    text: str
    check: str
    values: tuple[str | int, ...] = ()


def find(instruction: str) -> list[Constraint]:
    """The constraints that an instruction addresses to its answer.

    Parameters
    ----------
    instruction : str
        With its input, if it has one.

    Returns
    -------
    list of Constraint
        None twice; what is quoted or given as a text to work on yields none.
    """
    addressed = sentences(instruction)
    found: dict[tuple[str, tuple[str | int, ...]], Constraint] = {}
    disputed: set[str] = set()
    for sentence in addressed:
        lower = sentence.masked.lower()
        taken: list[tuple[str, int, int]] = []
        for rule in RULES:
            if not any(hint in lower for hint in rule.hints):
                continue
            for match in rule.pattern.finditer(sentence.masked):
                made = rule.read(match, sentence)
                if made is None or (made[0] in ONE_ONLY and any(check == made[0] for check, _ in found)):
                    continue
                start, stop = match.span()
                if any(check == made[0] and start < end and begin < stop for check, begin, end in taken):
                    continue
                taken.append((made[0], start, stop))
                if made[0] in UNITS and made not in found and any(check == made[0] for check, _ in found):
                    disputed.add(made[0])  # the answer has several parts
                text = sentence.text[slice(*match.span())].strip()
                found.setdefault(made, Constraint(rule.kind, text, *made))
    if chosen := options(instruction, addressed):
        text, listed = chosen
        found["option", listed] = Constraint("choose_output", text, "option", listed)
    return [constraint for constraint in found.values() if constraint.check not in disputed]
