"""Which sentences of an instruction speak to the one who answers, rather than being text to work on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

SEEN = 6000  # characters looked at, of the beginning and of the end: what lies between is a passage
MASK = "\x00"  # stands for each quoted character: no rule matches inside quotes, and offsets stay
QUOTED = r"[\"“«'‘`]\x00+[\"”»'’`]"

VERBS = frozenset(
    "add analyze answer apply arrange ask assign assume brainstorm build calculate categorize change check choose "
    "cite classify combine come compare compile complete compose compute conclude conduct construct continue convert "
    "count craft create decide define delete describe design detect determine develop devise discuss draft draw edit "
    "elaborate ensure enumerate estimate evaluate explain express extend extract fill find finish form format "
    "formulate generate give have highlight identify illustrate imagine improve include indicate insert invent join "
    "keep label list make mark mention merge name offer order organize outline output paraphrase pick predict prepare "
    "present print produce propose provide put rank rate read rearrange recommend rephrase reply report respond "
    "restate return reword rewrite say select separate shorten show simplify sort specify state submit suggest "
    "summarise summarize take tell think transform translate turn type use verify wrap write avoid begin start end "
    "do don't never don’t limit repeat reformat restructure capitalize characterize categorise analyse".split()
)
# Words after which the verb of a request comes behind a comma: "Using these facts, write ..."
OPENINGS = frozenset("given using for in based from with as if after without by considering to at on when first then "
                     "next finally also additionally imagine".split())  # fmt: skip
_ANSWER = (
    r"(?:answer|response|reply|output|summary|essay|story|poem|text|letter|email|article|paragraph|sentence|list"
    r"|result|title|headline|tweet|message|speech|description|explanation|review|translation|conclusion|post)"
)
_DEMAND = re.compile(
    rf"\b(?:your|the|this|each|entire)\s+(?:\w+\s+)?{_ANSWER}\s+(?:(?:should|must|needs? to|has to|is to|shall)\b"
    rf"|(?:can|may)(?:not| only)\b)|\bin your (?:entire |whole )?{_ANSWER}\b|\byour {_ANSWER}\b",
    re.I,
)
_OF_DEMANDS = (" should", " must", " need", " has to", " is to", " shall", "your ", "Your ", "not ", " only")
_REQUEST = re.compile(
    r"(?:please\b|(?:can|could|would|will) you\b|i (?:want|need|would like|'d like)\b|i’d like\b|you (?:should|must"
    r"|need|are to|have to)\b|(?:there should|it should|it must|make sure|no|only|task"
    r"|true or false|yes or no)\b"
    r"|in (?:this task|(?:about |at most |exactly )?\w+ (?:words?|sentences?|lines?|paragraphs?)\b)"
    r"|the (?:task|goal) is)",
    re.I,
)
_QUESTION = re.compile(
    r"(?:what|which|who|whose|how|why|when|where|is|are|was|were|do|does|did|can|could|would|should|will|has|have)\b",
    re.I,
)
_INPUT = re.compile(  # the text to work on comes further down
    r"\b(?:following|below|given|this|these|provided|above|input|passage|paragraph|the (?:text|sentences?|statement"
    r"|article|phrase|words?|document|story|poem|string|headline|tweet|review|question|email|code|list))\b|:\s*$",
    re.I,
)
_RULES_FOLLOW = re.compile(
    r"\b(?:requirements?|constraints?|rules?|guidelines?|instructions?|conditions?|criteria)\W{0,3}:\s*$", re.I
)
_QUOTES = re.compile(
    r"(?=[\"“«'‘`])(?:\"[^\"\n]{1,4000}\"|\"[^\"]{1,12000}\"|“[^”]{1,12000}”|«[^»]{1,4000}»"
    r"|(?<!\w)'(?:[^'\n]|(?<=\w)'(?=\w)){1,200}'(?!\w)|‘[^’\n]{1,200}’(?!\w)|`[^`\n]{1,200}`)"
)
_BREAK = re.compile(r"(?<=[.!?;])[\"”'’)]?\s+(?=[^\Wa-z_]|[\"“'‘(])|\n")
_COLON = re.compile(r":(?=\s|[\"“])")
_MARKER = re.compile(r"\s*(?:[-*•#>]+|\(?\d{1,2}[.)]|\(?[a-z][.)]|(?:task|instructions?|question|prompt):)?\s*", re.I)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that addresses the answer, and what stands behind it.

    Parameters
    ----------
    masked : str
        Its characters, those in quotes replaced by `MASK`; up to the colon, where a text to work on follows one.
    text : str
        The same with the quotes.
    after : str
        Up to 600 characters that follow it: a list that it announces may stand there.
    """

    masked: str
    text: str
    after: str


@lru_cache(maxsize=64)
def sentences(instruction: str) -> tuple[Sentence, ...]:
    """The sentences of an instruction that address the answer.

    Those of the first line that ask or demand something, up to a colon; on further lines only those that name the
    answer or demand something, unless the first line says that they are a text to work on; where the first line asks
    nothing (a passage comes first), those of the last line.

    Parameters
    ----------
    instruction : str
        With what belongs to it: a passage, an input.

    Returns
    -------
    tuple of Sentence
        In the order of the instruction.
    """
    text = instruction.strip()
    if len(text) > 2 * SEEN:
        text = text[:SEEN] + "\n" + text[-SEEN:]
    masked = _QUOTES.sub(_mask, text)
    pieces = _pieces(masked)
    line = (masked + "\n").index("\n")
    given = bool(_INPUT.search(masked, 0, line))
    closed = False  # by a colon with text behind it: the rest of the line is what it speaks of
    found = []
    for start, stop in pieces:
        body = _MARKER.sub("", masked[start:stop], count=1)
        if start < line and not closed:
            addressed = _asks(body) or bool(_QUESTION.match(body))
        else:
            addressed = _demands(body) or (not given and not closed and _asks(body))
        if not addressed:
            continue
        colon = _COLON.search(masked, start, stop)
        if colon and not _RULES_FOLLOW.search(masked, start, colon.end()):
            stop, closed = colon.end(), True
        found.append(Sentence(masked[start:stop], text[start:stop], text[stop : stop + 600]))
    if not found and pieces:
        start, stop = pieces[-1]
        body = _MARKER.sub("", masked[start:stop], count=1)
        if _asks(body) or _QUESTION.match(body):
            found.append(Sentence(masked[start:stop], text[start:stop], ""))
    return tuple(found)


def _mask(match: re.Match[str]) -> str:
    quoted = match[0]
    return quoted[0] + MASK * (len(quoted) - 2) + quoted[-1]


def _pieces(masked: str) -> list[tuple[int, int]]:
    found, start = [], 0
    for match in _BREAK.finditer(masked):
        if match.start() > start:
            found.append((start, match.start()))
        start = match.end()
    return [*found, (start, len(masked))] if start < len(masked) else found


def _asks(body: str) -> bool:
    """Whether a sentence is a request."""
    words = re.findall(r"[\w'’-]+", body[:60])[:2]
    if not words:
        return False
    head = words[0].lower()
    if head in VERBS or _REQUEST.match(body) or _demands(body):
        return True
    if head in OPENINGS or head.endswith("ly"):
        if len(words) > 1 and words[1].lower() in VERBS:
            return True
        comma = re.search(r",\s+(?:please\s+|then\s+)?([\w'’]+)", body)
        return bool(comma and (comma[1].lower() in VERBS or _QUESTION.match(comma[1])))
    return False


def _demands(body: str) -> bool:
    """Whether a sentence says what the answer must be."""
    return any(word in body for word in _OF_DEMANDS) and _DEMAND.search(body) is not None
