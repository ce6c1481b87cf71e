"""Arithmetic: the share of an answer's equations that are right, and whether a final answer is there."""

from __future__ import annotations

import re

from pipeline.heuristics.equations import verdicts

NO_EQUATION = "no equation that a rule finds"
NO_FINAL = "no final answer that a rule expects"
ANNOTATION = re.compile(r"<<([^<>\n]{1,300})>>")  # GSM8K's calculator
TAIL = 600  # characters that are looked at for a final answer
MARKED = re.compile(r"#### *\S|\\boxed\{ *\S|\b(?:final )?answers?(?: is| are|:| =)[ \n*$]*[\w\\(\[$-]", re.IGNORECASE)
OPEN = re.compile(
    r"(?:[=+*/×÷^,:(\[{<-]|\b(?:the|a|an|of|by|and|or|is|are|to|than|from|with|for|in|on|that|then|per|plus|minus"
    r"|times|equals?|####))\s*$",
    re.IGNORECASE,
)
MARKER = re.compile(
    r"\s*(?:\d{1,3}[.)](?!\d)|[-*•]|\(?[a-z]\))\s+|\s*(?:step|part|question) \d+\s*[:.]?", re.IGNORECASE
)
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=\S)")
RESULT = re.compile(
    r"\d|[=<>≤≥≈π∞√∑∫½¼¾∅]|\\(?:frac|sqrt|pi|infty)|\b[a-z] ?[-+*/^] ?[a-z]\b"
    r"|\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen"
    r"|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|half|third|quarter|none|once|twice"
    r"|yes|no|true|false|correct|incorrect|valid|invalid|impossible|undefined|infinite|infinity|infinitely|divisible"
    r"|prime|composite|even|odd|equal|greater|less|larger|smaller|parallel|perpendicular|neither|both)\b",
    re.IGNORECASE,
)
EXPLAINS = re.compile(
    r"\b(?:explain|describe|define|definition|discuss|prove|proof|why|what is meant|difference between|give an example"
    r"|write (?:a|an) (?:story|word) problem|create|design|suggest|come up|name|list|summari[sz]e"
    r"|how (?:do|does|can|to))\b",
    re.IGNORECASE,
)
COMPUTES = re.compile(r"\d|\b(?:how (?:many|much|long|far|old)|calculate|compute|evaluate|solve)\b", re.IGNORECASE)


def judge(instruction: str, response: str) -> float | str:
    """Share of the response's equations between numbers that are right.

    Parameters
    ----------
    instruction : str
        Not looked at.
    response : str

    Returns
    -------
    float or str
        A share in [0, 1], or `NO_EQUATION`.

    Notes
    -----
    An equation is right if it holds to the digits that are shown: 10 / 3 = 3.33, but not 3.5. Units and currencies are
    skipped, what is unknown (letters, functions, times of day, dates) makes no equation, and one that is wrong only if
    its units are not converted (2 hours + 30 minutes = 150) is left out.
    """
    if "=" not in response and "≈" not in response and "equal" not in response and "%" not in response:
        if " is " not in response and " are " not in response:
            return NO_EQUATION
    found: list[bool] = []
    if "<<" in response:
        for equation in ANNOTATION.findall(response):
            found.extend(verdicts(equation))
        response = ANNOTATION.sub("", response)
    found.extend(verdicts(response))
    return sum(found) / len(found) if found else NO_EQUATION


def final_answer(instruction: str, response: str) -> float | str:
    """Whether a mathematical task's response comes to a final answer.

    Parameters
    ----------
    instruction, response : str

    Returns
    -------
    float or str
        1.0 where an answer is marked (####, a box, "the answer is"), or the last line or sentence holds a number, an
        expression, or a word that decides (yes, false, prime); 0.0 where it does not, or breaks off; `NO_FINAL` where
        it does not but the task asks for words.
    """
    # Marks of bold and code are no operators.
    text = re.sub(r"(?<=\S)[*_`]+$", "", response[-TAIL:].rstrip())
    if OPEN.search(text):
        return 0.0
    if MARKED.search(text) or ("####" in response and re.search(r"#### *\S", response)):
        return 1.0
    lines = [line for line in text.splitlines() if line.strip(" *`$\\[]().")]
    last = MARKER.sub("", lines[-1], count=1) if lines else ""
    sentences = [part for part in SENTENCE.split(last) if part.strip()]
    if sentences and (RESULT.search(sentences[-1]) or (len(sentences) > 1 and RESULT.search(sentences[-2]))):
        return 1.0
    if lines and EXPLAINS.search(instruction) and not COMPUTES.search(instruction):
        return NO_FINAL
    return 0.0
