"""Equations between numbers in running text: where they are, and whether they hold to the digits that are shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from pipeline.heuristics.expressions import CLOSE, Item, NoValue, value
from pipeline.heuristics.sides import DIMENSIONS, Side, sides

LINE = 4000  # characters that are read at once
SIGNS = str.maketrans(
    {
        **dict.fromkeys("×·⋅∙✕✖", "*"), **dict.fromkeys("÷∕⁄", "/"), **dict.fromkeys("−–—‒", "-"),
        **dict.fromkeys("[{", "("), **dict.fromkeys("]}", ")"), **dict.fromkeys("≃≅≒∼", "≈"), "’": "'",
        "²": "^2", "³": "^3", "½": " 1/2", "¼": " 1/4", "¾": " 3/4",
        **dict.fromkeys("\u00a0\u202f\u2009\t", " "),
    }
)  # fmt: skip
LATEX = (
    (re.compile(r"\\[dt]?frac\{([^{}]{1,60})\}\{([^{}]{1,60})\}"), r"((\1)/(\2))"),
    (re.compile(r"\\(?:text|mathrm|mbox|textbf|boxed)\{([^{}]{0,60})\}"), r" \1 "),
    (re.compile(r"\\(?:times|cdot|ast)(?![a-z])"), "*"),
    (re.compile(r"\\div(?![a-z])"), "/"),
    (re.compile(r"\\approx(?![a-z])"), "≈"),
    (re.compile(r"\\sqrt(?![a-z])"), "√"),
    (re.compile(r"\\(?:left|right|[$%,;! ()\[\]])"), ""),
)
WEAK = re.compile(r"[\d%)] (?:is|are) [$€£]?-?\.?\d")  # 20% of 50 is 10
BOLD = re.compile(r"(?<![\d)])\*\*|\*\*(?![ ]?[\d(-])|__")
BULLET = re.compile(r"[ ]*(?:[-*+•>#]+[ ]+)+")
# An expression that follows one of these is not all that is meant: half of 3 * 4.
OPENERS = frozenset("and of by twice double triple than over log ln exp mod plus minus times".split())


def verdicts(text: str) -> Iterator[bool]:
    """Whether each equation of the text holds, in order; those that no reading makes sure of are left out."""
    if "\\" in text:
        for pattern, replacement in LATEX:
            text = pattern.sub(replacement, text)
    for line in text.splitlines():
        if "=" in line or "≈" in line or "equal" in line or WEAK.search(line):
            for start in range(0, len(line), LINE):
                yield from _of_line(line[start : start + LINE])


def _of_line(line: str) -> Iterator[bool]:
    line = BOLD.sub("", line.translate(SIGNS))
    bullet = BULLET.match(line)
    found, signs = sides(line[bullet.end() :] if bullet else line)
    for left, right, sign in zip(found, found[1:], signs, strict=False):
        right_or_wrong = _holds(left, right, sign)
        if right_or_wrong is not None:
            yield right_or_wrong


def _holds(left: Side, right: Side, sign: str) -> bool | None:
    """Whether both sides are equal to the digits that are shown; None where they are no equation or may be misread."""
    first, second = left.before(), right.after()
    doubt = left.doubt or right.doubt or left.opener in OPENERS or left.units > 3
    doubt |= _mixed(left.measured(len(left.items) - len(first)) + right.measured(0, len(second)))
    if second and second[-1].kind in ("+", "-", "*", "/"):
        second, doubt = second[:-1], True
    if not first or not second:
        return None
    bare = [all(item.kind in "n~%" for item in items) for items in (first, second)]
    shares = [any(item.kind == "%" for item in items) for items in (first, second)]
    if all(bare) and (shares[0] == shares[1] or left.units or right.units):
        return None
    if sign == "is" and not any(item.spaced for item in first if item.kind != "%"):
        return None
    tight = [item.kind for item in first] == ["n", "/", "n"] and not first[1].spaced
    if (left.units or shares[0]) and (bare[0] or tight):
        doubt = True  # 1/2 cup = 4 ounces; 2 hours at 30 miles an hour = 2 * 30
    pairs = zip(first, first[2:], strict=False)  # 50 / 1/2 = 100
    doubt |= any(one.kind == other.kind == "/" and one.spaced > other.spaced for one, other in pairs)
    readings = [(first, second)]
    if not bare[1] and second[0].kind == "n" and not bare[0]:
        readings.append((first, second[: 1 + (len(second) > 1 and second[1].kind == "%")]))  # 5 + 3 = 8 * 2 = 16
    try:
        for one, other in readings:
            for percent in ("hundredth", "unit", "relative") if any(shares) else ("hundredth",):
                a, b = value(one, percent), value(other, percent)
                if _near(b, a, _step(one, percent), sign) or _near(a, b, _step(other, percent), sign):
                    return True
    except NoValue:
        return None
    return None if doubt else False


def _step(items: list[Item], percent: str) -> Fraction:
    """What one more in the last digit of a bare number adds; 0 for an expression, which shows no rounding."""
    if any(item.kind not in "n~%" for item in items):
        return Fraction(0)
    step = next(item.step for item in items if item.kind == "n")
    return step / 100 if percent != "unit" and items[-1].kind == "%" else step


def _near(exact: Fraction, shown: Fraction, step: Fraction, sign: str) -> bool:
    """Whether a number is what is shown, rounded to the digits of it, or with later decimals cut off."""
    off = abs(exact - shown)
    if off <= abs(exact) * CLOSE:
        return True
    if step == 1 and sign != "≈" and (exact * 100).denominator == 1:
        return False  # 7 / 2 = 4: nobody rounds what is as easily written
    if step >= 1 and sign == "≈":
        while shown and shown % (step * 10) == 0:
            step *= 10
    return off * 2 <= step or (step < 1 and off < step and abs(shown) < abs(exact))


def _mixed(measures: list[str]) -> bool:
    """Whether a dimension is measured in two units."""
    return len({DIMENSIONS[measure] for measure in measures}) < len(set(measures))
