"""Which written rows are taken, and how many of them help."""

from itertools import islice

import numpy as np
import pytest

from pipeline.augmenters import size
from pipeline.augmenters.acceptance import (
    BIN,
    EXCLUDED,
    LENGTH,
    NEAR,
    PLACEHOLDER,
    QUALITY,
    SEEDS,
    Gate,
    Seeds,
    Written,
)
from pipeline.augmenters.borders import borders
from pipeline.augmenters.seeds import along, divided, rotating


def unit(*values):
    return np.array(values, np.float32) / np.linalg.norm(values)


def gate(**changes):
    """Two bins, along x and along y."""
    vectors = np.stack([unit(1, 0.1 * i, 0) for i in range(4)] + [unit(0.1 * i, 1, 0) for i in range(4)])
    settings = {"known": {b"old"}, "vectors": vectors, "label": np.repeat([0, 1], 4), "taught": np.ones(8, bool),
                "bytes": np.full(8, 100), "quality": np.full(8, np.nan), "likeness": 0.95, "overlap": 0.5}  # fmt: skip
    return Gate(**settings | changes)


def written(vector, bin=0, id=b"new", bytes=100, said="a b c d e", **more):
    return Written(id, "what?", said, False, bytes, vector, bin, **more)


NOTHING = Seeds(["x y z"])


def test_what_is_near_a_kept_or_an_accepted_row_is_no_new_one():
    one = gate()
    assert one.judge(written(unit(1, 0.15, 0)), NOTHING) == NEAR
    assert one.judge(written(unit(1, 0, 1), id=b"first"), NOTHING) == "accepted"
    assert one.judge(written(unit(1, 0, 1.1), id=b"second"), NOTHING) == NEAR
    assert one.judge(written(unit(1, 0, -1), id=b"third"), NOTHING) == "accepted"


def test_the_bin_is_told_by_rows_that_do_not_judge():
    assert gate().judge(written(unit(0.2, 1, 1)), NOTHING) == BIN
    label = np.array([0, 0, 1, 1, 1, 1, 0, 0])  # of each bin half is mistaken, and held out
    taught = np.array([1, 1, 0, 0, 1, 1, 0, 0], bool)
    assert gate(label=label, taught=taught).judge(written(unit(1, 0.1, 1)), NOTHING) == "accepted"


def test_lengths_are_those_of_the_bin():
    assert gate().judge(written(unit(1, 0, 1), bytes=201), NOTHING) == LENGTH
    assert gate().judge(written(unit(1, 0, 1), bytes=49), NOTHING) == LENGTH


def test_quality_is_that_of_the_bin_and_what_has_none_is_not_judged_by_it():
    quality = np.array([0.5, 0.5, 1, 1, np.nan, np.nan, np.nan, np.nan])
    one = gate(quality=quality)
    assert one.judge(written(unit(1, 0, 1), quality=0.4), NOTHING) == QUALITY
    assert one.judge(written(unit(1, 0, 1), quality=0.5), NOTHING) == "accepted"
    assert one.judge(written(unit(0, 1, 1), bin=1, id=b"other", quality=0.0), NOTHING) == "accepted"
    assert one.judge(written(unit(1, 0, -1), id=b"silent"), NOTHING) == "accepted"


def test_the_quality_of_other_bins_is_of_no_concern():
    one = gate(quality=np.array([1, 1, 1, 1, 0.2, 0.2, 0.2, 0.2]))
    assert one.judge(written(unit(1, 0, 1), quality=0.5), NOTHING) == QUALITY
    assert one.judge(written(unit(0, 1, 1), bin=1, id=b"other", quality=0.2), NOTHING) == "accepted"


def test_what_the_filter_excludes_is_not_taken():
    assert gate().judge(written(unit(1, 0, 1), within=False), NOTHING) == EXCLUDED


@pytest.mark.parametrize(
    ("said", "blank"),
    [("[insert answer here]", True), ("So <your answer>.", True), ("{fill in the blank}", True),
     ("const f = (a, b) => { add(a, b); };", False), ("ops = {add, sub}", False), ('<add key="a" value="b"/>', False),
     ("options = [put, call]", False), ('<insert id="addUser" parameterType="User">', False)],
)  # fmt: skip
def test_placeholders_are_told_from_code(said, blank):
    assert (gate().judge(written(unit(1, 0, 1), said=said), NOTHING) == PLACEHOLDER) == blank


def test_a_template_is_no_copy():
    seeds = Seeds(["Tell me about the old red fox", "Tell me about the big blue whale"])
    assert seeds.overlap("Tell me about the small green frog today") == 0
    assert seeds.overlap("Tell me about the old red fox") == 1
    copied = written(unit(1, 0, 1), said="Tell me about the old red fox")
    assert gate().judge(copied, seeds) == SEEDS


def test_rows_are_shown_in_turn_half_of_them_boundary():
    rows, boundary = np.arange(12), np.arange(12) < 6
    asked = [turn.rows for turn in islice(rotating(rows, boundary, 4), 6)]
    assert all(len(each) == 4 and sum(row < 6 for row in each) == 2 for each in asked)
    shown = np.bincount(np.concatenate(asked))
    assert (shown == 2).all()
    assert len(next(rotating(rows, boundary, 50)).rows) == 12


def test_held_out_rows_are_a_quarter_and_shown_to_nobody():
    shown, held = divided(np.arange(40), seed=1, bin=3)
    assert len(held) == 10 and sorted([*shown, *held]) == list(range(40))
    assert not np.array_equal(held, divided(np.arange(40), seed=2, bin=3)[1])
    shown, held = divided(np.arange(7), seed=1, bin=3)
    assert sorted(shown) == list(range(7)) and not len(held), "of few rows none can be spared"


def test_beyond_what_is_lacking_a_row_weighs_half():
    place, lacking = np.arange(6), np.full(6, 4)
    assert size.weights(place, lacking, 0.5).tolist() == [1, 1, 0, 0, 0, 0]
    assert size.weights(place, lacking, 1.5).tolist() == [1, 1, 1, 1, 0.5, 0.5]


def test_the_largest_factor_is_tried_whatever_it_is():
    rng = np.random.default_rng(0)
    real, held = (together(draws(rng, 0, n), draws(rng, 1, m)) for n, m in ((20, 6), (20, 6)))
    tried = size.losses(real, draws(rng, 1, 10), held, np.arange(10), np.full(10, 10), 0.6)
    assert list(tried) == [0, 0.25, 0.5, 0.6]
    tried = size.losses(real, draws(rng, 1, 10), held, np.arange(10), np.full(10, 10), 1.5)
    assert list(tried) == [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5]


def test_a_row_is_at_the_border_of_the_bin_that_it_lies_nearest_to():
    angle = np.array([0.0, 0.2, 0.4, 1.0, 1.2, 5.0, 5.5])  # bins 0, 0, 0, then 1, 1, then 2, 2
    vectors = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    bin, name = np.array([0, 0, 0, 1, 1, 2, 2]), np.array(["a", "b", "c"])
    found = borders(np.array([0, 1, 2]), np.array([3, 4, 5, 6]), bin, name, vectors)
    assert [(one.other, one.own.tolist(), one.beyond.tolist()) for one in found] == [
        ("b", [2, 1], [3, 3]), ("c", [0], [6])
    ]  # fmt: skip
    assert borders(np.array([0]), np.array([], int), bin, name, vectors) == []
    turns = list(islice(along(found, 2), 4))
    assert [(turn.rows, turn.other, turn.beyond) for turn in turns] == [
        ([2], "b", [3]), ([1], "b", [3]), ([0], "c", [6]), ([2], "b", [3])
    ]  # fmt: skip
    assert next(along(found, 8)).beyond == [3], "a row is shown once"


def test_borders_are_those_of_a_search_of_all(monkeypatch):
    from pipeline.augmenters import borders as module

    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((60, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    bin = np.repeat([0, 1, 2], 20)
    monkeypatch.setattr(module, "BLOCK", 7)
    found = borders(np.arange(20), np.arange(20, 60), bin, np.array(["a", "b", "c"]), vectors)
    pairs = {own: near for one in found for own, near in zip(one.own.tolist(), one.beyond.tolist(), strict=True)}
    assert pairs == {row: 20 + int(np.argmax(vectors[20:] @ vectors[row])) for row in range(20)}
    assert all((bin[one.beyond] == "abc".index(one.other)).all() for one in found)


def draws(rng, bin, many, apart=1.0):
    found = rng.standard_normal((many, 4)) + apart * np.eye(4)[bin]
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32), np.full(many, bin)


def together(*parts):
    return tuple(np.concatenate([part[side] for part in parts]) for side in (0, 1))


def chosen(seed, made_apart, many=60):
    rng = np.random.default_rng(seed)
    real, held = (together(draws(rng, 0, n, 2), draws(rng, 1, m, 2)) for n, m in ((200, 6), (100, 30)))
    made = draws(rng, 1, many, made_apart)
    found = size.losses(real, made, held, np.arange(many), np.full(many, many), 1.0)
    return size.best(found, held[1]), found, held[1]


def test_rows_that_teach_help_and_noise_does_not():
    helps, noise = (np.mean([chosen(seed, apart)[0] > 0 for seed in range(20)]) for apart in (2, 0))
    assert helps >= 0.4 and noise <= 0.1


def test_more_copies_teach_nothing_since_bins_weigh_alike():
    rng = np.random.default_rng(0)
    real, held = (together(draws(rng, 0, n, 2), draws(rng, 1, m, 2)) for n, m in ((200, 6), (100, 30)))
    copies = real[0][200:].repeat(10, axis=0), np.ones(60, int)
    found = size.losses(real, copies, held, np.arange(60), np.full(60, 60), 1.0)
    assert size.balanced(found[1.0], held[1]) == pytest.approx(size.balanced(found[0.0], held[1]), abs=1e-3)
