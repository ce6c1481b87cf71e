"""What a match of a wording asks of an answer: the name of a check and what it compares with."""

from __future__ import annotations

import re
from collections.abc import Callable

from pipeline.heuristics.addressed import Sentence
from pipeline.heuristics.amounts import NO_LIMIT, NUMBER, limits, number

Reading = tuple[str, tuple[str | int, ...]]
Reader = Callable[[re.Match[str], Sentence], Reading | None]
LANGUAGES = {
    "english": "en", "french": "fr", "spanish": "es", "german": "de", "italian": "it", "portuguese": "pt",
    "dutch": "nl", "swedish": "sv", "danish": "da", "norwegian": "no", "polish": "pl", "turkish": "tr",
    "vietnamese": "vi", "indonesian": "id", "czech": "cs", "romanian": "ro", "finnish": "fi", "hungarian": "hu",
    "latin": "la", "russian": "ru", "ukrainian": "uk", "greek": "el", "hebrew": "he", "arabic": "ar", "persian": "fa",
    "urdu": "ur", "hindi": "hi", "bengali": "bn", "tamil": "ta", "telugu": "te", "thai": "th", "korean": "ko",
    "japanese": "ja", "chinese": "zh", "mandarin": "zh", "punjabi": "pa",
}  # fmt: skip
LONG = 20  # a bare number of words from here on is about so many
FEW_CHARACTERS = 5  # fewer are people in a story
LONGEST_LIST = 10  # keywords; more are a glossary
LONGEST_KEYWORD = 4  # words
_OTHER_LENGTH = re.compile(
    r"\b(?:each|every|per|code|function|program|script|between the|dialogue|conversation|acronym)\b"
)
_LISTS = re.compile(r"\b(?:list|set|collection|series)\s*$")
_GIVEN = re.compile(r"\b(?:this|these|the|given|following)\s+\w+\s*$")
_MORE_ITEMS = re.compile(rf"\band {NUMBER} \w+", re.I)
_PROGRAM = re.compile(r"\b(?:function|program|script|code|regex|regular expression|method|query|sql)\b", re.I)
_SEPARATORS = re.compile(r"\s*(?:[,;/\n]|\band\b|&|\s[-•*]\s)\s*")
_NO_KEYWORD = re.compile(r"\b(?:given|provided|below|following|words?|rules)$")
_LIST = re.compile(r"[,;\n]|\band\b|^\s*[\w'-]+\s*$")


def asks(check: str, *values: str | int) -> Reader:
    return lambda match, sentence: (check, values)


def _quoted(match: re.Match[str], sentence: Sentence, group: str = "quoted") -> str:
    start, stop = match.span(group)
    return sentence.text[start:stop].strip("\"“”'‘’`«»").strip().rstrip(",.…").strip()


def length(match: re.Match[str], sentence: Sentence) -> Reading | None:
    lower = sentence.masked.lower()
    unit = match["unit"].lower().rstrip("s")
    before = lower[: match.start()]
    if _OTHER_LENGTH.search(lower) or _LISTS.search(before):
        return None
    if match[0].lower().startswith(("of", "with")) and _GIVEN.search(before):
        return None
    if _half_said(match):
        return None
    low, high = limits(match, about=LONG if unit == "word" else None)
    if unit in ("character", "letter"):
        unit = "character"
        if max(low, high) < FEW_CHARACTERS or re.search(r"\bwords? (?:with|of|that)|password|special", lower):
            return None
    if match["low"].lower() not in ("1", "one", "single") and not match["unit"].lower().endswith("s"):
        if not match[0].lower().startswith("a") and re.match(
            r" (?!about|on\b|using|that|with)\w", lower[match.end() :]
        ):
            return None  # "five word combinations"
    if unit == "word" and re.search(r"\A\s*(?::|that|which|['\"“‘])", sentence.masked[match.end() :]):
        return None
    return (unit, (low, high)) if low or high != 0 else None


def _half_said(match: re.Match[str]) -> bool:
    """Whether "between" has no second number: "between two words" is about something else."""
    return (match["bound"] or "").lower() == "between" and not match["high"]


def items(match: re.Match[str], sentence: Sentence) -> Reading | None:
    low, high = limits(match)
    if _half_said(match) or _MORE_ITEMS.search(sentence.masked, match.end()):
        return None
    return ("items", (low, high)) if max(low, high) > 1 else None


def language(match: re.Match[str], sentence: Sentence) -> Reading:
    return "language", (LANGUAGES[match["language"].lower()],)


def some(check: str, least: int = 1) -> Reader:
    def reading(match: re.Match[str], sentence: Sentence) -> Reading:
        return check, limits(match) if match["low"] else (least, NO_LIMIT)

    return reading


def _listed(text: str) -> tuple[str, ...]:
    """The words that a text lists, in quotes or by commas."""
    quoted = re.findall(r"[\"“]([^\"“”]{1,60})[\"”]|(?<!\w)['‘]([^'‘’]{1,60})['’](?!\w)", text)
    words = [a or b for a, b in quoted]
    if len(words) != 1 or "," in words[0]:
        text = words[0] if len(words) == 1 else text
        words = words if len(words) > 1 else _SEPARATORS.split(text)
    words = [word.strip(" .,:;!?-•*()[]\"'“”‘’").lower() for word in words]
    words = [word for word in words if word]
    if any(_NO_KEYWORD.search(word) for word in words):
        return ()
    if not 1 <= len(words) <= LONGEST_LIST or any(len(word.split()) > LONGEST_KEYWORD for word in words):
        return ()
    return tuple(dict.fromkeys(words))


def keywords(check: str) -> Reader:
    def reading(match: re.Match[str], sentence: Sentence) -> Reading | None:
        rest = sentence.text[match.start("rest") : match.end("rest")]
        if not rest.strip(" .:;,"):
            rest = sentence.after.strip().split("\n\n")[0]
            rest = rest if "\n" not in rest or "," not in rest else rest.split("\n")[0]
        if "\x00" not in sentence.masked[match.start("rest") : match.end("rest")] and not _LIST.search(rest):
            return None
        words = _listed(rest)
        return (check, words) if words else None

    return reading


def affix(check: str) -> Reader:
    def reading(match: re.Match[str], sentence: Sentence) -> Reading | None:
        text = _quoted(match, sentence)
        if not text or _PROGRAM.search(sentence.masked):
            return None
        return ("initial", (text.lower(),)) if check == "starts" and len(text) == 1 else (check, (text,))

    return reading


def letter(check: str) -> Reader:
    def reading(match: re.Match[str], sentence: Sentence) -> Reading | None:
        said = match["letter"] or _quoted(match, sentence)
        return None if _PROGRAM.search(sentence.masked) else (check, (said.lower(),))

    return reading


def often(match: re.Match[str], sentence: Sentence) -> Reading | None:
    word = _quoted(match, sentence).lower()
    if match.groupdict().get("twice"):
        times, least = {"once": 1, "twice": 2, "thrice": 3}[match["twice"].lower()], (match["least"] or "").lower()
        if least in ("at most", "no more than"):
            return "frequency", (word, 0, times)
        return "frequency", (word, times, NO_LIMIT if least == "at least" or (times == 1 and not least) else times)
    return ("frequency", (word, *limits(match))) if word else None


def parts(match: re.Match[str], sentence: Sentence) -> Reading | None:
    separator = _quoted(match, sentence) if match["quoted"] else (match["bare"] or "").strip()
    if not separator and match["marks"]:
        mark = {"asterisk": "*", "dash": "-", "hyphen": "-", "hash": "#", "equal": "=", "plus": "+"}[
            match["mark"].lower()
        ]
        separator = mark * number(match["marks"])
    return ("parts", (separator, *limits(match))) if separator else None
