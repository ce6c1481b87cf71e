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
from tests.unit.test_regions import waits

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


@pytest.mark.parametrize("rows", [250, 600, 3000])
@pytest.mark.parametrize("answers", ["sentences", "labels"])
def test_good_rows_of_a_clean_corpus_are_not_doubted(rows, answers):
    rng = random.Random(rows)
    say = sentence if answers == "sentences" else lambda rng: rng.choice(["positive", "negative", "neutral on balance"])
    values, _ = Garbage().score(space([(f"{sentence(rng)} {sentence(rng)}", say(rng)) for _ in range(rows)]), Serial())
    assert (values > 0.5).mean() < 0.01 and (waits(values) > 0).mean() < 0.06


def test_answers_whose_order_says_nothing_are_not_garbage():
    """Numbers in another order are as good: that no one can tell them apart is no proof of either."""
    for seed in range(3):
        rng = random.Random(seed)
        rows = [
            (sentence(rng), " ".join(str(rng.randint(0, 999)) for _ in range(rng.randint(4, 9)))) for _ in range(1000)
        ]
        assert (Garbage().score(space(rows), Serial())[0] > 0.5).mean() < 0.03


def test_a_row_is_as_bad_as_its_worse_side():
    rows, _ = corpus()
    rng = random.Random(9)
    shuffled = [(corrupted(q, "random", 0, rng), a) for q, a in rows[:20]]
    values, _ = Garbage().score(space([*rows[20:], *shuffled]), Serial())
    assert (values[-20:] > 0.5).mean() > 0.8


@pytest.mark.parametrize(
    ("kind", "share"),
    [
        ("shuffled", 0.01),
        ("shuffled", 0.05),
        ("shuffled", 0.1),
        ("random", 0.01),
        ("random", 0.05),
        ("truncated", 0.05),
    ],
)
def test_garbage_is_found_whatever_share_of_the_corpus_it_is(kind, share):
    rng = random.Random(7)
    rows = [(f"Why did {rng.choice(WHO)} do that?", f"{sentence(rng)} {sentence(rng)}") for _ in range(1500)]
    bad = np.array([rng.random() < share for _ in rows])
    rows = [(q, corrupted(a, kind, 0, rng) if b else a) for (q, a), b in zip(rows, bad, strict=True)]
    values, _ = Garbage().score(space(rows), Serial())
    assert (waits(values)[bad] > 0).mean() > 0.85 and (waits(values)[~bad] > 0).mean() < 0.06


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


def test_from_so_few_rows_nothing_is_learnt():
    rng = random.Random(0)
    rows = [(f"{sentence(rng)} {sentence(rng)}", sentence(rng)) for _ in range(200)]
    assert np.isnan(Garbage().score(space(rows[:199]), Serial())[0]).all()
    assert np.isfinite(Garbage().score(space(rows), Serial())[0]).all()
    monotone = [("", "") if number % 4 == 0 else row for number, row in enumerate(rows * 2)]  # none to tell by
    assert np.isnan(Garbage().score(space(monotone), Serial())[0]).all()


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


def test_long_texts_are_shortened_before_they_are_learnt_from(monkeypatch):
    from pipeline.scorers import garbage
    from pipeline.scorers.ngrams import shortened

    heard, lessons = [], []
    monkeypatch.setattr(
        garbage.Detector, "fit", lambda real, taught, kinds: (heard.extend(real), lessons.extend(taught))
    )
    rows = [("", f"Row {i} " + "says nothing new " * 2000 + f"and ends {i}.") for i in range(400)]
    Garbage()._learn(Told(rows))
    assert len(heard) == 300 and len(lessons) == 100
    assert {len(text) for text in heard} == {4001} and {len(text) for text in lessons} == {20_001}
    whole = {text.split()[1]: text for _, text in rows}
    for text in heard + lessons:
        assert shortened(text) == shortened(whole[text.split()[1]])  # what is looked at is the same
    monkeypatch.setattr(garbage, "LESSONS", 30)
    lessons.clear()
    Garbage()._learn(Told(rows))
    assert len(lessons) == 30


def test_blocks_do_not_matter_to_what_is_learnt(monkeypatch):
    from pipeline.scorers import garbage

    seen = []
    monkeypatch.setattr(garbage.Detector, "fit", lambda real, taught, kinds: seen.append((real, taught)))
    rows, _ = corpus(plain=True)
    for block in (1024, 102):
        monkeypatch.setattr(garbage, "BLOCK", block)
        Garbage(sample=500)._learn(Told(rows))
    assert seen[0] == seen[1] and seen[0][1] == [rows[i][1].strip() for i in range(0, 500, 4)]


def test_settings_out_of_range_are_refused():
    with pytest.raises(ConfigError, match=r"scorers\.garbage\.sample"):
        Garbage(sample=0)


def test_half_of_the_corruptions_keep_their_lines():
    from pipeline.scorers.corruptions import alphabet, corrupt

    texts = ["\n".join(f"line {i} says word{i} and no more" for i in range(5))] * 200
    for kind in ("shuffled", "random"):
        lines = [text.count("\n") for text in corrupt(texts, kind, alphabet(texts))]
        assert set(lines) == {0, 4} and 70 < lines.count(4) < 130
    kept = [text for text in corrupt(texts, "shuffled", alphabet(texts)) if "\n" in text]
    assert all(sorted(line.split()) == sorted(was.split())
               for text in kept for line, was in zip(text.split("\n"), texts[0].split("\n"), strict=True))  # fmt: skip


def test_counts_stop_at_what_they_hold():
    assert count(["again and"] * 66_000).max() == 65_535


def test_list_lines_and_open_brackets_are_features():
    plain, listed, opened = measure(
        ["one, two; three.", "one\ntwo\nthree.", "one (two three."], count(["one two"]), 1, np.zeros(3, bool)
    )
    differ = np.flatnonzero(plain != listed)
    assert {17, 18} <= set(differ) and listed[18] == 1 and opened[12] > 0 == plain[12]


def test_only_counted_rows_are_taken_out_of_their_own_evidence(monkeypatch):
    from pipeline.scorers.detector import Detector

    rows, _ = corpus(plain=True)
    seen, judge = [], Detector.probability

    def recorded(self, texts, counted):
        seen.extend(zip(texts, counted, strict=True))
        return judge(self, texts, counted)

    monkeypatch.setattr(Detector, "probability", recorded)
    Garbage(sample=300).score(space(rows), Serial())
    place = {text: at for at, (_, text) in reversed(list(enumerate(rows)))}
    heard = {place[text] for text, counted in seen if counted}
    assert len(seen) > 500 and heard <= set(range(300)) and len(heard) > 200
    assert all(not counted for text, counted in seen if place[text] >= 300)
