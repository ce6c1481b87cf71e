"""``corebound-inspect source``: what a user learns before any run."""

import json
import os
import subprocess
import sys
import time

import pytest

from tests.conftest import toy_rows, write_jsonl


def inspect(folder, *arguments):
    command = [sys.executable, "-m", "pipeline.inspect", "source", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env={**os.environ, "COLUMNS": "140"})


def line(out, start):
    return " ".join(next(text for text in out.splitlines() if text.startswith(start)).split())


def test_it_says_what_is_there(tmp_path):
    rows = toy_rows()
    lines = [json.dumps(row) for row in [*rows, rows[0]]]
    lines[3:3] = ['{"instruction": "cut', '{"instruction": "a"}', '{"instruction": "b"}']
    lines.append(json.dumps({**rows[1], "instruction": "Сколько будет один и два?", "output": ""}))
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    done = inspect(tmp_path, "a.jsonl")
    assert done.returncode == 0, done.stderr
    out = done.stdout
    assert line(out, "a.jsonl ") == "a.jsonl alpaca 65 3"
    assert "since it has instruction, input, output in 97 of" not in out
    assert "a.jsonl: alpaca, since it has instruction, input, output in 6" in out
    assert line(out, "read") == "read 65 100.0%" and line(out, "duplicates") == "duplicates 1 1.5%"
    assert line(out, "distinct") == "distinct 61 93.8%" and line(out, "empty answers") == "empty answers 1 1.5%"
    assert line(out, "no field 'output' or 'response'").endswith("2 a.jsonl line 5")
    assert line(out, "not valid JSON").endswith("1 a.jsonl line 4")
    assert line(out, "instruction").startswith("instruction 62 a string")
    assert line(out, "Latin") == "Latin 61 98.4%" and line(out, "Cyrillic") == "Cyrillic 1 1.6%"
    assert line(out, "up to 2 ").startswith("up to 2 62 █")
    assert out.count("Example ") == 3 and "  assistant  " in out


def test_it_says_of_chats_what_they_have(tmp_path):
    call = {"type": "function", "function": {"name": "f", "arguments": {}}}
    turns = [{"role": "system", "content": "s"}, {"role": "user", "content": "何ですか"},
             {"role": "assistant", "content": None, "tool_calls": [call]}]  # fmt: skip
    plain = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    write_jsonl(tmp_path / "a.jsonl", [{"messages": turns, "tools": [{"name": "f"}]}, {"messages": plain}])
    out = inspect(tmp_path, "a.jsonl").stdout
    for what in ("with a system turn", "with tools", "with tool calls"):
        assert line(out, what) == f"{what} 1 50.0%"
    assert line(out, "Japanese") == "Japanese 1 50.0%"
    assert line(out, "messages").startswith("messages 2 a list")


def test_brackets_are_text(tmp_path):
    write_jsonl(tmp_path / "a.jsonl", [{"text": f"[/b] [red]{i}", "[/b]": "[/]"} for i in range(9)])
    done = inspect(tmp_path, "a.jsonl")
    assert done.returncode == 0 and line(done.stdout, "[/b]") == "[/b] 9 a string" and "[/b] [red]" in done.stdout


def test_it_finds_the_bad_rows_that_a_run_finds(tmp_path):
    rows = [json.dumps(row) for row in toy_rows()[:9]]
    rows.insert(2, json.dumps({**toy_rows()[9], "n": 10**30}))
    (tmp_path / "a.jsonl").write_text("\n".join(rows))
    assert line(inspect(tmp_path, "a.jsonl").stdout, "column 'n' holds").endswith("1 a.jsonl line 3")


def test_options_and_mistakes(tmp_path):
    (tmp_path / "a.tsv").write_text("earn\tprofit rose\nacq\tsold\n")
    refused = inspect(tmp_path, "a.tsv")
    assert refused.returncode == 1 and refused.stderr.startswith("corebound-inspect: a.tsv: rows with the columns")
    assert "name its columns in source.header" in refused.stderr and refused.stderr.count("\n") == 1
    done = inspect(tmp_path, "a.tsv", "--header", "label,body", "--columns", "text=body")
    assert done.returncode == 0 and line(done.stdout, "a.tsv") == "a.tsv text 2 0"
    assert "no name=column" in inspect(tmp_path, "a.tsv", "--columns", "text").stderr
    assert "does not exist" in inspect(tmp_path, "none.jsonl").stderr


def test_fifty_thousand_rows_in_ten_seconds(tmp_path):
    text = "word " * 100
    rows = [{"instruction": f"Question {i}?", "input": "", "output": f"{text}{i}"} for i in range(50_000)]
    write_jsonl(tmp_path / "big.jsonl", rows)
    start = time.perf_counter()
    out = inspect(tmp_path, "big.jsonl").stdout
    assert line(out, "distinct").startswith("distinct 50,000")
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize(
    ("text", "script"),
    [("Größe 12", "Latin"), ("Ελλάδα", "Greek"), ("مرحبا", "Arabic"), ("你好 hi", "Han"), ("안녕", "Hangul"),
     ("नमस्ते", "Devanagari"),
     ("שלום", "Hebrew"), ("สวัสดี", "Thai"), ("これは本", "Japanese"), ("12 + 3 = 15", "no letters"), ("", "no letters")],
)  # fmt: skip
def test_scripts(text, script):
    from pipeline.report.scripts import script_of

    assert script_of(["a", text, "б"]) == ["Latin", script, "Cyrillic"]
