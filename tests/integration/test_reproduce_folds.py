"""What is learnt from, chosen and counted in a cross-validation of tables."""

import numpy as np
import pytest

import tests.integration.reproduction  # noqa: F401, which puts scripts on the path

CHOSEN = {"k": [5], "percentiles": [40, 70], "neighbours": [3], "inner": 2, "removed": [0.5, 0.9]}
FAR = 100  # where the test rows are, so that a row that is made of one is seen


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    label = np.repeat([0, 1, 2], [60, 20, 8])
    features = rng.standard_normal((88, 3)) + label[:, None] * np.array([2.0, 0, 0])
    truth = np.arange(12) % 3
    return (features, label), (FAR + rng.standard_normal((12, 3)), truth)


@pytest.fixture
def taught(monkeypatch):
    """Rows that a model was fitted to, of two classifiers that learn in no time: forests learn by the same lines."""
    from tabular import folds

    found, make = [], folds.make

    def spied(*how, **more):
        model = make(*how, **more)
        fit = model.fit
        model.fit = lambda features, label: found.append((features, label)) or fit(features, label)
        return model

    monkeypatch.setattr(folds, "make", spied)
    monkeypatch.setattr(folds, "WEIGHTED", ("logistic regression",))
    monkeypatch.setattr(folds, "CLASSIFIERS", ("logistic regression", "nearest neighbours"))
    return found


def test_oversampled_rows_are_those_of_training_and_what_is_made_of_them(rows, taught):
    from tabular import folds

    train, test = rows
    found = list(folds.oversampled(train, test, 0, CHOSEN))
    outer = [(features, label) for features, label in taught if len(label) >= 88]
    assert len(outer) >= 2 * 8 and max(np.abs(features).max() for features, _ in taught) < FAR / 2
    for features, label in outer:
        grown = np.bincount(label).tolist()
        if np.array_equal(features[:88], train[0]):  # all but the package's recipe, which removes rows, too
            assert np.array_equal(label[:88], train[1]) and (len(label) == 88 or min(grown) >= 50)
    assert sum(len(label) == 180 for _, label in outer) >= 2 * 5
    assert all(np.sum(one["confusion"]) == 12 for one in found if "failed" not in one)


def test_reductions_learn_from_what_they_leave(rows, taught):
    from tabular import folds

    train, test = rows
    found = list(folds.reduced(train, test, 0, CHOSEN))
    assert [len(label) for _, label in taught] == ([44, 44, 9, 9] * 3) + [88, 88, 44, 44, 9, 9]
    there = {features.tobytes() for features in train[0]}
    assert all({one.tobytes() for one in features} <= there for features, _ in taught)
    assert [one["removed"] for one in found[-6:]] == [0, 0, 0.5, 0.5, 0.9, 0.9]


def test_the_best_inside_is_chosen_and_gains_where_it_beats_none(rows, taught, monkeypatch):
    from tabular import folds, oversampling

    offered = oversampling.candidates(CHOSEN["k"], CHOSEN["percentiles"], CHOSEN["neighbours"])
    value = {one: 0.3 + 0.01 * place for place, one in enumerate(offered)}
    best = oversampling.Candidate("margin", 5, 40)
    value[best] = 0.6
    inner = {
        (name, one): value.get(one, 0.5) for name in folds.CLASSIFIERS for one in ("none", "class weights", *offered)
    }
    inner["logistic regression", "class weights"] = 0.4
    monkeypatch.setattr(folds, "inside", lambda *_: (inner, {}))
    found = {(one["classifier"], one["method"]): one for one in folds.oversampled(*rows, 0, CHOSEN)}
    for name in folds.CLASSIFIERS:
        chosen = found[name, "border, chosen"]
        assert chosen["choice"] == {"rule": "margin", "k": 5, "percentile": 40} and chosen["gained"] is True
        assert found[name, "density"]["choice"]["percentile"] == 70  # the later of its two has the larger value
        assert found[name, "density"]["gained"] is False and found[name, "SMOTE"]["choice"]["rule"] == "SMOTE"
    assert found["logistic regression", "class weights"]["gained"] is False


def test_what_is_counted_is_what_scikit_learn_counts():
    from sklearn.metrics import average_precision_score, balanced_accuracy_score, f1_score
    from tabular.classifiers import balanced_accuracy, confusion, f1, precision_recall

    rng = np.random.default_rng(0)
    for classes in (2, 3):
        truth = rng.choice(classes, 90, p=[0.8, 0.2] if classes == 2 else [0.6, 0.3, 0.1])
        chance = rng.dirichlet(np.ones(classes), 90) + 0.4 * np.eye(classes)[truth]
        said = chance.argmax(axis=1)
        counts = np.array(confusion(truth, said, classes))
        assert balanced_accuracy(counts) == pytest.approx(balanced_accuracy_score(truth, said))
        assert f1(counts) == pytest.approx(f1_score(truth, said, average="binary" if classes == 2 else "macro"))
        judged = [1] if classes == 2 else [0, 1, 2]
        area = np.mean([average_precision_score(truth == c, chance[:, c]) for c in judged])
        assert precision_recall(truth, chance) == pytest.approx(area)


def test_a_fold_that_lacks_a_class_is_oversampled_without_it():
    from tabular import oversampling

    rng, label = np.random.default_rng(0), np.repeat([0, 2], [30, 10])
    features = rng.standard_normal((40, 2)) + label[:, None]
    margin = oversampling.margins(features, label)
    assert np.isfinite(margin).all()
    for one in oversampling.candidates([5], [50], [3]):
        assert np.bincount(one.make(features, label, margin, 0)[1]).tolist() == [30, 0, 30]


def test_a_fold_of_one_class_is_left_as_it_is():
    from tabular import oversampling

    features, label = np.random.default_rng(0).standard_normal((9, 2)), np.zeros(9, np.int64)
    margin = oversampling.margins(features, label)
    for one in oversampling.candidates([5], [50], [3]):
        assert one.make(features, label, margin, 0)[0] is features
