"""The scale bench: one command on few rows, and every contender."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.embedders.chunks import unit
from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "scripts"))


def test_time_memory_and_the_bound_of_a_run(tmp_path):
    command = [sys.executable, ROOT / "scripts" / "bench.py", "--rows", "400", "--folder", tmp_path / "out"]
    command.append("--profile")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out" / "vectors-serial.json").read_text())
    assert (tmp_path / "out" / "vectors-serial.md").read_text() in done.stdout
    assert [one["rows"] for one in found] == [400]
    for one in found:
        assert 0 < one["bound"] < one["selecting"] < one["seconds"] and one["gigaflops"] > 1
        assert one["peak"] > 100 and {"bin", "neighbours", "order"} <= set(one["stages"])
        assert one["clusters"] == pytest.approx(one["rows"] ** 0.5, rel=0.3)
        largest = max(peak for _, peak in one["stages"].values())
        assert one["expected"][1] == pytest.approx(largest, rel=0.3) and one["expected"][0] > 0
    assert "What a dry run had expected" in done.stdout
    assert "tottime" in done.stdout and "ncalls" in done.stdout


def test_text_beside_the_vectoriser_and_a_copy(demo_corpus, tmp_path):
    command = [sys.executable, ROOT / "scripts" / "bench.py", "--rows", "500", "--folder", tmp_path / "out"]
    done = subprocess.run([*command, "--text", demo_corpus], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out" / "text-serial.json").read_text())
    assert (tmp_path / "out" / "text-serial.md").read_text() in done.stdout
    (one,) = found
    assert one["rows"] == 500 and {"read", "embed", "score-garbage"} <= set(one["stages"])
    assert 0 < one["vectoriser"] and 0 < one["copy"] < one["seconds"]
    assert len((tmp_path / "out" / "text-500.jsonl").read_text().splitlines()) == 500


@pytest.fixture(scope="module")
def vectors():
    random = np.random.default_rng(0)
    return unit(np.repeat(random.normal(size=(10, 16)), 60, axis=0) + random.normal(size=(600, 16)))


@pytest.mark.parametrize("name", ["corebound", "semhash", "corebound, facility location", "submodlib"])
def test_contenders_choose_distinct_rows(vectors, name):
    from scale.peers import CONTENDERS

    if name == "submodlib":
        pytest.importorskip("submodlib")
    rows = CONTENDERS[name](vectors)
    assert len(set(rows.tolist())) == len(rows) <= 60 and set(rows.tolist()) <= set(range(600))
    assert name == "semhash" or len(rows) == 60


def test_the_border_is_that_of_the_package(vectors):
    from scale.peers import CONTENDERS

    for many in ("7 classes", "1 class"):
        ours, theirs = CONTENDERS[f"corebound, border of {many}"], CONTENDERS[f"adaptive-resampling, {many}"]
        assert np.array_equal(ours(vectors), theirs(vectors))


def test_vectors_have_the_clusters_of_the_corpus_they_are_like(vectors, tmp_path):
    from scale.corpora import vectors as made

    made(tmp_path / "v.npy", 3000, vectors)
    found = np.load(tmp_path / "v.npy")
    assert found.shape == (3000, 16) and np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    # A made row lies about as near to the real ones as these to each other, and no row is there twice.
    near = (found @ vectors.T).max(axis=1).mean()
    own = vectors @ vectors.T
    np.fill_diagonal(own, -1)
    assert abs(near - own.max(axis=1).mean()) < 0.2 and len(np.unique(found, axis=0)) > 2900


def test_edited_texts_are_no_copies(tmp_path):
    from scale.corpora import edited

    rows = [
        {"instruction": f"What is {n} and why is it so ?", "output": f"It is {n} of them , more or less ."}
        for n in range(50)
    ]
    edited(tmp_path / "t.jsonl", 200, rows)
    found = [json.loads(line) for line in Path(tmp_path / "t.jsonl").read_text().splitlines()]
    assert found[:50] == rows and len({json.dumps(row) for row in found}) > 180
    assert all(set(row) == {"instruction", "output"} for row in found)


def test_growth_and_peers_are_what_was_measured():
    """Time by the power of 1.1 and memory by that of 1; of three repeats the median."""
    from scale import tables

    stages = [*tables.SELECTING, "read"]
    found = [
        {
            "rows": n, "seconds": 9.0, "peak": 90, "expected": [9.0, 45], "clusters": 9, "gigaflops": 50.0,
            "bound": 1.0, "selecting": (n / 125_000) ** 1.1, "stages": {name: [1.0, n / 1000] for name in stages},
        }
        for n in (31_250, 125_000, 250_000, 1_000_000)
    ]  # fmt: skip
    said = tables.of_runs(found)
    assert "From 125,000 to 1,000,000 rows, time grows as rows ** 1.10 and memory grows as rows ** 1.00." in said
    assert said.count("| 0.50 |") == 4  # half of the memory had been expected
    pair = {"rows": 8000, "us": "a", "them": "b", "alike": "98.0 % of its objective"}
    said = tables.of_peers([{**pair, "ours": [[1, 10], [2, 20], [9, 90]], "theirs": [[100, 40], [80, 50], [1, 1]]}])
    assert "| 8000 | a | b | 2.00 | 80.00 | 40.0 | 20 | 40 | 2.0 | 98.0 % of its objective |" in said


def test_the_bench_tells_other_sets_and_counts_operations():
    import bench
    from scale import bound

    vectors = np.eye(4, dtype=np.float32)
    assert bench.compare(vectors, np.array([0, 1]), np.array([1, 0]), "adaptive-resampling, 1 class") == "same sets"
    assert bench.compare(vectors, np.array([0, 1]), np.array([0, 2]), "adaptive-resampling, 1 class") == "other sets"
    three = np.array([[1, 0], [0.6, 0.8], [0, 1]], np.float32)
    assert bench.objective(three, np.array([0])) == pytest.approx(1.6)
    assert bench.compare(three, np.array([0]), np.array([1]), "submodlib") == "66.7 % of its objective"
    # 10 vectors of 3 numbers against 5 cells, 8 x 2 clusters, 9 x 4 rows, 7 clusters and 4 rows.
    assert bound.operations(10, 3, 5, 2, 4, 7) == 2 * 10 * 3 * (5 + 16 + 36 + 7 + 4)


def test_memory_is_that_of_a_command_and_its_children():
    from scale.runs import measured

    child = "import time; a = bytearray(200 * 2**20); time.sleep(1.5)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    cost = measured([sys.executable, "-c", parent])
    assert 200 < cost.peak_mib < 300 and cost.seconds > 1.5
    with pytest.raises(SystemExit, match="failed"):
        measured([sys.executable, "-c", "raise SystemExit(3)"])
