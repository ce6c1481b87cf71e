import gzip
import json

import pyarrow as pa
import pytest

from pipeline.errors import DataError
from pipeline.sources import json_rows
from pipeline.sources.rows import BadRow


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


def test_other_encodings_are_read_when_named(tmp_path):
    rows = [{"a": "é\u0085ü"}, {"a": "ß"}]
    for encoding in ("latin-1", "utf-16", "utf-8-sig"):
        path = tmp_path / f"{encoding}.jsonl"
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding, newline="")
        assert list(json_rows.read(path, encoding)) == [(1, rows[0]), (2, rows[1])]
        path.with_suffix(".json").write_text(json.dumps(rows, ensure_ascii=False), encoding)
        assert [row for _, row in json_rows.read(path.with_suffix(".json"), encoding)] == rows


def test_a_byte_order_mark_is_no_text(tmp_path):
    (tmp_path / "a.jsonl").write_bytes('\ufeff{"a": 1}\n'.encode("utf-16-le"))
    assert list(json_rows.read(tmp_path / "a.jsonl", "utf-16-le")) == [(1, {"a": 1})]


@pytest.mark.parametrize("chunk", [1, 3, 1 << 20])
@pytest.mark.parametrize(
    ("content", "line"),
    [(b'[{"a":1}\n,\n{"a":"x\xff"}]', 3), (b'[{"a":1}]\n\n\xff', 3), (b'[{"a":1},\n{"a":\n2}\n{"a":3}]', 4),
     (b'[{"a":1},\n\n{"a": tru}]', 3), (b'[{"a":1}]\nx', 1)],
)  # fmt: skip
def test_lines_of_damage_do_not_depend_on_chunks(tmp_path, monkeypatch, chunk, content, line):
    monkeypatch.setattr(json_rows, "CHUNK", chunk)
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(DataError, match=rf"a.json line {line}: "):
        rows_of(tmp_path / "a.json")


def test_zstandard_reads_alike(tmp_path):
    path = tmp_path / "a.json.zst"
    with pa.CompressedOutputStream(str(path), "zstd") as sink:
        sink.write(b'[{"a": 1},\n{"a": 2}]')
    assert rows_of(path) == [(1, {"a": 1}), (2, {"a": 2})]


TASK = {
    "Definition": ["Add."],
    "Categories": "Math",
    "Instances": [{"input": "1 2", "output": ["3"]}] * 2,
    "License": 1,
}


@pytest.mark.parametrize("indent", [None, 2])
def test_fields_of_a_task_are_joined_to_its_instances(tmp_path, indent):
    path = tmp_path / "task.json"
    path.write_text(json.dumps(TASK, indent=indent))
    shared = {"Definition": ["Add."], "Categories": "Math", "License": 1}
    assert [row for _, row in rows_of(path)] == [{**shared, **instance} for instance in TASK["Instances"]]


def test_rows_below_a_key_and_rows_that_are_lists(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"train": [["hi", "greeting"], ["bye", "parting"], ["x"]], "test": []}))
    found = [row for _, row in json_rows.read(path, None, ["text", "label"], "train")]
    assert found[:2] == [{"text": "hi", "label": "greeting"}, {"text": "bye", "label": "parting"}]
    assert "a JSON list of 1; expected 2 values: text, label" in str(found[2])
    path.write_text(json.dumps({"train": [["a", "b"]] * 3, "test": []}, indent=1))
    with pytest.raises(DataError, match=r"keys train \(3 lists\), test \(0 nothing\).*as in source.field=train"):
        rows_of(path)
    with pytest.raises(DataError, match=r"source.field=Train holds no list of rows"):
        list(json_rows.read(path, field="Train"))
    path.write_text('[{"a": 1}]')
    with pytest.raises(DataError, match="is an array of rows, so nothing in it is called 'train'"):
        list(json_rows.read(path, field="train"))
    path.write_text('{"a": 1}\n{"a": 2}')
    with pytest.raises(DataError, match="is not one JSON object"):
        list(json_rows.read(path, field="train"))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.jsonl", b"", "is empty"),
        ("a.jsonl", b" \n\n", "is empty"),
        ("a.json", b'[{"a": 1},\n {"a": 2}\n', "line 3: not valid JSON"),
        ("a.json", b'[{"a": 1},\n {"a": 2},\n]', "not valid JSON"),
        ("a.json", b'[{"a": 1}\n {"a": 2}]', "not valid JSON"),
        ("a.json", b'[{"a": 1}]\n[{"a": 2}]', "after the closing"),
        ("a.json", b'[{"a": "\xe9"}]', "byte 0xe9 is not UTF-8; expected UTF-8 text; name the encoding"),
        ("a.jsonl.gz", b"{}", "is not a whole gzip file"),
        ("a.jsonl.gz", gzip.compress(b'{"a": 1}\n' * 99, mtime=0)[:-9], "is not a whole gzip file"),
        ("a.jsonl.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + b"\xff" * 40, "is not a whole gzip file"),
        ("a.jsonl.zst", b"nonsense", "is not a whole zstandard file"),
        ("a.jsonl", '{"a": 1}'.encode("utf-16"), "is UTF-16, not UTF-8; set source.encoding=utf-16"),
        ("a.json", b'[{"a": ' + b"9" * 5000 + b"}]", "line 1: not valid JSON"),
        ("a.json", b"[" * 100_000, "not valid JSON"),
    ],
)
def test_damage_that_hides_the_rows_behind_it_is_named(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError) as error:
        rows_of(path)
    assert says in str(error.value)
    assert name in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "line", "says"),
    [
        ("a.jsonl", b'{"a": 1}\n{"a": \n{"a": 3}', 2, "not valid JSON (Expecting value, column 6)"),
        ("a.jsonl", b'{"a": 1}\n\n[1]\n{"a": 3}', 3, "a JSON list; expected an object"),
        ("a.jsonl", b'{"a": 1}\n7\n{"a": 3}', 2, "a JSON int; expected an object"),
        ("a.jsonl", b'{"a": 1}\n{"a": "\xe9"}\n{"a": 3}', 2, "byte 0xe9 is not UTF-8"),
        ("a.jsonl", b'{"a": 1}\n{"a": ' + b"9" * 5000 + b'}\n{"a": 3}', 2, "not valid JSON"),
        ("a.json", b'[{"a": 1},\n 7, {"a": 3}]', 2, "a JSON int; expected an object"),
        ("a.json", b'{"a": 1}\n{"a": \n{"a": 3}', 2, "not valid JSON"),
        ("a.json", b'{"a": 1\n{"a": 2}\n{"a": 3}', 1, "not valid JSON"),
    ],
)
def test_a_bad_row_leaves_the_others(tmp_path, name, content, line, says):
    path = tmp_path / name
    path.write_bytes(content)
    found = rows_of(path)
    bad = [(number, row) for number, row in found if isinstance(row, BadRow)]
    assert len(bad) == 1 and bad[0][0] == line and says in str(bad[0][1])
    assert {"a": 3} in [row for _, row in found]
