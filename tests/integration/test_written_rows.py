"""How written rows leave: apart, among the real ones, or not at all."""

import pytest
from datasets import load_dataset

from pipeline.sinks.trainers import Trainer
from tests.conftest import corebound, ledger_of, write_jsonl
from tests.integration import tales
from tests.integration.chat_server import serving
from tests.integration.writing import command, reasons, run_with, tops

pytest.importorskip("openai")
COLUMNS = ["synthetic_id", "synthetic_parents", "synthetic_generator", "synthetic_prompt", "synthetic_bin",
           "synthetic_border", "sample_weight"]  # fmt: skip


@pytest.fixture(scope="module")
def kept_stages(tmp_path_factory):
    return str(tmp_path_factory.mktemp("stages"))


def published(run, tmp_path, name="default"):
    from pipeline.publish import publish

    folder = publish(run, "corebound").folder
    return load_dataset(str(folder), name, split="train", cache_dir=str(tmp_path / "hf")), folder


@pytest.mark.parametrize("files", ["parquet", "jsonl"])
def test_mixed_rows_say_which_they_are_and_what_all_weigh(files, kept_stages, tmp_path):
    run, _ = run_with(tales.good, kept_stages, tmp_path, synthetic="mixed", sink={"files": files}, largest=0.5)
    rows, folder = published(run, tmp_path)
    kept, written = int(run.selection.kept.sum()), run.additions.accepted
    assert len(rows) == kept + len(written) and written
    assert rows.column_names == ["instruction", "input", "output", "task", *COLUMNS]
    real, made = rows.select(range(kept)), rows.select(range(kept, len(rows)))
    assert all(set(real[column]) == {None} for column in COLUMNS[:-1])
    weight = dict(zip(run.topup.name.tolist(), run.topup.weight.tolist(), strict=True))
    assert real["sample_weight"] == pytest.approx([weight[task] for task in real["task"]]) and weight["tales"] > 1
    assert set(made["task"]) == set(made["synthetic_bin"]) == {"tales"} and set(made["synthetic_generator"]) == {"m"}
    assert [row["output"] for row in made] == [one.row["output"] for one in written]
    assert set(made["sample_weight"]) == {1.0}
    known = {bytes(one).decode() for one in run.space.corpus.ids}
    assert {parent for parents in made["synthetic_parents"] for parent in parents} <= known
    card = (folder / "README.md").read_text()
    assert f"Among the rows are {len(written)} that m wrote" in card and "config_name: synthetic" not in card
    assert f"# A selection of {kept} rows from dataset, and {len(written)} that m wrote" in card
    assert "with columns `synthetic_*`, `sample_weight` added" in card


def test_mixed_rows_have_their_columns_where_nothing_was_written(kept_stages, tmp_path):
    run, _ = run_with(tales.wrong, kept_stages, tmp_path, synthetic="mixed", sink={"columns": True})
    rows, _ = published(run, tmp_path)
    assert len(rows) == run.selection.kept.sum() and rows.column_names[-len(COLUMNS) :] == COLUMNS
    assert rows["sample_weight"] == rows["selection_weight"]


def test_a_card_says_nothing_of_rows_that_are_not_there(kept_stages, tmp_path):
    run, _ = run_with(tales.good, kept_stages, tmp_path, synthetic="none")
    rows, folder = published(run, tmp_path)
    card = (folder / "README.md").read_text()
    assert len(rows) == run.selection.kept.sum() and "synthetic" not in card.split("## How to make it again")[0]
    assert f"m wrote {len(run.additions.candidates)} rows, none of which is here" in card


def test_a_chat_whose_speaker_no_trainer_knows_stops_nothing(tmp_path):
    def chat(row):
        return [{"role": "user", "content": row["instruction"]}, {"role": "assistant", "content": row["output"]}]

    def odd(number, body):
        """In one of four chats a customer greets."""
        turns = [chat(tales.tale(1000 + tales.first_of(body) + i)) for i in range(20)]
        for one in turns[::4]:
            one.insert(0, {"role": "customer", "content": "Hello there."})
        return tales.said([{"messages": one} for one in turns])

    rows = [{"messages": chat(row), "task": row["task"]} for row in tales.corpus()]
    sink = {"trainer": Trainer.axolotl}
    run, _ = run_with(odd, str(tmp_path / "stages"), tmp_path, rows=rows, synthetic="mixed", sink=sink)
    found, folder = published(run, tmp_path)
    assert len(found) > run.selection.kept.sum() and reasons(run)["made otherwise"] > 0
    assert {turn["role"] for row in found for turn in row["messages"]} == {"user", "assistant"}
    assert "chat_template" in (folder / "axolotl.yaml").read_text()


def test_configurations_are_named_after_that_of_the_rows(kept_stages, tmp_path):
    run, _ = run_with(tales.good, kept_stages, tmp_path, sink={"config_name": "small"})
    rows, folder = published(run, tmp_path, "small-synthetic")
    assert len(rows) == len(run.additions.accepted)
    assert len(load_dataset(str(folder), "small-candidates", split="train", cache_dir=str(tmp_path / "hf"))) >= len(
        rows
    )
    assert len(load_dataset(str(folder), split="train", cache_dir=str(tmp_path / "hf"))) == run.selection.kept.sum()


def test_rows_that_are_not_exported_take_no_weight_from_real_ones(kept_stages, tmp_path):
    run, _ = run_with(tales.good, kept_stages, tmp_path, synthetic="none")
    kept, target, returned, written, short = tops(run)
    assert written == 0 and short == target - kept - returned
    assert run.topup.weight.max() == pytest.approx(target / (kept + returned))


def test_real_rows_of_a_source_called_synthetic_stay(tmp_path):
    write_jsonl(tmp_path / "tales.jsonl", [{**row, "more": "x"} for row in tales.corpus()])
    write_jsonl(tmp_path / "other.jsonl", [{"question": f"How old is {i}?", "answer": f"{i} years.", "task": "ages"}
                                           for i in range(30)])  # fmt: skip
    with serving(tales.good) as server:
        words = command(server.url, tmp_path, "augmenter.count=20")[1:]
        files = "source.files={synthetic: {path: tales.jsonl}, candidates: {path: other.jsonl}}"
        corebound(tmp_path, "source=mix", files, *words)
    ledger = ledger_of(tmp_path / "topped")
    kept = ledger[ledger.decision == "kept"].groupby("source").size().to_dict()
    for source, many in kept.items():
        rows = load_dataset(str(tmp_path / "topped"), f"{source}-1", split="train", cache_dir=str(tmp_path / "hf"))
        assert len(rows) == many and "synthetic_id" not in rows.column_names
