"""Corrupted copies of texts, to learn from what a corpus does not say."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from string import ascii_lowercase, digits

import numpy as np

KINDS = ("shuffled", "random", "foreign", "truncated")
LANGUAGES = 16
AKIN = (0.3, 0.5, 0.7, 1)  # share of the letters that are others
LONGEST = 4000  # characters that are drawn
NO_LETTER = re.compile(r"[\W\d_]+")


def corrupt(texts: list[str], kind: str, letters: list[str], languages: int = LANGUAGES) -> list[str]:
    """A corrupted copy of each text.

    Parameters
    ----------
    texts : list of str
    kind : str
        ``shuffled``: its words in another order; ``random``: characters without sense; ``foreign``: another language,
        imitated by other letters for its letters; ``truncated``: its beginning.
    letters : list of str
        The characters that the corpus is written with (`alphabet`).
    languages : int
        How many of the languages are spoken.
    """
    rng = np.random.default_rng([KINDS.index(kind), languages])
    if kind == "shuffled":
        return [_shuffled(text, rng) for text in texts]
    if kind == "truncated":
        return [text[: max(1, int(len(text) * rng.uniform(0.2, 0.7)))] for text in texts]
    if kind == "random":
        return _random(texts, letters, rng)
    return _foreign(texts, _languages(letters)[:languages], rng)


def alphabet(texts: list[str]) -> list[str]:
    """The commonest characters, spaces aside, sorted."""
    seen = Counter()
    for text in texts:
        seen.update(text.lower())
    common = sorted(seen, key=lambda character: (-seen[character], character))[:3000]
    return sorted(character for character in common if not character.isspace() and len(character) == 1)


def _shuffled(text: str, rng: np.random.Generator) -> str:
    """Half within their lines, lest a text be told by its lines."""
    parts = text.split("\n") if rng.random() < 0.5 else [text]
    return "\n".join(" ".join(rng.permutation(np.array(part.split(), object))) for part in parts)


def _random(texts: list[str], letters: list[str], rng: np.random.Generator) -> list[str]:
    """Half from the characters of a keyboard, half from those of the corpus; words of any length; half keep lines."""
    keyboard = list(ascii_lowercase + digits + ",.!?")
    alphabets = [np.array(keyboard), np.array(letters or keyboard)]
    found = []
    for text in texts:
        drawn = rng.choice(alphabets[rng.integers(2)], max(20, min(len(text), LONGEST)))
        drawn[rng.random(len(drawn)) < rng.choice([0.02, 0.1, 0.2])] = " "
        if rng.random() < 0.5:
            drawn[[place for place, character in enumerate(text[: len(drawn)]) if character == "\n"]] = "\n"
        found.append("".join(drawn))
    return found


def _languages(letters: list[str]) -> list[dict[int, str]]:
    """For each, the letters that stand for those of the corpus: vowels for vowels; some languages are more akin."""
    rng = np.random.default_rng(len(KINDS))
    spelt = np.array([letter for letter in letters if letter.isalpha()], object)
    vowel = np.array([unicodedata.normalize("NFD", letter)[0] in "aeiouy" for letter in spelt], bool)
    found = []
    for number in range(LANGUAGES):
        spoken, differs = spelt.copy(), rng.random(len(spelt)) < AKIN[number % len(AKIN)]
        for group in (vowel & differs, ~vowel & differs):
            spoken[group] = rng.permutation(spelt[group])
        found.append(str.maketrans(dict(zip(spelt, spoken, strict=True))))
    return found


def _foreign(texts: list[str], languages: list[dict[int, str]], rng: np.random.Generator) -> list[str]:
    """The same letters throughout a language; some words stay, as names do, and numbers and marks in half the texts."""
    found = []
    for text in texts:
        language, words = languages[rng.integers(len(languages))], text.lower()
        if rng.random() < 0.5:
            words = NO_LETTER.sub(" ", words)
        spoken = words.split(" ")
        stays = rng.random(len(spoken)) < rng.uniform(0, 0.3)
        found.append(" ".join(w if stay else w.translate(language) for w, stay in zip(spoken, stays, strict=True)))
    return found
