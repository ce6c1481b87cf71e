"""Truncation: an answer that stops before its end."""

from __future__ import annotations

import re
import unicodedata

MARKS = ".!?…。！？।؟:;"  # that end a sentence or a line; the last two do not end an answer
CLOSING = "\"'”’»)]}*_`>| \t"  # may follow the mark that ends
ENDS = re.compile(r"(?<=[^\s\d])[.!?…。！？।؟][\"'”’»)\]*_`]*(?=\s|$)")
FENCE = "```"
PAIRS = {"(": ")", "[": "]", "{": "}"}
# Words that no sentence ends with. English alone is known.
DANGLING = frozenset(
    "a an the and or but nor of than which whose because while its their my your our very such every between including "
    "via per it's i'm they're we're he's she's".split()
)
# A last line that names the result, as in GSM8K's "#### 42".
RESULT = re.compile(r"(?:#{2,}|(?:the |final )*answer\b|result\b|=>|→).{0,80}\w", re.IGNORECASE)
CLOSED = re.compile(r"(?:[}\]>;]|(?:https?://|www\.)\S+|[#@]\w+)$")  # balanced, as has been looked at
SIGNED = 4  # words of a name under a letter
FEW = 12  # words below which an answer may be a title, a label or a number, which end with no mark
NO_END = "nothing that would end with a mark"


def judge(instruction: str, response: str) -> float | str:
    """How sure it is that the answer is whole: 0 where it stops in the middle, 1 where it ends as answers do.

    An answer stops in the middle if it opens a fence or bracket that it does not close, ends with a comma, colon or
    hyphen, or with a word that ends no sentence. It is whole if it ends with a mark, a symbol, a link, a tag, the
    bracket of a record, a named result or a signature. If with none of these, what counts is how many of its other
    lines, or sentences, end without a mark.

    Parameters
    ----------
    instruction, response : str

    Returns
    -------
    float or str
        Or `NO_END`, where a label or number says nothing of its end.
    """
    text = response[-20_000:].rstrip()
    if not text:
        return NO_END
    if response.count(FENCE) % 2:
        return 0.0
    if text.endswith(FENCE):
        return 1.0
    bare = text.rstrip(CLOSING) or text
    if bare[-1] in MARKS[:-2]:
        return 1.0
    if _opened(text):
        return 0.0
    if CLOSED.search(text) or unicodedata.category(bare[-1])[0] == "S":
        return 1.0
    if bare[-1] in ",:;-–—(":
        return 0.0
    words = bare.split()
    if len(words) > 3 and words[-1].lower().strip("\"'“‘(*_") in DANGLING and words[-1] != "I":
        return 0.0
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if RESULT.match(lines[-1]):
        return 1.0
    if len(lines) > 1 and lines[-2].endswith(",") and len(lines[-1].split()) <= SIGNED:
        return 1.0
    marked = sum(line.rstrip(CLOSING)[-1:] in tuple(MARKS[:-2]) for line in lines[:-1])
    inside = len(ENDS.findall(bare))
    if len(lines) > 1:
        return round(1 - (marked + 0.5 * bool(inside)) / (len(lines) - 1 + 0.5), 4)
    if not inside and len(words) < FEW:
        return NO_END
    return 0.1 if inside else 0.3


def _opened(text: str) -> bool:
    """Whether the last line opens a bracket that nothing closes."""
    last = text.rsplit("\n", 1)[-1]
    return any(all(said.count(one) > said.count(other) for said in (last, text)) for one, other in PAIRS.items())
