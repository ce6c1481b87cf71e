import time
import warnings

import pytest

from pipeline.errors import ConfigError
from pipeline.heuristics import code, grammars
from pipeline.heuristics.code import DIALECT, NO_CODE, NO_LANGUAGE, TOO_LONG, judge
from pipeline.heuristics.code_languages import asked, candidates
from pipeline.scorers.heuristic import Heuristic

GOOD = {
    "python": "def area(width, height):\n    return width * height\n",
    "javascript": "const area = (width, height) => {\n  return width * height;\n};\nconsole.log(area(2, 3));\n",
    "typescript": "interface Box { width: number; height: number }\nconst side = (box: Box): number => box.width;\n",
    "java": "public int area(int width, int height) {\n    return width * height;\n}\n",
    "c": '#include <stdio.h> \nint main(void) {\n    printf("%d", 6);\n    return 0;\n}\n',
    "cpp": "#include <iostream>\nint main() {\n    std::cout << 6 << std::endl;\n}\n",
    "csharp": "using System;\nclass Box {\n    static void Main() { Console.WriteLine(6); }\n}\n",
    "html": "<div>\n  <p>Six</p>\n  <script>let six = (2 * 3);</script>\n</div>\n",
    "css": ".box {\n  width: 6px;\n}\n",
    "bash": '#!/bin/bash\nif [ -f "$1" ]; then\n  echo "found"\nfi\n',
    "go": "package main\nfunc area(width, height int) int {\n\treturn width * height\n}\n",
    "rust": "fn area(width: u32, height: u32) -> u32 {\n    width * height\n}\n",
    "ruby": "def area(width, height)\n  [width, height].each { |side| puts side }\nend\n",
    "php": "<?php\nfunction area($width, $height) {\n    return ($width * $height);\n}\n",
    "sql": "SELECT name, COUNT(*) AS 'n' FROM boxes WHERE made > DATE_SUB(NOW(), INTERVAL 3 DAY) GROUP BY name;\n",
}
BROKEN = {
    language: text[:-2] if language in ("css", "rust", "go", "csharp") else text.replace("(", "", 1)
    for language, text in GOOD.items()
} | {"bash": GOOD["bash"].replace("fi\n", ""), "ruby": GOOD["ruby"].replace("end\n", "")}  # fmt: skip


@pytest.mark.parametrize("language", GOOD)
def test_code_that_parses_is_told_from_code_that_does_not(language):
    assert judge("Write it.", f"Here:\n```{language}\n{GOOD[language]}```\nDone.") == 1.0
    assert judge("Write it.", f"Here:\n```{language}\n{BROKEN[language]}```\nDone.") == 0.0


@pytest.mark.parametrize("language", GOOD)
def test_code_without_fences_or_tags_is_recognized(language):
    assert candidates(GOOD[language], [])[0] == language
    assert judge("Write it.", GOOD[language]) == judge("Write it.", f"```\n{GOOD[language]}```") == 1.0


@pytest.mark.parametrize(
    ("instruction", "languages"),
    [
        ("Write a function in Python", ["python"]), ("Translate this Java class into C#", ["csharp", "java"]),
        ("Create a JavaScript function", ["javascript"]), ("How do I go to C?", []), ("Give a C++ program", ["cpp"]),
        ("Write a Go program", ["go"]), ("Give a SQL query", ["sql"]), ("a shell script", ["bash"]),
        ("Use HTML, CSS", ["css", "html"]), ("Write a poem about rust", []), ("a C program", ["c"]),
        ("Sort it in Ruby", ["ruby"]), ("a PHP page", ["php"]), ("sum it in Rust", ["rust"]),
        ("in TypeScript", ["typescript"]),
    ],
)  # fmt: skip
def test_languages_are_read_from_the_instruction(instruction, languages):
    assert asked(instruction) == languages


@pytest.mark.parametrize(
    ("instruction", "response", "verdict"),
    [
        ("", "", NO_CODE),
        ("Explain Python.", "Python is a language that many people (of all ages) like; it is easy.", NO_CODE),
        ("What does this Python code print?", "10", NO_CODE),
        ("", "To sort it you can use the function below (it is short).\n\ndef f(x):\n    return sorted(x)", NO_CODE),
        ("", "```text\nsome words\n```", NO_LANGUAGE),
        ("Write it in Swift.", "import Foundation\nfunc twice(n: Int) -> Int { return n * 2 }", NO_LANGUAGE),
        ("", "```python\n" + "x = 1\n" * 4_000 + "```", TOO_LONG),
        ("A SQL query", "```sql\nDECLARE @n INT; SET @n = (SELECT 1 FROM a) EXEC p @n\n```", DIALECT),
        ("A SQL query", "```sql\nDECLARE @n INT; SET @n = (SELECT 1 FROM a EXEC p @n\n```", 0.0),
    ],
)
def test_where_no_rule_can_tell_there_is_a_reason(instruction, response, verdict):
    assert judge(instruction, response) == verdict


@pytest.mark.parametrize(
    "text",
    [
        "    def f(x):\n        return x\n",
        ">>> def f(x):\n...     return x\n>>> f(2)\n2\n",
        "def f(x):\n    print x\n",
        "%matplotlib inline\nimport numpy as np\n",
        "import re\nprint(re.sub('\\d', '', 'a1'))\n",
        "def f(x):\n    return x\nprint(f(3))\n\nOutput:\n3 it is\n",
    ],
    ids=["indented", "prompts", "print statement", "notebook", "invalid escape", "output"],
)
def test_python_is_read_as_it_is_shown(text):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert judge("Write Python.", f"```python\n{text}```") == 1.0


def test_the_share_is_of_blocks_and_the_last_may_be_cut_off():
    assert judge("", "```python\nx = 1\n```\nand\n```python\nx = (1\n") == 0.5
    assert judge("", "```text\nthe output\n```\nof\n```python\nx = 1\n```\n") == 1.0


def test_a_script_in_a_page_has_to_parse():
    assert judge("A web page", "<html><body><script>let six = (2 * 3;</script></body></html>") == 0.0
    assert judge("A web page", "<html><body><script>let six = {{ six }};</script></body></html>") == 1.0


def test_a_grammar_that_is_missing_is_named_before_anything_is_computed(monkeypatch):
    grammars.require()
    monkeypatch.setattr(grammars, "find_spec", lambda name: None if name == "tree_sitter_java" else name)
    wanted = r"tree_sitter_java, which is not installed; run: pip install 'corebound\[quality\]'"
    with pytest.raises(ConfigError, match=wanted):
        Heuristic().require()


@pytest.mark.parametrize(
    "text",
    ["(" * 40_000, "def f(x):\n" + "-" * 40_000 + "1", "```\n" * 20_000, "SELECT a FROM b" + "'" * 40_000,
     "<script" * 2_800, "\ud800def f(x):\x00", "<div>" * 3_900, "{" * 40_000 + "console.log(", " " * 100_000 + "x = (",
     "a " * 50_000 + "(", "print " * 8_000 + "def f(x):", "```python\n" + "x." * 9_000 + "y\n```"],
    ids=range(12),
)  # fmt: skip
def test_no_text_takes_long_or_raises(text):
    for instruction in ("in Python", "A SQL query", "JavaScript", "C++"):
        start = time.process_time()
        found = code.judge(instruction, text)
        assert isinstance(found, str) or 0 <= found <= 1
        assert time.process_time() - start < 2
