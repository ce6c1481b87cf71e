import numpy as np
import pytest

from pipeline.scorers.calibration import knots, prevalence


def mixture(share, shift, n=4000, copies=2000, seed=0):
    """Rows of a corpus of which ``share`` is garbage, and copies of garbage: log odds by a model, and labels.

    Good rows are spread around 0, garbage around ``shift``; a second kind is told from all of them.
    """
    rng = np.random.default_rng(seed)
    garbage = rng.random(n) < share
    x = np.concatenate([rng.normal(np.where(garbage, shift, 0)), rng.normal(shift, 1, copies), np.full(copies, 50.0)])
    label = np.repeat([0, 1, 2], [n, copies, copies])
    other = np.where(label == 2, 50.0, -50.0)
    return np.stack([np.where(label == 2, -50, x), other], axis=1), label, x, garbage


def interpolated(log_odds, knots):
    return 1 / (1 + np.exp(-np.interp(log_odds, *knots)))


@pytest.mark.parametrize("shift", [2, 4, 14])
def test_a_clean_corpus_has_hardly_any_garbage_and_a_spoilt_one_what_it_has(shift):
    found = {share: prevalence(*mixture(share, shift)[:2], 0.05) for share in (0, 0.03, 0.3)}
    assert found[0][0] < (0.02 if shift > 2 else 0.05)
    assert 0.025 < found[0.03][0] < 0.06
    assert 0.2 < found[0.3][0] < 0.36
    assert all(kinds[1] < 0.005 for kinds in found.values())


def test_good_rows_that_look_like_copies_count_up_to_what_is_expected():
    """Copies that nothing tells from good rows bound nothing: all of the corpus lies where they do."""
    for share, shift in ((0, 0), (1, 4)):  # numbers in any order; a corpus of nothing but garbage
        log_odds, label, *_ = mixture(share, shift)
        assert prevalence(log_odds, label, 0.05)[0] == pytest.approx(0.025)
    log_odds, label, *_ = mixture(0, 1.5)  # a tenth of the corpus seems to be
    assert 0.04 < prevalence(log_odds, label, 0.05).sum() < 0.1


def test_few_rows_are_no_proof_that_there_is_no_garbage_and_none_that_there_is():
    assert prevalence(*mixture(0, 14, n=30)[:2], 0.05).sum() == pytest.approx(0.05)
    assert prevalence(*mixture(0, 14, n=3000)[:2], 0.05).sum() < 0.01
    assert 0.35 < prevalence(*mixture(0.45, 4)[:2], 0.1).sum() <= 0.5


def test_the_narrowest_of_the_bounds_counts():
    """Of 100 copies, the most telling fifth, third and half; good rows lie where only the one or the other does."""
    copies, label = np.arange(100.0), np.repeat([0, 1], [1000, 100])
    for at, narrow in ((60.0, 0.35), (82.0, 0.5)):
        rows = np.zeros(1000) - 1
        rows[:100] = at  # as many as a half, or a fifth, of the copies and more reach
        rows[100:110] = 99.5
        log_odds = np.concatenate([rows, copies])[:, None]
        limits = np.quantile(copies, [0.8, 0.65, 0.5])
        many = np.array([(rows >= limit).sum() for limit in limits])
        bounds = (many + 1 + np.sqrt(many + 1)) / np.array([0.2, 0.35, 0.5]) / 1000
        found = prevalence(log_odds, label, 0.5)[0]
        assert found == pytest.approx(bounds.min(), rel=0.05) and bounds.argmin() == [0.2, 0.35, 0.5].index(narrow)


def test_the_ends_of_the_odds_are_as_far_as_the_rows_say():
    """Half a copy where there is none, half a row where nothing else is."""
    label, x = np.repeat([0, 1, 2], [10, 4, 5]), np.repeat([0.0, 50.0], [10, 9])
    assert np.allclose(knots(x, label, np.array([0.08, 0.02])), [[0, np.log(2 / 0.002)], [np.log(0.002), np.log(2)]])
    # What is lowest is no likelier than what follows.
    first = knots(np.array([2.0, 0, 3, 1, 1]), np.array([0, 0, 0, 0, 1]), np.array([0.13063076]))[1]
    assert first == pytest.approx([-1.556, -1.556], abs=0.001)


def test_equal_odds_are_seen_on_both_sides():
    """Garbage as saturated as its copies, or texts of one word, which are equal to the last bit but for rounding."""
    log_odds = np.array([0.0] * 900 + [8 - 1e-9] * 100 + [8.0] * 500)[:, None]
    label = np.repeat([0, 1], [1000, 500])
    assert prevalence(log_odds, label, 0.05)[0] == pytest.approx(0.075)  # 0.1 was seen, of which 0.025 may be good
    assert prevalence(log_odds, label, 0.2)[0] == pytest.approx(0.11, abs=0.002)


@pytest.mark.parametrize("share", [0.01, 0.03, 0.05, 0.075, 0.1, 0.12, 0.25, 0.4])
def test_more_garbage_is_not_less_suspected(share):
    log_odds, label, x, garbage = mixture(share, 7)
    said = interpolated(x[label == 0], knots(x, label, prevalence(log_odds, label, 0.05)))
    assert np.median(said[garbage]) > 0.5 and (said[~garbage] > 0.03).mean() < 0.01


def test_the_probability_is_that_of_a_row_of_the_corpus():
    _, label, x, garbage = mixture(0.2, 3)
    keep = label < 2
    found = knots(x[keep], label[keep], np.array([0.2]))
    said = interpolated(x[label == 0], found)
    assert (np.diff(found) >= 0).all() and said.min() >= 0 and said.max() <= 1
    for low, high in ((0, 0.05), (0.3, 0.7), (0.9, 1.01)):
        judged = (said >= low) & (said < high)
        assert judged.sum() > 50 and abs(garbage[judged].mean() - said[judged].mean()) < 0.1
    # What is further out than all of the corpus is garbage for sure; what is hardly further out than a good row is not.
    assert interpolated(200.0, knots(x, label, np.array([0.2, 0.01]))) > 0.98
    last = np.array([0.0] * 500 + [1.0] + [1 + 1e-9] * 3 + [30.0] * 500)
    assert interpolated(1.01, knots(last, np.repeat([0, 1], [501, 503]), np.array([0.05]))) < 0.1


def test_constant_odds_say_what_the_share_is():
    assert interpolated(3.0, knots(np.full(20, 3.0), np.repeat([0, 1], 10), np.array([0.05]))) == pytest.approx(0.05)


def test_rare_rows_of_a_clean_corpus_are_not_doubted():
    """Rows that look like copies would be, at odds of one to one, garbage by halves: if there were any."""
    log_odds, label, x, _ = mixture(0, 2)
    said = interpolated(x[label == 0], knots(x, label, prevalence(log_odds, label, 0.05)))
    assert (x[label == 0] > 0).mean() > 0.4
    assert said.mean() < 0.05 and (said > 0.5).mean() < 0.01
