"""Prompt echo: an answer that says the request again instead of answering it."""

from __future__ import annotations

import re

from pipeline.heuristics.repetition import TOKEN

GIVEN = re.compile(r":\s|[\"“”«]|(?<!\w)'")  # what is given begins
SPAN = 5  # words that are no coincidence together
LONGEST = 4_000
SHORT = "the request is too short to be told from an answer"


def judge(instruction: str, response: str) -> float | str:
    """The share of the answer that is not taken from the request word for word.

    The request is the first line up to a colon or a quotation: what follows is mostly a text to work on, of which
    answers may hold as much as they need.

    Parameters
    ----------
    instruction, response : str

    Returns
    -------
    float or str
        Or `SHORT`, where request or answer has fewer than five words and marks.
    """
    request = GIVEN.split(next((line for line in instruction.splitlines() if line.strip()), ""), maxsplit=1)[0]
    asked, said = (TOKEN.findall(text.lower()[: 12 * LONGEST])[:LONGEST] for text in (request, response))
    if len(asked) < SPAN or len(said) < SPAN:
        return SHORT
    known = set(zip(*(asked[start:] for start in range(SPAN)), strict=False))
    copied = bytearray(len(said))
    for start, span in enumerate(zip(*(said[first:] for first in range(SPAN)), strict=False)):
        if span in known:
            copied[start : start + SPAN] = b"\1" * SPAN
    return 1 - sum(copied) / len(said)
