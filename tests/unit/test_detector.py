"""What garbage is told by, and how much of it the model believes in."""

import random

import numpy as np

from pipeline.scorers import detector
from pipeline.scorers.corruptions import KINDS
from pipeline.scorers.detector import PRIOR, Detector, _copies, _log_odds, enough
from pipeline.scorers.ngrams import measure


def test_short_answers_are_judged():
    assert enough("Zürich 8") and enough("a b c") and not enough("Zürich") and not enough("  ok   ")


def test_a_copy_that_is_what_it_was_is_no_garbage():
    copies = _copies(["positively", "one two three"] * 20, "shuffled", list("abc"))
    assert copies and all(row % 2 and sorted(copy.split()) == ["one", "three", "two"] for row, copy in copies.items())
    same = list(_copies(["the  same   same"], "shuffled", list("abc")).values())
    assert same in ([], ["same the same"], ["same same the"])


def test_kinds_of_which_there_is_little_are_less_likely():
    """Two kinds on two axes: the corpus has a tenth of the first and nothing of the second."""
    rng = np.random.default_rng(0)
    label = np.repeat([0, 1, 2], [2000, 1000, 1000])
    terms = np.stack([*rng.normal(0, 1, (2, 4000)), np.ones(4000)], axis=1)
    terms[:200, 0] += 6
    terms[label == 1, 0] += 6
    terms[label == 2, 1] += 6
    nothing = np.empty(0)
    before = np.array([[0, 0, 18.0], [6, 0, 0], [0, 6, 0]])
    model = Detector(nothing, 0, nothing, nothing, nothing, nothing, before, np.empty((2, 0)))
    shift = (model._calibrated(terms @ before.T, label).weights - before)[:, -1]
    assert np.allclose(np.exp(shift[1]), 0.09 / (PRIOR / 2), rtol=0.3) and np.exp(shift[2]) < 0.2
    assert (model._calibrated(terms @ before.T, label).weights[:, :-1] == before[:, :-1]).all()


def test_odds_are_calibrated_on_texts_that_the_model_has_not_learnt_from(monkeypatch):
    """Few texts are told well by a model that has learnt from them, and less well by one that has not."""
    seen = {}

    def calibrated(self, scores, label):
        seen["out"] = scores[label == 0]
        return self

    monkeypatch.setattr(Detector, "_calibrated", calibrated)
    rng = random.Random(1)
    texts = [" ".join(rng.choices("one two three four five six seven eight nine ten".split(), k=8)) for _ in range(260)]
    model = Detector.fit(texts[60:], texts[:60], KINDS)
    terms = model._terms(measure(texts[:60], model.counts, model.total, np.zeros(60, bool)))
    inside = terms @ model.weights.T
    assert _log_odds(seen["out"]).mean() > _log_odds(inside).mean() + 0.2


def test_a_kind_with_hardly_any_copies_is_not_looked_for():
    """Of texts of one word none is shuffled; the model has the other kinds, each with its own weights."""
    texts = [f"{chr(97 + n % 26)}{chr(97 + n // 26)}tremely" for n in range(300)]
    model = Detector.fit(texts[100:], texts[:100], KINDS)
    assert len(model.weights) == 1 + 2  # random and foreign: of eight letters nothing is left to judge when cut off
    assert (model.probability(texts[:100], np.zeros(100, bool)) > 0.5).mean() < 0.1


TAGS = "red blue green round square small large old new wooden metal paper open closed fast slow".split()


def test_what_is_counted_of_the_copies_is_judged_by_models_that_know_such_copies(monkeypatch):
    """Were all that is counted in one fold, the model of that fold would take it for the corpus's own."""
    seen = {}

    def calibrated(self, scores, label):
        seen["foreign"] = scores[label == 1 + KINDS.index("foreign")]
        return self

    monkeypatch.setattr(Detector, "_calibrated", calibrated)
    rng = random.Random(0)
    texts = [", ".join(rng.sample(TAGS, rng.randint(3, 7))) for _ in range(600)]
    Detector.fit(texts[150:], texts[:150], KINDS)
    odds = _log_odds(seen["foreign"])
    counted = np.arange(len(odds)) % 3 == 0
    assert abs(odds[counted].mean() - odds[~counted].mean()) < 4


def test_every_fold_learns_from_the_good_rows_of_the_others(monkeypatch):
    """Of 40 lessons of garbage among 360 good ones, none teaches a fold; each fold has two thirds of the rest."""
    fits = []

    def logistic(terms, label, strength, prior):
        fits.append((strength, np.bincount(label)))
        return learn(terms, label, strength, prior)

    learn = detector._logistic
    monkeypatch.setattr(detector, "_logistic", logistic)
    rng = random.Random(0)
    good = [f"the {a} boat and the {b} gate are {c}" for a, b, c in (rng.choices(TAGS, k=3) for _ in range(1500))]
    letters = ["".join(rng.choices("qxzjkvwpy ", k=40)) for _ in range(40)]
    Detector.fit(good[360:], good[:360] + letters, KINDS)
    strengths = [strength for strength, _ in fits]
    assert strengths == [detector.STIFF] * 2 + [detector.SUPPLE] * 4
    whole, *folds = [many for _, many in fits[2:]]
    assert whole[0] < 380
    assert all(0.55 < many[0] / whole[0] < 0.78 for many in folds) and sum(many[0] for many in folds) == 2 * whole[0]


def test_a_model_learns_from_all_where_nothing_seems_good(monkeypatch):
    monkeypatch.setattr(detector, "SUSPECT", -np.inf)
    texts = [f"the {a} boat and the {b} gate" for a in TAGS for b in TAGS]
    model = Detector.fit(texts[60:], texts[:60], KINDS)
    assert np.isfinite(model.probability(texts[:60], np.zeros(60, bool))).all()


def test_twenty_copies_make_a_kind(monkeypatch):
    """Fewer say too little of what the corpus has where they lie."""
    copies = detector._copies
    monkeypatch.setattr(
        detector, "_copies", lambda texts, kind, letters: dict(list(copies(texts, kind, letters).items())[: most[kind]])
    )
    texts = [f"the {a} boat and the {b} gate" for a in TAGS for b in TAGS]
    for many, kinds in ((19, 2), (20, 3)):
        most = {"shuffled": many, "random": 60, "foreign": 60}
        assert len(Detector.fit(texts[60:], texts[:60], tuple(most)).weights) == 1 + kinds
