"""Sides of equations in running text: numbers, operators, and what is skipped between them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

from pipeline.heuristics.expressions import Item

UNITS = 8  # words between a number and what is done with it, at most
TOKEN = re.compile(
    r"""
    (?P<odd>0[xXbBoO][0-9a-fA-F]+|\d{1,4}([/.-])\d{1,2}\2\d{4}(?!\d)|\d{4}-\d\d-\d\d|\d+:\d[\d:]*|\d+(?:\.\d+){2,}
       |\d{1,3}(?:,\d{3})*,\d{1,2}(?!\d)|\d+,\d{4,}|\d{4,},\d+|==+|[!<>:+*/-]=|=[<>~])
    |(?P<mixed>\d{1,3}[ ]+\d{1,2}/\d{1,3}(?![\d/.]))
    |(?P<number>(?:\d{1,3}(?:,\d{3})+(?!\d)|[1-9]\d{0,2}(?:[ ]\d{3})+(?!\d|[.,]\d)|\d{1,30})
       (?:\.\d{1,30})?(?:[eE][+-]?\d{1,2}(?!\w))?|\.\d{1,30})
    |(?P<equal>[=≈])
    |(?P<power>\^|\*\*)
    |(?P<operator>[+*/-])
    |(?P<root>√)
    |(?P<money>[$€£¥₹¢°])
    |(?P<percent>%)
    |(?P<open>\()
    |(?P<close>\))
    |(?P<word>[^\W\d_][\w']*(?:-[^\W\d_]\w*)*)
    |(?P<space>[ ]+)
    |(?P<other>.)
    """,
    re.VERBOSE,
)
OPERATORS = {"plus": "+", "minus": "-", "times": "*", "multiplied": "*", "divided": "/", "mod": "mod", "modulo": "mod"}
SCALES = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}
FOLLOWERS = frozenset("the a an all his her its their our my your these those that this".split())  # of the 50 students
PARTS = frozenset("half third quarter fourth fifth tenth percentage average mean square root most".split())  # of 3 * 4
DIMENSIONS = {
    word: kind
    for kind, words in {
        "time": "s sec second min minute h hr hour day week month year decade century",
        "length": "mm cm m km inch inches in foot feet ft yard yd mile mi meter metre kilometer centimeter millimeter",
        "weight": "mg g kg gram kilogram ounce oz pound lb ton tonne",
        "volume": "ml l liter litre milliliter cup pint quart gallon teaspoon tablespoon tsp tbsp fl",
        "money": "$ dollar cent ¢ penny pennies nickel dime quarter",
        "number": "dozen pair score percent",
    }.items()
    for word in words.split()
}


@dataclass(slots=True)
class Side:
    """What stands on one side of an equals sign, and what makes its reading doubtful."""

    items: list[Item] = field(default_factory=list)
    opener: str = ""  # the word before the last expression
    units: int = 0  # words after the last number
    measures: list[tuple[int, str]] = field(default_factory=list)  # how many items were read before, and the unit
    doubt: bool = False

    def before(self) -> list[Item]:
        """The expression that ends the side; empty where there is none."""
        start, depth = len(self.items), 0
        while start and self.items[start - 1].kind not in "|?":
            depth += {")": 1, "(": -1}.get(self.items[start - 1].kind, 0)
            if depth < 0:
                break
            start -= 1
        return [] if start and self.items[start - 1].kind == "?" else self.items[start:]

    def measured(self, start: int, stop: int = 10**9) -> list[str]:
        """Units of measure of some items."""
        return [measure for at, measure in self.measures if start <= at <= stop]

    def after(self) -> list[Item]:
        """The expression that starts the side; empty where it goes on with an unknown."""
        stop, depth = 0, 0
        while stop < len(self.items) and self.items[stop].kind != "|":
            depth += {"(": 1, ")": -1}.get(self.items[stop].kind, 0)
            if self.items[stop].kind == "?":
                return []
            if depth < 0:
                break
            stop += 1
        return self.items[:stop]


def sides(line: str) -> tuple[list[Side], list[str]]:
    """Sides of the equations of a line, and the signs between them: =, ≈, or is."""
    tokens = [(kind, m[0], *m.span()) for m in TOKEN.finditer(line) if (kind := m.lastgroup or "") != "space"]
    side, signs, before, word, skip = Side(), [], "break", "", 0
    found = [side]
    for number, (kind, text, start, end) in enumerate(tokens):
        following = tokens[number + 1] if number + 1 < len(tokens) else ("end", "", end, end)
        ready = following[0] in ("number", "mixed", "money", "open", "root")
        if number < skip:
            continue
        low = text.lower() if kind == "word" else ""
        if low in ("percent", "pct"):
            kind = "percent"
        elif low == "sqrt":
            kind = "root"
        said = low in ("equals", "equal") or (low in ("is", "are") and ready and before == "operand" and not side.units)
        said_of_numbers = ready or following[1] == "by"  # 3 times smaller is a number and its unit
        if kind == "equal" or said:
            skip = number + 2 if low == "equal" and following[1] == "to" else 0
            sign = "is" if low in ("is", "are") else "=" if said else text
            side, before, word = Side(), "start", ""
            found.append(side)
            signs.append(sign)
        elif kind in ("number", "mixed"):
            if before == "operand":
                side.opener = _broken(side, word)
            elif before == "break":
                side.opener = word
            side.items.append(_number(text, kind))
            before, side.units, word = "operand", 0, ""
        elif kind == "root":
            if before == "operand":
                side.items.append(Item("*"))
            side.items.append(Item("r"))
            before = "operator"
        elif kind == "money":
            if before == "operand" and following[0] in ("number", "mixed"):
                side.opener = _broken(side, word)
                before, word = "break", side.opener
            side.measures.append((len(side.items), text if text == "¢" else "$"))
        elif kind == "percent" and before == "operand" and not side.units:
            modulo = following[0] in ("number", "open") and following[2] > end and line[start - 1] == " "
            side.items.append(Item("mod" if modulo else "%", spaced=True))
            before = "operator" if modulo else "operand"
        elif kind == "open":
            if before == "operand":
                joined = line[start - 1] in "0123456789)" and not side.units
                side.items.append(Item("*" if joined else "|"))
            elif before == "break" and line[start - 1 : start].isalnum():
                side.items.append(Item("?"))
                continue  # a function's argument: its bracket closes what was never opened
            elif before == "break":
                side.opener = word
            side.items.append(Item("("))
            before = "open"
        elif kind == "close":
            side.items.append(Item(")"))
            before = "operand"
        elif (
            kind in ("operator", "power")
            or (low in OPERATORS and said_of_numbers)
            or (low == "x" and ready and before == "operand")
        ):
            sign = "^" if kind == "power" else "*" if low == "x" else OPERATORS.get(low, text)
            if low in ("divided", "multiplied") and following[1] == "by":
                skip = number + 2
            compound = text in "-/" and following[0] == "word" and following[2] == end and following[1] not in "xX"
            after = line[start - 1 : start] == " "
            spaced = bool(low) or " " in line[max(start - 1, 0) : start] + line[end : end + 1]
            if compound and before == "operand" and (not after or side.units):
                word = "per"
                side.units += 1  # 3-point shots, miles/hour
            elif before == "operand":
                side.items.append(Item(sign, spaced=spaced))
                before, side.units = "operator", 0
            elif sign == "-" and following[2] == end and (before != "break" or after or not start) and len(word) != 1:
                side.items.append(Item("~"))
                side.opener, before = word, "operator"
            elif not (sign == "+" and before in ("start", "open")):
                side.items.append(Item("?"))
                side.items.append(Item(sign))
                before = "operator"
        elif kind == "word":
            if before == "operand":
                before = _after_number(side, text, low, line[start - 1] != " ", word == "per")
            elif before == "operator" and low in FOLLOWERS and word == "of":
                continue
            elif before != "break":
                side.items.append(Item("?" if before == "operator" else "|"))
                before = "break"
            if (
                low == "of"
                and (before != "operand" or side.units > 2)
                and before != "operator"
                and word.removesuffix("s") not in PARTS
            ):
                low = ""  # a total of 3 * 4
            word = low
        else:
            if side.items and side.items[-1].kind != "|":
                side.items.append(Item("|"))
            before, word = "break", ""
    return found, signs


@lru_cache(4096)
def _number(text: str, kind: str) -> Item:
    if kind == "mixed":
        whole, fraction = text.split()
        above, below = fraction.split("/")
        return Item("n", int(whole) + Fraction(int(above), int(below) or 1), Fraction(0))
    plain = text.replace(",", "").replace(" ", "").lower()
    mantissa, _, exponent = plain.partition("e")
    places = len(mantissa.partition(".")[2]) - int(exponent or 0)
    return Item("n", Fraction(plain), Fraction(10) ** -places)


def _broken(side: Side, word: str) -> str:
    """End an expression where another begins; the word that the other is said to follow."""
    summed = len(side.items) > 1 and side.items[-2].kind in OPERATORS.values()
    side.items.append(Item("|"))
    return "and" if summed else word  # 2 + 3 apples and 4 + 5 pears = 14 is one sum


def _after_number(side: Side, text: str, low: str, adjacent: bool, rate: bool) -> str:
    """Read a word that follows a number: a unit, a scale, a share of something, or an unknown."""
    last = side.items[-1]
    if low == "of" and not side.units and (last.kind == "%" or (len(side.items) > 1 and side.items[-2].kind == "/")):
        side.items.append(Item("*", spaced=True))
        return "operator"
    if low in SCALES and not side.units and last.kind == "n":
        scale = 10 ** SCALES[low]
        side.items[-1] = Item("n", last.value * scale, last.step * scale)
        return "operand"
    stem = low if low in DIMENSIONS else low.removesuffix("s")
    if rate:
        pass  # 30 minutes per day are minutes
    elif stem in DIMENSIONS:
        side.measures.append((len(side.items), stem))
        side.doubt |= len(text) == 1
    elif (len(low) == 1 and (adjacent or text != "a")) or (adjacent and len(low) == 2) or any(c.isdigit() for c in low):
        side.items.append(Item("?"))
        return "break"
    side.units += 1
    if side.units > UNITS:
        side.items.append(Item("|"))
        return "break"
    return "operand"
