"""Repetition: how much of an answer has been said in it before."""

from __future__ import annotations

import re

SPAN = 4  # words that make a repetition together
LONGEST = 4_000  # words that are looked at
TOKEN = re.compile(r"\w+|[^\w\s]")
WORD = re.compile(r"\w+")
RULE = re.compile(r"([^\w\s])(?:[ \t]*\1)+")  # a mark again and again draws a line, or a table
SHORT = "too short to repeat itself"


def judge(instruction: str, response: str) -> float | str:
    """The share of spans of four words or marks that the answer has not had before.

    In an answer of six words or fewer, which has hardly a span, it is the share of its words that are new.

    Parameters
    ----------
    instruction, response : str

    Returns
    -------
    float or str
        Or `SHORT`, where the answer has fewer than four words.
    """
    text = response.lower()[: 12 * LONGEST]
    said = WORD.findall(text)
    if len(said) < SPAN:
        return SHORT
    if len(said) <= SPAN + 2:
        return len(set(said)) / len(said)
    words = TOKEN.findall(RULE.sub(r"\1", text))[:LONGEST]
    spans = list(zip(*(words[start:] for start in range(SPAN)), strict=False))
    return len(set(spans)) / len(spans)
