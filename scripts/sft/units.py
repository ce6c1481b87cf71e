"""The steps of the proof: a base, the rows of each arm, a model tuned on them, and what it is worth."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from proof.resume import once

from sft import arms, language_model, rows, training
from sft.arms import BASE, FULL, MATCHED, OURS

SEED = 0  # of the base
CHOOSE = ("numpy", "scikit-learn", "faiss-cpu", "tokenizers")  # libraries that decide what an arm keeps
TRAIN = ("torch", "transformers", "trl", "peft", "accelerate")


@dataclass(frozen=True)
class Unit:
    """One fine-tuning: an arm at a budget, with the seed of a pair."""

    pair: int
    budget: float
    arm: str

    @property
    def file(self) -> str:
        """Where its result is, among the parts."""
        return f"{self.pair}-{self.budget:.12g}-{self.arm}.json"


def how_of(chosen: dict[str, Any], phase: str) -> dict[str, Any]:
    """How the ``base`` is trained, or how arms ``tune`` it; adapters are for models that are given."""
    lora = None if chosen["model"] == language_model.SMALL else chosen["lora"]
    shared = {name: chosen[name] for name in ("context", "bf16", "device")}
    return chosen[phase] | shared | {"lora": lora, "grouped": phase == "base"}


def versions(libraries: tuple[str, ...]) -> dict[str, str]:
    return {name: version(name) for name in libraries}


def make_base(chosen: dict[str, Any], parts: Path, draft: Path) -> None:
    """What is fine-tuned: the model that is given, or a small one, trained on all that is said in the general slice."""
    general, how = rows.read(str(parts))["general"], how_of(chosen, "base")
    tokenizer = language_model.read_tokenizer(str(parts / "tokenizer"))
    steps, seconds = 0, 0.0
    if chosen["model"] == language_model.SMALL:
        model = language_model.make_small(tokenizer, chosen["small"], chosen["context"], SEED)
        batches = max(1, round(sum(row["tokens"] for row in general) / how["batch_tokens"]))
        trained = training.train(model, tokenizer, general, batches, how, SEED, said_only=False)
        shutil.rmtree(parts / "base", ignore_errors=True)
        trained.model.save_pretrained(parts / "base")
        steps, seconds = trained.steps, trained.seconds
    model = base_of(chosen)
    unit, used = Unit(0, 0.0, BASE), general if steps else []
    draft.write_text(json.dumps(judged(unit, model, tokenizer, used, steps, seconds, 0.0, chosen)), "utf-8")


def device_of(model: Any) -> str:
    """What a model is on, by its name: the last digits of a loss differ from one card to another."""
    import torch

    return torch.cuda.get_device_name(model.device) if model.device.type == "cuda" else model.device.type


def base_of(chosen: dict[str, Any]) -> Any:
    """A fresh copy of what is fine-tuned."""
    if chosen["model"] == language_model.SMALL:
        model = language_model.read_model(str(Path(chosen["parts"]) / "base"), None, bf16=False)
    else:
        model = language_model.read_model(chosen["model"], chosen["revision"], chosen["bf16"] and bool(chosen["lora"]))
    return model.to(chosen["device"])


def select(task: tuple[int, tuple[float, ...], tuple[str, ...]], chosen: dict[str, Any]) -> None:
    """Rows of every arm at every budget, for a pair."""
    pair, budgets, names = task
    parts = Path(chosen["parts"])
    own = rows.pool(chosen["parts"], pair)
    pool = [{"messages": row["messages"]} for row in own]
    folder = parts / f"cache-{pair}"
    shutil.rmtree(folder, ignore_errors=True)  # so that what comes first shows what ordering takes
    for name in sorted(names, key=lambda name: name != OURS):
        for budget in budgets:

            def make(draft: Path, name: str = name, budget: float = budget) -> None:
                if name == MATCHED:
                    ours = json.loads((parts / f"rows-{Unit(pair, budget, OURS).file}").read_text("utf-8"))["rows"]
                    choice = arms.matched(own, ours, pair)
                else:
                    choice = arms.choose(name, pool, budget, parts / "tokenizer", pair, folder)
                draft.write_text(json.dumps(asdict(choice) | {"versions": versions(CHOOSE)}), "utf-8")

            once(parts / f"rows-{Unit(pair, budget, name).file}", make)
    shutil.rmtree(folder, ignore_errors=True)


def fine_tune(unit: Unit, chosen: dict[str, Any]) -> None:
    """Train the base on an arm's rows, and judge it."""
    parts = Path(chosen["parts"])
    once(parts / unit.file, lambda draft: draft.write_text(json.dumps(tuned(unit, chosen, parts)), "utf-8"))
    training.free()


def tuned(unit: Unit, chosen: dict[str, Any], parts: Path) -> dict[str, Any]:
    """The result of a unit. Its optimiser steps are those of the budget, whatever the arm."""
    own, cost = rows.pool(chosen["parts"], unit.pair), 0.0
    how = how_of(chosen, "tune")
    share = unit.budget if unit.budget < 1 or unit.arm == FULL else unit.budget / len(own)
    batches = max(1, round(share * sum(row["tokens"] for row in own) / how["batch_tokens"]))
    if unit.arm != FULL:
        choice = json.loads((parts / f"rows-{unit.file}").read_text("utf-8"))
        own, cost = [own[i] for i in choice["rows"]], choice["seconds"]
    tokenizer = language_model.read_tokenizer(str(parts / "tokenizer"))
    if len(own) < batches:
        raise SystemExit(
            f"{unit.arm} keeps {len(own)} rows for {batches} steps of an epoch; expected a row a step or more; raise "
            "budgets or tune.batch_tokens."
        )
    trained = training.train(base_of(chosen), tokenizer, own, batches, how, unit.pair, said_only=True)
    return judged(unit, trained.model, tokenizer, own, trained.steps, trained.seconds, cost, chosen)


def judged(
    unit: Unit, model: Any, tokenizer: Any, own: list[Any], steps: int, seconds: float, cost: float, chosen: Any
) -> dict[str, Any]:
    """What came of a training: loss by source, and what the model says to the first held-out row of each."""
    held_out = rows.read(chosen["parts"])["held_out"]
    losses = training.response_losses(model, language_model.encode(held_out, tokenizer), how_of(chosen, "tune"))
    source = np.array([row["source"] for row in held_out])
    totals = {name: losses[source == name].sum(0) for name in chosen["sources"]}
    first = [held_out[int(np.argmax(source == name))] for name in chosen["sources"]]
    said = training.answers(model, tokenizer, first, chosen["examples"]) if unit.pair == 0 else []
    return asdict(unit) | {
        "loss": {name: total / tokens for name, (total, tokens) in totals.items()},
        "rows": len(own),
        "answered": {name: sum(r["answer_tokens"] for r in own if r["source"] == name) for name in chosen["sources"]},
        "tokens": sum(row["tokens"] for row in own),
        "answer_tokens": sum(row["answer_tokens"] for row in own),
        "steps": steps,
        "seconds": seconds,
        "seconds_to_select": cost,
        "examples": dict(zip(chosen["sources"], said, strict=True)) if said else {},
        "versions": versions(TRAIN) | {"device": device_of(model)},
    }
