"""Truncation: an answer that stops before its end."""

from __future__ import annotations

import re

MARKS = ".!?…。！？।؟:;"  # that end a sentence or a line; the last two do not end an answer
CLOSING = "\"'”’»)]}*_`>| \t"  # may follow the mark that ends
ENDS = re.compile(r"(?<=[^\s\d])[.!?…。！？।؟][\"'”’»)\]*_`]*(?=\s|$)")
FENCE = "```"
PAIRS = {"(": ")", "[": "]", "{": "}"}
# Words that no sentence ends with. English alone is known.
DANGLING = frozenset(
    "a an the and or but nor of to in on at by for with from into onto than that which who whose as if because while "
    "when where is are was were be been has have had will would can could should may might must its their his her my "
    "your our this these those not very more most such each every between about including like via per so it's i'm "
    "i they we he she you it".split()
)
# A last line that names the result, as in GSM8K's "#### 42".
RESULT = re.compile(r"(?:#{2,}|(?:the |final )*answer\b|result\b|=>|→).{0,80}\w", re.IGNORECASE)
FEW = 12  # words below which an answer may be a title, a label or a number, which end with no mark
NO_END = "nothing that would end with a mark"


def judge(instruction: str, response: str) -> float | str:
    """How sure it is that the answer is whole: 0 where it stops in the middle, 1 where it ends as answers do.

    An answer stops in the middle if it opens a fence or bracket that it does not close, ends with a comma, colon or
    hyphen, or with a word that ends no sentence. If it ends with none of these and no mark, what counts is how many of
    its other lines, or sentences, end without one.
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
    if _opened(text) or bare[-1] in ",:;-–—(":
        return 0.0
    words = bare.split()
    if len(words) > 3 and words[-1].lower().strip("\"'“‘(*_") in DANGLING and words[-1] != "I":
        return 0.0
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if RESULT.match(lines[-1]):
        return 1.0
    marked = sum(line.rstrip(CLOSING)[-1:] in tuple(MARKS) for line in lines[:-1])
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
