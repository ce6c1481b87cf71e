"""What cannot be read is named, in one sentence, or counted: damage of every kind in every format."""

import gzip
import json

import pyarrow as pa
import pytest

from pipeline.errors import DataError
from pipeline.sources import OnBadRow
from pipeline.sources.files import Files
from pipeline.sources.mix import Mix
from tests.integration.test_formats import WORDS, WRITERS, loaded, plain, rows_of, run

# Damage: what is wrong, in which format, the sentence that says so, and the line that it says it of.
GOOD = [{"instruction": f"Write {word}.", "input": "", "output": word} for word in WORDS]
LINES = [json.dumps(row).encode() for row in GOOD]
ROW_DAMAGE = {
    "invalid JSON": (b'{"instruction": "Write', "not valid JSON (Unterminated string"),
    "not an object": (b'["a"]', "a JSON list; expected an object, one a row"),
    "wrong type": (b'{"instruction": 7, "output": "a"}', "'instruction' holds a number; expected a string"),
    "no text": (b'{"instruction": "", "input": "", "output": "a"}', "'instruction' and 'input' are empty"),
    "no answer field": (b'{"instruction": "a", "input": ""}', "no field 'output' or 'response'; found instruction"),
    "a key twice": (b'{"instruction": "a", "output": "b", "output": "c"}', "the key 'output' stands twice"),
    "another shape": (b'{"messages": [{"role": "user", "content": "a"}]}', "no field 'instruction'; found messages"),
    "another encoding": (b'{"instruction": "\xe9", "output": "a"}', "byte 0xe9 is not UTF-8"),
    "half a character": (b'{"instruction": "\\ud800", "output": "a"}', "half a surrogate pair, U+D800"),
    "a cut key": (b'{"instruction": "a", "output": "b", "x": {"k\\u0000x": 1}}', "the key 'k\\x00x' holds U+0000"),
    "too large a number": (b'{"instruction": "a", "output": "b", "n": 1%s}' % (b"0" * 30), "column 'n' holds 1000000"),
    "too deep": (b'{"instruction": "a", "output": "b", "d": %s}' % (b"[" * 3000 + b"]" * 3000), ""),
}  # fmt: skip
CSV_DAMAGE = {
    "fields missing": (b"only one", "1 fields; expected 3 (instruction, input, output)"),
    "fields too many": (b"a,b,c,d", "4 fields; expected 3"),
    "quote in the middle": (b'"a"b,,c', "not valid CSV"),
    "no text": (b",,a", "'instruction' and 'input' are empty; expected a question"),
    "another encoding": (b"\xe9,,a", "byte 0xe9 is not UTF-8"),
}


def damaged(path, name, damage):
    """A file whose fifth row is damaged, and the line of that row."""
    if name.endswith("csv"):
        lines = [b"instruction,input,output", *(f"{r['instruction']},,{r['output']}".encode() for r in GOOD)]
        line = 6
    else:
        lines, line = list(LINES), 5
    lines[line - 1 : line - 1] = [damage]
    if name == "a.json":
        path.write_bytes(b"[" + b",\n".join(lines) + b"]")
    elif name.endswith(".gz"):
        path.write_bytes(gzip.compress(b"\n".join(lines)))
    else:
        path.write_bytes(b"\n".join(lines) + b"\n")
    return line


ROW_CASES = [(name, what) for what in ROW_DAMAGE for name in ("a.jsonl", "a.jsonl.gz", "a.json")
             if name != "a.json" or what not in ("invalid JSON", "another encoding", "too deep")]  # fmt: skip
ROW_CASES += [("a.csv", what) for what in CSV_DAMAGE]


@pytest.mark.parametrize(("name", "what"), ROW_CASES)
def test_a_bad_row_stops_the_run_or_is_counted(tmp_path, name, what):
    damage, says = (CSV_DAMAGE if name.endswith("csv") else ROW_DAMAGE)[what]
    line = damaged(tmp_path / name, name, damage)
    with pytest.raises(DataError) as error:
        run(tmp_path, Files(path=str(tmp_path / name)))
    assert f"{name} line {line}: " in str(error.value) and says in str(error.value)
    assert "mend or remove this row, or set source.on_bad_row=skip" in str(error.value)
    assert not (tmp_path / "out").exists()

    product, ledger = run(tmp_path, Files(path=str(tmp_path / name), on_bad_row=OnBadRow.skip), rows=12)
    assert len(ledger) == 13 and ledger.row.tolist() == list(range(13))
    bad = ledger[ledger.reason == "bad"]
    assert bad.row.tolist() == [4] and bad.line.tolist() == [line] and says in bad.detail.iloc[0]
    assert bad.decision.tolist() == ["dropped"] and bad.id.isna().all() and bad.region.isna().all()
    (found,) = loaded(product, tmp_path).values()
    assert [row["instruction"] for row in found] == [row["instruction"] for row in GOOD]
    counts = json.loads((product / "run.json").read_text())["counts"]
    assert counts["read"] == 13 and counts["bad"] == 1 and counts["kept"] == 12


ARROW_DAMAGE = {
    "null": (None, "'messages' holds null; expected a list of turns"),
    "no answer": ([{"role": "user", "content": "a"}], "no assistant turn to learn from; found user"),
    "no turns": ([], "'messages' holds an empty list"),
}


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "saved"])
@pytest.mark.parametrize("what", ARROW_DAMAGE)
def test_a_bad_row_of_a_table_stops_the_run_or_is_counted(tmp_path, name, what):
    value, says = ARROW_DAMAGE[what]
    rows = rows_of("kto")
    rows[4]["messages"] = value
    WRITERS[name](tmp_path / name, rows)
    with pytest.raises(DataError) as error:
        run(tmp_path, Files(path=str(tmp_path / name)))
    assert f"{name} row 4 (from 0): {says}" in str(error.value)
    product, ledger = run(tmp_path, Files(path=str(tmp_path / name), on_bad_row=OnBadRow.skip), rows=11)
    assert ledger[ledger.reason == "bad"].row.tolist() == [4] and ledger.line.isna().all()
    (found,) = loaded(product, tmp_path).values()
    assert [plain(row) for row in found] == [plain(row) for i, row in enumerate(rows) if i != 4]


WHOLE_DAMAGE = {
    "a.jsonl": (b"", "is empty; expected JSON rows"),
    "b.jsonl": (
        b"nonsense\n" * 3,
        "b.jsonl line 1: not valid JSON (Expecting value, column 1); none of the first 3 rows",
    ),
    "c.jsonl": (b'{"a": 1}\n' * 3, "c.jsonl: rows with the columns 'a' have no known shape (known are preference"),
    "d.jsonl": (LINES[0].decode().encode("utf-16"), "is UTF-16, not UTF-8; set source.encoding=utf-16"),
    "a.json": (b"[" + b",\n".join(LINES[:3]), "a.json line 3: not valid JSON"),
    "b.json": (b'{\n"train": [],\n"test": [{}]}', "keys train (0 nothing), test (1 objects); expected rows"),
    "a.csv": (b"", "is empty; expected a header line and rows"),
    "b.csv": (b"instruction,output\n", "b.csv holds no rows; expected at least one"),
    "c.csv": (b'instruction,output\n"a,b\nc,d\n', "c.csv line 2: a quote that is never closed"),
    "e.csv": (b"instruction,r\xe9ponse\na,b\n", "e.csv line 1: byte 0xe9 is not UTF-8"),
    "c.json": (b'{\n"Definition": "a", "Instances": [{"input": "b", "input": "c"}]}', "the key 'input' stands twice"),
    "d.csv": (b"instruction,instruction\na,b\n", "d.csv line 1: two columns are called 'instruction'"),
    "a.parquet": (b"PAR1 nonsense", "is not a whole Parquet file"),
    "a.arrow": (b"nonsense", "is not a whole Arrow file"),
    "b.arrow": (b"ARROW1 nonsense", "is not a whole Arrow file"),
    "a.jsonl.gz": (gzip.compress(b"\n".join(LINES))[:-20], "is not a whole gzip file"),
    "a.jsonl.zst": (b"nonsense", "is not a whole zstandard file"),
    "a.txt": (b"text", "has the ending '.txt'; expected one of .json, .jsonl"),
    "a.parquet.gz": (gzip.compress(b"PAR1"), "has the ending '.parquet.gz'; expected one of"),
}


@pytest.mark.parametrize("on_bad_row", OnBadRow)
@pytest.mark.parametrize("name", WHOLE_DAMAGE)
def test_a_file_that_is_damaged_as_a_whole_is_refused(tmp_path, name, on_bad_row):
    content, says = WHOLE_DAMAGE[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as error:
        run(tmp_path, Files(path=str(tmp_path / name), on_bad_row=on_bad_row))
    assert says in str(error.value) and name in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["a.parquet", "saved"])
def test_truncated_tables_are_refused(tmp_path, name):
    WRITERS[name](tmp_path / name, rows_of("alpaca"))
    file = tmp_path / name if name == "a.parquet" else next((tmp_path / name).glob("*.arrow"))
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(DataError, match=r"is not a whole Parquet file|is no whole folder of save_to_disk"):
        run(tmp_path, Files(path=str(tmp_path / name)))


def test_kinds_of_columns_that_datasets_cannot_hold_are_refused(tmp_path):
    table = pa.table({"text": ["a"], "odd": pa.array([pa.scalar((1, 2, 3), pa.month_day_nano_interval())])})
    with pa.OSFile(str(tmp_path / "a.arrow"), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(
        DataError, match=r"a.arrow: column 'odd' is month_day_nano_interval, which datasets cannot hold"
    ):
        run(tmp_path, Files(path=str(tmp_path / "a.arrow")), rows=1)


def test_skipped_rows_are_skipped_in_every_source_of_a_mix(tmp_path):
    for name in ("a.jsonl", "b.jsonl"):
        damaged(tmp_path / name, name, b"{")
    files = {name: Files(path=str(tmp_path / f"{name}.jsonl")) for name in "ab"}
    product, ledger = run(tmp_path, Mix(files=files, on_bad_row=OnBadRow.skip), rows=12)
    assert ledger[ledger.reason == "bad"].source.tolist() == ["a", "b"]
    assert (ledger.reason == "duplicate").sum() == 12
    record = json.loads((product / "run.json").read_text())
    assert [(row["name"], row["read"], row["bad"]) for row in record["sources"]] == [("a", 13, 1), ("b", 13, 1)]


def test_skipping_is_no_reason_to_trust_what_was_skipped(tmp_path):
    line = damaged(tmp_path / "a.jsonl", "a.jsonl", b"{")
    run(tmp_path, Files(path=str(tmp_path / "a.jsonl"), on_bad_row=OnBadRow.skip))
    with pytest.raises(DataError, match=f"line {line}"):  # what is in the cache was read with bad rows left out
        run(tmp_path, Files(path=str(tmp_path / "a.jsonl")))


def test_strings_will_do_for_choices_of_the_library(tmp_path):
    damaged(tmp_path / "a.jsonl", "a.jsonl", b"{")
    with pytest.raises(DataError):
        run(tmp_path, Files(path=str(tmp_path / "a.jsonl"), on_bad_row="error"))
    product, ledger = run(
        tmp_path, Files(path=str(tmp_path / "a.jsonl"), on_bad_row="skip"), files="parquet", format="rows"
    )
    assert len(ledger) == 13 and len(loaded(product, tmp_path)["default"]) == 8
