"""Values of expressions of numbers, exact and of bounded size; nothing is ever executed."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

DEEPEST = 30  # brackets in brackets
LONGEST = 80  # items of an expression
BITS = 4096  # a power that needs more has no value here
CLOSE = Fraction(1, 10**9)  # relative: roots are not exact


@dataclass(frozen=True, slots=True)
class Item:
    """A number, an operator (+ - * / ^ mod, ~ before what is negative, r before what a root is taken of), a bracket,
    % after a number, | where an expression cannot go on, or ? for an unknown.

    Attributes
    ----------
    step : Fraction
        Of a number: what one more in its last shown digit adds.
    spaced : bool
        Of an operator: whether a space or a word stands for it or before it.
    """

    kind: str
    value: Fraction = Fraction(0)
    step: Fraction = Fraction(1)
    spaced: bool = False


class NoValue(Exception):
    """The items are no expression, or one whose value is too large or undefined."""


def value(items: list[Item], percent: str = "hundredth") -> Fraction:
    """Value of a whole expression.

    Parameters
    ----------
    items : list of Item
    percent : {"hundredth", "unit", "relative"}
        What % means: a division by 100, nothing (100 - 40 = 60%), or a share of what it is added to or taken from
        (50 + 10% = 55).

    Raises
    ------
    NoValue
    """
    if not 0 < len(items) <= LONGEST:
        raise NoValue
    reader = _Reader(items, percent)
    found = reader.total(0)
    if reader.at < len(items):
        raise NoValue
    return found


class _Reader:
    """Recursive descent; a method for each rank of operators."""

    def __init__(self, items: list[Item], percent: str) -> None:
        self.items, self.percent, self.at = items, percent, 0

    def kind(self) -> str:
        return self.items[self.at].kind if self.at < len(self.items) else ""

    def total(self, depth: int) -> Fraction:
        if depth > DEEPEST:
            raise NoValue
        left = self.product(depth)
        while (kind := self.kind()) in ("+", "-"):
            self.at += 1
            start = self.at
            right = self.product(depth)
            if self.percent == "relative" and [i.kind for i in self.items[start : self.at]] == ["n", "%"]:
                right *= left
            left = left + right if kind == "+" else left - right
        return left

    def product(self, depth: int) -> Fraction:
        left = self.signed(depth)
        while (kind := self.kind()) in ("*", "/", "mod"):
            self.at += 1
            right = self.signed(depth)
            if kind != "*" and not right:
                raise NoValue
            left = left * right if kind == "*" else left / right if kind == "/" else left % right
        return left

    def signed(self, depth: int) -> Fraction:
        if self.kind() == "~":
            self.at += 1
            return -self.power(depth)
        return self.power(depth)

    def power(self, depth: int) -> Fraction:
        if depth > DEEPEST:
            raise NoValue
        base = self.atom(depth)
        if self.kind() != "^":
            return base
        self.at += 1
        negative = self.kind() == "~"
        self.at += negative
        exponent = self.power(depth + 1)
        return power(base, -exponent if negative else exponent)

    def atom(self, depth: int) -> Fraction:
        kind = self.kind()
        if kind == "r":
            self.at += 1
            return power(self.atom(depth + 1), Fraction(1, 2))
        if kind == "(":
            self.at += 1
            found = self.total(depth + 1)
            if self.kind() != ")":
                raise NoValue
        elif kind == "n":
            found = self.items[self.at].value
        else:
            raise NoValue
        self.at += 1
        while self.kind() == "%":
            self.at += 1
            if self.percent != "unit":
                found /= 100
        return found


def power(base: Fraction, exponent: Fraction) -> Fraction:
    """Base to the exponent: exact for whole exponents, square roots to some 12 digits at least.

    Raises
    ------
    NoValue
        Zero to less than nothing, a root of what is negative, another root, or more than `BITS` bits.
    """
    if exponent.denominator == 2 and base >= 0 and base.numerator.bit_length() < BITS:
        scaled = (base.numerator << 128) // base.denominator
        root = Fraction(isqrt(scaled), 1 << 64)
        return power(root, Fraction(exponent.numerator))
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if exponent.denominator != 1 or abs(exponent) > BITS or abs(exponent) * bits > BITS or (exponent < 0 and not base):
        raise NoValue
    return base ** int(exponent)
