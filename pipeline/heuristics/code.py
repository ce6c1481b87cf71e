"""Code: the share of an answer's code blocks that parse."""

from __future__ import annotations

import re

from pipeline.heuristics.code_languages import TAGS, asked, candidates, tells
from pipeline.heuristics.grammars import balanced, parses

NO_CODE = "no code that a rule finds"
NO_LANGUAGE = "code in a language that no rule knows"
DIALECT = "code that may be in a dialect"
TOO_LONG = "code that is too long to parse"
LONGEST = 20_000  # characters of a block
# What the grammar of SQL does not know of.
PROCEDURAL = re.compile(
    r"\b(?:DECLARE|BEGIN|DELIMITER|PROCEDURE|TRIGGER|FETCH|PIVOT|MERGE|LOOP|GRANT|EXEC)\b|@\w", re.I
)
FENCE = re.compile(r"^[ \t]*```[ \t]*([^\s`]*)[^\n`]*\n(.*?)(?:^[ \t]*```|\Z)", re.M | re.S)
PROSE = re.compile(
    r"\W{0,2}(?!(?:Select|Insert|Update|Delete|Create|From)\b)[A-Z][a-z'’]*(?:,? [A-Za-z0-9'\"(][\w'’\")-]*){4}"
)
COMMENT = re.compile(r"\s*(?:#|//|/?\*|--|<!--)")
OUTPUT = re.compile(r"^[ \t]*(?:#|//|/\*|--)?[ \t]*(?:(?:sample|example|expected) )?output\b.*", re.M | re.S | re.I)
STATEMENT = re.compile(r"^\s*[\w.$@\[\]'\"]+ ?(?:[-+*/|&]?=|\()|[;{}]\s*$", re.M)


def judge(instruction: str, response: str) -> float | str:
    """Share of the response's code blocks that have no syntax error.

    Parameters
    ----------
    instruction, response : str

    Returns
    -------
    float or str
        A share in [0, 1], or `NO_CODE`, `NO_LANGUAGE`, `DIALECT` or `TOO_LONG`.

    Raises
    ------
    ConfigError
        A grammar is not installed.

    Notes
    -----
    Blocks are what stands between fences, or the whole response where it evidently is code. SQL's procedures
    and dialects are more than one grammar knows: where they do not parse, there is a verdict only if brackets or quotes
    are not closed.
    """
    if "```" in response:
        blocks = [(match[1].lower(), match[2]) for match in FENCE.finditer(response) if match[2].strip()]
    else:
        blocks = [("", response)]
    named = asked(instruction) if blocks else []
    if "```" not in response and not _evident(response, named):
        return NO_CODE
    found = [_judge(tag.strip("{}."), code, named) for tag, code in blocks]
    verdicts = [verdict for verdict in found if not isinstance(verdict, str)]
    if verdicts:
        return sum(verdicts) / len(verdicts)
    return str(found[0]) if found else NO_CODE


def _judge(tag: str, code: str, named: list[str]) -> bool | str:
    if tag:
        languages = [TAGS[tag]] if tag in TAGS else []
    else:
        languages = candidates(code, named)
    if not languages:
        return NO_LANGUAGE
    if len(code) > LONGEST:
        return TOO_LONG
    shown = OUTPUT.search(code)  # what it prints may follow
    for text in (code, code[: shown.start()]) if shown and code[: shown.start()].strip() else (code,):
        if any(parses(text, language) for language in languages):
            return True
    return DIALECT if languages[0] == "sql" and PROCEDURAL.search(code) and balanced(code) else False


def _evident(text: str, named: list[str]) -> bool:
    """Whether a text without fences is code from its first line to its last."""
    if not text.startswith("#!") and not any(mark in text for mark in "(){}=;<:"):
        return False
    lines = [line for line in text[:6000].split("\n") if line.strip()]
    if not lines or PROSE.match(lines[0]):
        return False
    if not tells(text) and not (named and STATEMENT.search(text[:6000])):
        return False
    if lines[0].lstrip().startswith("<"):
        return True
    prose = sum(bool(PROSE.match(line)) and not COMMENT.match(line) for line in lines)
    return prose * 4 <= len(lines)
