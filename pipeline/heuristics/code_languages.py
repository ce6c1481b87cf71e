"""Which language code is in: by a fence's tag, by what the instruction asks for, or by tell-tale tokens."""

from __future__ import annotations

import re

from pipeline.heuristics.telltales import CERTAIN, OTHER, WINDOW, any_of, tells

TAGS = {
    alias: language
    for language, aliases in {
        "python": "python py python2 python3 py3 ipython pycon",
        "javascript": "javascript js jsx node nodejs mjs react",
        "typescript": "typescript ts tsx",
        "java": "java",
        "c": "c h",
        "cpp": "cpp c++ cc cxx hpp",
        "csharp": "csharp c# cs",
        "html": "html htm xhtml",
        "css": "css",
        "bash": "bash sh shell zsh shellscript",
        "go": "go golang",
        "rust": "rust rs",
        "ruby": "ruby rb",
        "php": "php",
        "sql": "sql mysql postgresql postgres sqlite tsql plsql",
        "json": "json",
    }.items()
    for alias in aliases.split()
}


# Names in an instruction. Go, R, C and shell are words or letters, too, and have to stand with what is programmed.
NAMES = (
    (
        OTHER,
        any_of(
            r"\b(?:swift|kotlin|scala|perl|matlab|haskell|dart|lua|julia|powershell|fortran|cobol|prolog|lisp)\b",
            r"\b(?:clojure|elixir|erlang|pascal|groovy|visual basic|vba?|vb\.net|objective-c|assembly|solidity)\b",
            r"\b(?:latex|yaml|xml|scss|sass)\b",
            r"\b(?:in|using) (?-i:R)\b",
            r"\b(?-i:R) (?:code|script|program|function)",
            flags=re.IGNORECASE,
        ),
    ),
    ("python", re.compile(r"\b(?:python ?[23]?(?:\.\d+)?|numpy|pandas|django|flask|py(?:torch|game))\b", re.I)),
    ("typescript", re.compile(r"\btypescript\b", re.I)),
    ("javascript", re.compile(r"\b(?:javascript|jquery|node\.?js|react(?:\.?js)?|express\.?js|(?-i:JS|ES6))\b", re.I)),
    ("java", re.compile(r"\bjava\b(?! ?script)", re.I)),
    ("cpp", re.compile(r"\bc ?(?:\+\+|plus plus)|\bcpp\b", re.I)),
    ("csharp", re.compile(r"\bc ?#|\bcsharp\b|\bc sharp\b|\blinq\b|\.net\b", re.I)),
    ("html", re.compile(r"\bhtml5?\b", re.I)),
    ("css", re.compile(r"\bcss3?\b", re.I)),
    ("sql", re.compile(r"\b(?:my|postgre|t-)?sql(?:ite)?\b", re.I)),
    ("bash", re.compile(r"\bbash\b|\b(?:shell|unix|linux) (?:script|command|one-liner)", re.I)),
    ("go", re.compile(r"\bgolang\b|\b(?:in|using) Go\b|\bGo (?:program|function|code|script|method|struct)")),
    ("rust", re.compile(r"\b(?:in|using) Rust\b|\bRust (?:program|function|code|struct)")),
    ("ruby", re.compile(r"\bruby\b", re.I)),
    ("php", re.compile(r"\bphp\b", re.I)),
    ("c", re.compile(r"\b(?:in|using|a) C\b(?![+#'-])|\bC (?:program|function|code|language|struct)\b")),
)
TARGET = re.compile(r"\b(?:in|into|to|using|with|as)\s+(?:an?\s+|the\s+|equivalent\s+|valid\s+)*$", re.I)


def asked(instruction: str) -> list[str]:
    """Languages that an instruction names, the likeliest first: those after in, into or to, then those named last."""
    text = instruction[:WINDOW]
    found = {}
    for language, pattern in NAMES:
        for match in pattern.finditer(text):
            rank = (bool(TARGET.search(text[max(0, match.start() - 30) : match.start()])), match.start())
            found[language] = max(found.get(language, rank), rank)
    return sorted(found, key=lambda language: found[language], reverse=True)


def candidates(code: str, named: list[str]) -> list[str]:
    """Languages that code may be in, the likeliest first; a second one only where none can be told for sure.

    Parameters
    ----------
    code : str
    named : list of str
        By `asked`.
    """
    for language, pattern in CERTAIN:
        if pattern.search(code[:WINDOW]):
            return [language]
    told = tells(code)
    if (told and max(told, key=lambda one: told[one]) == OTHER) or (named[:1] == [OTHER] and sum(told.values()) < 2):
        return []
    told.pop(OTHER, None)
    named = [language for language in named if language != OTHER]
    both = [language for language in named if language in told]
    if both:
        return sorted(both, key=lambda language: -told[language])[:2]
    if told:
        most = max(told.values())
        best = [language for language in told if told[language] == most]
        return (best + [language for language in named if language not in best])[:3]
    return named[:1]
