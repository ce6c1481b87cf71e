"""Garbage on a small corpus of sentences, against garbage that is not made as the scorer makes its own."""

import random
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from pipeline.errors import ConfigError
from pipeline.executors import Processes, Serial
from pipeline.scorers.garbage import Garbage
from pipeline.scorers.ngrams import count, measure
from pipeline.scorers.region import Regions

WHO = "the farmer|my old neighbour|a young doctor|the captain of the ship|our teacher|the baker|her brother".split("|")
DID = "found|painted|sold|carried home|forgot about|wanted to repair|looked at".split("|")
WHAT = "a small wooden boat|the garden gate|three letters|an empty bottle|the red bicycle|some fresh bread".split("|")
WHEN = "before the storm|late in the evening|on the way to town|after a long winter|in the morning".split("|")
WHY = "because it was cheap|and nobody said a word|so that the children could play|but it did not last".split("|")
GERMAN = """Der Zug nach Hamburg hatte heute fast eine Stunde Verspätung
Kannst du mir erklären wie man einen Apfelkuchen ohne Eier backt
Die Regierung kündigte gestern neue Maßnahmen gegen steigende Mieten an
Mein Großvater erzählte uns oft Geschichten aus seiner Kindheit
Wir sollten die Fenster schließen bevor das Gewitter beginnt
Um Geld zu sparen fahre ich lieber mit dem Fahrrad zur Arbeit""".split("\n")


def sentence(rng):
    return " ".join(map(rng.choice, (WHO, DID, WHAT, WHEN, WHY))).capitalize() + "."


def corrupted(answer, kind, number, rng):
    if kind == "shuffled":
        return " ".join(sorted(answer.split(), key=lambda word: rng.random()))
    if kind == "random":
        return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz  ") for _ in answer)
    return GERMAN[number] if kind == "foreign" else answer[: int(len(answer) * rng.uniform(0.3, 0.7))]


def corpus(plain=False):
    """600 rows and 24 corruptions, in one order; which is which."""
    rng = random.Random(3)
    rows = [(f"Why did {rng.choice(WHO)} do that?", f"{sentence(rng)} {sentence(rng)}", "real") for _ in range(600)]
    for kind in ("shuffled", "random", "foreign", "truncated"):
        rows += [(q, corrupted(a, kind, at, rng), kind) for at, (q, a, _) in enumerate(rng.sample(rows[:600], 6))]
    rng.shuffle(rows)
    return [("", a) if plain else (q, a) for q, a, _ in rows], np.array([kind for *_, kind in rows])


class Told:
    """Texts in memory."""

    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def read(self, start, stop, part="conversation"):
        sides = {"instruction": slice(0, 1), "response": slice(1, 2), "conversation": slice(0, 2)}
        return ["\n".join(filter(None, row[sides[part]])) for row in self.rows[start:stop]]


def space(rows):
    class Rows(SimpleNamespace):
        def __len__(self):
            return len(rows)

    return Rows(corpus=SimpleNamespace(texts=Told(rows)))


@pytest.mark.parametrize("plain", [False, True], ids=["answers", "plain text"])
def test_corruptions_score_above_real_rows(plain):
    rows, kinds = corpus(plain)
    values, reasons = Garbage().score(space(rows), Serial())
    assert values.dtype == np.float32 and not reasons
    assert ((values >= 0) & (values <= 1)).all()
    real = kinds == "real"
    assert (values[real] > 0.5).mean() < 0.03
    for kind in ("shuffled", "random", "foreign", "truncated"):
        assert roc_auc_score(kinds[real | (kinds == kind)] == kind, values[real | (kinds == kind)]) > 0.95, kind
    assert (values[~real] > 0.5).mean() > 0.8


def test_a_sample_is_enough_and_the_rest_is_judged_alike():
    rows, kinds = corpus()
    values, _ = Garbage(sample=400).score(space(rows), Serial())
    later = np.arange(len(rows)) >= 400
    assert roc_auc_score(kinds[later] != "real", values[later]) > 0.9


def test_a_row_is_no_evidence_for_itself():
    rng = random.Random(5)
    heard, other = [sentence(rng) for _ in range(50)], "Quantum llamas juggle seventeen umbrellas."
    without, one = count(heard), np.array([True])
    counted = measure([other], count([*heard, other]), 51, one)
    assert np.allclose(counted, measure([other], without, 51, ~one))
    assert not np.allclose(counted, measure([other], count([*heard, other]), 51, ~one))


def test_counts_are_of_texts_not_of_occurrences():
    assert count(["again again again", "again"]).max() == 2


def test_other_workers_and_blocks_give_the_same(monkeypatch):
    from pipeline.scorers import garbage

    rows, _ = corpus()
    values, _ = Garbage().score(space(rows), Serial())
    monkeypatch.setattr(garbage, "BLOCK", 100)
    assert np.allclose(Garbage().score(space(rows), Processes(workers=2))[0], values, atol=1e-6)
    monkeypatch.undo()
    assert np.array_equal(Garbage().score(space(rows), Processes(workers=2))[0], values)


def test_no_verdict_has_a_reason():
    rows, _ = corpus()
    values, reasons = Garbage().score(space([("", "Yes."), ("", ""), ("Of what?", ""), *rows]), Serial())
    assert np.isnan(values[:3]).all() and not np.isnan(values[3:]).any()
    assert reasons == {"too little text to judge": 2, "too few rows to learn from": 1}
    values, reasons = Garbage().score(space(rows[:50]), Serial())
    assert np.isnan(values).all() and reasons == {"too few rows to learn from": 50}


def test_very_long_and_very_odd_texts_are_judged():
    rows, _ = corpus()
    odd = [
        ("Why?", "word " * 20_000),
        ("\n\t", "\x00" * 30),
        ("Why?", "𝔘🙂İ" * 9),
        ("Why?", "，。" * 20),
        ("a b c", "- - -"),
    ]
    values, _ = Garbage().score(space([*odd, *rows]), Serial())
    assert np.isfinite(values[5:]).all() and not np.isinf(values).any()


def test_garbage_is_an_outlier():
    vectors = np.eye(4, dtype=np.float32)
    there = SimpleNamespace(
        bins=SimpleNamespace(members=[np.arange(4)]),
        embeddings=SimpleNamespace(blank=np.zeros(4, bool), vectors=vectors),
        neighbours=SimpleNamespace(rows=np.zeros((4, 1), int), similarity=np.ones((4, 1), np.float32)),
    )

    class Four(SimpleNamespace):
        def __len__(self):
            return 4

    garbage = np.array([0.9, 0.4, np.nan, 0.6], np.float32)
    region, _ = Regions().divide(Four(**vars(there)), {"garbage": garbage})
    assert region.tolist() == [2, 0, 0, 2]
    assert Regions(garbage=0.7).divide(Four(**vars(there)), {"garbage": garbage})[0].tolist() == [2, 0, 0, 0]
    assert Regions().divide(Four(**vars(there)), {})[0].tolist() == [0, 0, 0, 0]


def test_settings_out_of_range_are_refused():
    with pytest.raises(ConfigError, match=r"regions\.garbage"):
        Regions(garbage=1.5)
    with pytest.raises(ConfigError, match=r"scorers\.garbage\.sample"):
        Garbage(sample=0)
