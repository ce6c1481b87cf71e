"""Does a language model agree? Fine-tunes one on what corebound keeps, and on as many tokens chosen otherwise.

``python scripts/sft_proof.py preset=cpu`` trains a small Llama on a general slice that no arm may use, fine-tunes it
with TRL on every arm's rows, and computes the loss of held-out answers. Each pair of a selection and a training has a
seed of its own. It writes ``results.json``, ``table.md``, ``examples.md`` and ``figure.png``; stopped, it goes on where
it was.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import hydra
from omegaconf import DictConfig, OmegaConf
from proof.fingerprint import fingerprint, require_same
from proof.resume import each, once
from sft import arms, corpora, language_model, rows, table, training
from sft.arms import FULL, OURS, RANDOM
from sft.units import Unit, fine_tune, make_base, select

CODE = (
    "pipeline/**/*.py",
    "scripts/sft/*.py",
    "scripts/sft_proof.py",
    "scripts/proof/s*.py",
    "scripts/make_demo_corpus.py",
)
READ = ("table", "verdict", "picture")  # modules that only read results
# What no single result depends on, but for its last digits: as many workers as cores leave each one thread.
APART = ("parts", "folder", "data", "workers", "pairs", "budgets", "arms", "full", "until")


@hydra.main(config_path="sft/configs", config_name="sft_proof", version_base="1.3")
def main(options: DictConfig) -> None:
    chosen: dict[str, Any] = OmegaConf.to_container(options, resolve=True)
    refuse_what_is_missing(chosen)
    training.start(chosen["workers"])  # the base is trained as the others are
    name = name_of(chosen)
    parts = Path(chosen["folder"]) / f"parts-{name}"
    parts.mkdir(parents=True, exist_ok=True)
    chosen["parts"] = str(parts)
    if (parts / "rows.json.gz").exists():
        rows.require_same(chosen)
    else:
        rows.require_data(chosen)
    once(parts / "rows.json.gz", lambda draft: rows.prepare(chosen, parts / "tokenizer", draft))
    pairs, budgets = range(chosen["pairs"]), chosen["budgets"]
    choices = [(pair, tuple(budgets), tuple(chosen["arms"])) for pair in pairs]
    each(select, choices, chosen, "select", "pairs", training.start)
    if chosen["until"] == "select":
        print(f"{parts} holds what each arm trains on; the same command without until=select goes on from there.")
        return
    require_one_version(parts)
    once(parts / "base.json", lambda draft: make_base(chosen, parts, draft))
    training.free()
    units = [Unit(pair, budget, arm) for pair in pairs for budget in budgets for arm in chosen["arms"]]
    units += [Unit(pair, 1.0, FULL) for pair in range(chosen["full"])]
    each(fine_tune, units, chosen, "fine-tune", "models", training.start)
    require_one_version(parts)
    require_same(name, name_of(chosen), parts)
    found = [json.loads((parts / "base.json").read_text("utf-8"))]
    found += [json.loads((parts / unit.file).read_text("utf-8")) for unit in units]
    table.write(found, chosen, rows.read(str(parts)))


def name_of(chosen: dict[str, Any]) -> str:
    """Of the results of these settings: of all that a single result depends on, the code and the weights included."""
    own = {name: value for name, value in chosen.items() if name not in APART}
    return fingerprint(own | {"content": language_model.content(chosen["model"])}, *CODE, but=READ)


def refuse_what_is_missing(chosen: dict[str, Any]) -> None:
    """Stop before the first hour, not after it."""
    for kind, known in (("sources", corpora.SOURCES), ("arms", [*arms.ARMS, arms.MATCHED])):
        for name in chosen[kind]:
            if name not in known:
                raise SystemExit(f"{kind}: '{name}' is none of {', '.join(map(repr, known))}; mend the name.")
    for kind in ("sources", "arms", "budgets"):
        if not chosen[kind] or len(set(chosen[kind])) < len(chosen[kind]):
            raise SystemExit(f"{kind}: {chosen[kind]} is empty or has one twice; expected each once; mend it.")
    for budget in chosen["budgets"]:
        if not 0 < budget < 1 and (budget < 2 or budget != int(budget)):
            raise SystemExit(
                f"budgets has {budget}; expected shares of the pool's tokens between 0 and 1, or rows; mend it."
            )
        if "laser" in chosen["arms"] and budget < 1:
            raise SystemExit(f"budgets has {budget}, and the arm laser is made for a number of rows; give rows.")
    if not 0 < chosen["general"] < 1 or chosen["held_out"] < 1:
        raise SystemExit(
            f"found general={chosen['general']} and held_out={chosen['held_out']}; expected a share between 0 and 1, "
            "and a row or more; mend them."
        )
    if chosen["pairs"] < 2 or not 0 <= chosen["full"] <= chosen["pairs"]:
        raise SystemExit(
            f"found pairs={chosen['pairs']} and full={chosen['full']}; expected two pairs or more, for an interval, "
            "and the full pool in no more than these; mend them."
        )
    for name in (OURS, RANDOM):  # MATCHED, too, goes by what ours keeps
        if name not in chosen["arms"]:
            raise SystemExit(f"arms: '{name}' is missing, without which there is nothing to compare; add it.")
    if chosen["workers"] < 1:
        raise SystemExit(f"workers is {chosen['workers']}; expected 1 or more; mend it.")
    commit = re.fullmatch(r"[0-9a-f]{40}", str(chosen["revision"]))
    if chosen["model"] != language_model.SMALL and not Path(chosen["model"]).is_dir() and not commit:
        raise SystemExit(
            f"model={chosen['model']} is no folder, and as a Hub id it needs a commit, so that results are of one "
            "model; set revision to its 40 digits."
        )
    if chosen["device"] not in ("cpu", "cuda"):
        raise SystemExit(f"device is '{chosen['device']}'; expected cpu or cuda; mend it.")
    if chosen["until"] not in ("select", "table"):
        raise SystemExit(f"until is '{chosen['until']}'; expected select or table; mend it.")
    if chosen["until"] == "table":
        require_device(chosen["device"])


def require_one_version(parts: Path) -> None:
    """Refuse results of different libraries or devices, which differ by more than arms do."""
    first: dict[bool, dict[str, str]] = {}
    for path in sorted(parts.glob("*.json")):
        own = json.loads(path.read_text("utf-8"))["versions"]
        of = first.setdefault(path.name.startswith("rows-"), own)
        if own != of:
            raise SystemExit(f"{parts} holds results of {of} and of {own}; expected one of each; remove it.")


def require_device(device: str) -> None:
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise SystemExit(
            "device is cuda, but torch finds no such device; expected a GPU; use preset=cpu or device=cpu."
        )


if __name__ == "__main__":
    main()
