"""What topping thin classes up with written rows is worth (arXiv 2406.03628), with writers of known worth.

``python scripts/reproduce/oversampling.py`` makes labelled texts long-tailed and runs corebound with
``augmenter=endpoint`` against a server that plays three writers: one gives real rows that were held back, which is the
best that a model can do; one copies what it is shown; one gives rows of other classes. It prints what each does to a
classifier, beside class weights. Of tables with a small class it does the same with rows that SMOTE, ADASYN, densities
and copies make, and with those of a chat model where one is given (``chat={model: ..., url: ..., max_requests: ...}``).
Stopped, it goes on where it was.
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
from tabular import tables
from topup import losses, report, scaling, texts

from pipeline.endpoint.chat import Chat

CODE = ("pipeline/**/*.py", "pipeline/**/*.yaml", "scripts/reproduce/topup/*.py", "scripts/reproduce/tails/sets.py",
        "scripts/reproduce/tabular/tables.py", "scripts/reproduce/tabular/classifiers.py",
        "scripts/reproduce/oversampling.py", "scripts/proof/s*.py")  # fmt: skip
READ = ("report", "losses")  # modules that only read results
SETTINGS = ("sizes", "amounts", "chat")
LIBRARIES = ("numpy", "scikit-learn", "sentence-transformers", "imbalanced-learn")


@dataclass(frozen=True)
class Unit:
    """What is computed, and kept, at once: every writer on a long-tailed part of a set, or all methods on a table."""

    name: str
    content: str  # short hash of its rows
    imbalance: float | None  # None for tables
    repeat: int

    @property
    def file(self) -> str:
        of = "table" if self.imbalance is None else f"{self.imbalance:g}"
        return f"{self.name}-{self.content}.{of}.{self.repeat}.json"


@hydra.main(config_path="configs", config_name="oversampling", version_base="1.3")
def main(options: DictConfig) -> None:
    chosen: dict[str, Any] = OmegaConf.to_container(options, resolve=True)
    refuse_what_is_missing(chosen)
    folder = Path(chosen["folder"])
    own: dict[str, Any] = {}
    if chosen["sets"]:
        own["encoder"] = space.encoder(chosen["embedder"], chosen["models"]).identity()
    own |= {name: chosen[name] for name in SETTINGS}
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
    if chosen["tables"] is not None:
        found = tables.names(Path(chosen["tables"]))
        hashes = zip(found, tables.content(Path(chosen["tables"]), found), strict=True)
        units += [Unit(name, hash[:8], None, repeat) for name, hash in hashes for repeat in range(chosen["draws"])]
    each(run, units, chosen, "write", "parts", start)
    require_same(code, fingerprint(own, *CODE, but=READ), parts)
    of_texts, of_tables = (
        pd.DataFrame([one for unit in some for one in json.loads((parts / unit.file).read_text("utf-8"))])
        for some in ([unit for unit in units if unit.imbalance], [unit for unit in units if not unit.imbalance])
    )
    of_texts.to_json(folder / "texts.json", orient="records")
    of_tables.to_json(folder / "tables.json", orient="records")
    written = report.write(of_texts) if len(of_texts) else ""
    written += losses.write(of_tables, chosen["sizes"]) if len(of_tables) else ""
    (folder / "table.md").write_text(written, "utf-8")
    print(written)
    print(f"{folder}/texts.json  {folder}/tables.json  {folder}/table.md")


def refuse_what_is_missing(chosen: dict[str, Any]) -> None:
    """Stop before the first minute, not after it."""
    for name in chosen["sets"]:
        if name not in SETS:
            raise SystemExit(f"sets: '{name}' is none of {', '.join(SETS)}; mend the name.")
    for name, least in (("workers", 1), ("repeats", 1), ("draws", 1)):
        if chosen[name] < least:
            raise SystemExit(f"{name} is {chosen[name]}; expected {least} or more; mend it.")
    if not (chosen["sets"] or chosen["tables"]) or min(chosen["imbalances"], default=0) < 1:
        raise SystemExit(
            f"found sets={chosen['sets']}, tables={chosen['tables']} and imbalances={chosen['imbalances']}; expected a "
            "set or tables, and imbalances of 1 or more; mend them."
        )
    if chosen["tables"] is not None and not Path(chosen["tables"]).is_dir():
        raise SystemExit(f"tables: {chosen['tables']} is no folder; name that of the tables, or tables=null.")
    if chosen["chat"]:
        Chat(**chosen["chat"]).require("chat")
        if chosen["workers"] > 1:
            raise SystemExit("chat's caps are of one process, and workers is more than 1; set workers=1.")
    sizes, amounts = chosen["sizes"], chosen["amounts"]
    if len(sizes) != 2 or not 2 <= sizes[1] < sizes[0] or min(amounts, default=1) < 1:
        raise SystemExit(
            f"found sizes={sizes} and amounts={amounts}; expected rows of the larger and of the smaller class, and "
            "amounts of 1 or more; mend them."
        )
    if set(chosen["sets"]) - {"docs", "docs-small"} and not Path(chosen["data"]).is_dir():
        raise SystemExit(f"data: {chosen['data']} is no folder; name that of the sets.")


def start(workers: int) -> None:
    """What a process does first."""
    one_thread_each(workers)
    for name in ("corebound", "httpx2", "httpx"):
        logging.getLogger(name).setLevel(logging.ERROR)  # what a run warns of is counted here


def run(unit: Unit, chosen: dict[str, Any]) -> None:
    def make(draft: Path) -> None:
        if unit.imbalance is None:
            found = scaling.judge(unit.name, unit.repeat, chosen)
        else:
            found = texts.judge(unit.name, unit.imbalance, unit.repeat, chosen)
        draft.write_text(json.dumps(found), "utf-8")

    once(Path(chosen["parts"]) / unit.file, make)


if __name__ == "__main__":
    main()
