"""What arXiv 2509.19856 claims of tables: oversampling at borders, and removing the core.

``python scripts/reproduce/core_boundary.py`` cross-validates classifiers on every CSV of a folder, with each method of
oversampling and each rule for what is removed. It writes ``results.parquet`` and ``table.md``; stopped, it goes on
where it was.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import hydra
import pandas as pd
from omegaconf import DictConfig, OmegaConf

sys.path.append(str(Path(__file__).parents[1]))  # scripts, for proof
from proof.fingerprint import fingerprint
from proof.resume import each, once
from tabular import folds, report, tables

CODE = ("pipeline/scorers/*.py", "pipeline/selectors/coverage.py", "scripts/reproduce/tabular/*.py")
READ = ("report",)  # modules that only read results
SETTINGS = ("folds", "inner", "k", "percentiles", "removed")


@hydra.main(config_path="configs", config_name="core_boundary", version_base="1.3")
def main(options: DictConfig) -> None:
    chosen: dict[str, Any] = OmegaConf.to_container(options, resolve=True)
    folder, data = Path(chosen["folder"]), Path(chosen["data"])
    names = tables.names(data)
    own: dict[str, Any] = {name: chosen[name] for name in SETTINGS} | {"content": tables.content(data, names)}
    parts = folder / f"parts-{fingerprint(own, *CODE, but=READ)}"
    parts.mkdir(parents=True, exist_ok=True)
    chosen["parts"] = str(parts)
    units = [(name, repeat) for name in names for repeat in range(chosen["repeats"])]
    each(run, units, chosen, "cross-validate", "tables", start=folds.start)
    results = pd.DataFrame([one for unit in units for one in json.loads(file(parts, unit).read_text("utf-8"))])
    results.to_parquet(folder / "results.parquet")
    written = report.write(results, {name: tables.read(data, name, chosen["folds"]) for name in names})
    (folder / "table.md").write_text(written, "utf-8")
    print(written)
    print(f"{folder}/results.parquet  {folder}/table.md")


def file(parts: Path, unit: tuple[str, int]) -> Path:
    return parts / f"{unit[0]}.{unit[1]}.json"


def run(unit: tuple[str, int], chosen: dict[str, Any]) -> None:
    """All folds of a table in one repeat."""

    def make(draft: Path) -> None:
        draft.write_text(json.dumps(folds.run(Path(chosen["data"]), *unit, chosen)), "utf-8")

    once(file(Path(chosen["parts"]), unit), make)


if __name__ == "__main__":
    main()
