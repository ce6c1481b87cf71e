"""Fine-tuning on selections: one command, resumable, with a small model or one that is given."""

import gzip
import json
import math
import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "scripts"))


def prove(folder, *words):
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "sft_proof.py", "preset=smoke", f"folder={folder}/out", *words],
        cwd=folder, capture_output=True, text=True, env={**os.environ, "COREBOUND_SHARED": "nowhere"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def proof(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sft")
    done = prove(folder, "until=select")
    assert done.returncode == 0, done.stderr
    assert not (folder / "out" / "table.md").exists()  # rows are chosen here, and trained on elsewhere
    done = prove(folder)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout, json.loads((folder / "out" / "results.json").read_text())


def of(results, arm):
    return [one for one in results if one["arm"] == arm]


def test_table_figure_examples_and_every_result(proof):
    folder, printed, results = proof
    assert (folder / "out" / "table.md").read_text() in printed
    assert (folder / "out" / "figure.png").stat().st_size > 5_000
    assert "**assistant**" in (folder / "out" / "examples.md").read_text()
    assert {one["arm"] for one in results} == {"base", "corebound", "random", "longest", "full"}
    assert all(math.isfinite(one["loss"]["docs"]) for one in results)


def test_arms_have_equal_tokens_and_steps_and_learn(proof):
    results = proof[2]
    (base,), (full,) = of(results, "base"), of(results, "full")
    few = [one for name in ("corebound", "random", "longest") for one in of(results, name)]
    assert {one["pair"] for one in few} == {0, 1}
    (parts,) = proof[0].glob("out/parts-*")
    with gzip.open(parts / "rows.json.gz", "rt") as file:
        general = json.load(file)["general"]
    assert (base["rows"], base["tokens"]) == (len(general), sum(row["tokens"] for row in general))  # and no other rows
    assert sum(full["answered"].values()) == full["answer_tokens"]
    tokens = [one["tokens"] for one in few]
    assert max(tokens) < 1.1 * min(tokens) and full["tokens"] > 9 * min(tokens)
    assert len({one["steps"] for one in few}) == 1
    assert min(one["rows"] for one in of(results, "random")) > max(one["rows"] for one in of(results, "longest"))
    assert full["loss"]["docs"] < min(one["loss"]["docs"] for one in few)
    assert max(one["loss"]["docs"] for one in few) < base["loss"]["docs"]


def test_a_second_run_computes_nothing_again(proof):
    folder, printed, _ = proof
    before = {path: path.stat().st_mtime_ns for path in folder.glob("out/parts-*/*")}
    again = prove(folder)
    assert again.returncode == 0, again.stderr
    assert again.stdout == printed
    assert {path: path.stat().st_mtime_ns for path in folder.glob("out/parts-*/*")} == before


def test_results_of_other_libraries_are_refused_before_anything_is_trained(proof, tmp_path):
    shutil.copytree(proof[0] / "out", tmp_path / "out")
    (parts,) = tmp_path.glob("out/parts-*")
    (parts / "0-0.1-random.json").unlink()
    one = json.loads((parts / "1-0.1-random.json").read_text())
    (parts / "1-0.1-random.json").write_text(json.dumps(one | {"versions": one["versions"] | {"trl": "0.1"}}))
    done = prove(tmp_path)
    assert done.returncode == 1 and "'trl': '0.1'" in done.stderr and "Traceback" not in done.stderr
    assert not (parts / "0-0.1-random.json").exists()


def test_what_was_not_finished_comes_out_the_same_and_another_arm_adds_its_own_models_alone(proof, tmp_path):
    shutil.copytree(proof[0] / "out", tmp_path / "out")
    (parts,) = tmp_path.glob("out/parts-*")
    for name in ("rows-1-0.1-corebound.json", "1-0.1-corebound.json", "0-0.1-random.json"):
        (parts / name).unlink()
    before = {path: path.stat().st_mtime_ns for path in parts.glob("*.json")}
    done = prove(tmp_path, "arms=[corebound,random,stratified]", "full=0")
    assert done.returncode == 0, done.stderr
    after = json.loads((tmp_path / "out" / "results.json").read_text())
    kept = [one for one in proof[2] if one["arm"] in ("base", "corebound", "random")]
    for one, again in zip(kept, [one for one in after if one["arm"] != "stratified"], strict=True):
        assert again["loss"] == pytest.approx(one["loss"], rel=1e-6) and again["rows"] == one["rows"]
    added = {path.name for path in parts.glob("*stratified*")}
    assert added == {f"{rows}{pair}-0.1-stratified.json" for rows in ("rows-", "") for pair in (0, 1)}
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())


def test_a_model_of_a_folder_is_tuned_with_adapters(proof, tmp_path):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    (parts,) = proof[0].glob("out/parts-*")
    AutoModelForCausalLM.from_pretrained(parts / "base").save_pretrained(tmp_path / "model")
    AutoTokenizer.from_pretrained(parts / "tokenizer").save_pretrained(tmp_path / "model")
    lora = "lora={r: 4, lora_alpha: 8}"
    few = ["full=0", "arms=[corebound,random]", "largest={general: 200, pool: 200}", "budgets=[0.2]"]
    done = prove(tmp_path, f"model={tmp_path}/model", lora, "bf16=true", *few)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    (base,), (given,) = of(results, "base"), of(proof[2], "base")
    assert base["loss"]["docs"] == pytest.approx(given["loss"]["docs"], rel=0.02)  # it is the model that was given
    for arm in ("corebound", "random"):
        assert of(results, arm)[0]["loss"]["docs"] < base["loss"]["docs"]


@pytest.mark.parametrize(
    ("setting", "said"),
    [({"arms": ["random"]}, "corebound"), ({"sources": ["books"]}, "books"), ({"pairs": 1}, "pairs=1"),
     ({"budgets": [1]}, "budgets has 1"), ({"budgets": [2.5]}, "budgets has 2.5"),
     ({"budgets": [0.1, 0.1]}, "has one twice"), ({"workers": 0}, "workers is 0"),
     ({"model": "me/model"}, "set revision"), ({"until": "lunch"}, "until is 'lunch'"),
     ({"device": "cuda"}, "device is cuda"), ({"device": "mps"}, "device is 'mps'"), ({"budgets": []}, "is empty"),
     ({"arms": ["corebound", "random", "random"]}, "has one twice"), ({"full": -1}, "full=-1"),
     ({"model": "me/model", "revision": "main"}, "set revision"), ({"general": 1}, "general=1"),
     ({"held_out": 0}, "held_out=0"),
     ({"arms": ["corebound", "random", "laser"]}, "budgets has 0.1, and the arm laser is made for a number of rows")],
)  # fmt: skip
def test_what_is_missing_is_said_before_the_first_hour(setting, said):
    import torch
    from omegaconf import OmegaConf
    from sft_proof import refuse_what_is_missing

    if setting == {"device": "cuda"} and torch.cuda.is_available():
        pytest.skip("it is there")
    configs = ROOT / "scripts" / "sft" / "configs"
    files = [OmegaConf.load(configs / name) for name in ("sft_proof.yaml", "preset/smoke.yaml")]
    chosen = OmegaConf.to_container(OmegaConf.merge(*files), resolve=False)
    refuse_what_is_missing(chosen)
    with pytest.raises(SystemExit, match=re.escape(said)):
        refuse_what_is_missing(chosen | setting)


def test_what_cannot_be_read_is_said_in_a_sentence(tmp_path):
    from sft import language_model, rows

    with pytest.raises(SystemExit, match=re.escape(f"model={tmp_path} cannot be read")):
        language_model.read_tokenizer(str(tmp_path))
    with pytest.raises(SystemExit, match=r"gsm8k_train\.jsonl\.gz is not there"):
        asked = {"sources": ["gsm8k"], "data": str(tmp_path), "general": 0.25, "held_out": 9}
        rows.prepare(asked, tmp_path, tmp_path / "draft")
    with pytest.raises(SystemExit, match="data=nowhere is no folder"):
        rows.require_data({"sources": ["t0"], "data": "nowhere"})


def test_arms_of_laser_keep_as_many_rows_and_the_paper_s_shares_decide(tmp_path):
    words = ["budgets=[60]", "full=0", 'arms=[corebound,random,preference,"preference, shares",laser]', "until=select"]
    done = prove(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    found = {path.name: json.loads(path.read_text())["rows"] for path in tmp_path.glob("out/parts-*/rows-0-60-*.json")}
    assert len(found) == 5 and {len(set(rows)) for rows in found.values()} == {60}
    assert len({tuple(rows) for rows in found.values()}) == 5
