"""What arXiv 2509.15859 claims of long tails: a linear head on a frozen encoder learns rare classes from latents.

``python scripts/reproduce/long_tail.py`` makes labelled sets long-tailed, trains heads on real vectors, on real and
synthetic ones, and with what else one would do, and tests them on held-out rows. It writes ``results.parquet``,
``mix.parquet`` and ``table.md``; stopped, it goes on where it was.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import hydra
import pandas as pd
from omegaconf import DictConfig, OmegaConf

sys.path.append(str(Path(__file__).parents[1]))  # scripts, for proof
from proof import space
from proof.fingerprint import fingerprint
from proof.resume import each, once
from tails import report, runs, sets

CODE = ("pipeline/**/*.py", "scripts/reproduce/tails/*.py", "scripts/proof/s*.py")
READ = ("report",)  # modules that only read results
SETTINGS = ("embedder", "C", "inner", "amounts")


@hydra.main(config_path="configs", config_name="long_tail", version_base="1.3")
def main(options: DictConfig) -> None:
    chosen: dict[str, Any] = OmegaConf.to_container(options, resolve=True)
    refuse_what_is_missing(chosen)
    folder = Path(chosen["folder"])
    own: dict[str, Any] = {name: chosen[name] for name in SETTINGS}
    own["encoder"] = space.encoder(chosen["embedder"], chosen["models"]).identity() if texts(chosen) else None
    parts = folder / f"parts-{fingerprint(own, *CODE, but=READ)}"
    parts.mkdir(parents=True, exist_ok=True)
    chosen["parts"] = str(parts)
    for name in chosen["sets"]:
        once(parts / f"{name}.npz", lambda draft, name=name: sets.make_vectors(name, chosen, draft))
    units = [("mix", 0, repeat) for repeat in range(chosen["mix"])]  # the longest first
    repeats = range(chosen["repeats"])
    units += [(name, imbalance, r) for name in chosen["sets"] for imbalance in chosen["imbalances"] for r in repeats]
    each(run, units, chosen, "judge", "parts", start=runs.start)
    found = [one for unit in units for one in json.loads(file(parts, unit).read_text("utf-8"))]
    mix = pd.DataFrame([one for one in found if one["set"] == "mix"])
    results = pd.DataFrame([one for one in found if one["set"] != "mix"])
    results.to_parquet(folder / "results.parquet")
    mix.to_parquet(folder / "mix.parquet")
    written = report.write(results, mix)
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
    if not set(report.LARGE) & set(chosen["imbalances"]):
        raise SystemExit(f"imbalances: found {chosen['imbalances']}; expected 50 or 100 among them; add one.")
    if (texts(chosen) or chosen["mix"]) and not Path(chosen["data"]).is_dir():
        raise SystemExit(f"data: {chosen['data']} is no folder; name that of the sets, or take sets=[digits] mix=0.")


def file(parts: Path, unit: tuple[str, float, int]) -> Path:
    return parts / f"{unit[0]}.{unit[1]:g}.{unit[2]}.json"


def run(unit: tuple[str, float, int], chosen: dict[str, Any]) -> None:
    """One long-tailed part of a set, or one clustering of the mix."""
    name, imbalance, repeat = unit
    parts = Path(chosen["parts"])

    def make(draft: Path) -> None:
        if name == "mix":
            with tempfile.TemporaryDirectory() as folder:
                found = runs.judge_mix(repeat, chosen, Path(folder))
        else:
            found = runs.judge(parts / f"{name}.npz", name, imbalance, repeat, chosen)
        draft.write_text(json.dumps(found), "utf-8")

    once(file(parts, unit), make)


if __name__ == "__main__":
    main()
