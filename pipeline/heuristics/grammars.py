"""Whether code parses: Python by its own parser, other languages by tree-sitter's grammars."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from textwrap import dedent
from typing import TYPE_CHECKING

from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from tree_sitter import Parser

MODULES = {  # of a grammar: its module, and what makes it
    "javascript": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "java": ("tree_sitter_java", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "csharp": ("tree_sitter_c_sharp", "language"),
    "html": ("tree_sitter_html", "language"),
    "css": ("tree_sitter_css", "language"),
    "bash": ("tree_sitter_bash", "language"),
    "go": ("tree_sitter_go", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "ruby": ("tree_sitter_ruby", "language"),
    "php": ("tree_sitter_php", "language_php"),
    "sql": ("tree_sitter_sql", "language"),
}
# What a snippet may be a part of; one that parses is enough.
WRAPPINGS = {
    "javascript": (("javascript", "%s"), ("javascript", "class C {\n%s\n}"), ("javascript", "({\n%s\n})"),
                   ("html", "%s")),
    "typescript": (("typescript", "%s"), ("tsx", "%s"), ("typescript", "class C {\n%s\n}")),
    "java": (("java", "%s"), ("java", "class C {\n%s\n}"), ("java", "class C { void m() {\n%s\n} }")),
    "c": (("c", "%s"), ("c", "void f() {\n%s\n}"), ("cpp", "%s")),
    "cpp": (("cpp", "%s"), ("cpp", "void f() {\n%s\n}"), ("cpp", "class C {\n%s\n};")),
    "csharp": (("csharp", "%s"), ("csharp", "class C {\n%s\n}"), ("csharp", "class C { void M() {\n%s\n} }")),
    "html": (("html", "%s"),),
    "css": (("css", "%s"), ("css", "a {\n%s\n}"), ("html", "%s")),
    "bash": (("bash", "%s"),),
    "go": (("go", "%s"), ("go", "package p\nfunc f() {\n%s\n}")),
    "rust": (("rust", "%s"), ("rust", "fn f() {\n%s\n}"), ("rust", "impl C {\n%s\n}")),
    "ruby": (("ruby", "%s"),),
    "php": (("php", "%s"), ("php", "<?php class C {\n%s\n}")),
    "sql": (("sql", "%s"), ("sql", "%s;")),
}  # fmt: skip
PROMPT = re.compile(r"^(?:>>>|\.\.\.) ?")
MAGIC = re.compile(r"^([ \t]*)[%!](?=[a-z]).*$", re.M)  # of notebooks
PYTHON_2 = (
    (re.compile(r"^([ \t]*)print[ \t]+(?![=(])([^\n#]+)$", re.M), r"\1print(\2)"),
    (re.compile(r"(?<=[:;])([ \t]*)print[ \t]+(?![=(])([^\n#]+)$", re.M), r"\1print(\2)"),
    (re.compile(r"^([ \t]*)print$", re.M), r"\1print()"),
    (re.compile(r"^([ \t]*except [\w.]+), *(\w+) *:", re.M), r"\1 as \2:"),
    (re.compile(r"^([ \t]*raise \w+), *(.+)$", re.M), r"\1(\2)"),
)
SQL = (  # what dialects allow and the grammar does not
    (re.compile(r"\b(AS\s+)'([^'\n]*)'", re.I), r'\1"\2"'),
    (re.compile(r"<\w[\w ]{0,40}>"), "name"),
    (re.compile(r"\b(INTERVAL)\s+(\d+\s+[A-Z]+)\b", re.I), r"\1 '\2'"),
    (re.compile(r"\[(\w[\w ]{0,40})\]"), r'"\1"'),
    (re.compile(r"\bSELECT\s+(DISTINCT\s+)?TOP\s*\(?\d+\)?(?:\s+PERCENT)?\s", re.I), "SELECT "),
)
TEMPLATE = re.compile(r"\{\{|\{%|<\?|<%")  # filled in later, so that nothing is parsed before


def parses(code: str, language: str) -> bool:
    """Whether code is without a syntax error in one of its language's wrappings.

    Parameters
    ----------
    code : str
    language : str
        "python", "json", or a key of `WRAPPINGS`.

    Raises
    ------
    ConfigError
        The language's grammar is not installed.
    """
    if language == "python":
        return _python(code)
    if language == "json":
        try:
            json.loads(code)
        except (ValueError, RecursionError):
            return False
        return True
    if language == "php" and "<?" not in code:
        code = f"<?php\n{code}"
    code = "\n".join(map(str.rstrip, code.split("\n")))  # C's grammar wants nothing after an include
    if language == "sql":
        for pattern, replacement in SQL:
            code = pattern.sub(replacement, code)
    for grammar, wrapping in WRAPPINGS[language]:
        if wrapping.startswith("<?php"):
            code = code.replace("<?php", "").replace("?>", "")
        if grammar == "html" and language != "html" and not code.lstrip().startswith("<"):
            continue
        if not _parser(grammar).parse(wrapping.replace("%s", code).encode("utf-8", "replace")).root_node.has_error:
            return grammar != "html" or all(parses(part, inner) for inner, part in _embedded(code))
    return False


def require() -> None:
    """Refuse to judge code without the parsers, before anything is computed.

    Raises
    ------
    ConfigError
    """
    for module in ("tree_sitter", *(module for module, _ in MODULES.values())):
        if find_spec(module) is None:
            raise ConfigError(
                f"Code is judged by {module}, which is not installed; run: pip install 'corebound[quality]'."
            )


@cache
def _parser(grammar: str) -> Parser:
    from tree_sitter import Language, Parser

    module, maker = MODULES[grammar]
    return Parser(Language(getattr(import_module(module), maker)()))


def _python(code: str) -> bool:
    code = MAGIC.sub(r"\1pass", code.lstrip("\ufeff").replace("\r\n", "\n")) if "\n" in code else code
    if ">>> " in code:
        lines = [line.lstrip() for line in code.split("\n")]
        code = "\n".join(PROMPT.sub("", line) for line in lines if PROMPT.match(line))
    if _syntax(code):
        return True
    code = dedent(code)
    if _syntax(code):
        return True
    if "print" in code or "except" in code or "raise" in code:
        for pattern, replacement in PYTHON_2:
            code = pattern.sub(replacement, code)
        return _syntax(code)
    return False


def _syntax(code: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes
            ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _embedded(page: str) -> Iterator[tuple[str, str]]:
    """Scripts and styles of a page, those that are templates left out."""
    low = page.lower()
    if len(low) != len(page):
        return
    for tag, language in (("script", "javascript"), ("style", "css")):
        stop = 0
        while (start := low.find(f"<{tag}", stop)) >= 0:
            inside, stop = low.find(">", start) + 1, low.find(f"</{tag}>", start)
            if stop < 0 or not inside:
                break
            code, kind = page[inside:stop], low[start:inside]
            if code.strip() and not TEMPLATE.search(code) and ("type=" not in kind or f"text/{language}" in kind):
                yield language, code


def balanced(code: str) -> bool:
    """Whether brackets and quotes are closed in their order; a weaker rule than a grammar, for dialects without one.

    Quotes that are doubled or escaped do not end a string; comments are from -- or // to the line's end and in /* */.
    """
    closing = {")": "(", "]": "[", "}": "{"}
    stack, at = [], 0
    while match := MARK.search(code, at):
        mark, at = match.group(), match.end()
        if mark in "([{":
            stack.append(mark)
        elif mark in ")]}":
            if not stack or stack.pop() != closing[mark]:
                return False
        elif mark in "'\"`":
            end = STRINGS[mark].match(code, at)
            if not end:
                return False
            at = end.end()
        else:
            end = code.find("*/" if mark == "/*" else "\n", at)
            if end < 0:
                return not stack and mark != "/*"
            at = end + 1 + (mark == "/*")
    return not stack


MARK = re.compile(r"[()\[\]{}'\"`]|--|//|/\*")
STRINGS = {quote: re.compile(rf"(?:[^{quote}\\]|\\.|{quote}{quote})*+{quote}", re.S) for quote in "'\"`"}
