"""How constraints are worded: a table of patterns, and what each asks of an answer."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.heuristics import readings as read
from pipeline.heuristics.amounts import AFTER, AMOUNT, NUMBER
from pipeline.heuristics.phrases import (
    A_LANGUAGE,
    ADDRESSED,
    AS,
    ITS,
    LIST_OF,
    LISTING,
    MAKING,
    NO_AMOUNT,
    NO_CODE,
    NOT_ITEMS,
    NOT_ITS_OWN,
    NOT_USING,
    PLURAL,
    QUOTES,
    SIZES,
    TEXTS,
    THE_WORDS,
    TIMES,
    UNITS,
    USING,
    WITHOUT,
    WORD,
    Q,
)
from pipeline.heuristics.readings import Reader

ONE_ONLY = frozenset(("items",))  # of these checks the first found counts


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
        rf"{NO_CODE}(?:(?:in|into|to|only|all)(?: all)? (?:upper[ -]?case|capitals\b|capital letters|caps\b)"
        r"|capitali[sz]e (?:all|every) (?:the )?letters?)",
        read.asks("upper"),
    ),
    ("letter_case", "case", rf"{NO_CODE}(?:in|into|to|only|all)(?: all)? lower[ -]?case", read.asks("lower")),
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
        rf"(?:{Q}|(?P<marks>{NUMBER}) (?P<mark>asterisk|dash|hyphen|hash|equal|plus)|(?P<bare>[*#=+-]{{3,}}))",
        read.parts,
    ),
    ("output_format", "json", rf"\b{AS} json\b", read.asks("json")),
    ("output_format", "xml", rf"\b{AS} xml\b", read.asks("xml")),
    ("output_format", "html", rf"{NO_CODE}{AS} html\b(?! (?:page|file|tag))", read.asks("html")),
    ("output_format", "yaml", rf"\b{AS} yaml\b", read.asks("yaml")),
    (
        "output_format", "csv|comma",
        rf"\b{AS} (?:csv|comma[ -]separated)\b|\bcomma[ -]separated list|\bseparated by (?:a )?commas?\b",
        read.asks("csv"),
    ),
    (
        "output_format", "table|tabular",
        rf"{NO_CODE}(?:in(?:to)?|as|using) (?:an? )?(?:(?!csv|th|periodic)\w+ )?(?:table\b(?! of c)|tabular form)",
        read.asks("table"),
    ),
    (
        "output_format", "bullet",
        r"\b(?:in|into|as|us(?:e|ing)|with|of|to|contain|ha(?:s|ve)|include)(?: the form of)?"
        rf"(?: {AMOUNT}| an?)?(?: \w+)? "
        r"bullet(?:s|ed)?[ -]?(?:points?|list|form(?:at)?)?\b",
        read.some("bullets"),
    ),
    ("output_format", "bullet", rf"\b{MAKING} (?:an? )?{AMOUNT}[ -]bullet", read.some("bullets")),
    ("output_format", "bullet", rf"\b(?:bulleted|bullet[ -]points?|bullet) list\b{NO_AMOUNT}", read.some("bullets")),
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
        rf"\b{TEXTS}\b[^.?!\n]{{0,80}}?\b(?<!not )(?<!without )(?<!start )(?<!starts )(?<!begin )(?<!begins )"
        rf"(?<!end )(?<!ends )(?<!ing ){USING} (?:all (?:of )?)?(?:the|these|each of the)?"
        rf"(?: following| given| \w+)? ?{WORD}(?: below| given)?\s*:?\s*(?P<rest>{QUOTES}(?!\s+(?:or|{NUMBER}|once"
        r"|twice))|(?<=words )[^.?!\n\x00\"“]{3,100}(?=[.?!]|$)|(?<=[:a-z])\s*$)",
        read.keywords("included"),
    ),
    (
        "keyword_included", "use|inclu|contain|incorp|mention|feature",
        rf"{ADDRESSED}(?:use|include|contain|incorporate|mention|feature) (?:both |all (?:of )?)?(?:the|these)"
        rf"(?: following)? {WORD}:?\s*(?P<rest>{QUOTES}(?!\s+(?:or|{NUMBER}|once|twice|thrice|at|no|exactly)\b))",
        read.keywords("included"),
    ),
    (
        "keyword_avoided", "not|n't|n’t|never|without|avoid",
        rf"{NOT_USING} (?:any of )?(?:the )?(?:following )?(?:{WORD} )?:?\s*(?P<rest>{QUOTES})",
        read.keywords("avoided"),
    ),
    (
        "keyword_avoided", "not|n't|n’t|never|without|avoid",
        rf"{NOT_USING} (?:any (?:\w+ with )?)?the letter (?:{Q}|(?P<letter>[a-z])\b)", read.letter("avoided letter"),
    ),
    (
        "keyword_frequency", "times|once|twice|thrice",
        r"\b(?:us(?:e|es|ing)|includ(?:e|es|ing)|mention|repeat(?:s|ing)?|contain(?:s|ing)?|word|letter|with)\b"
        rf"(?: the)?(?: (?:word|phrase|letter|keyword))? {Q}(?: (?:should|must) (?:appear|occur|be used))?"
        rf"(?: in [^.\n]{{0,30}}?)? {TIMES}",
        read.often,
    ),
    (
        "keyword_frequency", "hashtag",
        rf"\b(?:with|include|including|contain|use|add|using) {AMOUNT}(?: \w+)? hashtags?\b", read.some("hashtags"),
    ),
    (
        "language", "translat",
        rf"\btranslat(?:e|ion)\b[^.?!\n]{{0,200}}?\b(?:in)?to {A_LANGUAGE}\b(?! (?:and|or)\b)", read.language,
    ),
    (
        "language", "in ",
        r"^(?!.*\b(?:word|how|meaning|mean|translat|books?|poets?|used|history|grammar|difference)).*?\b(?:write|answer"
        r"|respond|reply|response|generate|compose|create|express|sentence|summari[sz]e|say)\b[^.?!\n]{0,100}? in "
        rf"{A_LANGUAGE}(?= (?:language|only|using|that|with|to|about|for)\b|[.!?,;:]|\s*$)",
        read.language,
    ),
    (
        "length", SIZES,
        r"\b(?=(?:at|no|more|less|fewer|up|exactly|between|under|over|about|around|approx|max|min|a m|within|limit))"
        rf"{AMOUNT}[ -]{UNITS}\b{NOT_ITS_OWN}",
        read.length,
    ),
    (
        "length", SIZES,
        r"\b(?<!this )(?:in|into|to|within|using|with|of|be|contains?|containing|ha(?:s|ve|ving)|is) (?:only |just )?"
        rf"{AMOUNT}[ -]{UNITS}\b{AFTER}{NOT_ITS_OWN}",
        read.length,
    ),
    (
        "length", SIZES,
        rf"(?<!from )(?<!of )(?<!and )\ban? {AMOUNT}[ -](?P<unit>word|sentence|paragraph|line|character)(?=[ -])",
        read.length,
    ),
    (
        "length", SIZES,
        rf"\b{MAKING} (?:me |us )?(?:another )?{AMOUNT} (?:(?!of)\w+ ){{0,2}}?"
        rf"(?P<unit>sentences?|paragraphs?|lines?)\b{NOT_ITS_OWN}",
        read.length,
    ),
    ("length", "words", rf"\bwrite (?:\w+ )?{AMOUNT} (?P<unit>words)\b(?= (?:about|on|describing|of))", read.length),
    (
        "length", SIZES,
        rf"\b{AMOUNT} {UNITS} (?:long|in length|(?P<after>or (?:less|fewer|more)|max|min))", read.length,
    ),
    (
        "length", "",
        rf"\b{LISTING} (?:me |us |out |down |up )?(?:(?:the|your) )?{LIST_OF}(?<!these )(?<!the )(?<!following )"
        rf"{AMOUNT}\s(?![-\d]){NOT_ITEMS}{PLURAL}",
        read.items,
    ),
    ("punctuation", "comma", rf"{WITHOUT} commas?\b", read.asks("lacks", ",")),
    (
        "punctuation", "punctuation",
        rf"{WITHOUT} punctuations?(?: marks?)?(?=[.,;:!?]|\s*$|\n| in\b| from\b)", read.asks("bare"),
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
        rf"\b(?:starts?|starting|begins?|beginning){ITS}(?: with)?{THE_WORDS}{Q}(?! (?:or|and)\b)",
        read.affix("starts"),
    ),
    (
        "start_and_ending", "end|finish",
        rf"\b(?:ends?|ending|finish(?:es|ing)?){ITS} (?:with|in){THE_WORDS}{Q}(?! (?:or|and)\b)", read.affix("ends"),
    ),
    (
        "start_and_ending", "letter",
        r"\b(?:starts?|starting|begins?|beginning) with (?:the )?letter (?P<letter>[a-z])\b", read.letter("initial"),
    ),
)  # fmt: skip
RULES = tuple(Rule(kind, tuple(hints.split("|")), re.compile(row, re.I), reader) for kind, hints, row, reader in _ROWS)
