"""Synthetic rows for tables, and what they do to a loss: the script, on a table that is made here."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification

from tests.integration.chat_server import serving
from tests.integration.reproduction import reproduce

pytest.importorskip("openai")
SIZES = "sizes=[90,10]"


def table(folder):
    features, label = make_classification(400, 4, weights=[0.85], class_sep=0.8, random_state=0)
    rows = pd.DataFrame(features.round(4), columns=list("abcd")).assign(**{"class": np.where(label, "rare", "many")})
    (folder / "tables").mkdir()
    rows.to_csv(folder / "tables" / "made.csv", index=False)
    return rows


def jittered(number, body):
    """Each row that it is shown, a little moved; and one that is no row of the table."""
    asked = body["messages"][1]["content"]
    rows = [json.loads(line) for line in asked.splitlines() if line.startswith("{")]
    move = np.random.default_rng(sum(asked.encode())).normal(scale=0.1, size=(len(rows), 4)).tolist()
    moved = [{c: row[c] + by for c, by in zip("abcd", some, strict=True)} for row, some in zip(rows, move, strict=True)]
    return json.dumps({"rows": [*moved, {**moved[0], "d": "much"}, rows[0]]})


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scaling")
    rows = table(folder)
    with serving(jittered) as server:
        chat = f"chat={{model: m, url: '{server.url}', max_requests: 100}}"
        words = [f"tables={folder}/tables", "sets=[]", SIZES, "draws=1", "amounts=[20,40]", chat]
        done = reproduce("oversampling", folder, *words)
        assert done.returncode == 0, done.stderr
    return rows, server.bodies, done.stdout, pd.read_json(folder / "out" / "tables.json")


def test_every_method_has_a_loss_at_balance_and_beyond(grown):
    _, _, printed, results = grown
    assert set(results[results.extra == 0].method) == {
        "none", "class weights", "random oversampling", "SMOTE", "ADASYN", "kernel density", "Gaussian copula",
        "chat model",
    }  # fmt: skip
    made = results[~results.method.isin(["none", "class weights"])]
    assert (made.groupby(["classifier", "method"]).extra.nunique() == 3).all()
    assert {tuple(rows) for rows in results.rows} == {(90, 10)}
    logistic = results[(results.classifier == "logistic regression") & (results.extra == 0)].set_index("method")
    assert logistic.loss["class weights"] < logistic.loss["none"] and logistic.loss["SMOTE"] < logistic.loss["none"]
    assert "| to class weights |" in printed and "| method | 20 more | 40 more | each doubling |" in printed


def test_a_model_is_shown_rows_of_a_class_alone(grown):
    rows, bodies, _, _ = grown
    known = {name: {tuple(row) for row in some.round(4).to_numpy().tolist()}
             for name, some in rows.set_index("class").groupby(level=0)}  # fmt: skip
    for body in bodies:
        asked = body["messages"][1]["content"]
        (name,) = [name for name in known if f'of the kind "{name}"' in asked]
        shown = [tuple(json.loads(line).values()) for line in asked.splitlines() if line.startswith("{")]
        assert shown and {tuple(np.round(row, 4).tolist()) for row in shown} <= known[name]


def test_a_cap_that_leaves_too_few_rows_is_said(tmp_path):
    table(tmp_path)
    with serving(jittered) as server:
        chat = f"chat={{model: m, url: '{server.url}', max_requests: 2}}"
        words = [f"tables={tmp_path}/tables", "sets=[]", SIZES, "draws=1", "amounts=[]", chat]
        done = reproduce("oversampling", tmp_path, *words)
    assert done.returncode == 0, done.stderr
    assert (
        len(server.bodies) == 2 and "chat model, made: 20 rows of 80 (the cap on requests was reached)" in done.stdout
    )


def test_sizes_that_mean_nothing_are_refused(tmp_path):
    done = reproduce("oversampling", tmp_path, f"tables={tmp_path}", "sets=[]", "sizes=[90]")
    assert done.returncode == 1 and "found sizes=[90]" in done.stderr and "mend them" in done.stderr


def test_synthetic_rows_are_of_their_class():
    from topup.generators import GENERATORS, copula

    rng = np.random.default_rng(0)
    label = np.repeat([0, 1], [300, 60])
    features = rng.multivariate_normal([0, 0, 0], [[1, 0.8, 0], [0.8, 1, 0], [0, 0, 1]], 360) + label[:, None]
    for name, draw in GENERATORS.items():
        made = draw(features, label, 1, 200, 0)
        assert made.shape == (200, 3), name
        assert np.abs(made.mean(axis=0) - features[label == 1].mean(axis=0)).max() < 0.5, name
        assert (draw(features, label, 1, 200, 0) == made).all(), name
    made = copula(features, label, 1, 2000, 0)
    assert np.corrcoef(made[:, 0], made[:, 1])[0, 1] == pytest.approx(0.8, abs=0.15)
    assert abs(np.corrcoef(made[:, 0], made[:, 2])[0, 1]) < 0.3
    own = features[label == 1]
    assert (made.min(axis=0) >= own.min(axis=0)).all() and (made.max(axis=0) <= own.max(axis=0)).all()


def test_rows_that_teach_do_not_test_and_half_of_the_small_class_does():
    from tabular.tables import Table
    from topup.scaling import parts

    label = np.repeat([0, 1], [300, 40])
    table = Table("t", np.arange(340.0)[:, None], label, 0, ["a"], ["many", "rare"])
    split = parts(table, [90, 10], 0)
    train, test = (split.scaler.inverse_transform(rows[0]).round().ravel() for rows in (split.train, split.test))
    assert sorted([*train, *test]) == list(range(340))
    assert np.bincount(split.train[1]).tolist() == [90, 10] and np.bincount(split.test[1]).tolist() == [210, 30]
    split = parts(table, [900, 100], 0)
    assert split == "too few rows"
    few = parts(table, [360, 40], 0)
    assert np.bincount(few.train[1]).tolist() == [180, 20] and np.bincount(few.test[1]).tolist() == [120, 20]


def test_more_rows_share_half_of_the_weight():
    from topup.scaling import grown as growing

    features, label = np.arange(12.0)[:, None], np.repeat([0, 1], [9, 3])
    found = list(growing((features, label), lambda *what: np.full((what[3], 1), what[2]), [5, 50], 0))
    assert [extra for extra, _, _ in found] == [0, 5, 50]
    _, (rows, of), weight = found[0]
    assert np.bincount(of).tolist() == [9, 9] and weight is None
    for extra, (rows, of), weight in found[1:]:
        assert np.bincount(of).tolist() == [9 + extra, 9 + extra]
        assert weight[:18].sum() == pytest.approx(9) and weight[18:].sum() == pytest.approx(9)
        assert (rows[18:, 0] == of[18:]).all()
    drawn = list(growing((features, label), lambda *what: 100.0 * (1 + what[2]) + np.arange(what[3])[:, None], [5], 0))
    assert len(np.unique(drawn[1][1][0])) == len(drawn[1][1][0]), "rows beyond balance are others than those up to it"


def test_a_loss_weighs_classes_alike_and_a_slope_is_of_doublings():
    from topup.losses import change, over_draws, slopes
    from topup.scaling import losses

    chance = np.array([[0.5, 0.5]] * 9 + [[0.25, 0.75]])
    found = losses(chance, np.array([0] * 9 + [1]))
    assert found["loss"] == pytest.approx((np.log(2) - np.log(0.75)) / 2) and found["accuracy"] == 1.0
    assert slopes(pd.DataFrame([[8.0, 4.0, 2.0]], index=["t"], columns=[100, 200, 400]))["t"] == pytest.approx(-50)
    assert change(pd.Series([2.0, 8.0]), pd.Series([1.0, 2.0])) == pytest.approx(100 * (8**0.5 - 1))
    draws = pd.DataFrame({"table": "t", "repeat": [0, 1, 0], "method": ["a", "a", "b"], "loss": [1.0, 3.0, 1.0]})
    means = over_draws(draws, "method").loc["t"]
    assert means["a"] == 2 and np.isnan(means["b"]), "of one draw only"
