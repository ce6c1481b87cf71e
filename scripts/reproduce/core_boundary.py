"""What arXiv 2509.19856 claims of tables: oversampling at borders, and removing the core.

``python scripts/reproduce/core_boundary.py`` cross-validates classifiers on every CSV of a folder, with each method of
oversampling and each rule for what is removed. It writes ``results.parquet`` and ``table.md``; stopped, it goes on
where it was.
"""

from __future__ import annotations

import json
import math
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import hydra
import pandas as pd
from omegaconf import DictConfig, OmegaConf

sys.path.append(str(Path(__file__).parents[1]))  # scripts, for proof
from proof.fingerprint import fingerprint, require_same
from proof.kinds import require_kinds
from proof.resume import each, once, one_thread_each
from tabular import folds, report, tables

CODE = ("pipeline/**/*.py", "scripts/reproduce/tabular/*.py", "scripts/reproduce/smote.py")
READ = ("report", "verdict")  # modules that only read results
SETTINGS = ("folds", "inner", "k", "percentiles", "neighbours", "removed")
CONFIG = Path(__file__).parent / "configs" / "core_boundary.yaml"
LIBRARIES = ("numpy", "scikit-learn", "imbalanced-learn", "adaptive-resampling")


@hydra.main(config_path="configs", config_name="core_boundary", version_base="1.3")
def main(options: DictConfig) -> None:
    chosen: dict[str, Any] = OmegaConf.to_container(options, resolve=True)
    require_kinds(chosen, CONFIG)
    refuse(chosen)
    folder, data = Path(chosen["folder"]), Path(chosen["data"])
    names = tables.names(data)
    read = {name: tables.read(data, name, chosen["folds"]) for name in names}
    own: dict[str, Any] = {name: chosen[name] for name in SETTINGS} | {"content": tables.content(data, names)}
    own["versions"] = {name: version(name) for name in LIBRARIES}
    name = fingerprint(own, *CODE, but=READ)
    parts = folder / f"parts-{name}"
    parts.mkdir(parents=True, exist_ok=True)
    chosen["parts"] = str(parts)
    units = [(name, repeat) for name in names for repeat in range(chosen["repeats"])]
    each(run, units, chosen, "cross-validate", "tables", one_thread_each)
    require_same(name, fingerprint(own, *CODE, but=READ), parts)
    results = pd.DataFrame([one for unit in units for one in json.loads(file(parts, unit).read_text("utf-8"))])
    results.drop(columns=["choice"]).to_parquet(folder / "results.parquet")
    written = report.write(results, read)
    (folder / "table.md").write_text(written, "utf-8")
    print(written)
    print(f"{folder}/results.parquet  {folder}/table.md")


def refuse(chosen: dict[str, Any]) -> None:
    """Say what no table could be made with, before the first minute."""
    for name, least in (("workers", 1), ("repeats", 1), ("folds", 2), ("inner", 2)):
        if chosen[name] < least:
            raise SystemExit(f"{name} is {chosen[name]}; expected {least} or more; mend it.")
    for name, most in (("k", math.inf), ("neighbours", math.inf), ("percentiles", 100), ("removed", 1)):
        if not chosen[name] or not 0 < min(chosen[name]) <= max(chosen[name]) < most:
            within = "above 0" if most == math.inf else f"between 0 and {most}"
            raise SystemExit(f"{name}: found {chosen[name]}; expected numbers {within}; mend them.")


def file(parts: Path, unit: tuple[str, int]) -> Path:
    return parts / f"{unit[0]}.{unit[1]}.json"


def run(unit: tuple[str, int], chosen: dict[str, Any]) -> None:
    """All folds of a table in one repeat."""
    name, repeat = unit

    def make(draft: Path) -> None:
        table = tables.read(Path(chosen["data"]), name, chosen["folds"])
        draft.write_text(json.dumps(folds.run(table, repeat, chosen)), "utf-8")

    once(file(Path(chosen["parts"]), unit), make)


if __name__ == "__main__":
    main()
