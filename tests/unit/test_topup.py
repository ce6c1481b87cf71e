"""How many rows thin bins should have, and which come back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.augmenters.reweight import Reweight, first_of_each
from pipeline.augmenters.targets import by_share, by_size
from pipeline.errors import ConfigError

counts = st.lists(st.integers(0, 500), min_size=1, max_size=12).map(np.array)


def test_nine_hundred_and_a_hundred_share_by_their_roots():
    assert by_size(np.array([900, 100]), 0.5).tolist() == [900, 250]
    assert by_size(np.array([900, 100]), 0).tolist() == [900, 500]
    assert by_size(np.array([900, 100, 0]), 1).tolist() == [900, 100, 0]


@given(counts, st.floats(0, 1))
def test_no_target_is_below_what_is_kept(kept, power):
    target = by_size(kept, power)
    assert (target >= kept).all()
    assert target.sum() <= 2 * kept.sum() + len(kept)


@given(counts)
def test_equal_bins_lack_nothing(kept):
    alike = np.full(len(kept), int(kept[0]))
    assert (by_size(alike, 0.5) == alike).all()


def test_shares_name_the_bins_that_get_more():
    names = np.array(["chat", "code", "maths"])
    assert by_share(np.array([80, 15, 5]), names, {"chat": 1, "maths": 1}).tolist() == [80, 15, 50]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.integers(0, 2**31))
def test_the_first_rows_of_each_bin_come_back_in_their_order(of, seed):
    bins, rng = np.array(of), np.random.default_rng(seed)
    rows, wanted = rng.permutation(len(bins))[: len(bins) // 2 + 1], rng.integers(0, 5, 4)
    found = first_of_each(rows, bins, wanted).tolist()
    expected, left = [], wanted.tolist()
    for row in rows.tolist():
        if left[of[row]] > 0:
            left[of[row]] -= 1
            expected.append(row)
    assert found == expected


@pytest.mark.parametrize(("setting", "value"), [("power", 1.5), ("power", -0.1), ("most", 0.5), ("most", float("nan"))])
def test_settings_that_mean_nothing_are_refused(setting, value):
    with pytest.raises(ConfigError, match=rf"augmenter\.{setting} is"):
        Reweight(**{setting: value})
