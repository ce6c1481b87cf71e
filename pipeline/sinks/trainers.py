"""The entry that a trainer needs to fine-tune on a product.

Written for TRL 1.16 (documentation, "Dataset formats and types"), Axolotl 0.19 (documentation, "Dataset formats":
"Conversation", "Instruction tuning", "Custom prompt format") and LLaMA-Factory 0.9.5 (``data/README.md``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pipeline.errors import ConfigError
from pipeline.sinks.layouts import Layout, layout, roles, says
from pipeline.sources.shapes import SHAPES

if TYPE_CHECKING:
    from datasets import Dataset

    from pipeline.arrays import Corpus

Trainer = StrEnum("Trainer", ["trl", "axolotl", "llamafactory"])
FILES = {Trainer.trl: "train_trl.py", Trainer.axolotl: "axolotl.yaml", Trainer.llamafactory: "dataset_info.json"}
ROLES = {  # what LLaMA-Factory calls those who speak, and what data sets call them
    "user_tag": ("user", "human"),
    "assistant_tag": ("assistant", "gpt"),
    "system_tag": ("system",),
    "observation_tag": ("tool", "observation"),
    "function_tag": ("function_call", "function"),
}
AXOLOTL = {"human", "user", "gpt", "assistant", "system", "tool"}  # roles that Axolotl knows without being told
ADVICE = "set sink.format=messages, which every trainer reads, or leave sink.trainer out"
LABELLED = "leave sink.trainer out, as not all rows with a label are examples to follow"


@dataclass(frozen=True)
class Home:
    """Where a trainer finds rows: a folder, or a repository of the Hub at a revision."""

    folder: str | None = None
    repo: str | None = None
    revision: str | None = None


def require(trainer: Trainer, corpus: Corpus, as_messages: bool) -> None:
    """Refuse rows that a trainer does not read as they will be written.

    Raises
    ------
    ConfigError
    """
    if as_messages:
        return
    from datasets import concatenate_datasets

    if trainer == Trainer.trl and any(table.features != corpus.tables[0].features for table in corpus.tables):
        raise ConfigError(f"sink.trainer=trl reads one schema, but the sources have several; {ADVICE}.")
    kinds = dict.fromkeys((one["source"], one["shape"]) for one in corpus.detected)
    laid = {kind: layout(kind[1], corpus.columns[kind[0]], corpus.tables[kind[0]]) for kind in kinds}
    for (source, shape), found in laid.items():
        table = corpus.tables[source]
        alike = [other for other in range(len(corpus.tables)) if corpus.tables[other].features == table.features]
        beside = {one for (other, _), one in laid.items() if other in alike}  # they make one configuration
        rows = concatenate_datasets([corpus.tables[other] for other in alike])
        if found is None or len(beside) > 1 or not MAKE[trainer](found, rows):
            file = next(one["file"] for one in corpus.detected if (one["source"], one["shape"]) == (source, shape))
            judged = "label" in SHAPES[shape].columns and corpus.columns[source].get("label", "label") in table.features
            advice = LABELLED if judged and shape != "text" else ADVICE
            raise ConfigError(
                f"sink.trainer={trainer} does not read {corpus.files[source][file]} as it is (rows of shape {shape}, "
                f"columns {', '.join(table.column_names)}); {advice}."
            )


def of_corpus(corpus: Corpus, source: int) -> Layout:
    """The layout of a source whose rows a trainer reads."""
    shape = next(one["shape"] for one in corpus.detected if one["source"] == source)
    found = layout(shape, corpus.columns[source], corpus.tables[source])
    assert found is not None, "refused before"
    return found


def entry(trainer: Trainer, parts: dict[str, tuple[Layout, Dataset, str]], split: str, home: Home) -> str:
    """Content of the file of `FILES`.

    Parameters
    ----------
    trainer : Trainer
    parts : dict of str to (Layout, datasets.Dataset, str)
        By configuration: how its rows are laid out, these, and the folder in the product that holds them.
    split : str
    home : Home
    """
    if trainer == Trainer.trl:
        return _script(next(iter(parts)), split, home)
    if trainer == Trainer.axolotl:
        import yaml

        place = {"path": home.repo or home.folder, **({"revision": home.revision} if home.revision else {})}
        found = [
            {**place, "name": name, "split": split, **_axolotl(laid, rows)} for name, (laid, rows, _) in parts.items()
        ]
        return yaml.safe_dump({"datasets": found}, sort_keys=False, allow_unicode=True)
    found = {}
    for name, (laid, rows, folder) in parts.items():
        place = {"file_name": folder} if home.repo is None else {"hf_hub_url": home.repo, "subset": name}
        called = "selection" if len(parts) == 1 else f"selection_{name}"
        found[called] = {**place, "split": "train" if home.repo is None else split, **_llamafactory(laid, rows)}
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _trl(laid: Layout, rows: Dataset) -> bool:
    """Whether TRL reads rows by the names of their columns."""
    if laid.system and says(rows, laid.system):
        return False
    if laid.tools not in (None, "tools") and says(rows, laid.tools):
        return False
    if laid.turns:
        return laid.turns == "messages" and laid.role == "role"
    return laid.text == "text" or (laid.question == "prompt" and laid.answer == "completion" and not laid.more)


def _axolotl(laid: Layout, rows: Dataset) -> dict[str, Any] | None:
    if laid.system and says(rows, laid.system):
        return None
    if laid.turns:
        if not roles(rows, laid) <= AXOLOTL:
            return None
        keys = {"message_property_mappings": {"role": laid.role, "content": laid.content}}
        tools = {"field_tools": laid.tools} if laid.tools and says(rows, laid.tools) else {}
        return {"type": "chat_template", "field_messages": laid.turns, **keys, **tools}
    if laid.tools and says(rows, laid.tools):
        return None
    if laid.text:
        return {"type": "completion", "field": laid.text}
    if (laid.question, laid.more, laid.answer) == ("instruction", "input", "output"):
        return {"type": "alpaca"}
    fields = {"field_instruction": laid.question, "field_input": laid.more, "field_output": laid.answer}
    asked = {"format": "{instruction}\n\n{input}"} if laid.more else {"format": "{instruction}"}
    return {"type": {**{k: v for k, v in fields.items() if v}, **asked, "no_input_format": "{instruction}"}}


def _llamafactory(laid: Layout, rows: Dataset) -> dict[str, Any] | None:
    beside = {key: name for key, name in (("system", laid.system), ("tools", laid.tools)) if name and says(rows, name)}
    calls = laid.turns and laid.role == "role" and "tools" in beside
    if "tools" in beside and not calls and not isinstance(next(filter(None, rows[beside["tools"]])), str):
        return None
    if laid.text:
        return {"columns": {"prompt": laid.text}}
    if not laid.turns:
        named = {"prompt": laid.question, "query": laid.more, "response": laid.answer}
        return {"columns": {**{key: name for key, name in named.items() if name}, **beside}}
    found = roles(rows, laid)
    words = {tag: next((word for word in words if word in found), words[0]) for tag, words in ROLES.items()}
    if not found <= set(words.values()):
        return None
    # All of them, as what is left out has no default once one is given.
    tags = {"role_tag": laid.role, "content_tag": laid.content, **words}
    # Of the two converters of turns, only this one reads tool calls; to rows without any it adds a system prompt.
    return {
        "formatting": "openai" if calls else "sharegpt",
        "columns": {"messages": laid.turns, **beside},
        "tags": tags,
    }


MAKE = {Trainer.trl: _trl, Trainer.axolotl: _axolotl, Trainer.llamafactory: _llamafactory}


def _script(name: str, split: str, home: Home) -> str:
    place = "str(Path(__file__).parent)" if home.repo is None else repr(home.repo)
    revision = f", revision={home.revision!r}" if home.revision else ""
    return f'''"""Fine-tune a model on this selection with TRL: python train_trl.py MODEL"""

import sys
from pathlib import Path

import torch
from datasets import load_dataset
from trl import SFTConfig, SFTTrainer

how = SFTConfig(output_dir=str(Path("trained").resolve()), use_cpu=not torch.accelerator.is_available())
rows = load_dataset({place}, {name!r}, split={split!r}{revision})
trainer = SFTTrainer(model=sys.argv[1], train_dataset=rows, args=how)
trainer.train()
trainer.save_model()
'''
