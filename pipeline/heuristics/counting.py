"""Counts of what a text has: words, sentences, paragraphs, lines, characters, and items that it lists."""

from __future__ import annotations

import re

_MARKED = re.compile(
    r"^[ \t]*(?:(?P<number>(?:[Ss]tep |#)?\(?\d{1,3}(?:[.):]|\s?-))|(?P<bullet>[-*•·–▪●+]))[ \t]*(?=\S)"
)
_INLINE = re.compile(r"(?:(?<=\s)|^)\(?(\d{1,2})[.)]\s?(?=[A-Za-z\"“])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|e\.g|i\.e|No|approx|Inc|Ltd|Co|a\.m|p\.m|U\.S|Fig|Vol|[A-Z]))\.$"
)
_END = re.compile(r"[.!?…。！？]+[\"'”’)\]*]*(?=\s|$)")
_INTRODUCED = re.compile(
    r"^.{0,300}?(?::|\b(?:are|is|were|include[sd]?|including|such as|like|as|of|have|has)\b)\s+", re.I | re.S
)
_COMMAS = re.compile(r"\s*[,;]\s*(?:(?:and|or|&)\s+)?")
_ALL = re.compile(r"\s*[,;]\s*(?:(?:and|or|&)\s+)?|\s+(?:and|or|&)\s+")
SHORT = 8  # words of an item within a sentence
LINE = 15  # words of an item on a line of its own


def words(text: str) -> int:
    """Words: runs of what is not blank that have a letter or digit."""
    return sum(any(map(str.isalnum, word)) for word in text.split())


def lines(text: str) -> list[str]:
    """Lines that are not blank."""
    return [line for line in text.splitlines() if line.strip()]


def paragraphs(text: str) -> int:
    """Paragraphs: runs of lines between blank ones; where none is blank, lines."""
    parts = [part for part in re.split(r"\n[ \t]*\n", text.strip()) if part.strip()]
    return len(parts) if len(parts) > 1 else len(lines(text))


def sentences(text: str) -> int:
    """Sentences: by their ends, at least one a line that announces no other line."""
    total = 0
    for line in lines(text):
        line = _MARKED.sub("", line, count=1).strip()
        if line.endswith(":"):
            continue
        ends = sum(not _ABBREVIATION.search(line, max(0, m.start() - 8), m.start() + 1) or m.end() == len(line)
                   for m in _END.finditer(line))  # fmt: skip
        total += ends + (not _END.search(line, max(0, len(line) - 6)) and (ends == 0 or len(line.split()) > 0))
    return max(total, 1)


UNITS = {
    "word": words,
    "sentence": sentences,
    "paragraph": paragraphs,
    "line": lambda text: len(lines(text)),
    "character": len,
}


def listed_items(text: str) -> tuple[bool, set[int]] | None:
    """How many items a text lists: whether that is sure, and the counts that it may be read as.

    Parameters
    ----------
    text : str

    Returns
    -------
    tuple or None
        None where nothing is listed that can be counted.
    """
    rows = lines(text)
    marked = [(match, row) for row in rows if (match := _MARKED.match(row))]
    if len(marked) > 1:
        numbers = sum(match["number"] is not None for match, _ in marked)
        indent = min(len(row) - len(row.lstrip()) for _, row in marked)
        outer = sum(len(row) - len(row.lstrip()) == indent for _, row in marked)
        sure = numbers > 0 or 2 * len(marked) > len(rows)  # or else each item has a list of its own
        return sure, {numbers or outer, outer, len(marked) - numbers or numbers}
    inline = [int(match[1]) for match in _INLINE.finditer(text)]
    if len(inline) > 1 and inline == list(range(1, len(inline) + 1)):
        return True, {len(inline)}
    if len(rows) > 1:
        items = rows[1:] if rows[0].rstrip().endswith(":") else rows
        short = all(len(row.split()) <= LINE for row in items)
        return short and len(items) > 1, {len(items), paragraphs(text), paragraphs(text) - 1}
    return _in_line(text)


def _in_line(text: str) -> tuple[bool, set[int]] | None:
    said = sentences(text)
    first = re.split(r"(?<=[.!?])(?<![A-Z]\.)\s", text, maxsplit=1)[0].rstrip(".!?")
    introduced = _INTRODUCED.match(first)
    counts, sure = set(), False
    for body in {first, first[introduced.end() :] if introduced else first}:
        pieces = [piece for piece in _COMMAS.split(body) if piece.strip()]
        counts |= {len(pieces), len([piece for piece in _ALL.split(body) if piece.strip()])}
        sure |= len(pieces) > 1 and all(len(piece.split()) <= SHORT for piece in pieces)
    if said > 1:
        return False, counts | {said, said - 1}
    return (sure, counts) if max(counts) > 1 else None
