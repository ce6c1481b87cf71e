import csv

import pytest

from pipeline.errors import DataError
from pipeline.sources import delimited
from pipeline.sources.rows import BadRow


def rows_of(path, delimiter=",", **settings):
    return list(delimited.read(path, delimiter, **settings))


def test_quoted_fields_hold_anything(tmp_path):
    path = tmp_path / "a.csv"
    rows = [{"text": 'one\ntwo "three", four\u2028five', "label": "a"}, {"text": "x" * 200_000, "label": ""}]
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["text", "label"])
        writer.writeheader()
        writer.writerows(rows)
        file.write("\r\n")
    assert rows_of(path) == [(2, rows[0]), (4, rows[1])]


def test_tabs_headers_and_quotes_are_what_the_user_says(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text('earn\t"profit" rose\nacq\tsold, "all\n')
    assert rows_of(path, "\t", quote="", header=["label", "text"]) == [
        (1, {"label": "earn", "text": '"profit" rose'}), (2, {"label": "acq", "text": 'sold, "all'}),
    ]  # fmt: skip


def test_columns_without_a_name_get_the_usual_one(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("\ufeff,text\n0,a\n", "utf-8")
    assert rows_of(path) == [(2, {"Unnamed: 0": "0", "text": "a"})]


def test_other_encodings_are_read_when_named(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text\né\n", "latin-1")
    assert rows_of(path, encoding="latin-1") == [(2, {"text": "é"})]
    path.write_text("text\né\n", "utf-16")
    assert rows_of(path, encoding="utf-16") == [(2, {"text": "é"})]
    with pytest.raises(DataError, match=r"is UTF-16, not UTF-8; set source.encoding=utf-16"):
        rows_of(path)
    with pytest.raises(DataError, match="is not ascii"):
        rows_of(path, encoding="ascii")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"a,b\n1,2\n3\n5,6\n", "1 fields; expected 2 (a, b)"),
        (b"a,b\n1,2\n3,4,5\n5,6\n", "3 fields; expected 2 (a, b)"),
        (b'a,b\n1,2\n"3"x,4\n5,6\n', "not valid CSV"),
        (b"a,b\n1,2\n3,\xe9\n5,6\n", "byte 0xe9 is not UTF-8; expected UTF-8 text; name the encoding"),
    ],
)
def test_a_bad_row_leaves_the_others(tmp_path, content, says):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    (_, first), (line, bad), (_, last) = rows_of(path)
    assert first == {"a": "1", "b": "2"} and last == {"a": "5", "b": "6"}
    assert line == 3 and isinstance(bad, BadRow) and says in str(bad)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "a.csv is empty; expected a header line and rows"),
        (b'a,b\n1,2\n"3,4\n5,6\n', "a.csv line 3: a quote that is never closed"),
        (b"a,a\n1,2\n", "a.csv line 1: two columns are called 'a'"),
    ],
)
def test_damage_that_hides_the_rows_behind_it_is_named(tmp_path, content, says):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(DataError) as error:
        rows_of(path)
    assert says in str(error.value)
