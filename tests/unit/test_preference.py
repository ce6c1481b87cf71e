"""Preference: the product of quality and difficulty, each on one scale for all rows."""

import numpy as np
import pytest

from pipeline.errors import ConfigError
from pipeline.scorers.preference import Preference

SCORES = {"quality": np.linspace(0, 1, 101, dtype=np.float32), "difficulty": np.linspace(5, 9, 101, dtype=np.float32)}


def test_good_and_hard_rows_are_preferred():
    values, reasons = Preference().combine(SCORES)
    assert values[0] == 0 and values[-1] == 1 and (np.diff(values) >= 0).all()
    assert values[50] == pytest.approx(0.25, abs=0.01)
    assert reasons == {}


def test_what_is_far_out_does_not_set_the_scale():
    far = {**SCORES, "difficulty": SCORES["difficulty"].copy()}
    far["difficulty"][-1] = 1e6
    assert np.allclose(Preference().combine(far)[0][:-1], Preference().combine(SCORES)[0][:-1], atol=0.02)


def test_a_row_without_one_of_both_has_none_and_the_reason_is_counted():
    lacking = {name: values.copy() for name, values in SCORES.items()}
    lacking["quality"][[3, 4]] = np.nan
    lacking["difficulty"][4] = np.nan
    values, reasons = Preference().combine(lacking)
    assert np.flatnonzero(np.isnan(values)).tolist() == [3, 4]
    assert reasons == {"no quality": 1, "no quality and no difficulty": 1}


def test_there_is_none_where_a_scorer_is_off():
    assert Preference().combine({"quality": SCORES["quality"]}) is None


def test_all_alike_prefers_nobody():
    same = {**SCORES, "quality": np.full(101, 0.5, np.float32)}
    values, _ = Preference().combine(same)
    assert values[0] == 0 and values[-1] == 1


def test_percentiles_the_wrong_way_round_are_refused():
    with pytest.raises(ConfigError, match=r"preference\.low=99"):
        Preference(low=99, high=1)
