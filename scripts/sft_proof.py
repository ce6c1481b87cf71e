"""Does a language model agree? Fine-tunes one on what corebound keeps, and on as many tokens chosen otherwise.

``python scripts/sft_proof.py preset=cpu`` trains a small Llama on a general slice that no arm may use, fine-tunes it
with TRL on every arm's rows, and computes the loss of held-out answers. Each pair of a selection and a training has a
seed of its own. It writes ``results.json``, ``table.md``, ``examples.md`` and ``figure.png``; stopped, it goes on where
it was.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import hydra
import numpy as np
from omegaconf import DictConfig, OmegaConf
from proof.fingerprint import fingerprint
from sft import arms, corpora, language_model, rows, table, training
from sft.arms import BASE, FULL, OURS, RANDOM

from pipeline.progress import track

CODE = ("pipeline/**/*.py", "scripts/sft/*.py", "scripts/sft_proof.py")
READ = ("table", "verdict", "picture")  # modules that only read results
SEED = 0  # of the base
APART = ("folder", "data", "workers", "pairs", "budgets", "arms", "full", "until")  # what no single result depends on


@dataclass(frozen=True)
class Unit:
    """One fine-tuning: an arm at a budget, with the seed of a pair."""

    pair: int
    budget: float
    arm: str

    @property
    def file(self) -> str:
        return f"{self.pair}-{self.budget:g}-{self.arm}.json"


@hydra.main(config_path="sft/configs", config_name="sft_proof", version_base="1.3")
def main(options: DictConfig) -> None:
    chosen: dict[str, Any] = OmegaConf.to_container(options, resolve=True)
    refuse_what_is_missing(chosen)
    start_worker(chosen["workers"])  # the base is trained as the others are
    own = {name: value for name, value in chosen.items() if name not in APART}
    parts = Path(chosen["folder"]) / f"parts-{fingerprint(own, *CODE, but=READ)}"
    parts.mkdir(parents=True, exist_ok=True)
    chosen["parts"] = str(parts)
    once(parts / "rows.json.gz", lambda draft: rows.prepare(chosen, parts / "tokenizer", draft))
    pairs, budgets = range(chosen["pairs"]), chosen["budgets"]
    each(select, [(pair, tuple(budgets), tuple(chosen["arms"])) for pair in pairs], chosen, "select", "pairs")
    if chosen["until"] == "select":
        print(f"{parts} holds what each arm trains on; the same command without until=select goes on from there.")
        return
    once(parts / "base.json", lambda draft: make_base(chosen, parts, draft))
    units = [Unit(pair, budget, arm) for pair in pairs for budget in budgets for arm in chosen["arms"]]
    units += [Unit(pair, 1.0, FULL) for pair in range(chosen["full"])]
    each(fine_tune, units, chosen, "fine-tune", "models")
    found = [json.loads((parts / "base.json").read_text("utf-8"))]
    found += [json.loads((parts / unit.file).read_text("utf-8")) for unit in units]
    table.write(found, chosen, rows.read(str(parts))["held_out"])


def refuse_what_is_missing(chosen: dict[str, Any]) -> None:
    """Stop before the first hour, not after it."""
    for kind, known in (("sources", corpora.SOURCES), ("arms", arms.ARMS)):
        for name in chosen[kind]:
            if name not in known:
                raise SystemExit(f"{kind}: '{name}' is none of {', '.join(known)}; mend the name.")
    for name in (OURS, RANDOM):
        if name not in chosen["arms"]:
            raise SystemExit(f"arms: '{name}' is missing, without which there is nothing to compare; add it.")
    if chosen["until"] not in ("select", "table"):
        raise SystemExit(f"until is '{chosen['until']}'; expected select or table; mend it.")
    if chosen["until"] == "table":
        require_device(chosen["device"])


def require_device(device: str) -> None:
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("device=cuda, but torch finds no such device; use preset=cpu.")


def once(path: Path, make: Any) -> None:
    """Make a file that appears when it is complete, unless it is there."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.draft")
        make(draft)
        os.replace(draft, path)


def each(work: Any, tasks: list[Any], chosen: dict[str, Any], what: str, unit: str) -> None:
    """Do what is not done yet, in processes of their own."""
    with ProcessPoolExecutor(chosen["workers"], get_context("spawn"), start_worker, (chosen["workers"],)) as pool:
        jobs = [pool.submit(work, task, chosen) for task in tasks]
        try:
            for job in track(as_completed(jobs), what, unit, total=len(jobs)):
                job.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)  # the queue would run on for hours before the error is seen
            raise


def start_worker(workers: int) -> None:
    import torch

    torch.set_num_threads(max(1, (os.cpu_count() or 1) // workers))
    hush()


def hush() -> None:
    """The libraries' own bars and remarks, of which there would be several for every model."""
    import datasets
    from transformers.utils import logging as transformers_logging

    logging.disable(logging.WARNING)
    datasets.disable_progress_bars()
    transformers_logging.disable_progress_bar()


def how_of(chosen: dict[str, Any], phase: str) -> dict[str, Any]:
    lora = None if chosen["model"] == language_model.SMALL else chosen["lora"]
    return chosen[phase] | {name: chosen[name] for name in ("context", "bf16", "device")} | {"lora": lora}


def make_base(chosen: dict[str, Any], parts: Path, draft: Path) -> None:
    """What is fine-tuned: the model that is given, or a small one, trained on all that is said in the general slice."""
    general, how = rows.read(str(parts))["general"], how_of(chosen, "base")
    tokenizer = language_model.read_tokenizer(str(parts / "tokenizer"))
    steps = seconds = 0.0
    if chosen["model"] == language_model.SMALL:
        model = language_model.make_small(tokenizer, chosen["small"], chosen["context"], SEED)
        lengths = [row["tokens"] for row in general]
        trained = training.train(model, tokenizer, general, lengths, how, SEED, said_only=False)
        shutil.rmtree(parts / "base", ignore_errors=True)
        trained.model.save_pretrained(parts / "base")
        steps, seconds = trained.steps, trained.seconds
    model = base_of(chosen)
    unit, used = Unit(0, 0.0, BASE), general if steps else []
    draft.write_text(json.dumps(judged(unit, model, tokenizer, used, steps, seconds, 0.0, chosen)), "utf-8")


def base_of(chosen: dict[str, Any]) -> Any:
    small = chosen["model"] == language_model.SMALL
    place = str(Path(chosen["parts"]) / "base") if small else chosen["model"]
    return language_model.read_model(place, chosen["bf16"] and not small).to(chosen["device"])


def select(task: tuple[int, tuple[float, ...], tuple[str, ...]], chosen: dict[str, Any]) -> None:
    """Rows of every arm at every budget, for a pair."""
    from datasets import Dataset

    pair, budgets, names = task
    parts = Path(chosen["parts"])
    pool = Dataset.from_list([{"messages": row["messages"]} for row in rows.pool(chosen["parts"], pair)])

    for name in names:
        for budget in budgets:
            make = lambda draft, name=name, budget=budget: draft.write_text(  # noqa: E731
                json.dumps(asdict(arms.choose(name, pool, budget, parts / "tokenizer", pair, parts / f"cache-{pair}")))
            )
            once(parts / f"rows-{Unit(pair, budget, name).file}", make)
    shutil.rmtree(parts / f"cache-{pair}", ignore_errors=True)


def fine_tune(unit: Unit, chosen: dict[str, Any]) -> None:
    """Train the base on an arm's rows, and judge it."""
    parts = Path(chosen["parts"])
    once(parts / unit.file, lambda draft: draft.write_text(json.dumps(tuned(unit, chosen, parts)), "utf-8"))


def tuned(unit: Unit, chosen: dict[str, Any], parts: Path) -> dict[str, Any]:
    own, cost = rows.pool(chosen["parts"], unit.pair), 0.0
    if unit.arm != FULL:
        choice = json.loads((parts / f"rows-{unit.file}").read_text("utf-8"))
        own, cost = [own[i] for i in choice["rows"]], choice["seconds"]
    tokenizer = language_model.read_tokenizer(str(parts / "tokenizer"))
    lengths, how = [row["tokens"] for row in own], how_of(chosen, "tune")
    trained = training.train(base_of(chosen), tokenizer, own, lengths, how, unit.pair, said_only=True)
    return judged(unit, trained.model, tokenizer, own, trained.steps, trained.seconds, cost, chosen)


def judged(
    unit: Unit, model: Any, tokenizer: Any, own: list[Any], steps: float, seconds: float, cost: float, chosen: Any
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
        "tokens": sum(row["tokens"] for row in own),
        "steps": int(steps),
        "seconds": seconds,
        "seconds_to_select": cost,
        "examples": dict(zip(chosen["sources"], said, strict=False)),
    }


if __name__ == "__main__":
    main()
