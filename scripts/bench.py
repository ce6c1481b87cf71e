"""How time and memory grow: vectors of a real corpus's statistics, real text, and peers on the same vectors.

``python scripts/bench.py`` runs ``corebound`` on vectors of 31,250 to 1,000,000 rows, each time in a fresh process, and
prints the seconds and the peak memory of every stage, how they grow, the ratio to the time that the matrix products of
the same run would take alone, and what a dry run had expected. ``--text FILES`` does the same for the rows of files,
repeated with other words in places; ``--profile`` says which functions take the time; ``--peers`` runs other packages
on the same vectors.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
from proof.sets import docs
from scale import bound, corpora, picture, runs, tables

ROWS = [31_250, 125_000, 500_000, 1_000_000]
DIMENSIONS = 384
FIGURES = Path(__file__).parent / "figures"
PEERS = Path(__file__).parent / "scale" / "peers.py"
PAIRS = (
    (20_000, "corebound", "semhash"),
    (8_000, "corebound, facility location", "submodlib"),
    (20_000, "corebound, border of 7 classes", "adaptive-resampling, 7 classes"),
    (20_000, "corebound, border of 1 class", "adaptive-resampling, 1 class"),
    (20_000, "corebound", "imbalanced-learn ENN"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--executor", choices=["serial", "threads", "processes"], default="serial")
    parser.add_argument("--folder", type=Path, default=Path("runs/bench"))
    parser.add_argument("--text", type=Path, nargs="*", help="rows of these files (of the demo where none is named)")
    parser.add_argument("--profile", action="store_true", help="also the functions that take the most time")
    parser.add_argument("--peers", action="store_true", help="peers on the same vectors, instead")
    parser.add_argument("--figures", action="store_true", help="write what is in the folder to scripts/figures")
    parser.add_argument("--repeats", type=int, default=3, help="of the peers")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    if chosen.figures:
        figures(chosen.folder)
        return
    if chosen.peers:
        name, found = "peers", of_peers(chosen)
        written = tables.of_peers(found)
    elif chosen.text is not None:
        name, found = f"text-{chosen.executor}", of_texts(chosen)
        written = tables.of_texts(found)
    else:
        name, found = f"vectors-{chosen.executor}", [of_vectors(n, chosen) for n in chosen.rows]
        written = tables.of_runs(found)
        picture.draw(found, chosen.folder / f"{name}.png")
    (chosen.folder / f"{name}.json").write_text(json.dumps(found, indent=1), "utf-8")
    (chosen.folder / f"{name}.md").write_text(written, "utf-8")
    print(written)


def figures(folder: Path) -> None:
    """Write the tables and the picture that README shows, from measurements in a folder."""
    kinds = {
        "vectors-serial": ("Vectors of 384 dimensions, `executor=serial`", tables.of_runs),
        "text-processes": ("Rows of text, `executor=processes`", tables.of_texts),
        "peers": ("Peers", tables.of_peers),
    }
    found = {name: json.loads((folder / f"{name}.json").read_text("utf-8")) for name in kinds}
    parts = [f"# {title}\n\n{write(found[name])}" for name, (title, write) in kinds.items()]
    (FIGURES / "scale.md").write_text("\n".join(parts), "utf-8")
    picture.draw(found["vectors-serial"], FIGURES / "scale.png")


def vectors(n: int, chosen: argparse.Namespace) -> tuple[Path, Path]:
    """Files of n vectors with the statistics of the demo's corpus, and of their rows; made once."""
    given, rows = chosen.folder / f"vectors-{n}-{DIMENSIONS}.npy", chosen.folder / f"rows-{n}.jsonl"
    if not rows.exists():
        data = docs(Path())
        texts = ["\n".join(row.values()) for row in data.pool + data.test]
        corpora.vectors(given, n, corpora.real(texts, DIMENSIONS))
        corpora.numbered(rows, n)
    return given, rows


def of_vectors(n: int, chosen: argparse.Namespace) -> dict[str, Any]:
    """One run of the command on n vectors."""
    given, rows = vectors(n, chosen)
    settings = ["embedder=precomputed", f"embedder.path={given}", "~scorer@scorers.garbage"]
    speed = bound.gigaflops(DIMENSIONS)
    found = of_run(n, rows, settings, chosen)
    speed = (speed + bound.gigaflops(DIMENSIONS)) / 2
    size = n / found["clusters"]
    k1 = math.isqrt(round(n / size))
    operations = bound.operations(n, DIMENSIONS, k1, n / size / k1, size, min(128, round(n / size)))
    selecting = sum(found["stages"][name][0] for name in tables.SELECTING)
    bounds = {"gigaflops": speed, "bound": operations / speed / 1e9, "selecting": selecting}
    return {**found, "dimensions": DIMENSIONS, **bounds}


def of_texts(chosen: argparse.Namespace) -> list[dict[str, Any]]:
    """Runs of the command on rows of files, and beside each the vectoriser alone, and a plain copy of the rows."""
    own = corpora.rows_of(chosen.text) if chosen.text else docs(Path()).pool
    found = []
    for n in chosen.rows:
        rows = chosen.folder / f"text-{n}.jsonl"
        corpora.edited(rows, n, own)
        alone = bound.vectoriser(rows, n)
        found.append({**of_run(n, rows, [], chosen), "vectoriser": alone, "copy": bound.copy(rows, chosen.folder)})
    return found


def of_run(n: int, rows: Path, settings: list[str], chosen: argparse.Namespace) -> dict[str, Any]:
    """What a run takes, by stage, and what was expected of it."""
    settings = [f"source.path={rows}", "budget.fraction=0.1", f"executor={chosen.executor}", *settings]
    expected = runs.dry(settings, chosen.folder / "run")
    if chosen.profile:
        print(runs.profile(settings, chosen.folder / "run"))
    cost, record = runs.corebound(settings, chosen.folder / "run")
    stages = {stage["name"]: [stage["seconds"], stage["peak_mib"]] for stage in record["stages"]}
    # Memory is looked at now and then; the system itself keeps the peak of each stage, but only of the main process.
    peak = max(cost.peak_mib, *(peak for _, peak in stages.values()))
    return {
        "rows": n, "seconds": cost.seconds, "peak": peak, "clusters": record["clusters"],
        "expected": [expected.seconds, expected.peak_mib], "stages": stages,
    }  # fmt: skip


def of_peers(chosen: argparse.Namespace) -> list[dict[str, Any]]:
    """Each pair in turn, a process each, and that again."""
    found = []
    for n, us, them in PAIRS:
        given, _ = vectors(n, chosen)
        sides: dict[str, list[list[float]]] = {"ours": [], "theirs": []}
        kept = {}
        for _ in range(chosen.repeats):
            for side, name in (("ours", us), ("theirs", them)):
                result = chosen.folder / "peer.npz"
                cost = runs.measured([sys.executable, str(PEERS), name, str(given), str(result)])
                with np.load(result) as said:
                    kept[side], seconds = said["rows"], float(said["seconds"])
                sides[side].append([seconds, cost.peak_mib])
        alike = compare(np.load(given, mmap_mode="r"), kept["ours"], kept["theirs"], them)
        found.append({"rows": n, "us": us, "them": them, "alike": alike, **sides})
        print(f"{n:,} {us} / {them}: {sides}", file=sys.stderr)
    return found


def compare(vectors: np.ndarray, ours: np.ndarray, theirs: np.ndarray, them: str) -> str:
    """What can be said of the two results."""
    if them.startswith("adaptive"):
        same = np.array_equal(*(np.unique(vectors[rows], axis=0) for rows in (ours, theirs)))
        return "same sets" if same else "other sets"
    if them == "submodlib":
        first, second = (objective(vectors, rows) for rows in (ours, theirs))
        return f"{100 * first / second:.1f} % of its objective"
    return f"{len(ours):,} and {len(theirs):,} rows"


def objective(vectors: np.ndarray, rows: np.ndarray) -> float:
    """Facility location: the sum over all vectors of the cosine to the nearest of the chosen."""
    chosen = vectors[rows].T
    blocks = range(0, len(vectors), 1024)
    return sum(float(np.maximum(vectors[start : start + 1024] @ chosen, 0).max(axis=1).sum()) for start in blocks)


if __name__ == "__main__":
    main()
