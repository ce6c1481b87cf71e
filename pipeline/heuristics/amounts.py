"""Amounts in words: "at least three", "between 5 and 10", "no more than 200", "about fifty"."""

from __future__ import annotations

import re

NUMBERS = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split()
    )
} | {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "hundred": 100, "single": 1, "dozen": 12}
del NUMBERS["zero"]
NUMBER = rf"(?:\d{{1,2}},\d{{3}}|\d{{1,5}}|(?:an? )?(?:{'|'.join(NUMBERS)}))"

# What stands before a number, and which ends of the range it sets, as (of low, of high): None leaves an end open, a
# number is added to what is said. "about" allows a fifth.
BOUNDS: dict[str, tuple[int | None, int | None]] = {
    r"at least|a minimum of|minimum(?: of)?|no (?:less|fewer) than|not less than|min": (0, None),
    r"more than|over|greater than|longer than": (1, None),
    r"at most|a maximum of|maximum(?: of)?|max|up to|no (?:more|longer) than|not (?:more|longer) than|within|limit of":
        (None, 0),
    r"less than|fewer than|under|below|shorter than": (None, -1),
    r"exactly|precisely|only|just": (0, 0),
}  # fmt: skip
ABOUT = r"about|around|approximately|roughly|nearly|almost|circa|~"
_BOUND = "|".join((*BOUNDS, ABOUT, "between"))
BEHIND: dict[str, tuple[int | None, int | None]] = {
    r"or more|at least|minimum|or longer": (0, None),
    r"or less|or fewer|at most|maximum|max|or shorter|or under": (None, 0),
}
_BEHIND = "|".join(BEHIND)
AMOUNT = (
    rf"(?:(?P<bound>{_BOUND})\s+)?(?P<low>{NUMBER})(?:\s?(?:-|–|—|\bto\b|\bor\b|\band\b)\s?(?P<high>{NUMBER}))?"
    rf"(?:\s(?P<open>{_BEHIND}))?"
)
AFTER = rf"(?:\s(?P<after>{_BEHIND})\b)?"
FIFTH = 5
NO_LIMIT = -1


def number(words: str) -> int:
    """The number that digits or a word of `NUMBERS` say."""
    last = words.lower().split()[-1]
    return NUMBERS[last] if last in NUMBERS else int(last.replace(",", ""))


def limits(match: re.Match[str], about: int | None = None) -> tuple[int, int]:
    """The smallest and the largest amount that a match of `AMOUNT` allows.

    Parameters
    ----------
    match : re.Match
        Has the groups of `AMOUNT`, and perhaps `after` (of `AFTER`).
    about : int, optional
        A bare number from here on is about so many.

    Returns
    -------
    tuple of int
        The second is `NO_LIMIT` where nothing bounds it.
    """
    said = match.groupdict()
    low = number(said["low"])
    if said["high"]:
        high = number(said["high"])
        return min(low, high), max(low, high)
    bound = (said["bound"] or "").lower()
    behind = (said["open"] or said.get("after") or "").lower()
    for table, words in ((BOUNDS, bound), (BEHIND, behind)):
        for pattern, (least, most) in table.items():
            if words and re.fullmatch(pattern, words):
                return (0 if least is None else low + least), (NO_LIMIT if most is None else low + most)
    if bound or (about is not None and low >= about):
        return low - low // FIFTH, low + -(-low // FIFTH)
    return low, low
