"""Tell-tale tokens of programming languages."""

from __future__ import annotations

import re

OTHER = "other"  # a language without a grammar here
WINDOW = 3000  # characters of code, and of an instruction, that are looked at


def any_of(*patterns: str, flags: int = re.MULTILINE) -> re.Pattern[str]:
    """One expression of several."""
    return re.compile("|".join(patterns), flags)


# What hardly another language has; each says 2 for its language, or what stands after it.
TELLS = (
    (
        OTHER,
        any_of(
            r"^import (?:Foundation|SwiftUI|UIKit)",
            r"\bguard let\b",
            r"\bfunc \w+\([^)\n]*\w: ?\[?[A-Z]\w+",
            r"^fun \w+\(",
            r"^\w+ ?<- ",
            r"^object \w+",
            r"^use strict;",
            r"^ *Dim \w+ As ",
            r"^<\?xml",
            r"^ *my [$@%]\w",
        ),
    ),
    (
        OTHER,
        any_of(
            r"^import (?:Foundation|SwiftUI|UIKit)",
            r"\) -> (?:Bool|Int|String|\[)",
            r"\bfun main\(",
            r"<- function\(",
            r"\bval \w+(?:: \w+)? = ",
            r"\bEnd (?:Sub|Function)\b",
            r"^@interface",
        ),
    ),
    ("python", any_of(r"^[ \t]*(?:async )?def \w+ ?\(", r"^[ \t]*(?:from [\w.]+ )?import [\w., *]+$", "^>>> ")),
    (
        "python",
        any_of(
            r"^[ \t]*(?:elif .*|else|try|except.*|for \w[\w, ]* in .*|(?:if|while) .*[^{;\n]|class \w+.*):"
            r"[ \t]*(?:#.*)?$",
        ),
    ),
    ("python", any_of(r"\bself\.\w", r"\bprint ?\(f?['\"]", r"\blambda \w+ ?:", r"\bNone\b", "__name__")),
    ("typescript", any_of(r"[\w)?]: ?(?:string|number|boolean|any|void)\b")),
    ("typescript", any_of(r"^(?:export )?(?:interface|type) \w+ ?[={]")),
    (
        "javascript",
        any_of(
            r"\bconsole\.log\(",
            r"\bdocument\.\w",
            r"(?<!\$)\bfunction ?\w*\([\w, ]*\) ?\{",
            r"\bmodule\.exports",
            r"\brequire\(['\"]",
        ),
    ),
    (
        "javascript",
        any_of(
            r"\b(?:const|let|var) [\w{\[][^:;\n]{0,80}? = ",
            r"=> ?[\w({\[]",
            "[!=]==",
            r"^import .* from ['\"]",
        ),
    ),
    (
        "java",
        any_of(
            r"\bSystem\.(?:out|in)\b",
            "^import java",
            r"\bpublic static void main ?\(String",
            r"\bString\[\] \w",
            r"\bnew Scanner\(",
        ),
    ),
    (
        "java",
        any_of(
            r"\b(?:public|private|protected) (?:static )?(?:final )?"
            r"(?:void|int|String|boolean|double|class|List<\w+>)\s+\w+"
        ),
    ),
    (
        "cpp",
        any_of(
            r"#include ?<(?:iostream|vector|string|algorithm|map|bits/\S+|cmath)>",
            r"\bstd::",
            r"\bcout ?<<",
            r"\bcin ?>>",
            "using namespace std",
        ),
    ),
    ("c", any_of(r"#include ?<\w+\.h>", r"\bprintf\(\"", r"\bscanf\(\"", r"\bmalloc\(", r"\bstruct \w+ ?\*")),
    (
        "csharp",
        any_of(
            r"^using [\w.]+;",
            r"\bConsole\.\w+\(",
            r"\bpublic (?:static )?(?:string|bool)\b",
            r"\{ get; ",
            r"^namespace [\w.]+",
        ),
    ),
    (
        "html",
        any_of(
            r"\A\s*(?:<!--.*?-->\s*)?<(?:!doctype|html|head|body|div|form|table|ul|ol|p|h[1-6]|a|img|input|button"
            r"|select|nav|style|script|link|span|section|header|footer)\b",
            flags=re.IGNORECASE,
        ),
    ),
    (
        "css",
        any_of(
            r"^[ \t]*(?:[.#]?[a-z][\w-]{0,60}|\*)(?:[ ,>:.#]{1,4}[\w-]{1,60}){0,8}\s{0,9}\{\s*"
            r"(?:/\*.*\*/\s*)?[a-z-]+ ?:[^;{}]*[;}]"
        ),
    ),
    (
        "sql",
        any_of(
            r"\A\s*(?:--.*\n\s*)*(?:SELECT\b[^;]*?\bFROM\b|INSERT INTO\b|UPDATE \w+\s+SET\b|DELETE FROM\b"
            r"|(?:CREATE|ALTER|DROP) (?:TABLE|DATABASE|VIEW|INDEX)\b|WITH \w+ AS)",
            flags=re.IGNORECASE,
        ),
    ),
    (
        "bash",
        any_of(
            r"\A#!.*\b(?:ba|z)?sh\b",
            r"^[ \t]*(?:fi|done|esac)[ \t]*$",
            r"; ?(?:then|do)$",
            r"\$\(\(?\w",
            r"\[\[? -\w \"?\$",
            "^(?:sudo|grep|awk|sed|chmod|mkdir) ",
        ),
    ),
    ("go", any_of(r"^package \w+$", r"\bfmt\.\w+\(", r"^func (?:\(\w+ \*?\w+\) )?\w+\(")),
    (
        "rust",
        any_of(r"\bfn \w+(?:<[^>\n]*>)?\(", r"\blet mut \w", r"\bprintln!\(", r"\bimpl \w", "&mut ", r"\bVec<"),
    ),
    ("ruby", any_of(r"^[ \t]*def (?:self\.)?\w+[?!]?(?:\([^)\n]*\))?[ \t]*$", r"^[ \t]*end$")),
    ("ruby", any_of(r"^[ \t]*puts ", r"\bdo \|\w+", r"\.each\b", r"\battr_accessor\b")),
    (
        "php",
        any_of(
            r"<\?php",
            r"<\?=",
            r"^[ \t]*\$\w+ ?=[^=]",
            r"\bfunction \w+\((?:\$|array|string|int)",
            r"\becho [\"'$]",
            r"\$this->",
        ),
    ),
)
CERTAIN = (  # a whole language by itself, whatever the instruction names
    ("php", re.compile(r"\A\s*<\?php")),
    ("html", re.compile(r"\A\s*<(?:!doctype html|html|head|body|div|form|table|ul|ol|p|h[1-6]|style|script)\b", re.I)),
    ("bash", re.compile(r"\A\s*#!.*\b(?:ba|z)?sh\b")),
    ("sql", re.compile(r"\A\s*(?:SELECT\b[^;{}]{1,300}?\sFROM\s|INSERT INTO \w+|CREATE TABLE )", re.I)),
    ("cpp", re.compile(r"\A\s*#include ?<iostream>")),
)


def tells(code: str) -> dict[str, int]:
    """How many kinds of tell-tale tokens of each language code holds."""
    found: dict[str, int] = {}
    for language, pattern in TELLS:
        if pattern.search(code[:WINDOW]):
            found[language] = found.get(language, 0) + 1
    return found
