"""Is it better than random? Data sets x embedders x contenders x budgets x repeats, one command that can be resumed.

``python scripts/compare.py preset=full`` selects rows without seeing a label, trains a probe on what was kept, with the
true labels, and tests it on held-out rows. It writes ``results.parquet``, ``table.md`` and ``figure.png``.
"""

from __future__ import annotations

import logging
import os
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import hydra
import numpy as np
import pandas as pd
from omegaconf import DictConfig, OmegaConf
from proof import contenders, garbage, picture, probe, space, table
from proof.fingerprint import fingerprint
from proof.resume import each, once
from proof.sets import SETS, Labelled
from sklearn.metrics import f1_score

from pipeline.executors import one_thread
from pipeline.progress import track
from pipeline.report.coverage import compare

POOL = 0.9  # share of the pool in a repeat
GARBAGE = 0.05
DRAWS = 3  # random subsets of a budget of up to 10 %
NEAR = 0.95  # cosine from which two rows are near duplicates
PACKAGES = "numpy scipy scikit-learn faiss-cpu imbalanced-learn semhash submodlib-py adaptive-resampling".split()
READ = ("table", "verdict", "picture")  # modules that only read results


@dataclass(frozen=True)
class Unit:
    """What is computed, and kept, at once: one set, one embedder, one repeat, with garbage of some kinds or without."""

    name: str
    embedder: str
    repeat: int
    garbage: str
    content: str  # short hash of the set's rows and labels

    @property
    def file(self) -> str:
        return f"{self.name}-{self.content}.{self.embedder}.{self.repeat}.{self.garbage}.parquet"

    def vectors(self, chosen: dict[str, Any], embedder: str) -> Path:
        return Path(chosen["vectors"]) / f"{self.name}-{self.content}.{embedder}.npy"


@hydra.main(config_path="proof/configs", config_name="compare", version_base="1.3")
def main(options: DictConfig) -> None:
    chosen: dict[str, Any] = OmegaConf.to_container(options, resolve=True)
    refuse_what_is_missing(chosen)
    settle(chosen)
    folder, parts = Path(chosen["folder"]), Path(chosen["parts"])
    parts.mkdir(parents=True, exist_ok=True)
    contents = {name: SETS[name](Path(chosen["data"])).content() for name in track(chosen["sets"], "read", "sets")}
    times = {"none": chosen["repeats"], **chosen["garbage"]}
    units = [
        Unit(name, embedder, repeat, mix, contents[name])
        for name, embedders in chosen["sets"].items()
        for embedder in embedders
        for mix, repeats in times.items()
        for repeat in range(repeats)
    ]
    waiting = [unit for unit in units if not (parts / unit.file).exists()]
    make_vectors(waiting, chosen)
    os.environ["OMP_NUM_THREADS"] = "1"  # of the workers, also in libraries that they import later
    # Largest first would be faster; the order of the table lets a stopped run show whole sets.
    each(run, waiting, chosen, "compare", "units")
    results = pd.concat([pd.read_parquet(parts / unit.file) for unit in units], ignore_index=True)
    results.to_parquet(folder / "results.parquet")
    written = table.write(results)
    (folder / "table.md").write_text(written, "utf-8")
    picture.draw(results, folder / "figure.png")
    print(written)
    print(f"{folder}/results.parquet  {folder}/table.md  {folder}/figure.png")


def refuse_what_is_missing(chosen: dict[str, Any]) -> None:
    """Stop before the first hour, not after it."""
    for name, embedders in chosen["sets"].items():
        if name not in SETS:
            raise SystemExit(f"sets: '{name}' is none of {', '.join(SETS)}; mend the name.")
        for embedder in embedders:
            if embedder not in chosen["probe"]:
                raise SystemExit(
                    f"probe.{embedder} is missing, the vectors that the probe reads where these select; set it."
                )
            for one in (embedder, chosen["probe"][embedder]):
                space.encoder(one, chosen["models"])
    for mix in set(chosen["garbage"]) - set(garbage.MIXES):
        raise SystemExit(f"garbage: '{mix}' is none of {', '.join(garbage.MIXES)}; mend the name.")
    for name in (contenders.OURS, contenders.RANDOM, contenders.STRATIFIED):
        if name not in chosen["everywhere"]:
            raise SystemExit(f"everywhere: '{name}' is missing, without which there is nothing to compare; add it.")
    for name in (*chosen["everywhere"], *chosen["sometimes"]):
        if name not in contenders.CONTENDERS:
            raise SystemExit(f"'{name}' is none of {', '.join(contenders.CONTENDERS)}; mend the name.")
        package = contenders.PEERS.get(name)
        if package and find_spec(package) is None:
            raise SystemExit(f"'{name}' needs the package {package}; install '.[dev]', or leave it out of sometimes.")


def settle(chosen: dict[str, Any]) -> None:
    """Name the folders of finished units and of vectors: results of other code or choices are other results."""
    names = {e for embedders in chosen["sets"].values() for e in embedders}
    names |= {chosen["probe"][name] for name in names}
    models = {name: space.encoder(name, chosen["models"]).identity() for name in sorted(names)}
    own: dict[str, Any] = {name: chosen[name] for name in ("budgets", "everywhere", "sometimes", "points", "probe")}
    made = {"models": models, "packages": [installed(name) for name in PACKAGES]}
    code = ("pipeline/**/*.py", "scripts/proof/*.py", "scripts/compare.py")
    chosen["parts"] = str(Path(chosen["folder"]) / f"parts-{fingerprint(own | made, *code, but=READ)}")
    code = ("pipeline/embedders/*.py", "pipeline/sources/*.py", "pipeline/arrays/*.py", "scripts/proof/space.py")
    chosen["vectors"] = str(Path(chosen["folder"]).parent / f"vectors-{fingerprint(made, *code, but=READ)}")


def installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def make_vectors(units: list[Unit], chosen: dict[str, Any]) -> None:
    """Vectors of every set by every embedder that selects or probes, once."""
    Path(chosen["vectors"]).mkdir(parents=True, exist_ok=True)
    clean = [unit for unit in units if unit.garbage == "none"]
    wanted = {(u.vectors(chosen, e), u.name, e) for u in clean for e in (u.embedder, chosen["probe"][u.embedder])}
    for path, name, embedder in track(sorted(wanted), "vectors", "sets", total=len(wanted)):
        if not path.exists():
            data = SETS[name](Path(chosen["data"]))
            draft = path.with_suffix(".draft.npy")
            np.save(draft, space.embed(data.pool, data.test, space.encoder(embedder, chosen["models"])))
            os.replace(draft, path)


def run(unit: Unit, chosen: dict[str, Any]) -> None:
    """One unit: rows of the results."""
    logging.disable(logging.WARNING)
    data = SETS[unit.name](Path(chosen["data"]))
    with one_thread():
        rows = judged(unit, data, chosen) if unit.garbage == "none" else spoilt(unit, data, chosen)
    once(Path(chosen["parts"]) / unit.file, lambda draft: pd.DataFrame(rows).to_parquet(draft))


def judged(unit: Unit, data: Labelled, chosen: dict[str, Any]) -> list[dict[str, Any]]:
    """Every contender on a 90 % subsample of the pool, under the probe."""
    n, probed = len(data.pool), chosen["probe"][unit.embedder]
    keep = np.sort(np.random.default_rng(1000 + unit.repeat).permutation(n)[: round(POOL * n)])
    selecting, probing = (np.load(unit.vectors(chosen, name)) for name in (unit.embedder, probed))
    names = {name: chosen["budgets"] for name in chosen["everywhere"]}
    names |= {name: chosen["points"] for name in chosen["sometimes"]}
    with tempfile.TemporaryDirectory() as temporary:
        pool = [data.pool[i] for i in keep]
        made, standing = space.order(pool, selecting[keep], Path(temporary), seed=unit.repeat)
        choices = {(name, 0): choice for name, choice in contenders.choose(names, made, unit.repeat)}
        for draw in range(1, DRAWS):  # small random subsets differ most from each other
            chance = {contenders.RANDOM: [budget for budget in chosen["budgets"] if budget <= 0.1]}
            for name, choice in contenders.choose(chance, made, unit.repeat + 1000 * draw):
                choices[name, draw] = choice
        everything = np.arange(len(made.space))
        choices["all", 0] = contenders.Choice({1.0: everything}, 0.0, 0.0)
        subsets, neighbours = {}, made.space.neighbours
        for (name, draw), choice in choices.items():
            for budget, rows in choice.rows.items():
                subsets[name, draw, budget] = np.isin(everything, rows)
        measures = compare(subsets, made.space, made.scores, made.demand, made.similarity)
        near = np.where(neighbours.similarity >= NEAR, neighbours.rows, -1)
        twins = {key: (kept[near] & (near >= 0)).any(axis=1)[kept].mean() for key, kept in subsets.items()}
    own, found = keep[standing], []
    for kind, (label, truth) in data.labels.items():
        tested = np.isin(truth, label)
        test, truth = probing[n:][tested], truth[tested]
        for (name, draw, budget), measure in measures.items():
            choice = choices[name, draw]
            rows = own[choice.rows[budget]]
            said, strength = probe.predict(probing[rows], label[rows], test, unit.repeat)
            found.append(
                dict(
                    set=unit.name, label=kind, embedder=unit.embedder, probe=probed,
                    repeat=unit.repeat, contender=name, draw=draw, budget=budget, rows=len(rows), pool=len(own),
                    C=strength,
                    accuracy=float((said == truth).mean()), macro_f1=f1_score(truth, said, average="macro"),
                    tested=len(truth), correct=np.packbits(said == truth).tobytes(),
                    coverage=measure.coverage, near_duplicates=twins[name, draw, budget],
                    boundary=measure.boundary, core=measure.core,
                    seconds=choice.seconds, peak_mib=choice.peak_mib,
                )
            )  # fmt: skip
    return found


def spoilt(unit: Unit, data: Labelled, chosen: dict[str, Any]) -> list[dict[str, Any]]:
    """How much garbage is kept of a pool of which it is 5 %."""
    rows, kinds = garbage.mixed(data.pool, GARBAGE, unit.garbage, seed=unit.repeat)
    embedder = space.encoder(unit.embedder, chosen["models"])
    with tempfile.TemporaryDirectory() as temporary:
        vectors = space.embed(rows, [], embedder)
        made, standing = space.order(rows, vectors, Path(temporary), seed=unit.repeat)
        what = np.array([kinds[i] or "" for i in standing])
        aside, wait = (float(which[what == ""].mean()) for which in (made.demand.last, made.demand.wait > 0))
        names = {name: chosen["budgets"] for name in chosen["everywhere"]}
        found = []
        for name, choice in contenders.choose(names, made, unit.repeat):
            for budget, kept in choice.rows.items():
                line = dict(set=unit.name, embedder=unit.embedder, repeat=unit.repeat, contender=name, budget=budget)
                line |= dict(
                    mix=unit.garbage,
                    garbage=float((what[kept] != "").mean()),
                    clean_set_aside=aside,
                    clean_waiting=wait,
                )
                line |= {kind: float((what[kept] == kind).mean()) for kind in garbage.MIXES[unit.garbage]}
                found.append(line)
    return found


if __name__ == "__main__":
    main()
