import gzip
import json

import pytest

from pipeline.errors import DataError
from pipeline.sources import json_rows


def rows_of(path):
    return list(json_rows.read(path))


def test_lines_end_at_newline_only(tmp_path):
    path = tmp_path / "a.jsonl"
    rows = [{"a": "one\u2028two\u0085three"}, {"a": "four"}]
    path.write_text("\n\n" + "\r\n".join(json.dumps(r, ensure_ascii=False) for r in rows), "utf-8", newline="")
    assert rows_of(path) == [(3, rows[0]), (4, rows[1])]


@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
@pytest.mark.parametrize("indent", [None, 2])
def test_array_in_chunks(tmp_path, monkeypatch, chunk, indent):
    monkeypatch.setattr(json_rows, "CHUNK", chunk)
    rows = [{"text": 'é€𝄞 ] , [ \\" x' * 5, "n": i} for i in range(9)]
    path = tmp_path / "a.json"
    path.write_text("\ufeff \n" + json.dumps(rows, ensure_ascii=False, indent=indent) + "\n", "utf-8")
    found = rows_of(path)
    assert [row for _, row in found] == rows
    text = path.read_text("utf-8").split("\n")
    if indent:
        assert all(text[line - 1].strip() == "{" for line, _ in found)


def test_gzip_reads_alike(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a": 1}\n{"a": 2}'))
    assert rows_of(path) == [(1, {"a": 1}), (2, {"a": 2})]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.jsonl", b"", "is empty"),
        ("a.jsonl", b" \n\n", "is empty"),
        ("a.jsonl", b'{"a": 1}\n{"a": \n', "line 2: not valid JSON"),
        ("a.jsonl", b'{"a": 1}\n\n[1]\n', "line 3: a JSON list; expected an object"),
        ("a.jsonl", b'{"a": "x"}\n{"a": "\xe9"}\n', "line 2: byte 0xe9 is not UTF-8"),
        ("a.json", b'[{"a": 1},\n {"a": 2}\n', "line 3: not valid JSON"),
        ("a.json", b'[{"a": 1},\n {"a": 2},\n]', "not valid JSON"),
        ("a.json", b'[{"a": 1}\n {"a": 2}]', "not valid JSON"),
        ("a.json", b'[{"a": 1}]\n[{"a": 2}]', "after the closing"),
        ("a.json", b'[{"a": 1},\n 7]', "line 2: a JSON int"),
        ("a.json", b'[{"a": "\xe9"}]', "byte 0xe9 is not UTF-8"),
        ("a.csv", b"a,b\n", "has the ending '.csv'"),
        ("a.jsonl.gz", b"{}", "is not a whole gzip file"),
        ("a.jsonl.gz", gzip.compress(b'{"a": 1}\n' * 99)[:-9], "is not a whole gzip file"),
        ("a.jsonl.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + b"\xff" * 40, "is not a whole gzip file"),
        ("a.jsonl", b'{"a": ' + b"9" * 5000 + b"}", "line 1: not valid JSON"),
        ("a.json", b'[{"a": ' + b"9" * 5000 + b"}]", "line 1: not valid JSON"),
        ("a.json", b"[" * 100_000, "not valid JSON"),
    ],
)
def test_damage_is_named(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError) as error:
        rows_of(path)
    assert says in str(error.value)
    assert name in str(error.value)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        rows_of(tmp_path / "none.jsonl")
    with pytest.raises(DataError, match="is a folder"):
        rows_of(tmp_path)
