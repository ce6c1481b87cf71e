"""Parts that wordings of constraints share, as patterns."""

from __future__ import annotations

from pipeline.heuristics.addressed import QUOTED
from pipeline.heuristics.amounts import AMOUNT
from pipeline.heuristics.readings import LANGUAGES

UNITS = r"(?P<unit>words?|sentences?|paragraphs?|lines?|characters?|letters)"
NOT_ITS_OWN = r"(?!\s+(?:of code|from|in the (?:text|passage|article|list|sentence)|above|below|that (?:follow|rhyme)))"
MAKING = r"(?:write|create|compose|generate|draft|produce|craft|make|construct|give|provide|form|come up with)"
LISTING = (
    r"(?:list|name|give|provide|generate|suggest|identify|write|create|come up with|propose|describe|tell|mention"
    r"|produce|brainstorm|recommend|state|cite|find|offer|think of|outline|explain|share|compose|design|formulate"
    r"|enumerate|devise|pick|select|choose|invent|make|develop|construct|compile|show|present|output)"
)
LIST_OF = r"(?:(?:an? )?(?:[\w-]+ )?(?:list|set|series|collection|selection) (?:of|with) )?(?:the )?(?:top )?"
NOT_ITEMS = (
    r"(?!of\b|versions of\b)(?!(?:\w+[ -])?(?:hours?|minutes?|seconds?|days?|weeks?|months?|years?|dollars|percent"
    r"|times|points|digits?|miles|players|sentences?|paragraphs?|lines?|pages?|step|stars?|stanzas?|verses?|columns|rows|sides|parts"
    r"|syllables|categories|classes|people|characters|pieces|sets|lists|groups|answers?|responses?)\b)"
)
PLURAL = r"(?=(?:[\w'’/-]+,? ){0,4}(?:[\w-]*[^\Ws]s|people|children|men|women|criteria|phenomena|media|data)\b)"
TEXTS = (
    r"(?:sentences?|poems?|story|stories|paragraphs?|essay|limerick|haiku|song|lyrics|dialogue?|joke|riddle|slogan"
    r"|tweet|headline|title|caption|question|letter|email|article|summary|phrase|line|response|answer|rap|verse"
    r"|description|speech|rhyme|names?|tongue twister|blog post|post|review|conversation|quote|pun|metaphor|tagline)"
)
WORD = r"(?:words?|phrases?|keywords?|key words?|terms?|expressions?|concepts?)"
USING = r"(?:us(?:e|es|ing)|includ(?:e|es|ing)|contain(?:s|ing)?|incorporat(?:e|es|ing)|with|featur(?:es|ing))"
NOT_USING = (
    r"(?<!that )(?<!that do )(?<!that does )\b"
    r"(?:(?:do not|don['’]t|never|without|avoid|must not|should not|shouldn['’]t|cannot|not)\s+(?:ever )?"
    r"(?:us(?:e|ing)|includ(?:e|ing)|contain(?:ing)?|mention(?:ing)?|say(?:ing)?|writ(?:e|ing)))"
)
WITHOUT = (
    r"\b(?:no|(?:without(?: using)?|not use|don['’]t use|avoid(?: using)?)(?: any)?"
    r"|(?:omit(?:ting)?|remov(?:e|ing)) (?:the|any|all)(?: the)?)"
)
Q = rf"(?P<quoted>{QUOTED})"
QUOTES = rf"{QUOTED}(?:[, ]+(?:and |or )?{QUOTED})*"
AS = r"(?:in|as|into|to|using)(?: an?)?(?: valid| proper| simple| formatted| the)?"
TIMES = rf"(?:(?P<least>at least|at most|no more than|exactly)? ?(?P<twice>once|twice|thrice)\b|{AMOUNT} times\b)"
NO_CODE = (
    r"^(?!.*\b(?:function|program|script|code|regex|regular expression|method|password|query|sql|database)\b).*?\b"
)
THE_WORDS = (
    r"(?: (?:the|this|these|a))?(?: (?:words?|phrase|line|sentence|following|opening|letters?|exact phrase)){0,2}\s*"
    r"[:,]?\s*"
)
ITS = r"(?: (?:it|off|out|your \w+|the \w+|each \w+))?"
A_LANGUAGE = rf"(?P<language>{'|'.join(LANGUAGES)})"
SIZES = "word|sentence|paragraph|line|character|letter"
NO_AMOUNT = r"(?P<low>)(?P<bound>)(?P<high>)(?P<open>)"
ADDRESSED = (
    r"^\W*(?:(?:please|also|and|make sure (?:to|you)|be sure to|remember to|you (?:must|should)"
    r"|(?:your|the) (?:\w+ )?(?:answer|response|reply|text|story|essay|poem|output) (?:must|should|has to|needs to)) )*"
)
