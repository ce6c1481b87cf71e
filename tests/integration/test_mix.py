"""Several sources in one run."""

import gzip
import json
import os
from pathlib import Path

import pyarrow as pa
import pytest
from datasets import get_dataset_config_names, load_dataset

from pipeline.errors import ConfigError
from pipeline.filter import Filter
from pipeline.publish import publish
from pipeline.run import curate
from pipeline.sinks.disk import Disk
from pipeline.sources.files import Files
from pipeline.sources.mix import Mix
from tests.conftest import ROOT, corebound, ledger_of, toy_config, toy_rows, write_jsonl
from tests.integration.test_formats import plain

SHARED = Path(os.environ.get("COREBOUND_SHARED", ROOT.parent / "shared")) / "data"


@pytest.fixture
def toys(tmp_path):
    """Two sources of one schema, one of another, and one of the first shape with other columns."""
    rows = toy_rows()
    write_jsonl(tmp_path / "a.jsonl", rows[:20])
    write_jsonl(tmp_path / "b.jsonl", rows[20:30])
    write_jsonl(
        tmp_path / "c.jsonl", [{"question": r["instruction"] + r["input"], "answer": r["output"]} for r in rows[30:]]
    )
    write_jsonl(tmp_path / "d.jsonl", [{"Q": f"{r['instruction']}?", "A": r["output"]} for r in rows[:10]])
    return tmp_path


def files_of(folder, **more):
    settings = {"d": {"columns": {"instruction": "Q", "output": "A"}}}
    return {
        name: Files(path=str(folder / f"{name}.jsonl"), **settings.get(name, {}), **more.get(name, {}))
        for name in "abcd"
    }


def kept_by_source(run):
    ledger_of_sources = [run.space.corpus.names[s] for s in run.space.corpus.source[run.selection.kept]]
    return {name: ledger_of_sources.count(name) for name in run.space.corpus.names}


def test_every_row_remembers_its_source_and_every_schema_is_a_configuration(toys):
    sink = Disk(path=str(toys / "out"))
    run = curate(toy_config(toys / "cache", source=Mix(files=files_of(toys)), sink=sink))
    product = publish(run, "corebound").folder
    ledger = ledger_of(product)
    assert ledger.source.tolist() == ["a"] * 20 + ["b"] * 10 + ["c"] * 30 + ["d"] * 10
    assert ledger.row.tolist() == [*range(20), *range(10), *range(30), *range(10)]
    assert get_dataset_config_names(str(product)) == ["a+b", "c", "d", "audit"]
    sources = {name: [json.loads(line) for line in (toys / f"{name}.jsonl").open()] for name in "abcd"}
    for name, members in {"a+b": "ab", "c": "c", "d": "d"}.items():
        found = load_dataset(str(product), name, split="train", cache_dir=str(toys / "hf"))
        kept = ledger[(ledger.decision == "kept") & ledger.source.isin(list(members))]
        assert list(found) == [sources[row.source][row.row] for row in kept.itertuples()]
    # A configuration has the name of its sources, whatever was kept of them.
    shares = {name: {"share": float(name == "c")} for name in "abcd"}
    sink = Disk(path=str(toys / "small"))
    small = publish(
        curate(toy_config(toys / "cache", source=Mix(files=files_of(toys, **shares)), sink=sink)), "corebound"
    ).folder
    assert get_dataset_config_names(str(small)) == ["c", "audit"]
    stand_ins = ledger[ledger.decision == "dropped"]
    ids = {(row.source, row.row): row.id for row in ledger.itertuples()}
    assert all(ids[row.stand_in_source, row.stand_in_row] == row.stand_in for row in stand_ins.itertuples())


def test_a_source_that_is_called_audit_keeps_its_rows(toys):
    files = files_of(toys)
    source = Mix(files={"a": files["a"], "audit": files["c"]})
    sink = Disk(path=str(toys / "out"))
    product = publish(curate(toy_config(toys / "cache", source=source, sink=sink)), "corebound").folder
    assert get_dataset_config_names(str(product)) == ["a", "audit-1", "audit"]
    kept = load_dataset(str(product), "audit-1", split="train", cache_dir=str(toys / "hf"))
    ledger = ledger_of(product)
    assert len(kept) == ((ledger.source == "audit") & (ledger.decision == "kept")).sum() > 0


def test_shares_and_weights(toys):
    def kept(**more):
        source = Mix(files=files_of(toys, **more))
        return kept_by_source(curate(toy_config(toys / "cache", source=source)))

    shares = {"a": {"share": 1}, "b": {"share": 2}, "c": {"share": 0}, "d": {"share": 1}}
    assert kept(**shares) == {"a": 5, "b": 10, "c": 0, "d": 5}
    assert kept(c={"weight": 0}) == {"a": 10, "b": 5, "c": 0, "d": 5}
    assert kept(a={"weight": 2}, c={"weight": 0}) == {"a": 14, "b": 3, "c": 0, "d": 3}  # 40 : 10 : 0 : 10, of 20
    with pytest.raises(ConfigError, match=r"source.files.b has no share but others have"):
        kept(a={"share": 1})
    with pytest.raises(ConfigError, match="are all 0"):
        kept(**{name: {"share": 0} for name in "abcd"})


def test_names_of_configurations_are_folders_of_their_own():
    from pipeline.sinks.configurations import names_of

    assert names_of([["a", "b"]]) == ["default"]
    names = names_of([["a"], ["a-2"], ["a!"], ["A"], ["b/c", "d"], ["x" * 50, "y" * 50]])
    assert names[:5] == ["a", "a-2", "a-3", "A-4", "b-c+d"] or len({name.casefold() for name in names}) == 6
    assert all(len(name) < 70 and "/" not in name for name in names)


def test_a_source_whose_rows_all_stand_elsewhere_can_have_no_share(toys):
    (toys / "b.jsonl").write_bytes((toys / "a.jsonl").read_bytes())
    shares = {name: {"share": 1} for name in "abcd"}
    with pytest.raises(ConfigError, match="b has a share, but no row of it is left: each is a copy"):
        curate(toy_config(toys / "cache", source=Mix(files=files_of(toys, **shares))))


def test_shares_of_sources_and_of_the_budget_exclude_each_other(toys):
    from pipeline.budget import Budget

    source = Mix(files=files_of(toys, a={"weight": 2}))
    with pytest.raises(ConfigError, match="the sources have shares or weights, and budget shares by source"):
        curate(toy_config(toys / "cache", source=source, budget=Budget(rows=9, by="source", shares={"a": 1})))
    run = curate(toy_config(toys / "cache", source=source, budget=Budget(rows=9, by="source", floors={"d": 5})))
    assert kept_by_source(run)["d"] == 5


def test_the_command_takes_a_mix(toys):
    corebound(
        toys, "source=mix", "source.files={first: {path: a.jsonl, share: 1}, second: {path: [b.jsonl], share: 1}}",
        "budget.rows=10", "sink.path=out",
    )  # fmt: skip
    ledger = ledger_of(toys / "out")
    assert ledger[ledger.decision == "kept"].source.value_counts().to_dict() == {"first": 5, "second": 5}
    single = corebound(toys, "source.path=a.jsonl", "source.share=1", "budget.rows=1", "sink.path=never", check=False)
    assert "source.share and source.weight are for sources of a mix" in single.stderr
    done = corebound(toys, "source=mix", "budget.rows=1", "sink.path=never", check=False)
    assert "source.files is empty; expected sources by name" in done.stderr
    done = corebound(
        toys, "source=mix", "source.files={a: {pth: a.jsonl}}", "budget.rows=1", "sink.path=never", check=False
    )
    assert "pth" in done.stderr and "Traceback" not in done.stderr


def test_an_order_does_not_depend_on_that_of_the_sources(toys):
    rows = [json.loads(line) for line in (toys / "a.jsonl").open()]
    write_jsonl(toys / "b.jsonl", [*rows[5:15], *toy_rows()[20:25]])  # copies: which source has them must not matter
    files = files_of(toys, c={"weight": 2})
    turned = dict(reversed(files.items()))
    results = [curate(toy_config(toys / f"cache{i}", source=Mix(files=f))) for i, f in enumerate((files, turned))]
    assert kept_by_source(results[0]) == kept_by_source(results[1])
    assert (
        results[0].space.corpus.ids[results[0].selection.kept].tolist()
        == results[1].space.corpus.ids[results[1].selection.kept].tolist()
    )


def test_length_limits_set_rows_aside_before_anything_is_computed(toys):
    sink = Disk(path=str(toys / "out"))
    limits = Filter(min_tokens=12, max_tokens=18)
    run = curate(toy_config(toys / "cache", source=Files(path=str(toys / "[a-c].jsonl")), filter=limits, sink=sink))
    ledger = ledger_of(publish(run, "corebound").folder)
    rows = [json.loads(line) for name in "abc" for line in (toys / f"{name}.jsonl").open()]

    def tokens(row):
        question = "\n\n".join(filter(None, [row.get("instruction") or row["question"], row.get("input")]))
        return -(-len(f"{question}\n{row.get('output') or row['answer']}".encode()) // 4)

    within = [12 <= tokens(row) <= 18 for row in rows]
    assert (ledger.reason != "excluded").tolist() == within and 5 < sum(within) < 60
    out = ledger[ledger.reason == "excluded"]
    assert (out.detail == "filter.min_tokens=12 filter.max_tokens=18").all() and not out.tokens.between(12, 18).any()
    assert out.id.notna().all() and out.cluster.isna().all() and ledger[within].cluster.notna().all()
    assert len(run.space.embeddings.vectors) == ledger[within].id.nunique()
    assert ledger[within].tokens.between(12, 18).all()


def test_limits_count_with_the_tokenizer_that_is_named(toys):
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(toys / "tokenizer.json"))
    command = [
        "source.path=a.jsonl",
        "tokenizer=tokenizer.json",
        "filter.max_tokens=17",
        "budget.rows=3",
        "sink.path=out",
    ]
    corebound(toys, *command)
    rows = [json.loads(line) for line in (toys / "a.jsonl").open()]
    texts = ["\n".join(["\n\n".join(filter(None, [r["instruction"], r["input"]])), r["output"]]) for r in rows]
    within = [len(tokenizer.encode(text).ids) <= 17 for text in texts]
    assert (ledger_of(toys / "out").reason != "excluded").tolist() == within and 0 < sum(within) < 20
    # Another tokenizer, or none, excludes other rows: nothing of the first filter is used again.
    corebound(
        toys, "source.path=a.jsonl", "filter.max_tokens=17", "budget.rows=3", "sink.path=out", "sink.overwrite=true"
    )
    ledger = ledger_of(toys / "out")
    estimated = [-(-len(text.encode()) // 4) <= 17 for text in texts]
    assert (ledger.reason != "excluded").tolist() == estimated != within
    assert (ledger.tokens <= 17).tolist() == estimated  # excluded rows have a length too


@pytest.mark.parametrize("text", ["instruction", "response", "conversation"])
def test_what_is_embedded_is_a_choice(toys, text):
    from pipeline.config import TextPart
    from pipeline.embedders.lsa import LsaModel

    run = curate(toy_config(toys / "cache", source=Files(path=str(toys / "c.jsonl")), text=TextPart(text)))
    rows = [json.loads(line) for line in (toys / "c.jsonl").open()]
    said = {"instruction": lambda r: r["question"], "response": lambda r: r["answer"],
            "conversation": lambda r: f"{r['question']}\n{r['answer']}"}[text]  # fmt: skip
    texts = [said(rows[i]) for i in run.space.corpus.inputs.row[run.space.corpus.standing]]
    assert run.space.corpus.texts.read(0, len(texts), text) == texts
    expected = LsaModel.fit(texts, 16, 50_000, 0).transform(texts)
    assert abs(expected - run.space.embeddings.vectors).max() < 1e-6


def records(path):
    """Rows of a file of the shared corpora, read by nothing of ours."""
    if path.suffix == ".zst":
        text = pa.CompressedInputStream(pa.OSFile(str(path)), "zstd").read().decode()
    else:
        text = gzip.decompress(path.read_bytes()).decode()
    if ".jsonl" in path.name:
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    value = json.loads(text)
    if isinstance(value, list):
        return value
    task = {key: item for key, item in value.items() if key != "Instances"}
    return [{**task, **instance} for instance in value["Instances"]]


PUBLIC = {
    "preference": """
        chat/dpo_en.json.gz
    """,
    "sharegpt": """
        chat/glaive_toolcall_en.json.gz chat/sgd_sharegpt.jsonl.gz eval/sgd_sharegpt_eval.jsonl.gz
    """,
    "messages": """
        chat/kto_en.json.gz chat/v1_sft_demo.jsonl.gz chat/v1_sft_demo.jsonl.zst
    """,
    "alpaca": """
        eval/alpaca_eval1k.jsonl.gz instruct/alpaca_17k.jsonl.gz instruct/alpaca_en_demo.json.gz
        instruct/code_alpaca_2k.json.gz instruct/codealpaca_new.json.gz instruct/identity.json.gz
    """,
    "question_answer": """
        eval/gsm8k_test.jsonl.gz instruct/gsm8k_train.jsonl.gz
    """,
    "prompt_completion, which also needs": """
        eval/prompts_koala180.jsonl.gz
    """,
    "text": """
        eval/prompts_vicuna80.jsonl.gz labels/clinc150/full_flat.parquet
        labels/dbpedia14_longtail/test.csv.gz labels/dbpedia14_longtail/train.csv.gz
    """,
    "natural_instructions": """
        eval/superni_a_flat.jsonl.gz eval/superni_a_raw/* instruct/superni_a_flat.jsonl.gz
        instruct/superni_a_raw/*
    """,
    "prompt_completion": """
        eval/t0_a_eval.jsonl.gz instruct/t0_a.jsonl.gz
    """,
    "name their columns, as in source.columns": """
        instruct/alpaca_17k_flags.csv.gz
    """,
    "self_instruct": """
        instruct/seed_tasks_175.jsonl.gz
    """,
    "as in source.field=oos_val": """
        labels/clinc150/data_full.json.gz labels/clinc150/data_imbalanced.json.gz
    """,
    "none of the keys holds rows": """
        labels/clinc150/domains.json.gz
    """,
    "source.header": """
        labels/reuters_r8/test.tsv.gz labels/reuters_r8/train.tsv.gz
    """,
}


@pytest.mark.skipif(not SHARED.exists(), reason="the public corpora are not here")
def test_every_public_file_is_read_or_refused_with_advice():
    from pipeline.errors import DataError
    from pipeline.report.inspection import inspect

    named = {path for patterns in PUBLIC.values() for pattern in patterns.split() for path in SHARED.glob(pattern)}
    assert named == {path for kind in ("chat", "eval", "instruct", "labels") for path in (SHARED / kind).rglob("*.*")}
    for found, patterns in PUBLIC.items():
        for pattern in patterns.split():
            part = Files(path=str(SHARED / pattern))
            if " " in found or "source." in found:
                with pytest.raises(DataError) as error:
                    inspect(part)
                assert found in str(error.value)
            else:
                assert {(one.shape, one.bad) for one in inspect(part).files} == {(found, 0)}
    # What the advice says makes them load.
    tables = {"path": str(SHARED / "labels/reuters_r8/*.tsv.gz"), "header": ["label", "text"]}
    assert sum(one.rows for one in inspect(Files(**tables)).files) == 7674
    clinc = {"path": str(SHARED / "labels/clinc150/data_full.json.gz"), "field": "train", "header": ["text", "label"]}
    assert sum(one.rows for one in inspect(Files(**clinc)).files) == 15_000
    prompts = {"path": str(SHARED / "eval/prompts_koala180.jsonl.gz"), "columns": {"text": "prompt"}}
    assert sum(one.rows for one in inspect(Files(**prompts)).files) == 180


@pytest.mark.skipif(not SHARED.exists(), reason="the public corpora of experiment=mix are not here")
def test_real_corpora_come_back_as_they_went_in(tmp_path):
    settings = [f"cache_dir={tmp_path}/cache", "sink.path=out", "budget.fraction=0.3", f"hydra.run.dir={tmp_path}/run"]
    environment = os.environ.get("COREBOUND_SHARED")
    os.environ["COREBOUND_SHARED"] = str(SHARED.parent)
    try:
        corebound(tmp_path, "experiment=mix", *settings)
    finally:
        if environment is None:
            del os.environ["COREBOUND_SHARED"]
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["counts"]["read"] > 50_000 and record["counts"]["bad"] == 0
    files = record["configuration"]["source"]["files"]
    ledger = ledger_of(tmp_path / "out")
    kept = ledger[ledger.decision == "kept"]
    found = {}
    for name in set(get_dataset_config_names(str(tmp_path / "out"))) - {"audit"}:
        rows = load_dataset(str(tmp_path / "out"), name, split="train", cache_dir=str(tmp_path / "hf"))
        found[name] = [plain(row) for row in rows]
    position = dict.fromkeys(found, 0)
    compared = 0
    for source, settings in files.items():
        paths = sorted(Path(settings["path"]).parent.glob(Path(settings["path"]).name))
        rows = {path.name: records(path) for path in paths}
        assert sum(map(len, rows.values())) == (ledger.source == source).sum()
        here = kept[kept.source == source]
        name = "alpaca+code_alpaca" if source in ("alpaca", "code_alpaca") else source  # two of one schema
        start = position[name]
        expected = [plain(rows[row.file][row.row]) for row in here.itertuples()]
        assert found[name][start : start + len(here)] == expected
        position[name] += len(here)
        compared += len(here)
    assert compared == len(kept) == record["counts"]["kept"] and len(found) == 9
    assert all(record["stages"][i]["peak_mib"] < 3000 for i in range(len(record["stages"])))
