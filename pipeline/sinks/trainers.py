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
from pipeline.sources.detection import Reader
from pipeline.sources.rows import Row
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


@dataclass(frozen=True)
class Home:
    """Where a trainer finds rows: a folder, or a repository of the Hub at a revision."""

    folder: str | None = None
    repo: str | None = None
    revision: str | None = None


@dataclass(frozen=True)
class Layout:
    """Which columns hold what: of turns, or of a question and its answer, or of text.

    Attributes
    ----------
    turns : str, optional
    role, content : str
        Keys of a turn.
    question, more, answer, text, system, tools : str, optional
        Columns; ``more`` is what Alpaca calls the input.
    """

    turns: str | None = None
    role: str = "role"
    content: str = "content"
    question: str | None = None
    more: str | None = None
    answer: str | None = None
    text: str | None = None
    system: str | None = None
    tools: str | None = None


MESSAGES = Layout(turns="messages", tools="tools")


def layout(shape: str, columns: dict[str, str], row: Row) -> Layout | None:
    """The layout of rows like this one, or None where no trainer reads them as they are."""
    reader = Reader(SHAPES[shape], columns)
    every = {names[0]: reader.column(row, names) for names in (*reader.shape.required, *reader.shape.optional)}
    if every.get("label") is not None and shape != "text":
        return None  # good and bad answers, which are no examples to follow
    beside = {"system": every.get("system"), "tools": every.get("tools")}
    if shape in ("messages", "sharegpt"):
        turns = every["messages" if shape == "messages" else "conversations"]
        keys = row[turns][0] if isinstance(row[turns], list) and isinstance(row[turns][0], dict) else {}
        known = next((pair for pair in (("role", "content"), ("from", "value")) if set(pair) <= set(keys)), None)
        plain = known is not None and all(isinstance(turn[known[1]], str | None) for turn in row[turns])
        return Layout(turns, *known, **beside) if plain else None
    pairs = {
        "alpaca": ("instruction", "input", "output"),
        "prompt_completion": ("prompt", None, "completion"),
        "question_answer": ("question", None, "answer"),
    }
    if shape in pairs:
        question, more, answer = (None if name is None else every[name] for name in pairs[shape])
        whole = all(isinstance(row[name], str) for name in (question, answer)) and not every.get("history")
        return Layout(question=question, more=more, answer=answer, **beside) if whole else None
    return Layout(text=every["text"]) if shape == "text" and every["label"] is None else None


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
    for one in corpus.detected:
        table, columns = corpus.tables[one["source"]], corpus.columns[one["source"]]
        found = layout(one["shape"], columns, table[0])
        same = [other for other in corpus.tables if other.features == table.features]  # one configuration
        if found is None or not MAKE[trainer](found, concatenate_datasets(same)):
            raise ConfigError(
                f"sink.trainer={trainer} does not read {corpus.files[one['source']][one['file']]} as it is (rows of "
                f"shape {one['shape']}, columns {', '.join(table.column_names)}); {ADVICE}."
            )


def of_corpus(corpus: Corpus, source: int) -> Layout:
    """The layout of a source whose rows a trainer reads."""
    shape = next(one["shape"] for one in corpus.detected if one["source"] == source)
    found = layout(shape, corpus.columns[source], corpus.tables[source][0])
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
    if laid.system and _says(rows, laid.system):
        return False
    if laid.tools not in (None, "tools") and _says(rows, laid.tools):
        return False
    if laid.turns:
        return laid.turns == "messages" and laid.role == "role"
    return laid.text == "text" or (laid.question == "prompt" and laid.answer == "completion" and not laid.more)


def _axolotl(laid: Layout, rows: Dataset) -> dict[str, Any] | None:
    if laid.system and _says(rows, laid.system):
        return None
    if laid.turns:
        if not _roles(rows, laid) <= AXOLOTL:
            return None
        keys = {"message_property_mappings": {"role": laid.role, "content": laid.content}}
        tools = {"field_tools": laid.tools} if laid.tools and _says(rows, laid.tools) else {}
        return {"type": "chat_template", "field_messages": laid.turns, **keys, **tools}
    if laid.tools and _says(rows, laid.tools):
        return None
    if laid.text:
        return {"type": "completion", "field": laid.text}
    if (laid.question, laid.more, laid.answer) == ("instruction", "input", "output"):
        return {"type": "alpaca"}
    fields = {"field_instruction": laid.question, "field_input": laid.more, "field_output": laid.answer}
    asked = {"format": "{instruction}\n\n{input}"} if laid.more else {"format": "{instruction}"}
    return {"type": {**{k: v for k, v in fields.items() if v}, **asked, "no_input_format": "{instruction}"}}


def _llamafactory(laid: Layout, rows: Dataset) -> dict[str, Any] | None:
    beside = {key: name for key, name in (("system", laid.system), ("tools", laid.tools)) if name and _says(rows, name)}
    calls = laid.turns and laid.role == "role" and "tools" in beside
    if "tools" in beside and not calls and not isinstance(next(filter(None, rows[beside["tools"]])), str):
        return None
    if laid.text:
        return {"columns": {"prompt": laid.text}}
    if not laid.turns:
        named = {"prompt": laid.question, "query": laid.more, "response": laid.answer}
        return {"columns": {**{key: name for key, name in named.items() if name}, **beside}}
    found = _roles(rows, laid)
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


def _roles(rows: Dataset, laid: Layout) -> set[str]:
    """Who speaks."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found: set[str] = set()
    for part in rows.select_columns([laid.turns]).with_format("arrow").iter(10_000):
        turns = part[laid.turns]
        if pa.types.is_list(turns.type) or pa.types.is_large_list(turns.type):
            found |= set(pc.unique(pc.struct_field(pc.list_flatten(turns), laid.role)).to_pylist())
        else:  # as JSON, where turns differ in their kinds
            found |= {turn[laid.role] for text in turns.to_pylist() for turn in json.loads(text)}
    return found


def _says(rows: Dataset, column: str) -> bool:
    """Whether any row says something in a column."""
    return any(part[column].null_count < len(part) for part in rows.with_format("arrow").iter(10_000))


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
