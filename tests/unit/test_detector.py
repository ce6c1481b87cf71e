"""What garbage is told by, and how much of it the model believes in."""

import random

import numpy as np

from pipeline.scorers.corruptions import KINDS
from pipeline.scorers.detector import PRIOR, Detector, _copies, _log_odds, enough
from pipeline.scorers.ngrams import measure


def test_short_answers_are_judged():
    assert enough("Zürich 8") and enough("a b c") and not enough("Zürich") and not enough("  ok   ")


def test_a_copy_that_is_what_it_was_is_no_garbage():
    assert _copies(["positively", "one two three"] * 20, "shuffled", list("abc")) != []
    assert "positively" not in _copies(["positively", "one two three"] * 20, "shuffled", list("abc"))
    assert _copies(["the  same   same"], "shuffled", list("abc")) in ([], ["same the same"], ["same same the"])


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
