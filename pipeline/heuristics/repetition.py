"""Repetition: how much of an answer has been said in it before."""

from __future__ import annotations

import re

SPAN = 4  # words that make a repetition together
LONGEST = 4_000  # words that are looked at
TOKEN = re.compile(r"\w+|[^\w\s]")
SHORT = "too short to repeat itself"


def judge(instruction: str, response: str) -> float | str:
    """The share of spans of four words or marks that the answer has not had before.

    In an answer of six words or fewer, which has hardly a span, it is the share of its words that are new.
    """
    words = TOKEN.findall(response.lower()[: 12 * LONGEST])[:LONGEST]
    if len(words) < 2:
        return SHORT
    if len(words) <= SPAN + 2:
        return len(set(words)) / len(words)
    spans = list(zip(*(words[start:] for start in range(SPAN)), strict=False))
    return len(set(spans)) / len(spans)
