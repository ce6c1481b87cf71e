"""Constraint following: which of an instruction's stated constraints an answer meets."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from pipeline.heuristics.amounts import NO_LIMIT
from pipeline.heuristics.constraints import Constraint, find
from pipeline.heuristics.counting import UNITS, lines, listed_items
from pipeline.heuristics.languages import language_of

NONE_FOUND = "no constraint that a rule finds"
LONGEST = 100_000  # characters of an answer that are looked at

Check = Callable[..., bool | None]
_WORDS = re.compile(r"\w+")
_LIST_MARKER = re.compile(r"(?m)^[ \t]*(?:[-*•·–+▪●]|\(?\d{1,3}[.):])\s*\S")
_NUMBER_MARKER = re.compile(r"(?m)^[ \t]*(?:[Ss]tep )?\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.):]\s*\S")
_FENCED = re.compile(r"```[^\n]{0,40}\n(.*?)```", re.S)
_TAG = re.compile(r"<[a-zA-Z!?/][^<>]{0,400}>")


def judge(instruction: str, response: str) -> float | str:
    """The share of an instruction's constraints that a response follows.

    Parameters
    ----------
    instruction, response : str
        The instruction with its input, if it has one.

    Returns
    -------
    float or str
        Or why there is none: no constraint was found, or none of them could be checked.
    """
    verdicts = [followed(constraint, instruction, response) for constraint in find(instruction)]
    known = [verdict for verdict in verdicts if verdict is not None]
    return sum(known) / len(known) if known else NONE_FOUND


def followed(constraint: Constraint, instruction: str, response: str) -> bool | None:
    """Whether a response follows a constraint of its instruction.

    Parameters
    ----------
    constraint : Constraint
    instruction, response : str

    Returns
    -------
    bool or None
        None where no rule can tell.
    """
    response = response[:LONGEST].strip()
    if not response:
        return False
    if constraint.check == "repeated":
        return _repeated(instruction, response)
    if constraint.check in UNITS:
        return _within(UNITS[constraint.check](response), *constraint.values)
    return CHECKS[constraint.check](response, *constraint.values)


def _within(count: int, low: int, high: int) -> bool:
    return low <= count and (high == NO_LIMIT or count <= high)


def _normal(text: str) -> str:
    return " ".join(_WORDS.findall(text.lower()))


def _repeated(instruction: str, response: str) -> bool | None:
    """Whether what stands before the demand to repeat it begins the response."""
    at = re.search(r"\brepeat\b", instruction, re.I)
    asked = re.sub(r"\W*(?:first|please|but|then|now)\W*$", "", instruction[: at.start()] if at else "", flags=re.I)
    words = _normal(asked[:400]).split()[:10]
    return f" {' '.join(words)} " in f" {_normal(response[:1000])} " if len(words) > 1 else None


def _items(response: str, low: int, high: int) -> bool | None:
    counts = listed_items(response)
    if counts is None:
        return None
    sure, possible = counts
    if any(_within(count, low, high) for count in possible):
        return True
    return False if sure else None


def _option(response: str, *options: str) -> bool | None:
    said = f" {_normal(response)} "
    lettered = all(re.match(r"[A-Ha-h]\) ", option) for option in options)
    if lettered:
        mark = re.match(r"\W*(?:(?:the )?(?:correct )?(?:answer|option)(?: is)?\W*)?([A-Ha-h])(?:\W|$)", response)
        if mark and any(option[0].lower() == mark[1].lower() for option in options):
            return True
        if re.search(r"(?:option|answer is|choice)\W{0,3}[A-H]\b|\([A-H]\)", response):
            return True
        options = tuple(option[3:] for option in options)
    wanted = [words for option in options if (words := _normal(option))]
    if not wanted:
        return None
    if any(said.startswith(f" {option} ") for option in wanted):
        return True
    named = sum(_mentions(said, option) for option in wanted)
    if named:
        return True if named < len(wanted) or len(said) < 200 else None
    return False if all(option.isascii() for option in wanted) else None


def _mentions(said: str, option: str) -> bool:
    """Whether a normalised text has an option, perhaps with another ending."""
    return f" {option} " in said or f" {option}s " in said or f" {option.rstrip('s')} " in said


def _json(response: str) -> bool:
    fenced = _FENCED.search(response)
    text = fenced[1] if fenced else response
    starts = [at for at in (text.find("{"), text.find("[")) if at >= 0]
    if not starts:
        return False
    try:
        json.JSONDecoder(strict=False).raw_decode(text[min(starts) :])
    except (ValueError, RecursionError):
        return False
    return True


def _table(response: str) -> bool:
    rows = lines(response)
    return any(sum(mark in row for row in rows) >= 2 for mark in ("|", "\t", "   ")) or "<table" in response.lower()


def _csv(response: str) -> bool:
    rows = lines(response)
    return all("," in row for row in rows[-3:]) if rows else False


def _per_line(response: str) -> bool | None:
    rows = lines(response)
    if len(rows) > 1:
        return True
    return False if rows and rows[0].count(",") > 1 else None


def _bullets(response: str, low: int, high: int) -> bool:
    return _within(len(_LIST_MARKER.findall(response)), low, high)


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 4 and (word[-1] in "ey" or (word[-1] == "s" and word[-2] != "s")) else word


def _has(text: str, word: str) -> bool:
    """Whether a text in lower case has a keyword, its last word perhaps inflected."""
    stem = re.escape(_stem(word))
    return re.search(rf"(?<!\w){stem}\w{{0,4}}(?!\w)" if len(word) > 2 else rf"(?<!\w){stem}(?!\w)", text) is not None


def _included(response: str, *words: str) -> bool:
    text = response.lower().replace("’", "'")
    return all(_has(text, word.replace("’", "'")) for word in words)


def _count(text: str, word: str) -> int:
    if len(word) == 1:
        return text.count(word)
    return len(re.findall(rf"(?<!\w){re.escape(word)}(?!\w)", text))


def _starts(response: str, prefix: str) -> bool:
    wanted = _normal(prefix)
    if len(wanted) <= 1:
        return _initial(response, wanted) is not False
    firsts = [_normal(row)[: len(wanted) + 6] for row in (response, *lines(response))]
    return any(first.startswith(wanted) or first[first.find(" ") + 1 :].startswith(wanted) for first in firsts)


def _ends(response: str, suffix: str) -> bool:
    bare = response.rstrip().rstrip("\"'”’*`)")
    if not _normal(suffix):
        return bare.endswith(suffix) or response.endswith(suffix)
    return any(_normal(row[-len(suffix) - 60 :]).endswith(_normal(suffix)) for row in (bare, *lines(response)))


def _initial(response: str, letter: str) -> bool | None:
    """Whether the words of a short answer begin with a letter; a sentence may name a word that does."""
    words = _WORDS.findall(response.lower())
    if words and words[0].startswith(letter):
        return True
    if len(words) <= 2:
        return any(word.startswith(letter) for word in words)
    return None


def _language(response: str, code: str) -> bool | None:
    found = language_of(response)
    return None if found is None else found == code


def _upper(response: str) -> bool:
    return response.upper() == response and response.lower() != response


def _lower(response: str) -> bool:
    return response.lower() == response


CHECKS: dict[str, Check] = {
    "upper": _upper,
    "lower": _lower,
    "placeholders": lambda response, low, high: _within(len(re.findall(r"\[[^\[\]\n]{1,80}\]", response)), low, high),
    "postscript": lambda response: re.search(r"\bP\.?\s?(?:P\.?\s?)?S\b|\bpostscript\b", response, re.I) is not None,
    "parts": lambda response, separator, low, high: _within(
        sum(bool(part.strip()) for part in response.split(separator)), low, high
    ),
    "option": _option,
    "json": _json,
    "xml": lambda response: _TAG.search(response) is not None,
    "html": lambda response: _TAG.search(response) is not None,
    "yaml": lambda response: re.search(r"(?m)^\s*(?:- )?[\w\"' -]{1,60}:(?:\s|$)", response) is not None,
    "csv": _csv,
    "table": _table,
    "bullets": _bullets,
    "numbered": lambda response: _NUMBER_MARKER.search(response) is not None,
    "angles": lambda response: re.search(r"<<[^<>\n]{1,200}>>", response) is not None,
    "highlighted": lambda response, low, high: _within(
        len(re.findall(r"\*\*[^*\n]{1,200}\*\*|\*[^*\s][^*\n]{0,200}\*", response)), low, high
    ),
    "fenced": lambda response: response.count("```") >= 2,
    "per line": _per_line,
    "included": _included,
    "avoided": lambda response, *words: not any(_count(response.lower(), word) for word in words),
    "avoided letter": lambda response, letter: letter not in response.lower(),
    "frequency": lambda response, word, low, high: _within(_count(response.lower(), word), low, high),
    "hashtags": lambda response, low, high: _within(len(re.findall(r"(?<![\w&])#\w", response)), low, high),
    "language": _language,
    "items": _items,
    "lacks": lambda response, mark: mark not in response,
    "bare": lambda response: not re.search(r"[,.;:!?](?:\s|$)", response),
    "wrapped": lambda response: response[0] in '"“«' and response[-1] in '"”»',
    "starts": _starts,
    "ends": _ends,
    "initial": _initial,
}
