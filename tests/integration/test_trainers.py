"""Products go into trainers as they are: TRL trains on them, the entries for others are as these document them."""

import json
import math
import os
import subprocess
import sys

import pytest
import yaml

from pipeline.errors import ConfigError
from pipeline.run import prepare
from pipeline.sinks.disk import Disk
from pipeline.sinks.hub import Hub
from pipeline.sinks.trainers import Trainer
from pipeline.sources.files import Files
from pipeline.sources.mix import Mix
from tests.conftest import corebound, toy_config, toy_rows, write_jsonl

SMALL = ["embedder.dimensions=16", "clusterer.size=6", "budget.rows=16"]
TEMPLATE = (
    "{% if tools %}<tools> {{ tools | tojson }} </tools> {% endif %}"
    "{% for message in messages %}<{{ message['role'] }}> "
    "{% if message['content'] %}{{ message['content'] }}{% endif %}"
    "{% if message['tool_calls'] %}{{ message['tool_calls'] | tojson }}{% endif %} </s> {% endfor %}"
    "{% if add_generation_prompt %}<assistant> {% endif %}"
)
CALCULATOR = {
    "type": "function",
    "function": {"name": "add", "description": "Add.", "parameters": {"type": "object", "properties": {}}},
}


def said(row):
    return [{"role": "user", "content": row["instruction"]}, {"role": "assistant", "content": row["output"]}]


def called(row, number):
    call = {"type": "function", "function": {"name": "add", "arguments": {"numbers": [number, 1]}}}
    user, assistant = said(row)
    return [user, {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "content": str(number + 1)}, assistant]  # fmt: skip


def shapes():
    """Rows of each shape, what the sink is told, and words that the trainer must have seen of them."""
    rows = toy_rows()
    system = {"role": "system", "content": "You are brief."}
    return {
        "single turn": ([{"instruction": r["instruction"], "output": r["output"]} for r in rows],
                        ["sink.format=messages"], "<user>"),
        "multi-turn": ([{"messages": said(r) + said(rows[-1 - i])} for i, r in enumerate(rows)], [], "<assistant>"),
        "system prompts": ([{"messages": [system, *said(r)]} for r in rows], [], "<system> You are brief."),
        "tools": ([{"messages": called(r, i), "tools": [CALCULATOR]} for i, r in enumerate(rows)],
                  ["sink.format=messages"], "<tools>"),
        "prompt/completion": ([{"prompt": r["instruction"], "completion": " " + r["output"]} for r in rows], [], ""),
    }  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A language model of two small layers and random weights, with a tokenizer of its own."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    texts = [row["instruction"] + row["output"] for row in toy_rows()]
    tokenizer.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=400, special_tokens=["<pad>", "</s>"], initial_alphabet=alphabet)
    )
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>")
    fast.chat_template = TEMPLATE
    config = LlamaConfig(
        vocab_size=len(fast), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        eos_token_id=fast.eos_token_id, pad_token_id=fast.pad_token_id, bos_token_id=None,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("model")
    LlamaForCausalLM(config).save_pretrained(folder)
    fast.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def products(tmp_path_factory):
    """A product of each shape, with the entry for TRL."""
    folder = tmp_path_factory.mktemp("products")
    for name, (rows, sink, _) in shapes().items():
        path = write_jsonl(folder / f"{name.replace('/', ' ')}.jsonl", rows)
        corebound(folder, *SMALL, f"source.path={path}", f"sink.path={path.with_suffix('')}", "sink.trainer=trl", *sink)
    return folder


@pytest.mark.parametrize("name", shapes())
def test_trl_trains_two_steps_on_a_product_straight_from_disk(name, products, model, tmp_path):
    from datasets import load_dataset
    from trl import SFTConfig, SFTTrainer

    rows = load_dataset(str(products / name.replace("/", " ")), split="train", cache_dir=str(tmp_path / "hf"))
    how = {"max_steps": 2, "per_device_train_batch_size": 4, "report_to": "none", "use_cpu": True, "logging_steps": 1}
    trainer = SFTTrainer(model=model, train_dataset=rows, args=SFTConfig(output_dir=str(tmp_path / "out"), **how))
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert trainer.state.global_step == 2 and len(losses) == 2 and all(map(math.isfinite, losses))
    seen = trainer.processing_class.decode(trainer.train_dataset[0]["input_ids"])
    assert shapes()[name][2] in seen
    if name == "tools":
        assert '"numbers"' in seen and "<tool>" in seen


def test_the_script_for_trl_trains(products, model, tmp_path):
    script = products / "prompt completion" / "train_trl.py"
    env = {**os.environ, "HF_DATASETS_CACHE": str(tmp_path / "hf"), "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([sys.executable, script, model], cwd=tmp_path, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "trained" / "model.safetensors").exists()


# Keys of an entry of `datasets`: Axolotl 0.19, documentation, "Config Reference" (class SFTDataset), and of a custom
# prompt format: "Dataset Formats", "Instruction Tuning", "How to add custom prompt format".
AXOLOTL = {"path", "name", "split", "revision", "type", "field", "field_messages", "field_tools",
           "message_property_mappings"}  # fmt: skip
CUSTOM = {"field_instruction", "field_input", "field_output", "format", "no_input_format"}
# LLaMA-Factory 0.9.5, data/README.md: keys of a data set, of its columns, of its tags.
FACTORY = {"file_name", "hf_hub_url", "subset", "split", "formatting", "columns", "tags"}
COLUMNS = {"prompt", "query", "response", "messages", "system", "tools"}
TAGS = {"role_tag", "content_tag", "user_tag", "assistant_tag", "observation_tag", "function_tag", "system_tag"}


def entry_of(tmp_path, trainer, rows, *sink):
    path = write_jsonl(tmp_path / "rows.jsonl", rows)
    corebound(tmp_path, *SMALL, f"source.path={path}", "sink.path=out", f"sink.trainer={trainer}", *sink)
    out = tmp_path / "out"
    if trainer == "axolotl":
        return yaml.safe_load((out / "axolotl.yaml").read_text())
    return json.loads((out / "dataset_info.json").read_text())


@pytest.mark.parametrize("name", shapes())
def test_an_entry_for_axolotl_has_the_documented_keys(name, tmp_path):
    rows, sink, _ = shapes()[name]
    (entry,) = entry_of(tmp_path, "axolotl", rows, *sink)["datasets"]
    assert set(entry) <= AXOLOTL and entry["path"] == str(tmp_path / "out") and entry["split"] == "train"
    if name == "prompt/completion":
        assert set(entry["type"]) <= CUSTOM and entry["type"]["field_output"] == "completion"
    else:
        assert entry["type"] == "chat_template" and entry["field_messages"] == "messages"
        assert entry["message_property_mappings"] == {"role": "role", "content": "content"}
        assert ("field_tools" in entry) == (name == "tools")


@pytest.mark.parametrize("name", shapes())
def test_an_entry_for_llamafactory_has_the_documented_keys(name, tmp_path):
    rows, sink, _ = shapes()[name]
    (entry,) = entry_of(tmp_path, "llamafactory", rows, *sink).values()
    assert set(entry) <= FACTORY and set(entry["columns"]) <= COLUMNS and set(entry.get("tags", {})) <= TAGS
    assert len(list((tmp_path / "out" / entry["file_name"]).glob("*.parquet"))) == 1
    if name == "prompt/completion":
        assert entry["columns"] == {"prompt": "prompt", "response": "completion"} and "formatting" not in entry
    else:
        assert entry["formatting"] == ("openai" if name == "tools" else "sharegpt")
        assert entry["columns"]["messages"] == "messages" and entry["tags"]["user_tag"] == "user"
        assert set(entry["tags"]) == TAGS and entry["tags"]["observation_tag"] == "tool"


def test_alpaca_and_sharegpt_rows_are_read_as_they_are(tmp_path):
    alpaca = [{key: row[key] for key in ("instruction", "input", "output")} for row in toy_rows()]
    (entry,) = entry_of(tmp_path, "axolotl", alpaca)["datasets"]
    assert entry["type"] == "alpaca"
    turns = [{"conversations": [{"from": "human", "value": row["instruction"]},
                                {"from": "gpt", "value": row["output"]}]} for row in toy_rows()]  # fmt: skip
    (entry,) = entry_of(tmp_path, "llamafactory", turns, "sink.overwrite=true").values()
    assert entry["columns"] == {"messages": "conversations"}
    assert set(entry["tags"]) == TAGS  # one that is left out would have no default
    assert entry["tags"]["role_tag"] == "from" and entry["tags"]["user_tag"] == "human"
    assert entry["tags"]["assistant_tag"] == "gpt"


@pytest.mark.parametrize(
    ("trainer", "row"),
    [
        ("trl", {"instruction": "What is {}?", "output": "It is {}."}),
        ("axolotl", {"prompt": "What is {}?", "completion": "It is {}.", "system": "Be brief."}),
        ("axolotl", {"prompt": "What is {}?", "completion": "It is {}.", "label": True}),
        ("llamafactory", {"definition": "Say it.", "input": "{}", "output": ["{}", "that"]}),
    ],
)
def test_rows_that_a_trainer_does_not_read_are_refused_before_anything_is_computed(trainer, row, tmp_path):
    rows = [{k: v.format(i) if isinstance(v, str) else v for k, v in row.items()} for i in range(30)]
    path = write_jsonl(tmp_path / "rows.jsonl", rows)
    given = [*SMALL, f"source.path={path}", "sink.path=out", f"sink.trainer={trainer}"]
    refused = corebound(tmp_path, *given, check=False)
    assert refused.returncode == 1 and "embed" not in refused.stderr
    line = refused.stderr.strip().splitlines()[-1]
    assert f"sink.trainer={trainer} does not read rows.jsonl" in line
    assert ("sink.format=messages" in line) == ("label" not in row)  # which would move a label to where nobody looks
    corebound(tmp_path, *given, "sink.format=messages")


def turns(role, content="{}", **more):
    return [{"from": role, "value": "What is {}?"}, {"from": "gpt", "value": content, **more}]


CALL = {"type": "function", "function": {"name": "add", "arguments": {"a": 1}}}


@pytest.mark.parametrize(
    ("trainer", "one", "other"),
    [
        # A later row is not like the first: its content has parts, its answer is elsewhere, its answers are several.
        (
            "axolotl",
            {"messages": [{"role": "user", "content": "{}?"}, {"role": "assistant", "tool_calls": [CALL]}]},
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "{}?"}]},
                          {"role": "assistant", "content": "{}"}]},
        ),
        ("axolotl", {"instruction": "{}?", "output": "{}", "response": ""},
         {"instruction": "{}?", "output": "", "response": "{}"}),
        ("axolotl", {"question": "{}?", "answer": "{}"}, {"question": "{}?", "answer": ["{}", "a"]}),
        # Who speaks is known to one of them alone.
        ("axolotl", {"conversations": turns("human")}, {"conversations": turns("prompter")}),
        ("llamafactory", {"conversations": turns("human")}, {"conversations": turns("user")}),
    ],
)  # fmt: skip
def test_every_row_counts(trainer, one, other, tmp_path):
    rows = [json.loads(json.dumps(one if i < 20 else other).replace("{}", str(i))) for i in range(30)]
    source = Files(path=str(write_jsonl(tmp_path / "rows.jsonl", rows)))
    sink = Disk(path=str(tmp_path / "out"), trainer=Trainer(trainer))
    with pytest.raises(ConfigError, match=f"sink.trainer={trainer} does not read rows.jsonl"):
        prepare(toy_config(tmp_path / "cache", source=source, sink=sink))


def test_trl_reads_one_schema(tmp_path):
    write_jsonl(tmp_path / "a.jsonl", [{"prompt": f"{i}?", "completion": f"{i}"} for i in range(30)])
    write_jsonl(tmp_path / "b.jsonl", [{"text": f"It is {i}."} for i in range(30)])
    source = Mix(files={name: Files(path=str(tmp_path / f"{name}.jsonl")) for name in "ab"})
    sink = Disk(path=str(tmp_path / "out"), trainer=Trainer.trl)
    with pytest.raises(ConfigError, match=r"sink\.trainer=trl reads one schema, but the sources have several"):
        prepare(toy_config(tmp_path / "cache", source=source, sink=sink))


def test_llamafactory_reads_no_branch(tmp_path):
    sink = Hub(repo="me/toys", revision="small", trainer=Trainer.llamafactory)
    with pytest.raises(ConfigError, match=r"reads main, not sink\.revision=small"):
        prepare(toy_config(tmp_path / "cache", sink=sink))
