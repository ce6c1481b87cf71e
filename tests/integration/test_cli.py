"""The command, as a user runs it."""

import gzip
import json
import subprocess
import sys
import time

import numpy as np
import pytest
from datasets import load_dataset

from tests.conftest import corebound, ledger_of, toy_rows, write_jsonl


def test_fifth_then_tenth(folder, demo_corpus):
    rows = [json.loads(line) for line in demo_corpus.open()]
    command = [f"source.path={demo_corpus}", "cache_dir=fresh"]
    first = corebound(folder, *command, "budget.fraction=0.2", "sink.path=fifth")
    again = corebound(folder, *command, "budget.fraction=0.1", "sink.path=tenth")
    fifth, tenth = ledger_of(folder / "fifth"), ledger_of(folder / "tenth")

    distinct = fifth.id.nunique()
    assert (fifth.decision == "kept").sum() == int(0.2 * distinct + 0.5)
    assert (tenth.decision == "kept").sum() == int(0.1 * distinct + 0.5)
    assert set(tenth.id[tenth.decision == "kept"]) <= set(fifth.id[fifth.decision == "kept"])
    for stage in ("read", "embed", "bin", "neighbours", "score-density", "score-margin", "order"):
        assert f"{stage:<13} made" in first.stderr
        assert f"{stage:<13} reused" in again.stderr

    assert len(fifth) == len(rows)
    assert fifth.row.tolist() == list(range(len(rows)))
    product = load_dataset(str(folder / "fifth"), split="train", cache_dir=str(folder / "hf"))
    kept = fifth.row[fifth.decision == "kept"]
    assert [dict(row) for row in product] == [rows[i] for i in kept]


def test_the_ledger_accounts_for_every_row(folder):
    from pipeline.ledger import DROPPED, KEPT

    rows = toy_rows()
    write_jsonl(folder / "doubled.jsonl", [*rows, *rows[:7]])
    corebound(folder, "source.path=doubled.jsonl", "budget.rows=20", "sink.path=doubled", "clusterer.size=6")
    ledger = ledger_of(folder / "doubled")
    assert set(ledger.reason[ledger.decision == "kept"]) <= set(KEPT)
    assert set(ledger.reason[ledger.decision == "dropped"]) <= set(DROPPED)
    assert (ledger.reason == "duplicate").sum() == 7
    assert ledger.line.tolist() == list(range(1, 68))
    kept = ledger[ledger.decision == "kept"]
    dropped = ledger[ledger.decision == "dropped"]
    assert kept.stand_in.isna().all() and set(dropped.stand_in) <= set(kept.id)
    assert (ledger.id[dropped.stand_in_row.astype(int)].to_numpy() == dropped.stand_in.to_numpy()).all()
    represented = dropped[dropped.reason != "duplicate"].groupby("stand_in").size()
    assert represented.to_dict() == {k: v for k, v in kept.set_index("id").represents.items() if v}
    # A duplicate is as near to its stand-in as the row that it copies: 1 only where that row is kept.
    copies = ledger[ledger.reason == "duplicate"]
    for copy in copies.itertuples():
        original = ledger[(ledger.id == copy.id) & (ledger.reason != "duplicate")].iloc[0]
        if original.decision == "kept":
            assert copy.stand_in == original.id and copy.similarity == 1
        else:
            assert copy.stand_in == original.stand_in and copy.similarity == original.similarity
    assert (copies.similarity < 1).any()


def test_nested_types_and_unknown_columns_come_back(folder):
    rows = [
        {
            "messages": [
                {"role": "system", "content": "Use tools."},
                {"role": "user", "content": f"Weather on day {i}?"},
                {"role": "assistant", "content": None, "tool_calls": [{"name": "w", "args": {"day": i}}]},
                {"role": "tool", "content": "rain"},
                {"role": "assistant", "content": f"Rain on day {i}.", "weight": 1},
            ],
            "tools": [{"name": "w", "parameters": {"day": {"type": "integer"}}}],
            "meta": {"when": "2020-01-01", "scores": [0.5, i], "tags": []},
        }
        for i in range(30)
    ]
    path = folder / "chat.json.gz"
    path.write_bytes(gzip.compress(json.dumps(rows).encode()))
    corebound(folder, f"source.path={path}", "budget.rows=10", "sink.path=chat")
    product = load_dataset(str(folder / "chat"), split="train", cache_dir=str(folder / "hf"))

    def plain(value):
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items() if v is not None}
        return [plain(v) for v in value] if isinstance(value, list) else value

    kept = ledger_of(folder / "chat").query("decision == 'kept'").row
    assert [plain(row) for row in product] == [plain(rows[i]) for i in kept]


def test_selection_columns_and_record(folder):
    corebound(
        folder, "source.path=toy.jsonl", "budget.rows=20", "sink.path=columns", "sink.columns=true",
        "categorizer=column", "categorizer.column=task", "clusterer.size=4",
    )  # fmt: skip
    product = load_dataset(str(folder / "columns"), split="train", cache_dir=str(folder / "hf"))
    expected = ["id", "category", "cluster", "region", "density", "margin", "foreign", "garbage", "rank", "represents"]
    assert [c for c in product.column_names if c.startswith("selection_")] == [f"selection_{c}" for c in expected]
    assert sorted(product["selection_rank"]) == list(range(20))
    assert product["selection_category"][:] == product["task"][:]
    record = json.loads((folder / "columns" / "run.json").read_text())
    assert record["counts"]["kept"] == 20
    assert record["configuration"]["budget"]["rows"] == 20
    assert {s["name"] for s in record["stages"]} >= {"read", "embed", "bin", "order", "cut"}
    assert all(s["seconds"] >= 0 and s["peak_mib"] > 0 for s in record["stages"])
    assert set(record["measured"]) == {"selected", "random", "stratified"}
    for name, sha in record["files"].items():
        import hashlib

        assert hashlib.sha256((folder / "columns" / name).read_bytes()).hexdigest() == sha


def test_summary_says_what_a_person_asks(folder):
    out = corebound(folder, "source.path=toy.jsonl", "budget.tokens=400", "sink.path=summary").stdout
    for word in (
        "read",
        "duplicates",
        "tokens unspent",
        "random",
        "stratified",
        "radius",
        "99%",
        "peak MiB",
        "product",
    ):
        assert word in out
    out = corebound(folder, "source.path=toy.jsonl", "budget.fraction=1", "sink.path=whole").stdout
    assert [line.split() for line in out.splitlines() if line.startswith("kept")] == [["kept", "60", "100.0%"]]


def test_multirun_and_experiment(folder):
    corebound(folder, "experiment=budgets", "-m", "source.path=toy.jsonl")
    sizes = [
        (ledger_of(folder / "selected" / f).decision == "kept").sum() for f in ("0.05", "0.1", "0.2", "0.3", "0.5")
    ]
    assert sizes == [3, 6, 12, 18, 30]


@pytest.mark.parametrize("selector", ["herding", "coverage", "border", "kcenter", "stratified", "random", "longest"])
@pytest.mark.parametrize("budget", ["budget.rows=13", "budget.tokens=300"])
def test_every_selector_fills_every_budget(folder, selector, budget):
    name = f"{selector}-{budget[7:11]}"
    corebound(folder, "source.path=toy.jsonl", f"selector={selector}", budget, f"sink.path={name}", "clusterer.size=5")
    record = json.loads((folder / name / "run.json").read_text())
    if "rows" in budget:
        assert record["counts"]["kept"] == 13
    else:
        assert 0 <= record["counts"]["tokens unspent"] < 60


def test_precomputed_vectors(folder):
    vectors = np.random.default_rng(0).normal(size=(60, 8))
    np.save(folder / "v.npy", vectors)
    command = ["source.path=toy.jsonl", "budget.rows=7", "embedder=precomputed", "embedder.path=v.npy"]
    corebound(folder, *command, "sink.path=precomputed")
    assert (ledger_of(folder / "precomputed").decision == "kept").sum() == 7
    vectors[17, 3] = np.nan
    np.save(folder / "v.npy", vectors)
    assert "toy.jsonl line 18 holds" in corebound(folder, *command, "sink.path=nan", check=False).stderr
    np.save(folder / "v.npy", vectors[:50])
    assert "expected float[60, d]" in corebound(folder, *command, "sink.path=short", check=False).stderr


def test_named_tokenizer(folder):
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.enable_truncation(4)  # as published tokenizers have; it must not cut what is counted
    tokenizer.enable_padding(length=4)
    tokenizer.save(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    corebound(folder, "source.path=toy.jsonl", "budget.tokens=200", "tokenizer=tokenizer.json", "sink.path=tok")
    rows = load_dataset(str(folder / "tok"), split="train", cache_dir=str(folder / "hf"))
    texts = [
        "\n".join(filter(None, ["\n\n".join(filter(None, [r["instruction"], r["input"]])), r["output"]])) for r in rows
    ]
    spent = sum(len(tokenizer.encode(text).ids) for text in texts)
    counts = json.loads((folder / "tok" / "run.json").read_text())["counts"]
    assert spent == counts["tokens spent"] <= 200


def test_always_and_copies(folder):
    rows = toy_rows()
    for i, row in enumerate(rows):
        row["gold"] = i in (4, 44)
    write_jsonl(folder / "gold.jsonl", [*rows, *rows[:5]])
    corebound(folder, "source.path=gold.jsonl", "budget.rows=2", "budget.always=gold", "sink.path=gold")
    ledger = ledger_of(folder / "gold")
    assert ledger.row[ledger.decision == "kept"].tolist() == [4, 44]
    assert set(ledger.reason[ledger.decision == "kept"]) == {"always"}
    refused = corebound(folder, "source.path=gold.jsonl", "budget.rows=63", "sink.path=more", check=False)
    assert "set budget.copies=true" in refused.stderr
    corebound(folder, "source.path=gold.jsonl", "budget.rows=63", "budget.copies=true", "sink.path=more")
    ledger = ledger_of(folder / "more")
    assert (ledger.decision == "kept").sum() == 63 and (ledger.reason == "copy").sum() == 3


def test_a_suggested_budget_covers_what_it_says(folder, demo_corpus):
    command = [f"source.path={demo_corpus}", "sink.overwrite=true", "sink.path=suggested"]
    corebound(folder, *command, "budget.rows=1")
    suggested = json.loads((folder / "suggested" / "run.json").read_text())["suggested"]
    for level in ("0.80", "0.95"):
        rows = suggested[level]["rows"]
        covers = []
        for budget in (rows - 1, rows):
            corebound(folder, *command, f"budget.rows={budget}")
            covers.append(
                json.loads((folder / "suggested" / "run.json").read_text())["measured"]["selected"]["coverage"]
            )
        assert covers[0] < float(level) <= covers[1]


def test_stand_ins_are_the_nearest_kept_rows_that_were_looked_at(folder):
    vectors = np.random.default_rng(3).normal(size=(60, 6))
    np.save(folder / "near.npy", vectors)
    command = ["source.path=toy.jsonl", "embedder=precomputed", "embedder.path=near.npy", "clusterer.size=30"]
    corebound(folder, *command, "budget.rows=15", "sink.path=near", "neighbours.m=59", "similarity=0.5")
    ledger = ledger_of(folder / "near")
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    kept = np.flatnonzero(ledger.decision == "kept")
    for row in ledger[ledger.decision == "dropped"].itertuples():
        cosine = unit[kept] @ unit[row.row]  # with 59 neighbours, all rows are looked at
        assert row.stand_in_row == kept[cosine.argmax()]
        assert row.similarity == pytest.approx(cosine.max(), abs=1e-5)
        assert (row.reason == "represented") == (row.similarity >= 0.5)


def test_corpora_at_the_edge(folder):
    one = [toy_rows()[0]]
    cases = {
        "one": (one, 1),
        "same": (one * 50, 1),
        "alike": ([{**one[0], "output": f"{i}"} for i in range(300)], 60),
        "two": (toy_rows()[:2], 1),
    }
    for name, (rows, kept) in cases.items():
        write_jsonl(folder / f"{name}.jsonl", rows)
        budget = f"budget.rows={kept}"
        corebound(folder, f"source.path={name}.jsonl", budget, f"sink.path=edge-{name}")
        assert (ledger_of(folder / f"edge-{name}").decision == "kept").sum() == kept


def test_labels_that_are_numbers_or_strange_can_be_named(folder):
    rows = [{**row, "label": [1, True, 2.5, "a b", "é|=,"][i % 5]} for i, row in enumerate(toy_rows())]
    for row in rows:
        row["label"] = str(row["label"])
    write_jsonl(folder / "labels.jsonl", rows)
    (folder / "own" / "experiment").mkdir(parents=True)
    (folder / "own" / "experiment" / "shares.yaml").write_text(
        '# @package _global_\nbudget:\n  by: label\n  shares: {"é|=,": 0.5, 2.5: 0.25, true: 0.25}\n', "utf-8"
    )
    command = ["source.path=labels.jsonl", "budget.rows=8"]
    corebound(folder, *command, "--config-dir", "own", "experiment=shares", "sink.path=labels")
    ledger = ledger_of(folder / "labels")
    kept = [rows[i]["label"] for i in ledger.row[ledger.decision == "kept"]]
    assert sorted(kept) == ["2.5"] * 2 + ["True"] * 2 + ["é|=,"] * 4
    done = corebound(folder, *command, "budget.by=label", "budget.shares={1: 0.5, 2.5: 0.5}", "sink.path=numbers")
    assert "leave out 3 of 5 groups" in done.stderr


def test_settings_are_printed_wherever_the_flag_stands(folder):
    for command in (["embedder=precomputed", "--cfg", "job"], ["--cfg", "job", "embedder=precomputed"]):
        assert "column: null" in corebound(folder, *command).stdout


def test_help_is_quick_and_light(folder):
    times, bare = [], []
    for _ in range(3):
        start = time.perf_counter()
        out = corebound(folder, "--help").stdout
        times.append(time.perf_counter() - start)
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import hydra, hydra._internal.hydra, numpy"], check=True)
        bare.append(time.perf_counter() - start)
    assert "budget.fraction" in out and "selector: border, coverage" in out
    assert min(times) < max(1.5, 6 * min(bare))  # importing these takes 0.25 s where nothing else runs
    heavy = "{'torch', 'datasets', 'sklearn', 'faiss', 'pyarrow'} & set(sys.modules)"
    program = f"import sys, pipeline.cli, pipeline.config; print({heavy})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
