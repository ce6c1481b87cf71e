"""Options that an instruction gives to choose an answer from."""

from __future__ import annotations

import re

from pipeline.heuristics.addressed import QUOTED, SEEN, Sentence

MOST = 12  # options; longer lists are material
LONGEST = 200  # characters of an option that is listed
FEW = 4  # words of an option within a sentence

_ASKED = re.compile(
    r"\?|\b(?:choose|select|pick|which|answer|option|choices?|correct|best|classify|identify|complete)\b", re.I
)
_MAKES_A_QUESTION = re.compile(
    r"\b(?:predict|generate|write|create|come up with|make)\b[^.\n]{0,40}\bquestions?\b|\bpossible question|"
    r"\border\b|\brank\b|\bsort\b|\barrange\b|\ball that apply\b|\bremove\b|\bdelete\b|\brewrite\b",
    re.I,
)
_BLOCK = re.compile(
    r"(?:^|\n)[ \t]*(?:answer |possible |the )?(?:options|choices|answers|answer choices)(?: are)?[ \t]*:[ \t]*\n"
    r"((?:[ \t]*\n?[ \t]*[-*•][ \t]+[^\n]{1,200}(?:\n|$)){2,20})",
    re.I,
)
_LETTERED = re.compile(
    r"(?:^|\n)[ \t]*(?:\(?([A-H])|([a-h]))[.)][ \t]?(?=\S)|\(([A-Ha-h])\)[ \t]?(?=\S)|\s([A-H])\)[ \t](?=\S)"
)
_CODES = re.compile(r"\b(?:output|print|write|use|return) [01]\b|\b(?:function|program|script|code|prints)\b", re.I)
_SPLIT = re.compile(r"\s*(?:,\s*(?:and |or )?|;\s*|/|\bor\b|\band\b)\s*", re.I)

_SCALE = r"(?:classify|categori[sz]e|label|identify|determine|decide|tell|mark|rate|judge|state|say|describe|detect)"
# In a sentence (its quotes masked): where the options stand.
SENTENCES = (
    re.compile(r"\b(?:as|is|are|was|were|it's|it is|be|being|with|say|answer|output|belongs? to) either"
               r"(?: being)?\s*:?\s*(?P<options>[^.?!;\n]{3,120})", re.I),
    re.compile(rf"\b{_SCALE}\b[^.?!\n]{{0,200}}\bas (?:being )?(?P<options>(?:an? )?[\w-]+(?: \w+)?,? or "
               r"(?:an? )?[\w-]+(?: \w+)?)\s*(?:[.:?]|$|\n)", re.I),
    re.compile(rf"\b(?:{_SCALE}|if|whether)\b[^.?!\n]{{0,160}}\b(?:is|are) (?:an? )?(?P<options>[\w-]+(?:, [\w-]+)*,? "
               r"or (?:an? )?[\w-]+)\s*(?:[.:?]|$|\n)", re.I),
    re.compile(r"^(?:is|are|was|were)\b[^.?!\n]{0,200}\s(?P<options>[\w-]+(?:, [\w-]+){0,4},? or [\w-]+)\s*\?", re.I),
    re.compile(r"\b(?:to|into|as|to be|output|with|choose|select|choose from|select from|be) (?:only )?(?:any )?one of "
               r"the following(?: \w+){0,2}\s*:\s*(?P<options>)$", re.I),
    re.compile(r"\bchoices are (?P<options>[^.?!;()\n]{3,120} or [^.?!;()\n]{2,80})", re.I),
)  # fmt: skip
_YES_NO = re.compile(r"\byes\s*(?:or|/|,)\s*no\b(?![ -]?(?:questions?|answers?\b|quiz|poll))", re.I)
_TRUE_FALSE = re.compile(r"\btrue\s*(?:or|/)\s*false\b(?![ -]?(?:questions?|statements?|quiz|test|answers?))", re.I)
_QUOTED_OPTION = re.compile(rf"({QUOTED})(?: (?:if|when|for|in case|otherwise)\b|[.;]|$)|(?:\bor|\botherwise)\b[^{{}}.]"
                            rf"{{0,30}}?({QUOTED})", re.I)  # fmt: skip
_QUOTED_CHOICE = re.compile(
    rf"\b(?:answer|output|write|respond|reply|classify|label|use|return|say|indicate|print)\b[^.\n]{{0,80}}{QUOTED}"
    rf"[^.\n]{{0,120}}\b(?:or|otherwise|else|and)\b[^.\n]{{0,30}}{QUOTED}",
    re.I,
)
_ARTICLE = re.compile(r"^(?:an?|the|either|being|as|to be|one of|is|are|(?:an? )?examples? of)\s+", re.I)


def options(instruction: str, addressed: tuple[Sentence, ...]) -> tuple[str, tuple[str, ...]] | None:
    """The options that an instruction gives for the whole answer, and the text that introduces them.

    Parameters
    ----------
    instruction : str
        Options that are listed with letters or under a heading may stand anywhere in it.
    addressed : tuple of Sentence
        Its sentences that address the answer.

    Returns
    -------
    tuple or None
        A listed option with a letter is given as "A) text".
    """
    if any(_CODES.search(sentence.masked) for sentence in addressed):
        return None
    for sentence in addressed:
        found = _in_sentence(sentence)
        if found:
            return found
    tail = instruction[-SEEN:]
    if _MAKES_A_QUESTION.search(instruction[:SEEN]) or not _ASKED.search(tail):
        return None
    block = _BLOCK.search(tail)
    if block:
        listed = [line.strip().lstrip("-*•").strip() for line in block[1].splitlines()]
        listed = [re.sub(r"^([A-H])[:.]\s", r"\1) ", line) for line in listed if line]
        return _options(block[0].strip().splitlines()[0], listed)
    return _lettered(tail)


def _options(text: str, listed: list[str]) -> tuple[str, tuple[str, ...]] | None:
    kept = tuple(dict.fromkeys(option for option in listed if option))
    return (text, kept) if 2 <= len(kept) <= MOST else None


def _in_sentence(sentence: Sentence) -> tuple[str, tuple[str, ...]] | None:
    masked, lower = sentence.masked, sentence.text.lower()
    if "yes" in lower and (match := _YES_NO.search(sentence.text)):
        return match[0], ("yes", "no")
    if "true" in lower and (match := _TRUE_FALSE.search(sentence.text)):
        return match[0], ("true", "false")
    if "\x00" in masked and (match := _QUOTED_CHOICE.search(masked)):
        spans = [m.span(1) if m[1] else m.span(2) for m in _QUOTED_OPTION.finditer(masked, *match.span())]
        return _options(sentence.text[slice(*match.span())], [sentence.text[a + 1 : b - 1] for a, b in spans])
    if not (" or " in lower or "one of" in lower):
        return None
    for pattern in SENTENCES:
        if match := pattern.search(masked):
            start, stop = match.span("options")
            listed = sentence.text[start:stop] or sentence.after.strip().split("\n")[0].rstrip(".")
            split = [_ARTICLE.sub("", _bare(option)) for option in _SPLIT.split(listed)]
            split = [_ARTICLE.sub("", option) for option in split]
            if (
                len(split) > 1
                and len(split[-1].split()) == 2
                and all(len(option.split()) == 1 for option in split[:-1])
            ):
                split[-1] = split[-1].split()[0]  # "positive or negative sentiment"
            if all(option and len(option.split()) <= FEW for option in split):
                return _options(sentence.text[slice(*match.span())], split)
    return None


def _bare(option: str) -> str:
    return re.sub(r"^\s*\(?\d{1,2}[.)]\s*", "", option).strip().strip("\"“”'‘’`[](){}:.").strip()


def _lettered(text: str) -> tuple[str, tuple[str, ...]] | None:
    if ")" not in text and "." not in text and ":" not in text:
        return None
    marks: list[re.Match[str]] = []
    for match in _LETTERED.finditer(text):
        wanted = chr(ord(marks[0][marks[0].lastindex or 1]) + len(marks)) if marks else None
        letter = match[match.lastindex or 1]
        if letter == wanted:
            marks.append(match)
        elif letter in "Aa" and len(marks) < 2:
            marks = [match]
    if len(marks) < 2:
        return None
    ends = [match.start() for match in marks[1:]] + [len(text)]
    listed = [text[mark.end() : end].split("\n")[0].strip(" ,;") for mark, end in zip(marks, ends, strict=True)]
    if any(not option or len(option) > LONGEST for option in listed):
        return None
    return _options(
        marks[0][0].strip() + listed[0],
        [f"{m[m.lastindex or 1]}) {option}" for m, option in zip(marks, listed, strict=True)],
    )
