"""The bench: one command, resumable, on data that every machine has."""

import os
import random
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "scripts"))


def compare(folder, *words):
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "compare.py", "preset=smoke", f"folder={folder}/out", *words],
        cwd=folder, capture_output=True, text=True, env={**os.environ, "COREBOUND_SHARED": "nowhere"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    done = compare(folder)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout, pd.read_parquet(folder / "out" / "results.parquet")


def test_table_figure_and_every_result(bench):
    folder, printed, results = bench
    assert (folder / "out" / "figure.png").stat().st_size > 10_000
    assert (folder / "out" / "table.md").read_text() in printed
    for name in ("corebound", "random", "semhash", "imblearn ENN", "imblearn NearMiss", "longest"):
        assert f"| {name} |" in printed
    clean = results[results.accuracy.notna()]
    assert set(clean.repeat) == {0, 1} and set(clean[clean.contender == "corebound"].budget) == {0.03, 0.1, 0.3}
    assert (clean.rows == (clean.budget * clean.pool).round()).all()
    assert np.allclose(clean.accuracy, [np.unpackbits(np.frombuffer(c, np.uint8)).sum() / t
                                        for c, t in zip(clean.correct, clean.tested, strict=True)])  # fmt: skip
    assert clean[["coverage", "near_duplicates", "boundary", "core"]].stack().between(0, 1).all()
    assert (clean.accuracy > 0.2).all() and (clean.peak_mib[clean.contender != "all"] > 50).all()
    full, small = (clean[clean.contender == c].accuracy.mean() for c in ("all", "random"))
    assert full > small


def test_boundary_is_kept_more_often_than_core(bench):
    ours = bench[2][lambda r: (r.contender == "corebound") & r.accuracy.notna() & (r.budget == 0.3)]
    assert (ours.boundary / ours.core > 1.4).all()


def test_a_second_run_computes_nothing_again(bench):
    folder, printed, _ = bench
    before = {path: path.stat().st_mtime_ns for path in folder.glob("out/parts-*/*")}
    assert len(before) == 3
    again = compare(folder)
    assert again.returncode == 0, again.stderr
    assert again.stdout == printed
    assert {path: path.stat().st_mtime_ns for path in folder.glob("out/parts-*/*")} == before


@pytest.mark.parametrize(
    "word, sentence",
    [
        ("+sets.nothing=[lsa]", "'nothing' is none of"),
        ("sets={docs: [static]}", "models.static is"),
        ("sometimes=[magic]", "'magic' is none of"),
    ],
)
def test_what_is_missing_is_said_at_once(tmp_path, word, sentence):
    done = compare(tmp_path, word, "probe.static=lsa")
    assert done.returncode == 1 and sentence in done.stderr and not (tmp_path / "out" / "results.parquet").exists()


def results_of(ours, random_, size=400, cells=1, full=0.9, seed=0):
    """Two contenders, right with these probabilities at each budget, and all rows."""
    rng = np.random.default_rng(seed)
    rows = []
    for cell in range(cells):
        for contender, rates in (("corebound", ours), ("random", random_), ("all", {1.0: full})):
            for budget, rate in rates.items():
                for repeat in range(5):
                    right = rng.random(size) < rate
                    rows.append(
                        dict(set=f"s{cell}", label="l", embedder="e", budget=budget, contender=contender, repeat=repeat,
                             correct=np.packbits(right).tobytes(), tested=size, accuracy=right.mean())
                    )  # fmt: skip
    return pd.DataFrame(rows)


def test_verdict_finds_what_is_below_random_and_nothing_else():
    from proof.verdict import gains, mean_gain

    worse = gains(results_of({0.1: 0.70}, {0.1: 0.80}, cells=5), "corebound", "random")
    assert (worse.p_below < 0.05).all() and worse.gain.between(-15, -5).all()
    assert ((worse.low < worse.gain) & (worse.gain < worse.high)).all()
    same = gains(results_of({0.1: 0.8}, {0.1: 0.8}, cells=20), "corebound", "random")
    assert (same.p_below > 0.05).all()
    mean, low, high = mean_gain(results_of({0.1: 0.85}, {0.1: 0.80}, cells=5), "corebound", "random", [0.1])
    assert low < mean < high and abs(mean - 5) < 2


def test_holm():
    from proof.verdict import holm

    # The example of Holm's procedure: sorted p times n, n - 1, ..., made monotone.
    assert np.allclose(holm(np.array([0.01, 0.04, 0.03, 0.005])), [0.03, 0.06, 0.06, 0.02])


def test_rows_needed_lie_on_the_curve():
    from proof.verdict import rows_needed

    results = results_of({0.1: 0.5, 0.2: 0.7, 0.5: 1.0}, {0.1: 0.2, 0.2: 0.3, 0.5: 0.4}, size=4000, full=1.0)
    assert rows_needed(results, "corebound", share=0.85).iloc[0] == pytest.approx(0.2 * 2.5**0.5, rel=0.05)
    assert rows_needed(results, "corebound", share=0.4).iloc[0] == 0.1
    assert rows_needed(results, "random", share=0.99).iloc[0] == pytest.approx(1.0, rel=0.02)


def test_garbage_is_a_share_of_the_pool_in_equal_parts():
    from proof.garbage import KINDS, mixed

    pool = [{"instruction": f"Say {i}", "output": f"Number {i} is said aloud, twice."} for i in range(950)]
    rows, kinds = mixed(pool, 0.05, seed=0)
    assert rows[:950] == pool and kinds[:950] == [None] * 950 and len(rows) == 1000
    assert [kinds.count(kind) for kind in KINDS] == [13, 13, 12, 12]
    assert mixed(pool, 0.05, seed=0) == (rows, kinds)
    shuffled = rows[950]
    assert sorted(shuffled["output"].split()) == sorted(
        f"Number {shuffled['instruction'][4:]} is said aloud, twice.".split()
    )


def test_spoiling_leaves_the_row_itself_alone():
    from proof.garbage import spoil

    row = {
        "conversations": [{"from": "human", "value": "Where to?"}, {"from": "gpt", "value": "To the station, please."}]
    }
    cut = spoil(row, "truncated", random.Random(0))
    assert row["conversations"][1]["value"].startswith(cut["conversations"][1]["value"]) and cut != row
    assert cut["conversations"][0] == row["conversations"][0]
