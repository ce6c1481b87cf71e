"""The bench: one command, resumable, on data that every machine has."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "scripts"))


SMALL = ("~sets.docs", "+sets.docs-small=[lsa]")


def compare(folder, *words):
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "compare.py", "preset=smoke", f"folder={folder}/out", *words],
        cwd=folder, capture_output=True, text=True, env={**os.environ, "COREBOUND_SHARED": "nowhere"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    done = compare(folder, *SMALL)
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
    again = compare(folder, *SMALL)
    assert again.returncode == 0, again.stderr
    assert again.stdout == printed
    assert {path: path.stat().st_mtime_ns for path in folder.glob("out/parts-*/*")} == before


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["+sets.nothing=[lsa]"], "'nothing' is none of"),
        (["sets={docs: [static]}"], "models.static is"),
        (["sometimes=[magic]"], "'magic' is none of"),
        (["+garbage.magic=1"], "'magic' is none of"),
        (["~probe.lsa"], "probe.lsa is missing"),
    ],
)
def test_what_is_missing_is_said_at_once(monkeypatch, words, sentence):
    from compare import refuse_what_is_missing
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    monkeypatch.setenv("COREBOUND_SHARED", "nowhere")
    with initialize_config_dir(str(ROOT / "scripts" / "proof" / "configs"), version_base="1.3"):
        chosen = OmegaConf.to_container(compose("compare", ["preset=smoke", "folder=none", *words]), resolve=True)
    with pytest.raises(SystemExit, match=sentence):
        refuse_what_is_missing(chosen)


def test_a_refusal_is_a_sentence_before_anything_is_made(tmp_path):
    done = compare(tmp_path, "+sets.nothing=[lsa]")
    assert done.returncode == 1 and "'nothing' is none of" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_presets_name_what_there_is():
    from hydra import compose, initialize_config_dir
    from proof.contenders import CONTENDERS, PEERS, RANDOM
    from proof.garbage import MIXES
    from proof.sets import SETS

    for preset in ("quick", "full", "smoke"):
        with initialize_config_dir(str(ROOT / "scripts" / "proof" / "configs"), version_base="1.3"):
            chosen = compose("compare", overrides=[f"preset={preset}", "folder=there"])
        assert set(chosen.sets) <= set(SETS) and set(chosen.garbage) <= set(MIXES)
        assert {*chosen.everywhere, *chosen.sometimes} <= set(CONTENDERS) and RANDOM in chosen.everywhere
        assert set(chosen.points) <= set(chosen.budgets)
        assert {e for embedders in chosen.sets.values() for e in embedders} <= set(chosen.probe)
    assert set(PEERS) <= set(CONTENDERS)


def test_other_choices_code_and_rows_are_other_results(monkeypatch):
    import compare as bench
    from proof.sets import Labelled

    chosen = dict(
        sets={"docs": ["lsa"]}, probe={"lsa": "lsa"}, models={}, folder="there/smoke", budgets=[0.1], points=[0.1],
        everywhere=["corebound"], sometimes=[],
    )  # fmt: skip

    def places(**other):
        settled = {**chosen, **other}
        bench.settle(settled)
        return settled["parts"], settled["vectors"]

    assert places() == places(workers=3)
    assert places(budgets=[0.2])[0] != places()[0] and places(budgets=[0.2])[1] == places()[1]
    assert places(everywhere=["random"])[0] != places()[0]
    before = places()
    monkeypatch.setattr(bench, "installed", lambda name: "another version")
    assert places()[0] != before[0]
    labels = {"kind": (np.array(["a", "b"]), np.array(["a"]))}
    rows = [{"text": "one"}, {"text": "two"}], [{"text": "three"}]
    same = Labelled(*rows, labels).content()
    assert same == Labelled(*rows, labels).content()
    assert same != Labelled(rows[0][::-1], rows[1], labels).content()
    assert same != Labelled(*rows, {"kind": (np.array(["a", "a"]), np.array(["a"]))}).content()
