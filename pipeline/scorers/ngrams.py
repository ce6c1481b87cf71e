"""What a text is made of, as hashes, and how often the other texts of a corpus are made of the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from pipeline.arrays.texts import ends

TOKEN = re.compile(r"\w+|[^\w\s]")
BARE = re.compile(r"\w *\n(?=.*\S)")
BEGINNING, END = 3000, 1000  # characters that are looked at of a longer text
BITS = 22  # of a position in the table of counts, which takes 8 MiB
PARTNERS = 4  # random partners a word is paired with, to say what its pairs would be in any other order
LOG = np.log1p(np.arange(1 << 16))
COMMON = 0.01  # share of the texts that a common word is in

# What sets the hashes of one kind of n-gram apart from those of another, and stands beyond the borders of a text.
WORD, FIRST, LAST, PAIR, LAST_TWO, CHARACTERS = (np.uint32(crc32(b"%d" % kind)) for kind in range(6))
OPENS = np.zeros(128)
OPENS[[ord(c) for c in "([{"]] = 1
OPENS[[ord(c) for c in ")]}"]] = -1


@dataclass(frozen=True)
class Grams:
    """The n-grams of m texts, hashed.

    Attributes
    ----------
    words : uint32[t]
        The words and marks of all texts, lower-cased.
    lengths : int64[m]
        How many of them each text has.
    characters : uint32[c]
        Runs of four characters.
    text : int64[c]
        Which text they are of.
    open : float64[m]
        Brackets that a text opens and does not close, or the other way round.
    lines, bare : int64[m], int64[m]
        Lines before the last, and those of them that end in a letter or digit, as those of lists do.
    """

    words: np.ndarray
    lengths: np.ndarray
    characters: np.ndarray
    text: np.ndarray
    open: np.ndarray
    lines: np.ndarray
    bare: np.ndarray

    @classmethod
    def of(cls, texts: list[str]) -> Grams:
        hashes = _Hashes()
        texts = [shortened(text).lower() for text in texts]
        words = [TOKEN.findall(text) for text in texts]
        lengths = np.array([len(found) for found in words], np.int64)
        flat = np.fromiter((hashes[word] for found in words for word in found), np.uint32, int(lengths.sum()))

        # A space before, between and after: the borders of words are part of the runs.
        codes = np.frombuffer(f" {'  '.join(texts)} ".encode("utf-32-le"), np.uint32)
        codes = np.where((codes >= 9) & (codes <= 13), np.uint32(32), codes)
        sizes = np.array([len(text) + 2 for text in texts], np.int64)
        text = np.repeat(np.arange(len(texts)), sizes)
        run = codes[:-3]
        for step in range(1, 4):
            run = _mix(run, codes[step : len(codes) - 3 + step])
        whole = text[:-3] == text[3:]
        bracket = np.where(codes < 128, OPENS[np.minimum(codes, 127)], 0)
        return cls(
            words=flat,
            lengths=lengths,
            characters=_mix(run, CHARACTERS)[whole],
            text=text[:-3][whole],
            open=np.bincount(text, bracket, len(texts)),
            lines=np.array([text.strip().count("\n") for text in texts], np.int64),
            bare=np.array([len(BARE.findall(text)) for text in texts], np.int64),
        )


class _Hashes(dict):
    """Hashes of words, each computed once."""

    def __missing__(self, word: str) -> int:
        # The last bit tells words from numbers and marks.
        self[word] = value = (crc32(word.encode()) & ~1) | word[0].isalpha()
        return value


def shortened(text: str, times: int = 1) -> str:
    """A long text's beginning and end, so that no row costs more than a few thousand characters, or ``times`` that."""
    return ends(text.strip(), times * BEGINNING, times * END)  # blank ends would leave nothing to look at


def _mix(a: np.ndarray | np.uint32, b: np.ndarray | np.uint32) -> np.ndarray:
    """One hash of two: uint32, products modulo 2**32."""
    mixed = (np.asarray(a) * np.uint32(0x9E3779B1)) ^ np.asarray(b)
    return (mixed ^ (mixed >> np.uint32(15))) * np.uint32(0x85EBCA6B)


@dataclass(frozen=True)
class Places:
    """Where in the table of counts the n-grams of m texts are; a text without a word has none.

    Attributes
    ----------
    word, pair : uint32[t], uint32[t]
        Of each word, and of it with the next one (at the last word of a text: meaningless).
    first, last, before_last, last_two : uint32[m]
        Of the first and the last word as such, of the last two as a pair, and as those that end a text.
    characters : uint32[c]
    """

    word: np.ndarray
    pair: np.ndarray
    first: np.ndarray
    last: np.ndarray
    before_last: np.ndarray
    last_two: np.ndarray
    characters: np.ndarray

    @classmethod
    def of(cls, grams: Grams) -> Places:
        words = grams.words if len(grams.words) else np.zeros(1, np.uint32)
        ends = np.cumsum(grams.lengths)
        first = words[np.minimum(ends - grams.lengths, len(words) - 1)]
        last, before = words[np.maximum(ends - 1, 0)], words[np.maximum(ends - 2, 0)]
        last_pair = _mix(before, last)
        return cls(
            place(grams.words, WORD),
            pair(grams.words, np.roll(grams.words, -1)),
            place(first, FIRST),
            place(last, LAST),
            pair(before, last),
            place(last_pair, LAST_TWO),
            grams.characters >> np.uint32(32 - BITS),
        )


def place(hashes: np.ndarray, kind: np.uint32) -> np.ndarray:
    return _mix(hashes, kind) >> np.uint32(32 - BITS)


def pair(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return place(_mix(a, b), PAIR)


def count(texts: list[str], block: int = 1024) -> np.ndarray:
    """In how many of the texts each n-gram occurs: uint16[2**BITS] (65,535 for more)."""
    counts = np.zeros(1 << BITS, np.int32)
    for start in range(0, len(texts), block):
        grams = Grams.of(texts[start : start + block])
        places, spoken = Places.of(grams), np.flatnonzero(grams.lengths)
        text = np.repeat(np.arange(len(grams.lengths)), grams.lengths)
        inside = np.flatnonzero(text[:-1] == text[1:])
        found = [
            (text, places.word),
            (text[inside], places.pair[inside]),
            *((spoken, one[spoken]) for one in (places.first, places.last, places.last_two)),
            (grams.text, places.characters),
        ]
        keys = np.concatenate([(rows.astype(np.int64) << BITS) | where for rows, where in found])
        counts += np.bincount(np.unique(keys) & ((1 << BITS) - 1), minlength=1 << BITS).astype(np.int32)
    return np.minimum(counts, 65535).astype(np.uint16)


def measure(texts: list[str], counts: np.ndarray, total: int, counted: np.ndarray) -> np.ndarray:
    """What tells texts from corruptions: float64[m, 19].

    Parameters
    ----------
    texts : list of str
    counts : uint16[2**BITS]
    total : int
        Texts that were counted.
    counted : bool[m]
        Whether a text was one of them; it does not count as evidence for itself.
    """
    grams = Grams.of(texts)
    places, m, n = Places.of(grams), len(texts), grams.lengths
    own, most = counted.astype(np.int32), np.maximum(n, 1)
    text = np.repeat(np.arange(m), n)

    def frequency(where: np.ndarray, of: np.ndarray | slice) -> np.ndarray:
        return np.maximum(counts[where].astype(np.int32) - own[of], 0)

    def mean(values: np.ndarray, of: np.ndarray, size: np.ndarray) -> np.ndarray:
        return np.bincount(of, values, m) / np.maximum(size, 1)

    # Words side by side, and the same words with random others of their text: what order adds.
    inside = np.flatnonzero(text[:-1] == text[1:])
    pairs, of = n - 1, text[inside]
    beside = LOG[frequency(places.pair[inside], of)]
    local = np.arange(len(text)) - np.repeat(np.cumsum(n) - n, n)
    start, size, local = (np.arange(len(text)) - local)[inside], n[of], local[inside]
    apart = np.empty((PARTNERS, len(inside)))
    for k in range(PARTNERS):
        step = _mix(local.astype(np.uint32), np.uint32(k + 1)) >> np.uint32(8)
        other = start + (local + 1 + step % np.maximum(size - 1, 1)) % size
        apart[k] = LOG[frequency(pair(grams.words[inside], grams.words[other]), of)]
    expected = mean(apart.mean(axis=0), of, pairs)
    spread = np.sqrt(np.maximum(mean((apart**2).mean(axis=0), of, pairs) - expected**2, 0) + 0.1)
    level = mean(beside, of, pairs)
    gain = level - expected

    known = frequency(places.word, text)
    runs = frequency(places.characters, grams.text)
    size = np.bincount(grams.text, minlength=m)
    everyone = slice(None)
    tail = places.word[np.maximum(np.cumsum(n) - 1, 0)] if len(places.word) else np.zeros(m, np.uint32)
    head = places.word[np.minimum(np.cumsum(n) - n, max(len(places.word) - 1, 0))] if len(places.word) else tail
    ends, starts = frequency(places.last, everyone), frequency(places.first, everyone)
    has = frequency(tail, everyone)
    # How often the last word ends a text that has it, and the last two; little evidence is weighed with the average.
    ending = (ends + 0.02) / (has + 1)
    ending_two = (frequency(places.last_two, everyone) + 2 * ending) / (frequency(places.before_last, everyone) + 2)
    letters, common = grams.words & 1 == 1, max(COMMON * total, 1)
    spelt = np.bincount(text[letters], minlength=m)
    familiar, usual = (mean(known[letters] >= limit, text[letters], spelt) for limit in (common, 8 * common))
    values = [
        gain,
        gain / spread * np.sqrt(np.maximum(pairs, 1)),
        level,
        mean(beside == 0, of, pairs),
        mean(LOG[runs], grams.text, size) - LOG[min(total, 65535)],
        mean(runs == 0, grams.text, size),
        mean(LOG[known], text, n) - LOG[min(total, 65535)],
        mean(known == 0, text, n),
        np.log(ending),
        np.log(np.minimum(ending_two, 1)),
        LOG[has] - LOG[min(total, 65535)],
        np.log((starts + 0.02) / (frequency(head, everyone) + 1)),
        np.sign(grams.open) * np.log1p(np.abs(grams.open)),
        np.log(most),
        np.where(spelt, familiar, 1),
        np.where(spelt, usual, 1),
        mean(runs >= common, grams.text, size),
        np.log1p(grams.lines),
        grams.bare / np.maximum(grams.lines, 1),
    ]
    return np.stack(values, axis=1)
