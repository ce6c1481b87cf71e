"""How constraints are worded: a table of patterns, and what each asks of an answer."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.heuristics import readings as read
from pipeline.heuristics.addressed import QUOTED
from pipeline.heuristics.amounts import AFTER, AMOUNT, NUMBER
from pipeline.heuristics.readings import LANGUAGES, Reader

ONE_ONLY = frozenset(("items",))  # of these checks the first found counts

_UNITS = r"(?P<unit>words?|sentences?|paragraphs?|lines?|characters?|letters)"
_NOT_ITS_OWN = (
    r"(?!\s+(?:of code|from|in the (?:text|passage|article|list|sentence)|above|below|that (?:follow|rhyme)))"
)
_MAKING = r"(?:write|create|compose|generate|draft|produce|craft|make|construct|give|provide|form|come up with)"
_LISTING = (
    r"(?:list|name|give|provide|generate|suggest|identify|write|create|come up with|propose|describe|tell|mention"
    r"|produce|brainstorm|recommend|state|cite|find|offer|think of|outline|explain|share|compose|design|formulate"
    r"|enumerate|devise|pick|select|choose|invent|make|develop|construct|compile|show|present|output)"
)
_LIST_OF = r"(?:(?:an? )?(?:[\w-]+ )?(?:list|set|series|collection|selection) (?:of|with) )?(?:the )?(?:top )?"
_NOT_ITEMS = (
    r"(?!of\b|versions of\b)(?!(?:\w+[ -])?(?:hours?|minutes?|seconds?|days?|weeks?|months?|years?|dollars|percent"
    r"|times|points|digits?|miles|players|sentences?|paragraphs?|lines?|pages?|step|stars?|stanzas?|verses?|columns|rows|sides|parts"
    r"|syllables|categories|classes|people|characters|pieces|sets|lists|groups|answers?|responses?)\b)"
)
_PLURAL = r"(?=(?:[\w'’/-]+,? ){0,4}(?:[\w-]*[^\Ws]s|people|children|men|women|criteria|phenomena|media|data)\b)"
_TEXTS = (
    r"(?:sentences?|poems?|story|stories|paragraphs?|essay|limerick|haiku|song|lyrics|dialogue?|joke|riddle|slogan"
    r"|tweet|headline|title|caption|question|letter|email|article|summary|phrase|line|response|answer|rap|verse"
    r"|description|speech|rhyme|names?|tongue twister|blog post|post|review|conversation|quote|pun|metaphor|tagline)"
)
_WORD = r"(?:words?|phrases?|keywords?|key words?|terms?|expressions?|concepts?)"
_USING = r"(?:us(?:e|es|ing)|includ(?:e|es|ing)|contain(?:s|ing)?|incorporat(?:e|es|ing)|with|featur(?:es|ing))"
_NOT_USING = (
    r"(?<!that )(?<!that do )(?<!that does )\b"
    r"(?:(?:do not|don['’]t|never|without|avoid|must not|should not|shouldn['’]t|cannot|not)\s+(?:ever )?"
    r"(?:us(?:e|ing)|includ(?:e|ing)|contain(?:ing)?|mention(?:ing)?|say(?:ing)?|writ(?:e|ing)))"
)
_WITHOUT = (
    r"\b(?:no|(?:without(?: using)?|not use|don['’]t use|avoid(?: using)?)(?: any)?"
    r"|(?:omit(?:ting)?|remov(?:e|ing)) (?:the|any|all)(?: the)?)"
)
_Q = rf"(?P<quoted>{QUOTED})"
_QUOTES = rf"{QUOTED}(?:[, ]+(?:and |or )?{QUOTED})*"
_AS = r"(?:in|as|into|to|using)(?: an?)?(?: valid| proper| simple| formatted| the)?"
_TIMES = rf"(?:(?P<twice>once|twice|thrice)\b|{AMOUNT} times\b)"
_NO_CODE = (
    r"^(?!.*\b(?:function|program|script|code|regex|regular expression|method|password|query|sql|database)\b).*?\b"
)
_THE_WORDS = (
    r"(?: (?:the|this|these|a))?(?: (?:words?|phrase|line|sentence|following|opening|letters?|exact phrase)){0,2}\s*"
    r"[:,]?\s*"
)
_ITS = r"(?: (?:it|off|out|your \w+|the \w+|each \w+))?"
_A_LANGUAGE = rf"(?P<language>{'|'.join(LANGUAGES)})"
_SIZES = "word|sentence|paragraph|line|character|letter"
_NO_AMOUNT = r"(?P<low>)(?P<bound>)(?P<high>)(?P<open>)"


@dataclass(frozen=True, slots=True)
class Rule:
    """A wording: literal strings of which it has one, its pattern (quotes are masked), and what it asks for."""

    kind: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    read: Reader


_ROWS: tuple[tuple[str, str, str, Reader], ...] = (
    (
        "letter_case", "case|capital|caps",
        rf"{_NO_CODE}(?:(?:in|into|to|only|all)(?: all)? (?:upper[ -]?case|capitals\b|capital letters|caps\b)"
        r"|capitali[sz]e (?:all|every) (?:the )?letters?)",
        read.asks("upper"),
    ),
    ("letter_case", "case", rf"{_NO_CODE}(?:in|into|to|only|all)(?: all)? lower[ -]?case", read.asks("lower")),
    (
        "placeholder_and_postscript", "placeholder",
        rf"\b(?:contain|include|with|use)\s+{AMOUNT} placeholders?\b", read.some("placeholders"),
    ),
    (
        "placeholder_and_postscript", "postscript|p.s|p.p.s",
        r"\b(?:add|include|with|end)\b[^.\n]{0,60}?(?:\bpostscript|\bP\.S\.?|\bP\.P\.S\.?|[\"']\x00{3,7}[\"'] note)",
        read.asks("postscript"),
    ),
    (
        "repeat_prompt", "repeat",
        r"\brepeat (?:the |this |my |your )?(?:entire |exact |original |above |whole )?(?:request|prompt|question"
        r"|instructions?|sentence above)\b[^.\n]{0,60}"
        r"(?:word for word|verbatim|without change|exactly|before|first|then)",
        read.asks("repeated"),
    ),
    (
        "output_combination", "separate",
        rf"\b{AMOUNT} (?:\w+ ){{0,2}}(?:responses?|answers?|versions?|poems|options|variations?|haikus|stories"
        r"|paragraphs|sections|parts)\b.{0,160}?\bseparated? (?:\w+ ){0,4}?(?:by|with|using) (?:the |a line of |a )?"
        rf"(?:{_Q}|(?P<marks>{NUMBER}) (?P<mark>asterisk|dash|hyphen|hash|equal|plus)|(?P<bare>[*#=+-]{{3,}}))",
        read.parts,
    ),
    ("output_format", "json", rf"\b{_AS} json\b", read.asks("json")),
    ("output_format", "xml", rf"\b{_AS} xml\b", read.asks("xml")),
    ("output_format", "html", rf"{_NO_CODE}{_AS} html\b(?! (?:page|file|tag))", read.asks("html")),
    ("output_format", "yaml", rf"\b{_AS} yaml\b", read.asks("yaml")),
    (
        "output_format", "csv|comma",
        rf"\b{_AS} (?:csv|comma[ -]separated)\b|\bcomma[ -]separated list|\bseparated by (?:a )?commas?\b",
        read.asks("csv"),
    ),
    (
        "output_format", "table|tabular",
        rf"{_NO_CODE}(?:in(?:to)?|as|using) (?:an? )?(?:(?!csv|th|periodic)\w+ )?(?:table\b(?! of c)|tabular form)",
        read.asks("table"),
    ),
    (
        "output_format", "bullet",
        rf"\b(?:in|into|as|using|with|of|to|contain)(?: the form of)?(?: {AMOUNT}| an?)?(?: \w+)? "
        r"bullet(?:s|ed)?[ -]?(?:points?|list|form(?:at)?)?\b",
        read.some("bullets"),
    ),
    ("output_format", "bullet", rf"\b{_MAKING} (?:an? )?{AMOUNT}[ -]bullet", read.some("bullets")),
    ("output_format", "bullet", rf"\b(?:bulleted|bullet[ -]points?|bullet) list\b{_NO_AMOUNT}", read.some("bullets")),
    (
        "output_format", "numbered|ordered",
        r"\b(?:an?|in|as|into) (?:an? )?(?:numbered|ordered) (?:list|format|steps)\b(?! of (?:the )?numbers)",
        read.asks("numbered"),
    ),
    ("output_format", "angular|<<", r"\btitle\b[^.\n]{0,60}(?:angular brackets|<<)", read.asks("angles")),
    (
        "output_format", "highlight",
        rf"\bhighlight {AMOUNT} (?:\w+ )?(?:sections?|parts?|phrases?|words?)\b[^.\n]{{0,60}}"
        r"(?:markdown|\*|asterisk|answer|response)",
        read.some("highlighted"),
    ),
    ("output_format", "code block", r"\bin(?: an?)?(?: \w+)? code block\b", read.asks("fenced")),
    (
        "output_format", "line",
        r"\b(?:one|each|every)(?: \w+){0,2} (?:per|on (?:a|its own)(?: new| separate)?) line\b|\bon separate lines\b",
        read.asks("per line"),
    ),
    (
        "keyword_included", "us|inclu|contain|incorp|with|featur",
        rf"\b{_TEXTS}\b[^.?!\n]{{0,80}}?\b(?<!not )(?<!without )(?<!start )(?<!starts )(?<!begin )(?<!begins )"
        rf"(?<!end )(?<!ends )(?<!ing ){_USING} (?:all (?:of )?)?(?:the|these|each of the)?"
        rf"(?: following| given| \w+)? ?{_WORD}(?: below| given)?\s*:?\s*(?P<rest>{_QUOTES}(?!\s+(?:or|{NUMBER}|once"
        r"|twice))|(?<=words )[^.?!\n\x00\"“]{3,100}(?=[.?!]|$)|(?<=[:a-z])\s*$)",
        read.keywords("included"),
    ),
    (
        "keyword_avoided", "not|n't|n’t|never|without|avoid",
        rf"{_NOT_USING} (?:any of )?(?:the )?(?:following )?(?:{_WORD} )?:?\s*(?P<rest>{_QUOTES})",
        read.keywords("avoided"),
    ),
    (
        "keyword_avoided", "not|n't|n’t|never|without|avoid",
        rf"{_NOT_USING} (?:any (?:\w+ with )?)?the letter (?:{_Q}|(?P<letter>[a-z])\b)", read.letter("avoided letter"),
    ),
    (
        "keyword_frequency", "times|once|twice|thrice",
        r"\b(?:us(?:e|es|ing)|includ(?:e|es|ing)|mention|repeat(?:s|ing)?|contain(?:s|ing)?|word|letter|with)\b"
        rf"(?: the)?(?: (?:word|phrase|letter|keyword))? {_Q}(?: (?:should|must) (?:appear|occur|be used))?"
        rf"(?: in [^.\n]{{0,30}}?)? {_TIMES}",
        read.often,
    ),
    (
        "keyword_frequency", "hashtag",
        rf"\b(?:with|include|including|contain|use|add|using) {AMOUNT}(?: \w+)? hashtags?\b", read.some("hashtags"),
    ),
    (
        "language", "translat",
        rf"\btranslat(?:e|ion)\b[^.?!\n]{{0,200}}?\b(?:in)?to {_A_LANGUAGE}\b(?! (?:and|or)\b)", read.language,
    ),
    (
        "language", "in ",
        r"^(?!.*\b(?:word|how|meaning|mean|translat|books?|poets?|used|history|grammar|difference)).*?\b(?:write|answer"
        r"|respond|reply|response|generate|compose|create|express|sentence|summari[sz]e|say)\b[^.?!\n]{0,100}? in "
        rf"{_A_LANGUAGE}(?= (?:language|only|using|that|with|to|about|for)\b|[.!?,;:]|\s*$)",
        read.language,
    ),
    (
        "length", _SIZES,
        r"\b(?=(?:at|no|more|less|fewer|up|exactly|between|under|over|about|around|approx|max|min|a m|within|limit))"
        rf"{AMOUNT}[ -]{_UNITS}\b{_NOT_ITS_OWN}",
        read.length,
    ),
    (
        "length", _SIZES,
        r"\b(?<!this )(?:in|into|to|within|using|with|of|be|contains?|containing|ha(?:s|ve|ving)|is) (?:only |just )?"
        rf"{AMOUNT}[ -]{_UNITS}\b{AFTER}{_NOT_ITS_OWN}",
        read.length,
    ),
    (
        "length", _SIZES,
        rf"(?<!from )(?<!of )(?<!and )\ban? {AMOUNT}[ -](?P<unit>word|sentence|paragraph|line|character)(?=[ -])",
        read.length,
    ),
    (
        "length", _SIZES,
        rf"\b{_MAKING} (?:me |us )?(?:another )?{AMOUNT} (?:(?!of)\w+ ){{0,2}}?"
        rf"(?P<unit>sentences?|paragraphs?|lines?)\b{_NOT_ITS_OWN}",
        read.length,
    ),
    ("length", "words", rf"\bwrite (?:\w+ )?{AMOUNT} (?P<unit>words)\b(?= (?:about|on|describing|of))", read.length),
    (
        "length", _SIZES,
        rf"\b{AMOUNT} {_UNITS} (?:long|in length|(?P<after>or (?:less|fewer|more)|max|min))", read.length,
    ),
    (
        "length", "",
        rf"\b{_LISTING} (?:me |us |out |down |up )?(?:(?:the|your) )?{_LIST_OF}(?<!these )(?<!the )(?<!following )"
        rf"{AMOUNT}\s(?![-\d]){_NOT_ITEMS}{_PLURAL}",
        read.items,
    ),
    ("punctuation", "comma", rf"{_WITHOUT} commas?\b", read.asks("lacks", ",")),
    (
        "punctuation", "punctuation",
        rf"{_WITHOUT} punctuations?(?: marks?)?(?=[.,;:!?]|\s*$|\n| in\b| from\b)", read.asks("bare"),
    ),
    (
        "punctuation", "exclamation",
        r"\bend(?:s|ing)?\b[^.?!\n]{0,30} with an exclamation (?:mark|point)", read.asks("ends", "!"),
    ),
    ("punctuation", "question mark", r"\bend(?:s|ing)?\b[^.?!\n]{0,30} with a question mark", read.asks("ends", "?")),
    ("punctuation", "with a", r"\bend(?:s|ing)?\b[^.?!\n]{0,30} with a (?:period|full stop)", read.asks("ends", ".")),
    (
        "punctuation", "quotation",
        r"\b(?:wrap|enclose|put|surround)\b[^.\n]{0,60}\b(?:answer|response|reply|output)\b[^.\n]{0,40}"
        r"\b(?:double )?quotation marks",
        read.asks("wrapped"),
    ),
    (
        "start_and_ending", "start|begin",
        rf"\b(?:starts?|starting|begins?|beginning){_ITS}(?: with)?{_THE_WORDS}{_Q}(?! (?:or|and)\b)",
        read.affix("starts"),
    ),
    (
        "start_and_ending", "end|finish",
        rf"\b(?:ends?|ending|finish(?:es|ing)?){_ITS} (?:with|in){_THE_WORDS}{_Q}(?! (?:or|and)\b)", read.affix("ends"),
    ),
    (
        "start_and_ending", "letter",
        r"\b(?:starts?|starting|begins?|beginning) with (?:the )?letter (?P<letter>[a-z])\b", read.letter("initial"),
    ),
)  # fmt: skip
RULES = tuple(Rule(kind, tuple(hints.split("|")), re.compile(row, re.I), reader) for kind, hints, row, reader in _ROWS)
