"""Every shape in every format: what goes in comes out."""

import copy
import gzip
import json

import pyarrow as pa
import pytest
from datasets import Dataset, DatasetDict, Features, Value, get_dataset_config_names, load_dataset

from pipeline.bins.clusterers import SphericalKMeans
from pipeline.budget import Budget
from pipeline.errors import ConfigError, DataError
from pipeline.publish import publish
from pipeline.run import curate
from pipeline.selectors.baselines import Random
from pipeline.sinks.disk import Disk, FileFormat, RowFormat
from pipeline.sources import OnBadRow
from pipeline.sources.files import Files
from pipeline.sources.mix import Mix
from tests.conftest import corebound, ledger_of, toy_config

WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


def call(number):
    # Arguments that differ in name and kind from call to call, as they do.
    return {"name": f"f{number}", "arguments": {f"a{number % 3}": number if number % 2 else str(number), "empty": {}}}


TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}]
SHAPES = {
    "messages": lambda i, w: {"messages": [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": f"Say {w}."},
        {"role": "assistant", "content": w, "weight": i % 2}], "meta": {"when": f"2024-01-{i + 1:02}", "tags": [w]}},
    "tools": lambda i, w: {"messages": [
        {"role": "user", "content": f"Call {w}."},
        {"role": "assistant", "content": None, "tool_calls": [{"id": str(i), "type": "function", "function": call(i)}]},
        {"role": "tool", "tool_call_id": str(i), "content": w}, {"role": "assistant", "content": w}], "tools": TOOLS},
    "parts": lambda i, w: {"messages": [
        {"role": "user", "content": [{"type": "text", "text": f"Part {w}."}]},
        {"role": "assistant", "content": [{"type": "text", "text": w}]}]},
    "prompt_completion": lambda i, w: {"prompt": f"Complete {w}.", "completion": w, "n": i},
    "prompt_messages": lambda i, w: {"prompt": [{"role": "user", "content": f"Go on: {w}."}],
                                     "completion": [{"role": "assistant", "content": w}]},
    "alpaca": lambda i, w: {"instruction": f"Write {w}.", "input": "", "output": w},
    "alpaca_mixed": lambda i, w: {"instruction": f"Write {w}!", "output": [w, None, [w, w.upper()]][i % 3]},
    "sharegpt": lambda i, w: {"conversations": [
        {"from": "system", "value": "Use tools."}, {"from": "human", "value": f"Do {w}."},
        {"from": "function_call", "value": json.dumps(call(i))}, {"from": "observation", "value": w},
        {"from": "gpt", "value": w}], "tools": json.dumps(TOOLS)},
    "question_answer": lambda i, w: {"question": f"What is {w}?", "answer": w},
    "preference": lambda i, w: {"prompt": f"Prefer {w}.", "chosen": w, "rejected": "no"},
    "kto": lambda i, w: {"messages": [{"role": "user", "content": f"Like {w}?"},
                                      {"role": "assistant", "content": w}], "label": bool(i % 2)},
    "natural_instructions": lambda i, w: {"definition": "Copy.", "input": w, "output": [w]},
    "text": lambda i, w: {"text": f"It is about {w}\nand more.", "label": str(i % 3)},
}  # fmt: skip
WITHOUT_NULL = ("prompt_completion", "alpaca", "question_answer", "preference", "text")


def rows_of(shape):
    return [SHAPES[shape](i, word) for i, word in enumerate(WORDS)]


def plain(value):
    """Without the keys of nested objects that are null, which Arrow adds."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if item is not None}
    return [plain(item) for item in value] if isinstance(value, list) else value


def run(folder, source, rows=8, **settings):
    """Select with the library's parts and publish: the product's folder and its ledger."""
    sink = Disk(path=str(folder / "out"), overwrite=True, **settings)
    config = toy_config(folder / "cache", source=source, sink=sink, budget=Budget(rows=rows), selector=Random())
    product = publish(curate(config), "corebound").folder
    return product, ledger_of(product)


def loaded(product, folder):
    names = [name for name in get_dataset_config_names(str(product)) if name != "audit"]
    return {name: load_dataset(str(product), name, split="train", cache_dir=str(folder / "hf")) for name in names}


def write_json(path, rows):
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1))


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return path


def write_csv(path, rows):
    import csv

    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter="\t" if path.suffix == ".tsv" else ",")
        writer.writeheader()
        writer.writerows(rows)


def write_compressed(path, rows):
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text))
    else:
        with pa.CompressedOutputStream(str(path), "zstd") as sink:
            sink.write(text)


WRITERS = {
    "a.json": write_json,
    "a.jsonl": write_lines,
    "a.jsonl.gz": write_compressed,
    "a.jsonl.zst": write_compressed,
    "a.csv": write_csv,
    "a.tsv": write_csv,
    "a.parquet": lambda path, rows: Dataset.from_list(rows, on_mixed_types="use_json").to_parquet(path),
    "a.arrow": lambda path, rows: write_arrow(path, rows, pa.ipc.new_stream),
    "b.arrow": lambda path, rows: write_arrow(path, rows, pa.ipc.new_file),
    "saved": lambda path, rows: Dataset.from_list(rows, on_mixed_types="use_json").save_to_disk(str(path)),
    "splits": lambda path, rows: DatasetDict(train=Dataset.from_list(rows, on_mixed_types="use_json")).save_to_disk(
        str(path)
    ),
}


def write_arrow(path, rows, opened):
    table = Dataset.from_list(rows, on_mixed_types="use_json").data.table
    with pa.OSFile(str(path), "wb") as sink, opened(sink, table.schema) as writer:
        writer.write_table(table)


CASES = [(shape, name) for shape in SHAPES for name in WRITERS if name[-3:] not in ("csv", "tsv")]
CASES += [(shape, name) for shape in WITHOUT_NULL for name in ("a.csv", "a.tsv")]


@pytest.mark.parametrize(("shape", "name"), CASES)
def test_every_kept_row_is_its_input_row(tmp_path, shape, name):
    rows = rows_of(shape)
    WRITERS[name](tmp_path / name, rows)
    if name.endswith(("csv", "tsv")):
        rows = [{key: str(value) for key, value in row.items()} for row in rows]
    product, ledger = run(tmp_path, Files(path=str(tmp_path / name)))
    (found,) = loaded(product, tmp_path).values()
    kept = ledger[ledger.decision == "kept"].row
    assert [plain(row) for row in found] == [plain(rows[i]) for i in kept]
    assert len(kept) == 8 and len(ledger) == len(rows)
    assert set(found.column_names) == set(rows[0])
    assert (ledger.file == name).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_json_lines_out_are_the_rows(tmp_path, shape):
    rows = rows_of(shape)
    write_lines(tmp_path / "a.jsonl", rows)
    product, ledger = run(tmp_path, Files(path=str(tmp_path / "a.jsonl")), files=FileFormat.jsonl)
    lines = [json.loads(line) for line in (product / "data" / "train-00000-of-00001.jsonl").open()]
    kept = [rows[i] for i in ledger[ledger.decision == "kept"].row]
    assert lines == kept or [plain(line) for line in lines] == [plain(row) for row in kept]
    assert loaded(product, tmp_path)["default"].num_rows == 8
    if shape in ("tools", "sharegpt", "messages", "alpaca_mixed"):
        assert lines == kept  # to the letter: no key gained, the null of a turn that calls kept


def test_messages_of_every_shape_in_one_table(tmp_path):
    shapes = [shape for shape in SHAPES if shape != "text"]
    for shape in shapes:
        write_lines(tmp_path / f"{shape}.jsonl", rows_of(shape))
    files = {shape: Files(path=str(tmp_path / f"{shape}.jsonl")) for shape in shapes}
    whole = len(shapes) * len(WORDS)
    product, _ = run(tmp_path, Mix(files=files), rows=whole, format=RowFormat.messages)
    (found,) = loaded(product, tmp_path).values()
    assert found.column_names == ["messages", "tools", "source", "extra"]
    rows = {source: list(found.filter(lambda row, s=source: row["source"] == s)) for source in shapes}
    for i, word in enumerate(WORDS):
        expected = {shape: copy.deepcopy(SHAPES[shape](i, word)) for shape in shapes}
        # System turns, tools and calls are all there, and what the conversation does not say is in `extra`.
        got = {shape: plain(rows[shape][i]["messages"]) for shape in shapes}
        assert got["messages"] == expected["messages"]["messages"]
        assert got["tools"] == plain(expected["tools"]["messages"])
        assert plain(rows["tools"][i]["tools"]) == TOOLS == plain(rows["sharegpt"][i]["tools"])
        assert got["sharegpt"][0] == {"role": "system", "content": "Use tools."}
        assert got["sharegpt"][2]["tool_calls"] == [{"type": "function", "function": call(i)}]
        assert got["parts"] == [{"role": "user", "content": f"Part {word}."}, {"role": "assistant", "content": word}]
        assert json.loads(rows["messages"][i]["extra"]) == {"meta": expected["messages"]["meta"]}
        assert json.loads(rows["kto"][i]["extra"]) == {"label": bool(i % 2)}
        for shape in shapes:
            assert got[shape][-1]["role"] == "assistant" and isinstance(got[shape][-1]["content"], str)
        assert json.loads(rows["preference"][i]["extra"]) == {"rejected": "no"}
    assert rows["alpaca_mixed"][1]["messages"][-1]["content"] == ""
    assert rows["alpaca_mixed"][2]["messages"][-1]["content"] == "three"
    assert json.loads(rows["alpaca_mixed"][2]["extra"]) == {"output": ["three", "THREE"]}


def test_a_product_that_replaces_another_is_what_is_loaded(tmp_path):
    path = write_lines(tmp_path / "a.jsonl", rows_of("alpaca"))
    for rows in (4, 5, 5, 6):  # load_dataset caches by what the card says, not by the files
        product, ledger = run(tmp_path, Files(path=str(path)), rows=rows)
        (found,) = loaded(product, tmp_path).values()
        assert [row["output"] for row in found] == [WORDS[i] for i in ledger[ledger.decision == "kept"].row]
    write_lines(tmp_path / "a.jsonl", rows_of("alpaca")[::-1])
    product, _ = run(tmp_path, Files(path=str(tmp_path / "a.jsonl")), rows=12)
    (found,) = loaded(product, tmp_path).values()
    assert [row["output"] for row in found] == WORDS[::-1]


def test_json_lines_whose_first_rows_do_not_show_every_type_load(tmp_path):
    bulk = "x" * 6_000  # in no text of a conversation, so that it costs little
    rows = [{"instruction": f"Count {i}.", "output": "yes", "bulk": bulk, "note": None} for i in range(2_000)]
    rows[-1]["note"] = "late"
    write_lines(tmp_path / "a.jsonl", rows)
    product, _ = run(tmp_path, Files(path=str(tmp_path / "a.jsonl")), rows=2_000, files=FileFormat.jsonl)
    assert (product / "data" / "train-00000-of-00001.jsonl").stat().st_size > 10 << 20  # what datasets looks at at once
    (found,) = loaded(product, tmp_path).values()
    assert found[1_999]["note"] == "late"


def test_nulls_of_the_user_stay(tmp_path):
    schema = {"type": "function", "function": {"name": "f", "parameters": {"a": {"enum": None}}}}
    rows = [
        {"messages": [{"role": "user", "content": word},
                      {"role": "assistant", "content": None,
                       "tool_calls": [call(i), {"name": "g", "arguments": None}]}],
         "tools": [schema, {"name": "g"}], "v": {"b": [1, "x", None], "deep": {"x": None}}}
        for i, word in enumerate(WORDS)
    ]  # fmt: skip
    write_lines(tmp_path / "a.jsonl", rows)
    source = Files(path=str(tmp_path / "a.jsonl"))
    product, _ = run(tmp_path, source, rows=12)
    assert list(loaded(product, tmp_path)["default"]) == rows
    product, _ = run(tmp_path, source, rows=12, files=FileFormat.jsonl)
    assert [json.loads(line) for line in (product / "data" / "train-00000-of-00001.jsonl").open()] == rows
    product, _ = run(tmp_path, source, rows=12, format=RowFormat.messages)
    for row, unified in zip(rows, loaded(product, tmp_path)["default"], strict=True):
        assert unified["messages"] == row["messages"]
        assert unified["tools"] == [schema, {"type": "function", "function": {"name": "g"}}]
        assert json.loads(unified["extra"]) == {"v": row["v"]}


def test_bytes_and_images_are_kept_or_refused(tmp_path):
    import base64
    import io

    from datasets import Image
    from PIL import Image as Pillow

    picture = io.BytesIO()
    Pillow.new("RGB", (2, 2)).save(picture, "PNG")
    features = Features(
        {"question": Value("string"), "answer": Value("string"), "raw": Value("binary"), "img": Image()}
    )
    rows = [{"question": w, "answer": w, "raw": b"\x00\xff", "img": {"bytes": picture.getvalue(), "path": None}}
            for w in WORDS]  # fmt: skip
    Dataset.from_list(rows, features=features).to_parquet(tmp_path / "a.parquet")
    source = Files(path=str(tmp_path / "a.parquet"))
    product, _ = run(tmp_path, source)
    found = loaded(product, tmp_path)["default"]
    assert found.features == features and found[0]["img"].size == (2, 2)
    product, _ = run(tmp_path, source, format=RowFormat.messages)
    extra = json.loads(loaded(product, tmp_path)["default"][0]["extra"])
    assert (
        base64.b64decode(extra["img"]["bytes"]) == picture.getvalue() and base64.b64decode(extra["raw"]) == b"\x00\xff"
    )
    with pytest.raises(
        ConfigError, match=r"sink.files=jsonl cannot write the column 'raw' of a.parquet, which is binary"
    ):
        run(tmp_path, source, files=FileFormat.jsonl)


def test_files_of_one_source_with_other_types_are_refused(tmp_path):
    write_lines(tmp_path / "a.jsonl", rows_of("alpaca"))
    Dataset.from_list(rows_of("alpaca")).to_parquet(tmp_path / "b.parquet")
    for first, second in (("a.jsonl", "b.parquet"), ("b.parquet", "a.jsonl")):
        with pytest.raises(DataError, match=rf"{second} is .* files before it .*; read them as two sources"):
            run(tmp_path, Files(path=[str(tmp_path / first), str(tmp_path / second)]))


def test_a_table_with_another_divider_is_told_so(tmp_path):
    (tmp_path / "a.csv").write_text("instruction;output\n" + "".join(f"{w};{w}\n" for w in WORDS))
    with pytest.raises(DataError, match=r"if columns are divided by ';', set source.delimiter=;"):
        run(tmp_path, Files(path=str(tmp_path / "a.csv")))
    assert len(run(tmp_path, Files(path=str(tmp_path / "a.csv"), delimiter=";"))[1]) == 12
    (tmp_path / "b.csv").write_text("instruction\toutput\n" + "".join(f"{w}\t{w}\n" for w in WORDS))
    with pytest.raises(DataError, match=r"set source.delimiter=tab"):
        run(tmp_path, Files(path=str(tmp_path / "b.csv")))
    for spelt in ("tab", "\\t", "\t"):
        assert len(run(tmp_path, Files(path=str(tmp_path / "b.csv"), delimiter=spelt))[1]) == 12
    with pytest.raises(ConfigError, match=r"source.header names 'a' twice"):
        Files(path=str(tmp_path / "a.csv"), header=["a", "b", "a"])


def test_the_same_bytes_under_another_ending_are_read_anew(tmp_path):
    (tmp_path / "a.csv").write_text("text,more\tlabel\n" + "".join(f"{w},x\ty\n" for w in WORDS))
    (tmp_path / "a.tsv").write_bytes((tmp_path / "a.csv").read_bytes())
    run(tmp_path, Files(path=str(tmp_path / "a.csv")))
    with pytest.raises(DataError, match=r"a.tsv: rows with the columns 'text,more', 'label' have no known shape"):
        run(tmp_path, Files(path=str(tmp_path / "a.tsv")))


def test_texts_with_a_label_become_answered(tmp_path):
    write_lines(tmp_path / "a.jsonl", rows_of("text"))
    product, _ = run(tmp_path, Files(path=str(tmp_path / "a.jsonl")), rows=12, format=RowFormat.messages)
    (found,) = loaded(product, tmp_path).values()
    assert [row["messages"][-1]["content"] for row in found] == [str(i % 3) for i in range(12)]
    with pytest.raises(ConfigError, match="holds texts that nobody answers"):
        write_lines(tmp_path / "b.jsonl", [{"text": word} for word in WORDS])
        run(tmp_path, Files(path=str(tmp_path / "b.jsonl")), format=RowFormat.messages)


def test_a_split_of_several_is_named(tmp_path):
    rows = rows_of("alpaca")
    DatasetDict(train=Dataset.from_list(rows), test=Dataset.from_list(rows[:3])).save_to_disk(str(tmp_path / "d"))
    with pytest.raises(DataError, match=r"has several splits: train, test; set source.split"):
        run(tmp_path, Files(path=str(tmp_path / "d")))
    with pytest.raises(DataError, match="has no split 'dev': train, test"):
        run(tmp_path, Files(path=str(tmp_path / "d"), split="dev"))
    _, ledger = run(tmp_path, Files(path=str(tmp_path / "d"), split="test"), rows=2)
    assert len(ledger) == 3


def test_columns_types_and_indices_of_a_saved_data_set_stay(tmp_path):
    from datasets import ClassLabel, Sequence

    features = Features(
        {"text": Value("string"), "label": ClassLabel(names=["a", "b"]), "v": Sequence(Value("float32"), 2)}
    )
    rows = [{"text": word, "label": i % 2, "v": [i, i]} for i, word in enumerate(WORDS)]
    saved = Dataset.from_list(rows, features=features).select(range(11, 1, -1))
    saved.save_to_disk(str(tmp_path / "d"))
    product, ledger = run(tmp_path, Files(path=str(tmp_path / "d")))
    (found,) = loaded(product, tmp_path).values()
    assert found.features == features
    assert list(found) == [saved[int(i)] for i in ledger[ledger.decision == "kept"].row]


@pytest.mark.parametrize(
    "kind", ["timestamp[ms]", "timestamp[us, tz=UTC]", "time32[s]", "date32", "uint64", "decimal128(9, 2)"]
)
def test_json_lines_hold_only_what_loads_as_it_was(tmp_path, kind):
    import datetime
    import decimal

    values = {"timestamp[ms]": datetime.datetime(2024, 1, 2, 3), "date32": datetime.date(2024, 1, 2),
              "uint64": 2**63 + 5,
              "timestamp[us, tz=UTC]": datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC),
              "time32[s]": datetime.time(1, 2), "decimal128(9, 2)": decimal.Decimal("1.10")}  # fmt: skip
    features = Features({"text": Value("string"), "v": Value(kind)})
    column = pa.array([values[kind]] * len(WORDS), features.arrow_schema.field("v").type)
    Dataset(pa.table({"text": WORDS, "v": column})).to_parquet(tmp_path / "a.parquet")
    source = Files(path=str(tmp_path / "a.parquet"))
    product, _ = run(tmp_path, source)
    assert loaded(product, tmp_path)["default"][0]["v"] == values[kind]
    try:
        product, _ = run(tmp_path, source, files=FileFormat.jsonl)
    except ConfigError as error:
        assert "sink.files=jsonl cannot write the column 'v' of a.parquet" in str(error) and kind not in (
            "timestamp[ms]",
            "date32",
        )
        return
    found = loaded(product, tmp_path)["default"]
    assert found.features == features and found[0]["v"] == values[kind]


def test_a_source_is_never_overwritten(tmp_path):
    path = tmp_path / "out" / "data"
    write_lines(tmp_path / "a.jsonl", rows_of("alpaca"))
    corebound(tmp_path, "source.path=a.jsonl", "budget.rows=9", "sink.path=out", "selector=random")
    before = {file.name: file.read_bytes() for file in path.iterdir()}
    command = ["source.path=out/data/*.parquet", "budget.rows=3", "sink.path=out", "sink.overwrite=true"]
    refused = corebound(tmp_path, *command, check=False)
    assert refused.returncode == 1 and "sink.path=out holds the source train-00000" in refused.stderr
    assert {file.name: file.read_bytes() for file in path.iterdir()} == before


def test_rows_are_accounted_for_over_many_batches(tmp_path, monkeypatch):
    """Sources of several files, bad, excluded and repeated rows, all batches small: against a plain account."""
    from pipeline import ledger as ledgers
    from pipeline.filter import Filter
    from pipeline.sources import rows as batches

    monkeypatch.setattr(batches, "BATCH", 7)
    monkeypatch.setattr(ledgers, "BATCH", 5)
    expected, ids = [], {}
    for source, files in {"a": ("1", "2"), "b": ("3", "4")}.items():
        for file in files:
            lines = []
            for i in range(23):
                text = f"{WORDS[i % 12]} {i} {int(file) % 2} " + "long " * (40 if i % 8 == 3 else i % 4)
                row = {"instruction": text, "output": "yes", "n": f"{file}-{i}"}
                kind = "bad" if i % 6 == 5 else "excluded" if i % 8 == 3 else "good"
                lines.append("{cut" if kind == "bad" else json.dumps(row))
                expected.append((source, f"{file}.jsonl", i, i + 1, kind, text if kind != "bad" else None))
            (tmp_path / f"{file}.jsonl").write_text("\n".join(lines))
    files = {name: Files(path=[str(tmp_path / f"{f}.jsonl") for f in fs]) for name, fs in (("a", "12"), ("b", "34"))}
    sink = Disk(path=str(tmp_path / "out"))
    config = toy_config(
        tmp_path / "cache", source=Mix(files=files, on_bad_row=OnBadRow.skip), sink=sink, budget=Budget(rows=20),
        filter=Filter(max_tokens=30), clusterer=SphericalKMeans(size=10),
    )  # fmt: skip
    curated = curate(config)
    product = publish(curated, "corebound").folder
    ledger = ledger_of(product)
    assert list(zip(ledger.source, ledger.file, ledger.row, ledger.line, strict=True)) == [one[:4] for one in expected]
    texts = {}
    for one, row in zip(expected, ledger.itertuples(), strict=True):
        if one[4] == "bad":
            assert row.reason == "bad" and "not valid JSON" in row.detail and not isinstance(row.id, str)
        else:
            assert texts.setdefault(row.id, one[5]) == one[5] and ids.setdefault(one[5], row.id) == row.id
            assert (row.reason == "excluded") == (one[4] == "excluded")
            assert row.tokens == -(-len(f"{one[5]}\nyes".encode()) // 4)
            assert (
                row.detail == "filter.max_tokens=30"
                if one[4] == "excluded"
                else row.detail != row.detail or row.detail is None
            )
    assert (ledger.decision == "kept").sum() == 20
    good = ledger[~ledger.reason.isin(["bad", "excluded"])]
    assert (good.reason != "duplicate").sum() == good.id.nunique() < len(good)
    kept = ledger[ledger.decision == "kept"]
    found = [row["n"] for rows in loaded(product, tmp_path).values() for row in rows]
    assert found == [f"{row.file[0]}-{row.row}" for row in kept.itertuples()]
    where = {(row.source, row.file, row.row): row.id for row in ledger.itertuples()}
    for row in good[good.decision == "dropped"].itertuples():
        assert where[row.stand_in_source, row.stand_in_file, row.stand_in_row] == row.stand_in


def test_globs_and_lists_are_one_source(tmp_path):
    write_lines(tmp_path / "x1.jsonl", rows_of("alpaca")[:5])
    write_csv(tmp_path / "x2.csv", rows_of("question_answer"))
    write_lines(tmp_path / "other.jsonl", rows_of("alpaca")[5:])
    done = corebound(
        tmp_path,
        "source.path=[x*,other.jsonl]",
        "source.name=all",
        "budget.rows=10",
        "sink.path=out",
        "selector=random",
    )
    ledger = ledger_of(tmp_path / "out")
    assert ledger.file.drop_duplicates().tolist() == ["x1.jsonl", "x2.csv", "other.jsonl"]
    assert (ledger.source == "all").all() and ledger.row.tolist() == [*range(5), *range(12), *range(7)]
    assert ledger.line.tolist()[:6] == [1, 2, 3, 4, 5, 2]
    assert "x2.csv: question_answer (question, answer in 12 of the first 12 rows)" in done.stderr
