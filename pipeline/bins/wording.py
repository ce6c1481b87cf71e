"""What tells a task in the wording of a request: its words, how it begins and ends, and its layout."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklearn.pipeline import FeatureUnion

WORD = r"(?u)\w+|[^\w\s]"
TOKEN = re.compile(WORD)
OPENING, ENDING = 12, 20  # words of a request
LAYOUT = 0.3  # weight of the layout, beside vectors of words of length 1
MANY = 300  # requests
BULLET = re.compile(r"(?m)^\s*[-*•]\s")
OPTION = re.compile(r"(?mi)^\s*\(?[a-e1-5][).:]\s")
CODE = re.compile(r"[{};<>=].*[(){};]")
SENTENCE = re.compile(r"[.!?]\s")


def opening(text: str) -> str:
    return " ".join(TOKEN.findall(text.lower())[:OPENING])


def ending(text: str) -> str:
    return " ".join(TOKEN.findall(text.lower())[-ENDING:])


def first_line(text: str) -> str:
    return text.strip().lower().partition("\n")[0]


def last_line(text: str) -> str:
    return text.strip().lower().rpartition("\n")[2]


def layout(texts: list[str]) -> np.ndarray:
    """Lengths, lines, question marks, lists, options, digits and signs of code of each text: float32[t, 17]."""
    return LAYOUT * np.array([_layout(text.strip()) for text in texts], np.float32).reshape(len(texts), -1)


def _layout(text: str) -> list[float]:
    words, first, last = len(text.split()), first_line(text), last_line(text)
    return [
        np.log1p(words), words < 12, words > 60, np.log1p(text.count("\n")), "\n" in text,
        np.log1p(len(first.split())), np.log1p(len(last.split())), np.log1p(len(SENTENCE.findall(text))),
        "?" in text, text.count("?") > 1, text.endswith("?"), first.endswith("?"), text.endswith(":"),
        BULLET.search(text) is not None, OPTION.search(text) is not None, CODE.search(text) is not None,
        np.log1p(sum(letter.isdigit() for letter in text)) / 3,
    ]  # fmt: skip


def features(requests: int) -> FeatureUnion:
    """What a linear model reads of requests, to be fitted on so many of them.

    Words and their pairs and character n-grams tell verbs and subjects; opening, ending, first and last line, of words
    up to threes, tell the request itself from the text, list or code that it is about.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union
    from sklearn.preprocessing import FunctionTransformer

    # Of many requests, what fewer than three of them hold tells topics, not tasks.
    shared = {"min_df": 3 if requests >= MANY else 1, "sublinear_tf": True, "dtype": np.float32}
    parts = [
        TfidfVectorizer(preprocessor=part, ngram_range=(1, 3), token_pattern=WORD, **shared)
        for part in (opening, ending, first_line, last_line)
    ]
    return make_union(
        TfidfVectorizer(ngram_range=(1, 2), token_pattern=WORD, **shared),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4), **shared),
        *parts,
        FunctionTransformer(layout),
    )
