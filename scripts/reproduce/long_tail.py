"""What arXiv 2509.15859 claims of long tails: a linear head on a frozen encoder learns rare classes from latents.

``python scripts/reproduce/long_tail.py`` makes labelled sets long-tailed, trains heads on real vectors, on real and
synthetic ones, and with what else one would do, and tests them on held-out rows. It writes ``results.parquet``,
``mix.parquet`` and ``table.md``; stopped, it goes on where it was.
"""

from __future__ import annotations

import json
import sys
import tempfile
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
from proof.kinds import require_kinds
from proof.resume import each, once, one_thread_each
from tails import report, runs, sets

CODE = (
    "pipeline/**/*.py",
    "scripts/reproduce/tails/*.py",
    "scripts/reproduce/smote.py",
    "scripts/proof/s*.py",
    "configs/experiment/mix.yaml",
)
READ = ("report",)  # modules that only read results
CONFIG = Path(__file__).parent / "configs" / "long_tail.yaml"
LIBRARIES = ("numpy", "scikit-learn", "imbalanced-learn")
SETTINGS = ("embedder", "C", "inner", "amounts")


@dataclass(frozen=True)
class Unit:
    """What is computed, and kept, at once: a long-tailed part of a set, or a clustering of the mix."""

    name: str
    content: str  # short hash of its rows
    imbalance: float
    repeat: int

    @property
    def file(self) -> str:
        return f"{self.name}-{self.content}.{self.imbalance:g}.{self.repeat}.json"


@hydra.main(config_path="configs", config_name="long_tail", version_base="1.3")
def main(options: DictConfig) -> None:
    chosen: dict[str, Any] = OmegaConf.to_container(options, resolve=True)
    require_kinds(chosen, CONFIG, empty=("amounts",))
    refuse_what_is_missing(chosen)
    folder = Path(chosen["folder"])
    own: dict[str, Any] = {name: chosen[name] for name in SETTINGS}
    own["encoder"] = space.encoder(chosen["embedder"], chosen["models"]).identity() if texts(chosen) else None
    own["versions"] = {name: version(name) for name in LIBRARIES}
    code = fingerprint(own, *CODE, but=READ)
    parts = folder / f"parts-{code}"
    parts.mkdir(parents=True, exist_ok=True)
    chosen["parts"] = str(parts)
    # Results are named by what they are of: other rows are other results.
    contents = {name: sets.content(name, Path(chosen["data"])) for name in chosen["sets"]}
    for name, content in contents.items():
        once(parts / f"{name}-{content}.npz", lambda draft, name=name: sets.make_vectors(name, chosen, draft))
    mixed = runs.content() if chosen["mix"] else ""
    units = [Unit("mix", mixed, 0, repeat) for repeat in range(chosen["mix"])]  # the longest first
    repeats, imbalances = range(chosen["repeats"]), chosen["imbalances"]
    units += [Unit(name, content, i, r) for name, content in contents.items() for i in imbalances for r in repeats]
    each(run, units, chosen, "judge", "parts", one_thread_each)
    require_same(code, fingerprint(own, *CODE, but=READ), parts)
    found = [one for unit in units for one in json.loads((parts / unit.file).read_text("utf-8"))]
    mix = pd.DataFrame([one for one in found if one["set"] == "mix"])
    results = pd.DataFrame([one for one in found if one["set"] != "mix"])
    results.to_parquet(folder / "results.parquet")
    mix.to_parquet(folder / "mix.parquet")
    written = report.write(results, mix, chosen["C"])
    (folder / "table.md").write_text(written, "utf-8")
    print(written)
    print(f"{folder}/results.parquet  {folder}/mix.parquet  {folder}/table.md")


def texts(chosen: dict[str, Any]) -> list[str]:
    return [name for name in chosen["sets"] if name != sets.DIGITS]


def refuse_what_is_missing(chosen: dict[str, Any]) -> None:
    """Stop before the first minute, not after it."""
    for name in chosen["sets"]:
        if name not in sets.NAMES:
            raise SystemExit(f"sets: '{name}' is none of {', '.join(sets.NAMES)}; mend the name.")
    for name, least in (("workers", 1), ("repeats", 1), ("mix", 0), ("inner", 2)):
        if chosen[name] < least:
            raise SystemExit(f"{name} is {chosen[name]}; expected {least} or more; mend it.")
    for name in ("C", "amounts"):
        if any(value <= 0 for value in chosen[name]):
            raise SystemExit(f"{name}: found {chosen[name]}; expected numbers above 0; mend it.")
    if min(chosen["imbalances"]) < 1:
        raise SystemExit(f"imbalances: found {chosen['imbalances']}; expected 1 or more; mend it.")
    if not set(runs.LARGE) & set(chosen["imbalances"]):
        raise SystemExit(
            f"imbalances: found {chosen['imbalances']}; expected 50 or 100, which tables compare at; add one."
        )
    if (texts(chosen) or chosen["mix"]) and not Path(chosen["data"]).is_dir():
        raise SystemExit(f"data: {chosen['data']} is no folder; name that of the sets, or take sets=[digits] mix=0.")


def run(unit: Unit, chosen: dict[str, Any]) -> None:
    """One long-tailed part of a set, or one clustering of the mix."""
    parts = Path(chosen["parts"])

    def make(draft: Path) -> None:
        if unit.name == "mix":
            with tempfile.TemporaryDirectory() as folder:
                found = runs.judge_mix(unit.repeat, Path(folder))
        else:
            path = parts / f"{unit.name}-{unit.content}.npz"
            found = runs.judge(path, unit.name, unit.imbalance, unit.repeat, chosen)
        draft.write_text(json.dumps(found), "utf-8")

    once(parts / unit.file, make)


if __name__ == "__main__":
    main()
