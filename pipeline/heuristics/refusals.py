"""Refusals and boilerplate: answers that decline, or speak of the model instead of the matter."""

from __future__ import annotations

import re

BEGINNING = 300  # characters in which an answer that declines says so
# In lower case, apostrophes straight. Declining: nothing that helps is expected to follow.
DECLINING = re.compile(
    r"\bi(?:'m| am)? (?:sorry|afraid)\b.{0,60}\b(?:can(?:'t|not)|unable|not able|won't|don't have)\b"
    r"|\bi (?:cannot|can't|can not|won't|will not|am unable to|am not able to|'m unable to|'m not able to) "
    r"(?:assist|help (?:you|with)|provide|fulfil|comply|answer (?:this|that|your)|complete (?:this|that|the|your)"
    r"|generate|create (?:this|that|content|images?)|do (?:that|this)|access|process (?:this|that|the|your)"
    r"|(?:see|view|open|read) (?:any|the|your|this) (?:image|picture|photo|link|file|attachment|video|input))"
    r"|\bi(?:'m| am) (?:just |only )?(?:an ai|a language model|a text-based|an artificial)\b.{0,120}\b(?:can(?:'t|not)|"
    r"unable|not able|don't|do not)\b"
    r"|^\W*(?:no (?:input|data|text|image|context) (?:is |was |has been )?(?:given|provided|supplied|specified)|"
    r"(?:could you |can you )?please provide (?:me with )?(?:the |a |more |an )?(?:input|text|information|context|data"
    r"|details))\b"
    r"|^(?:this (?:question|task|request|prompt) (?:is |can ?not be |can't be )?(?:not applicable|impossible|answered|"
    r"completed|unclear))"
)
# Said of the model, or to fill a place; what is asked for may still be there.
BOILERPLATE = re.compile(
    r"\bas an? (?:ai|artificial intelligence|language|large language)(?: language)? (?:model|assistant)\b|\bas an ai\b"
    r"|\bi (?:don't|do not) have (?:personal|feelings|opinions|access to)\b"
    r"|\bmy (?:knowledge|training) (?:cut-?off|data)\b"
    r"|<\s*no ?(?:input|output)\s*>|\[\s*(?:insert|your|add) [^\]\n]{1,40}\]|\blorem ipsum\b"
    r"|\bi hope (?:this|that) helps\b|\blet me know if you (?:have|need)\b|\bis there anything else\b"
)
LETTER = re.compile(r"\b(?:e-?mails?|letters?|templates?|messages?|notes?|repl(?:y|ies)|memos?|invitations?|forms?)\b")
POLITE = re.compile(r"\[|i hope|let me know|is there anything")
STRAIGHT = str.maketrans("’‘`", "'''")


def judge(instruction: str, response: str) -> float | str:
    """Whether the answer declines (0), holds boilerplate (0.5), or neither (1). English alone is known.

    Boilerplate that the instruction asks for, by its own words or as a letter or template, is none.

    Parameters
    ----------
    instruction, response : str

    Returns
    -------
    float
    """
    text = response[:20_000].lower().translate(STRAIGHT)
    if DECLINING.search(text[:BEGINNING]):
        return 0.0
    asked = instruction[:20_000].lower().translate(STRAIGHT)
    said = [found.group() for found in BOILERPLATE.finditer(text) if found.group() not in asked]
    if LETTER.search(asked):
        said = [words for words in said if not POLITE.match(words)]
    return 0.5 if said else 1.0
