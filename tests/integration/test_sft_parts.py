"""What the fine-tuning proof is made of: pools, arms, batches, losses, tables."""

import gzip
import json
import sys

import numpy as np
import pytest

from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "scripts"))


def test_pairs_have_pools_of_their_own():
    from sft.arms import subsample

    first, second = (set(subsample(200, pair).tolist()) for pair in (0, 1))
    assert len(first) == len(second) == 180 and first != second


def test_matched_rows_have_as_many_answer_tokens_of_each_source_and_are_others():
    from sft.arms import matched

    pool = [{"source": "ab"[i % 2], "answer_tokens": 1 + i % 7} for i in range(400)]
    ours = list(range(0, 60)) + list(range(61, 200, 2))
    chosen = matched(pool, ours, 0).rows
    for name in "ab":
        tokens = [sum(pool[i]["answer_tokens"] for i in rows if pool[i]["source"] == name) for rows in (ours, chosen)]
        assert abs(tokens[0] - tokens[1]) <= 7
    assert chosen != matched(pool, ours, 1).rows and len(set(chosen) & set(ours)) < len(ours)


def settings():
    from omegaconf import OmegaConf

    configs = ROOT / "scripts" / "sft" / "configs"
    files = [OmegaConf.load(configs / name) for name in ("sft_proof.yaml", "preset/smoke.yaml")]
    return OmegaConf.to_container(OmegaConf.merge(*files), resolve=False)


CHANGES = [
    {"tune": {"epochs": 9}}, {"base": {"epochs": 9}}, {"held_out": 9}, {"sources": ["t0"]}, {"context": 64},
    {"bf16": True}, {"largest": {"general": 9, "pool": 9}}, {"device": "cuda"}, {"lora": {"r": 1}}, {"examples": 1},
    {"small": {"layers": 1}}, {"general": 0.5}, {"revision": "main"},
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_results_of_other_settings_have_another_name(change):
    from sft_proof import name_of

    assert name_of(settings() | change) != name_of(settings())


def test_more_pairs_budgets_and_arms_add_to_what_is_there():
    from sft_proof import name_of

    assert name_of(settings() | {"pairs": 9, "budgets": [0.5], "arms": ["border"], "full": 0}) == name_of(settings())


def test_tables_say_what_results_say(tmp_path):
    from sft import table

    chosen = {"sources": ["a", "b", "c"], "arms": ["corebound", "random", "matched"], "budgets": [0.1], "pairs": 2,
              "full": 0, "model": "small", "parts": str(tmp_path / "parts-1")}  # fmt: skip
    shared = {"rows": 4, "tokens": 9, "answer_tokens": 5, "steps": 3, "seconds": 1, "seconds_to_select": 2}
    found = [{"arm": "base", "budget": 0.0, "pair": 0, "loss": {"a": 3.0, "b": 3.0, "c": 3.0}} | shared]
    for pair, more in ((0, 0.0), (1, 0.002)):
        ours, theirs = {"a": 2.9 - more, "b": 2.84, "c": 2.9}, {"a": 2.95, "b": 2.8, "c": 2.9}
        found.append(
            {"arm": "corebound", "budget": 0.1, "pair": pair, "loss": ours, "answered": {"a": 60, "b": 20, "c": 20}}
            | shared
        )
        found.append(
            {"arm": "random", "budget": 0.1, "pair": pair, "loss": theirs, "answered": {"a": 40, "b": 40, "c": 20}}
            | shared
        )
        found.append(
            {"arm": "matched", "budget": 0.1, "pair": pair, "loss": {"a": 2.91, "b": 2.84, "c": 2.88},
             "answered": {"a": 60, "b": 20, "c": 20}} | shared
        )  # fmt: skip
    row = {"answer_tokens": 2}
    rows = [row | {"source": name} for name in "aabbc"]
    said = table.tables(
        found, chosen, {"general": rows, "pool": rows, "held_out": rows[:1], "too_long": {"a": 7, "b": 0, "c": 0}}
    )
    assert "| worst source at 10 % | at most +0.02 | b +0.0400; there random rows gain 0.2000 over the base |" in said
    assert "| a | +50 % | +0 % | -0.0510 |" in said and "| b | -50 % | +0 % | +0.0400 |" in said
    assert "| corebound | -1.00 |" in said or "| corebound | -0.99 |" in said
    assert "| a | 2 | 2 | 1 | 2 | 7 |" in said
    matched = said.split("## corebound to matched")[1].split("##")[0]
    assert "| a | -0.0110 (-0.0237 to +0.0017) |" in matched and "| c | +0.0200 (+0.0200 to +0.0200) |" in matched


def conversations():
    said = [("user", "How many?"), ("assistant", "Two."), ("user", "And of those?"), ("assistant", "One.")]
    messages = [{"role": role, "content": text} for role, text in said]
    return [{"messages": messages[:size], "tokens": 20 * size} for size in (2, 4)]


def test_batches_share_rows_out_evenly():
    from sft.training import Batches

    batches = Batches([1] * 23, 5, seed=1, alike=1)
    first, second = list(batches), list(batches)
    for epoch in (first, second):
        assert len(epoch) == len(batches) == 5
        assert sorted(row for part in epoch for row in part) == list(range(23))
        assert {len(part) for part in epoch} == {4, 5}
    assert first != second and first == list(Batches([1] * 23, 5, seed=1, alike=1))


def test_batches_of_rows_alike_in_length_have_as_many_tokens_and_little_padding():
    from sft.training import Batches

    tokens = np.random.default_rng(0).integers(10, 500, 2000)
    batches = [np.array(part) for part in Batches(tokens.tolist(), 40, seed=1, alike=8)]
    assert len(batches) == 40 and sorted(np.concatenate(batches)) == list(range(2000))
    for window in range(0, 40, 8):
        each = [tokens[part].sum() for part in batches[window : window + 8]]
        assert max(each) - min(each) < 2 * 500
    padded = sum(len(part) * tokens[part].max() for part in batches)
    mixed = sum(len(part) * tokens[part].max() for part in Batches(tokens.tolist(), 40, seed=1, alike=1))
    assert padded < 1.3 * tokens.sum() < 1.8 * tokens.sum() < mixed


@pytest.mark.parametrize("tokens", [[1, 1, 1, 900], [900, 1, 1, 1], [300, 900, 1, 2]])
def test_no_batch_is_empty_whatever_the_lengths(tokens):
    from sft.training import Batches

    batches = list(Batches(tokens, 3, seed=1, alike=3))
    assert len(batches) == 3 and all(batches) and sorted(np.concatenate(batches)) == [0, 1, 2, 3]


def test_other_weights_are_another_model(tmp_path):
    from sft.language_model import content

    for said in (b"1234", b"1235"):
        (tmp_path / said.decode()).mkdir()
        (tmp_path / said.decode() / "model.safetensors").write_bytes(said)
    assert content(str(tmp_path / "1234")) != content(str(tmp_path / "1235"))
    assert content("small") == []


def test_every_source_says_what_its_rows_say(tmp_path):
    from sft import corpora

    def put(name, *rows):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with gzip.open(path, "wt") as file:
            file.write(json.dumps(list(rows)) if name.endswith(".json.gz") else "\n".join(map(json.dumps, rows)))

    task = {"instruction": "Add.", "input": "1 and 2", "output": "3"}
    labels = {"template": "a", "dataset": "b", "task_type": "c"}
    turns = [{"from": "human", "value": "Add.\n1 and 2"}, {"from": "gpt", "value": "3"}]
    asked = {"definition": "Add.", "input": "1 and 2"}
    put("instruct/codealpaca_new.json.gz", task)
    put("instruct/code_alpaca_2k.json.gz", task, {**task, "output": " "})
    for train, test, rows in (
        ("alpaca_17k", "alpaca_eval1k", [task]),
        ("t0_a", "t0_a_eval", [{"prompt": "Add.\n1 and 2", "completion": "3<|endoftext|>", **labels}]),
        (
            "superni_a_flat",
            "superni_a_flat",
            [{**asked, "output": ["3", "three"]}, {**asked, "output": []}, {**asked, "input": "one", "output": "POS"}],
        ),
        ("sgd_sharegpt", "sgd_sharegpt_eval", [{"conversations": turns, "services": ["Sums_1"]}]),
    ):
        put(f"{'chat' if train.startswith('sgd') else 'instruct'}/{train}.jsonl.gz", *rows)
        put(f"eval/{test}.jsonl.gz", *rows)
    wanted = [{"role": "user", "content": "Add.\n1 and 2"}, {"role": "assistant", "content": "3"}]
    for name in ("alpaca", "code", "t0", "natural-instructions", "dialogues"):
        train, test = corpora.SOURCES[name](tmp_path)
        if name == "natural-instructions":  # some tasks have one answer instead of a list
            assert train.pop()[1]["content"] == test.pop()[1]["content"] == "POS"
        assert train == [wanted] * (2 if name == "code" else 1)
        assert test == ([] if name == "code" else [wanted])


def test_the_loss_is_of_what_the_assistant_says_and_of_nothing_else(tmp_path):
    import torch
    from sft import language_model, training

    rows = conversations()
    language_model.make_tokenizer(rows * 10, 300, tmp_path)
    tokenizer = language_model.read_tokenizer(str(tmp_path))
    model = language_model.make_small(tokenizer, {"hidden_size": 32, "layers": 1, "heads": 2}, 128, seed=0)
    encoded = language_model.encode(rows, tokenizer)
    said = [tokenizer.decode([i for i, s in zip(e.ids, e.said, strict=True) if s]) for e in encoded]
    assert said == ["Two.<|end|>", "Two.<|end|>One.<|end|>"]
    found = training.response_losses(model, encoded, {"bf16": False, "context": 128})
    for (total, tokens), one in zip(found, encoded, strict=True):
        ids, counted = torch.tensor([one.ids]), torch.tensor(one.said[1:]).bool()
        with torch.inference_mode():
            chances = model(input_ids=ids).logits[0, :-1].log_softmax(-1)
        each = -chances.gather(1, ids[0, 1:, None])[:, 0]
        assert tokens == counted.sum() and total == pytest.approx(float(each[counted].sum()), rel=1e-4)


def test_an_interval_is_that_of_paired_differences():
    from scipy.stats import ttest_1samp
    from sft.verdict import difference

    apart = [-0.03, -0.01, -0.02, 0.01, -0.02]
    found = [
        {"arm": arm, "budget": 0.1, "pair": pair, "loss": {"a": 2 + pair + (arm == "corebound") * gap, "b": 3.0 + pair}}
        for pair, gap in enumerate(apart)
        for arm in ("random", "corebound")
    ]
    mean, low, high = difference(found, "corebound", 0.1, "a")
    wanted = ttest_1samp(apart, 0).confidence_interval(0.95)
    assert (mean, low, high) == pytest.approx((-0.014, wanted.low, wanted.high))
    assert difference(found, "corebound", 0.1, "macro")[0] == pytest.approx(-0.007)


def gsm8k_of(folder, train, test):
    for part, numbers in (("instruct/gsm8k_train", train), ("eval/gsm8k_test", test)):
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        with gzip.open(folder / f"{part}.jsonl.gz", "wt") as file:
            for i in numbers:
                file.write(
                    json.dumps({"question": f"What is {i} and 1?", "answer": f"It is {i + 1}. " * (i % 7)}) + "\n"
                )
    return folder


def test_parts_share_no_row_and_fit_and_data_that_changed_is_refused(tmp_path):
    from sft import rows

    data = gsm8k_of(tmp_path / "data", range(1, 300), range(250, 330))  # some questions of the test are in training
    chosen = {
        "data": str(data), "sources": ["gsm8k"], "general": 0.25, "held_out": 30, "model": "small", "context": 32,
        "small": {"vocabulary": 300}, "largest": {"general": 1000, "pool": 1000}, "parts": str(tmp_path),
    }  # fmt: skip
    rows.prepare(chosen, tmp_path / "tokenizer", tmp_path / "rows.json.gz")
    found = rows.read(str(tmp_path))
    said = {part: {row["messages"][0]["content"] for row in found[part]} for part in rows.PARTS}
    assert len(said["held_out"]) == 30 and len(said["pool"]) > 2 * len(said["general"]) > 50
    assert not (said["held_out"] & said["pool"] or said["held_out"] & said["general"] or said["pool"] & said["general"])
    assert max(row["tokens"] for part in rows.PARTS for row in found[part]) <= 32
    assert all(0 < row["answer_tokens"] < row["tokens"] for part in rows.PARTS for row in found[part])
    rows.require_same(chosen)
    gsm8k_of(data, range(1, 301), range(250, 330))
    with pytest.raises(SystemExit, match="has changed"):
        rows.require_same(chosen)


def test_only_what_the_assistant_says_is_trained_on(tmp_path, monkeypatch):
    from sft import language_model, training
    from trl import SFTTrainer

    rows, seen = conversations(), []
    language_model.make_tokenizer(rows * 10, 300, tmp_path)
    tokenizer = language_model.read_tokenizer(str(tmp_path))
    compute = SFTTrainer.compute_loss

    def spy(self, model, inputs, *more, **named):
        seen.extend(inputs["input_ids"][inputs["labels"] != -100].tolist())
        return compute(self, model, inputs, *more, **named)

    monkeypatch.setattr(SFTTrainer, "compute_loss", spy)
    how = {
        "epochs": 1,
        "learning_rate": 1e-3,
        "context": 128,
        "bf16": False,
        "device": "cpu",
        "lora": None,
        "grouped": False,
        "alike": 1,
    }
    for said_only in (True, False):
        seen.clear()
        model = language_model.make_small(tokenizer, {"hidden_size": 32, "layers": 1, "heads": 2}, 128, seed=0)
        training.train(model, tokenizer, rows, 2, how, 0, said_only)
        said = [i for e in language_model.encode(rows, tokenizer) for i, s in zip(e.ids, e.said, strict=True) if s]
        assert (sorted(seen) == sorted(said)) == said_only
        assert len(seen) >= len(said)


@pytest.mark.parametrize("preset", ["cpu", "gpu", "laser", "smoke"])
def test_every_preset_is_one_that_the_script_takes(preset, monkeypatch):
    import torch
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf
    from sft_proof import refuse_what_is_missing

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with initialize_config_dir(str(ROOT / "scripts" / "sft" / "configs"), version_base="1.3"):
        chosen = OmegaConf.to_container(
            compose("sft_proof", overrides=[f"preset={preset}", "folder=out"]), resolve=True
        )
    refuse_what_is_missing(chosen)
    if preset == "laser":
        assert chosen["budgets"] == [1000, 5000, 10000] and chosen["tune"]["epochs"] == 1
        assert chosen["tune"]["learning_rate"] == 1e-4 and "laser" in chosen["arms"]  # the rest as in preset=cpu
