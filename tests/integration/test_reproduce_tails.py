"""Latents for long tails: the script, and that it judges only rows that taught nothing."""

import os

import numpy as np
import pandas as pd
import pytest

from tests.integration.reproduction import reproduce, unchanged


@pytest.fixture(scope="module")
def tail(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tail")
    words = ["sets=[digits]", "mix=0", "repeats=2", "imbalances=[50]", "amounts=[2]", "C=[1,10]", "inner=2"]
    done = reproduce("long_tail", folder, *words)
    assert done.returncode == 0, done.stderr
    return folder, words, done.stdout, pd.read_parquet(folder / "out" / "results.parquet")


def test_latents_beat_real_vectors_alone_on_rare_classes(tail):
    folder, words, printed, results = tail
    assert (folder / "out" / "table.md").read_text() in printed
    assert set(results.set) == {"digits"} and set(results.amount) == {1, 2}
    assert "+nan" not in printed
    few = results[results.amount == 1].groupby("method").few_shot.mean()
    for kind in ("kde", "shared", "gaussian", "calibrated"):
        assert few[f"latents, {kind}"] > few["real only"] + 0.05
    assert unchanged(folder, "long_tail", words, printed, [next((folder / "out").glob("parts-*/digits*.json"))])


def test_long_tails_fall_as_steeply_as_they_are_asked_to(tmp_path):
    from tails import sets

    sets.make_vectors("digits", {}, tmp_path / "digits.npz")
    tail = sets.long_tailed(tmp_path / "digits.npz", 50, seed=3)
    size = np.sort(tail.size)[::-1]
    assert np.allclose(size, size[0] * 50 ** (-np.arange(10) / 9), rtol=0.2, atol=1)
    assert len(tail.test) == 599 and np.bincount(tail.truth).min() > 30
    assert not set(map(bytes, tail.vectors)) & set(map(bytes, tail.test))
    thirds = tail.groups()
    assert [len(third) for third in thirds.values()] == [4, 3, 3]
    assert tail.size[thirds["largest"]].min() >= tail.size[thirds["middle"]].max() >= tail.size[thirds["smallest"]][0]


@pytest.mark.parametrize("imbalance", [10, 50, 100])
def test_a_set_that_is_uneven_gets_the_imbalance_that_was_asked_for(tmp_path, imbalance):
    from tails import sets

    rng, size = np.random.default_rng(0), [900, 700, 300, 40, 60]
    label = rng.permutation(np.repeat(np.arange(5), size))
    np.savez(tmp_path / "set.npz", vectors=rng.random((2000, 3), np.float32), label=label, pool=1800)
    first, second = (sets.long_tailed(tmp_path / "set.npz", imbalance, seed) for seed in (0, 1))
    assert first.size.max() / first.size.min() == pytest.approx(imbalance, rel=0.2)
    assert np.argsort(-first.size).tolist() == [0, 1, 2, 4, 3]
    assert not np.array_equal(first.vectors, second.vectors) and len(first.test) == 200


def test_the_table_of_the_mix_shows_paired_gains():
    from tails.report import of_mix

    rows = [{"repeat": r, "head": kind, "all": 0.9, "rare": 0.5 + gain + 0.1 * r, "C": 10.0}
            for r in range(3) for kind, gain in (("real only", 0), ("kde", 0.05))]  # fmt: skip
    assert "| kde | 10 | 90.0 | 65.0 | +5.0 (+5.0 to +5.0) |" in of_mix(pd.DataFrame(rows))


def test_heads_that_correct_for_shares_say_so():
    from tails.heads import METHODS, best

    rng = np.random.default_rng(0)
    label = np.repeat([0, 1, 2], [200, 12, 1])
    rows = (np.eye(3)[label] + 0.6 * rng.standard_normal((213, 3))).astype(np.float32), label
    truth = np.repeat([0, 1, 2], 100)
    test = (np.eye(3)[truth] + 0.6 * rng.standard_normal((300, 3))).astype(np.float32)
    right = {method.name: np.mean(method.fit(rows, 10.0, 0)(test) == truth) for method in METHODS}
    assert min(value for name, value in right.items() if name != "real only") > right["real only"] + 0.05
    strength, inner = best(METHODS[0], rows, [1e-6, 10.0], 3, 0)
    assert strength == 10 and 0.5 < inner < 1


def test_copies_weigh_as_much_as_rows():
    from imblearn.over_sampling import RandomOverSampler
    from tails.heads import METHODS, logistic

    rng = np.random.default_rng(0)
    label = np.repeat([0, 1, 2], [60, 12, 2])
    rows = (np.eye(3)[label] + 0.6 * rng.standard_normal((74, 3))).astype(np.float32), label
    test = (np.eye(3)[label] + 0.6 * rng.standard_normal((74, 3))).astype(np.float32)
    copied = next(method for method in METHODS if method.name == "random oversampling").fit(rows, 10.0, 1, 1e-7)(test)
    theirs = logistic((*RandomOverSampler(random_state=1).fit_resample(*rows), None), 10.0, 1e-7).predict(test)
    assert np.array_equal(copied, theirs) and not np.array_equal(
        copied, logistic((*rows, None), 10.0, 1e-7).predict(test)
    )


@pytest.mark.parametrize(
    ("setting", "said"),
    [({"sets": ["books"]}, "books"), ({"sets": ["digits"]}, "nowhere is no folder"),
     ({"imbalances": [10]}, "50 or 100"), ({"workers": 0}, "workers is 0"), ({"inner": 1}, "inner is 1"),
     ({"C": [0, 1]}, r"C: found \[0, 1\]"), ({"amounts": [-1]}, "amounts"), ({"imbalances": [0.5, 50]}, "imbalances")],
)  # fmt: skip
def test_what_long_tail_lacks_is_said_at_once(setting, said):
    from long_tail import refuse_what_is_missing

    chosen = {"sets": ["digits"], "workers": 1, "repeats": 1, "imbalances": [50], "mix": 0, "data": "nowhere",
              "inner": 2, "C": [1], "amounts": [1]}  # fmt: skip
    refuse_what_is_missing(chosen | {"amounts": []})
    with pytest.raises(SystemExit, match=said):
        refuse_what_is_missing(chosen | {"mix": 1} | setting)


def test_gains_of_latents_are_over_repeats_and_judged_by_the_bar():
    from tails.report import CHOSEN, METHODS, REAL, claims, few_by_set, rivals

    gain = {REAL: 0.08, "class weights": 0.01, "LDA, uniform priors": -0.02}
    rows = [{"set": name, "imbalance": 50, "repeat": r, "method": method, "few_shot": 0.3,
             "few_shot_classes": 4 * (name == "a"),
             "balanced": 0.5 - gain.get(method, 0) + 0.01 * (name == "a") + 0.001 * r * (method == "class weights")}
            for name in ("a", "b") for r in range(3) for method in [m.name for m in METHODS] + [CHOSEN]]  # fmt: skip
    said = rivals(pd.DataFrame(rows))
    assert "| real only | +8.0 (+8.0 to +8.0) | 3 or more | yes | +0.0 (+0.0 to +0.0) | 2 of 2 |" in said
    assert "| class weights | +0.9 (+0.7 to +1.1) | 0 or more | yes |" in said
    assert "| LDA, uniform priors | -2.0 (-2.0 to -2.0) | 0 or more | no |" in said
    said = claims(pd.DataFrame(rows))
    assert "synthetic latents | real only +8.0 (+8.0 to +8.0) | held |" in said
    assert said.count("held against 1 of 3") == 1 and "LDA, uniform priors -2.0 (-2.0 to -2.0); logit" in said
    assert "| head | a (4.0 classes) |" in few_by_set(pd.DataFrame(rows))  # the other set has no such class


@pytest.mark.parametrize("number", range(10))
def test_penalties_are_chosen_on_rows_that_did_not_teach(number):
    from tails.heads import METHODS, best

    rng, label = np.random.default_rng(0), np.repeat([0, 1, 2], [90, 80, 70])
    rows = rng.standard_normal((240, 60)).astype(np.float32), label  # classes that nothing tells
    _, inner = best(METHODS[number], rows, [1e4], 3, 0)
    assert inner < 0.45 and len(METHODS) == 10


def test_the_kind_is_the_best_inside_and_few_rows_are_fewer_than_twenty(tmp_path, monkeypatch):
    from tails import runs, sets
    from tails.heads import LATENTS, METHODS, recalls

    rng = np.random.default_rng(0)
    label = np.repeat([0, 1, 2, 3], 100)
    vectors = (np.eye(4)[label] + 0.6 * rng.standard_normal((400, 4))).astype(np.float32)
    order = rng.permutation(400)
    np.savez(tmp_path / "set.npz", vectors=vectors[order], label=label[order], pool=240)
    value = {name: 0.5 + 0.1 * (name == "latents, gaussian") - 0.1 * (name == "latents, kde") for name in LATENTS}
    monkeypatch.setattr(runs, "best", lambda method, *_: (10.0, value.get(method.name, 0.9)))
    found = {one["method"]: one for one in runs.judge(tmp_path / "set.npz", "set", 50, 0, {"C": [10.0], "inner": 2,
                                                                                          "amounts": []})}  # fmt: skip
    assert found["latents, chosen"]["choice"] == "latents, gaussian"
    assert found["latents, chosen"]["balanced"] == found["latents, gaussian"]["balanced"]
    tail = sets.long_tailed(tmp_path / "set.npz", 50, 0)
    told = recalls(tail.truth, METHODS[0].fit((tail.vectors, tail.label), 10.0, 0)(tail.test), 4)
    few = tail.size < 20
    assert 0 < few.sum() < 4 and found["real only"]["few_shot_classes"] == few.sum()
    assert found["real only"]["few_shot"] == pytest.approx(told[few].mean()) != pytest.approx(told[~few].mean())
    assert found["real only"]["balanced"] == pytest.approx(told.mean())


def test_logits_of_two_classes_are_adjusted_too():
    from tails.heads import METHODS

    rng, label = np.random.default_rng(0), np.repeat([0, 1], [200, 10])
    rows = (label[:, None] + 0.7 * rng.standard_normal((210, 2))).astype(np.float32), label
    truth = np.repeat([0, 1], 100)
    test = (truth[:, None] + 0.7 * rng.standard_normal((200, 2))).astype(np.float32)
    right = {m.name: np.mean(m.fit(rows, 10.0, 0)(test) == truth) for m in METHODS[:3]}
    assert right["logit adjustment"] == pytest.approx(right["class weights"], abs=0.05)
    assert right["logit adjustment"] > right["real only"] + 0.1


def test_what_is_chosen_for_long_tails_does_not_know_the_test_rows(tmp_path):
    from tails import runs

    rng = np.random.default_rng(0)
    label = np.repeat([0, 1, 2, 3], 60)
    vectors = (np.eye(4)[label] + 0.8 * rng.standard_normal((240, 4))).astype(np.float32)
    chosen, found, order = {"C": [0.1, 10.0], "inner": 2, "amounts": []}, [], rng.permutation(200)
    for turned in (False, True):
        truth = np.concatenate([label[:200], (label[200:] + turned) % 4])
        np.savez(tmp_path / "set.npz", vectors=np.concatenate([vectors[:200][order], vectors[200:]]),
                 label=np.concatenate([truth[:200][order], truth[200:]]), pool=200)  # fmt: skip
        rows = runs.judge(tmp_path / "set.npz", "set", 20, 0, chosen)
        found.append([(row["method"], row["C"], row.get("choice")) for row in rows])
    assert found[0] == found[1] and any(choice for _, _, choice in found[0])


def test_lda_is_that_of_scikit_learn_where_classes_are_large():
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from tails.heads import METHODS

    rng = np.random.default_rng(0)
    label = np.repeat([0, 1, 2], [300, 200, 100])
    spread = np.diag([3.0, 0.3, 1.0])  # along the first axis classes overlap, along the second they do not
    vectors = rng.standard_normal((600, 3)) @ spread + 0.7 * np.eye(3)[label]
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=[1 / 3] * 3).fit(vectors, label)
    ours = next(method for method in METHODS if method.name.startswith("LDA")).fit((vectors, label), 1.0, 0)
    assert np.mean(ours(vectors) == theirs.predict(vectors)) > 0.98
    means = np.stack([vectors[label == number].mean(axis=0) for number in range(3)])
    nearest = np.linalg.norm(vectors[:, None] - means, axis=2).argmin(axis=1)
    assert np.mean(ours(vectors) == label) > np.mean(nearest == label) + 0.03


def test_a_stopped_run_says_that_it_goes_on(tmp_path):
    import signal
    import subprocess
    import sys
    import time

    from tests.conftest import ROOT

    words = ["sets=[digits]", "mix=0", "repeats=40", "imbalances=[50]", "C=[1]", "inner=2", f"folder={tmp_path}/out"]
    script = ROOT / "scripts" / "reproduce" / "long_tail.py"
    run = subprocess.Popen([sys.executable, script, *words], stderr=subprocess.PIPE, text=True, start_new_session=True)
    until = time.monotonic() + 120
    while not list(tmp_path.glob("out/parts-*/digits*.json")) and time.monotonic() < until:
        time.sleep(0.1)
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does, to all of them
    said = run.communicate(timeout=120)[1]
    assert run.returncode == 1 and "Traceback" not in said, said
    assert said.strip().endswith("; the same command goes on from what is finished.")


def test_one_penalty_and_one_repeat_have_a_table(tmp_path):
    words = ["sets=[digits]", "mix=0", "repeats=1", "imbalances=[50]", "amounts=[]", "C=[5]", "inner=2"]
    done = reproduce("long_tail", tmp_path, *words)
    assert done.returncode == 0 and "nan" not in done.stdout and "cannot be told" in done.stdout, done.stderr
