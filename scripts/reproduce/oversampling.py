"""What topping thin classes up with written rows is worth (arXiv 2406.03628), with writers of known worth.

``python scripts/reproduce/oversampling.py`` makes labelled texts long-tailed and runs corebound with
``augmenter=endpoint`` against a server that plays three writers: one gives real rows that were held back, which is the
best that a model can do; one copies what it is shown; one gives rows of other classes. It prints what each does to a
classifier, beside class weights. Stopped, it goes on where it was.
"""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import hydra
import pandas as pd
from omegaconf import DictConfig, OmegaConf

sys.path.append(str(Path(__file__).parents[1]))  # scripts, for proof

from proof import space
from proof.fingerprint import fingerprint, require_same
from proof.resume import each, once, one_thread_each
from proof.sets import SETS
from topup import report, texts

CODE = ("pipeline/**/*.py", "pipeline/**/*.yaml", "scripts/reproduce/topup/*.py", "scripts/reproduce/tails/sets.py",
        "scripts/reproduce/oversampling.py", "scripts/proof/s*.py")  # fmt: skip
READ = ("report",)  # modules that only read results
LIBRARIES = ("numpy", "scikit-learn", "sentence-transformers")


@dataclass(frozen=True)
class Unit:
    """What is computed, and kept, at once: every writer on a long-tailed part of a set."""

    name: str
    content: str  # short hash of its rows
    imbalance: float
    repeat: int

    @property
    def file(self) -> str:
        return f"{self.name}-{self.content}.{self.imbalance:g}.{self.repeat}.json"


@hydra.main(config_path="configs", config_name="oversampling", version_base="1.3")
def main(options: DictConfig) -> None:
    chosen: dict[str, Any] = OmegaConf.to_container(options, resolve=True)
    refuse_what_is_missing(chosen)
    folder = Path(chosen["folder"])
    own = {"encoder": space.encoder(chosen["embedder"], chosen["models"]).identity()}
    own["versions"] = {name: version(name) for name in LIBRARIES}
    code = fingerprint(own, *CODE, but=READ)
    parts = folder / f"parts-{code}"
    parts.mkdir(parents=True, exist_ok=True)
    chosen["parts"] = str(parts)
    contents = {name: SETS[name](Path(chosen["data"])).content() for name in chosen["sets"]}
    units = [
        Unit(name, content, imbalance, repeat)
        for name, content in contents.items()
        for imbalance in chosen["imbalances"]
        for repeat in range(chosen["repeats"])
    ]
    each(run, units, chosen, "write", "parts", start)
    require_same(code, fingerprint(own, *CODE, but=READ), parts)
    results = pd.DataFrame([one for unit in units for one in json.loads((parts / unit.file).read_text("utf-8"))])
    results.to_json(folder / "results.json", orient="records")
    written = report.write(results)
    (folder / "table.md").write_text(written, "utf-8")
    print(written)
    print(f"{folder}/results.json  {folder}/table.md")


def refuse_what_is_missing(chosen: dict[str, Any]) -> None:
    """Stop before the first minute, not after it."""
    for name in chosen["sets"]:
        if name not in SETS:
            raise SystemExit(f"sets: '{name}' is none of {', '.join(SETS)}; mend the name.")
    for name, least in (("workers", 1), ("repeats", 1)):
        if chosen[name] < least:
            raise SystemExit(f"{name} is {chosen[name]}; expected {least} or more; mend it.")
    if not chosen["sets"] or not chosen["imbalances"] or min(chosen["imbalances"]) < 1:
        raise SystemExit(
            f"found sets={chosen['sets']} and imbalances={chosen['imbalances']}; expected one or more, of 1 or more; "
            "mend them."
        )
    if chosen["sets"] != ["docs"] and not Path(chosen["data"]).is_dir():
        raise SystemExit(f"data: {chosen['data']} is no folder; name that of the sets.")


def start(workers: int) -> None:
    """What a process does first."""
    one_thread_each(workers)
    for name in ("corebound", "httpx2", "httpx"):
        logging.getLogger(name).setLevel(logging.ERROR)  # what a run warns of is counted here


def run(unit: Unit, chosen: dict[str, Any]) -> None:
    def make(draft: Path) -> None:
        draft.write_text(json.dumps(texts.judge(unit.name, unit.imbalance, unit.repeat, chosen)), "utf-8")

    once(Path(chosen["parts"]) / unit.file, make)


if __name__ == "__main__":
    main()
