from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from pipeline.arrays import Bins, Embeddings
from pipeline.embedders.chunks import unit
from pipeline.errors import ConfigError
from pipeline.executors import Serial, Threads
from pipeline.scorers.head import Head, balanced_accuracy
from tests.unit.test_margin import bins_of


def clouds(sizes, spread=0.6, dimensions=12, seed=0):
    rng = np.random.default_rng(seed)
    means = rng.standard_normal((len(sizes), dimensions))
    cluster = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    return unit(means[cluster] + spread * rng.standard_normal((len(cluster), dimensions))), cluster


def embedded(vectors):
    return Embeddings(vectors, np.zeros(len(vectors), bool))


@pytest.mark.parametrize("sizes", [(30, 40), (30, 40, 50)])
def test_margins_are_distances_to_surfaces_of_a_head_that_has_not_seen_the_row(sizes):
    vectors, cluster = clouds(sizes)
    found = Head(C=5.0).margins(embedded(vectors), bins_of(vectors, cluster), Serial())
    fold = np.empty(len(cluster), int)
    for c in range(len(sizes)):
        fold[cluster == c] = np.arange(sizes[c]) % 3
    wanted = np.empty(len(cluster))
    for number in range(3):
        model = LogisticRegression(C=5.0, max_iter=3000, tol=1e-6).fit(vectors[fold != number], cluster[fold != number])
        held = np.flatnonzero(fold == number)
        for row in held:
            if len(sizes) == 2:
                side = 1 if cluster[row] else -1
                output = vectors[row] @ model.coef_[0] + model.intercept_[0]
                wanted[row] = side * output / np.linalg.norm(model.coef_)
                continue
            output, own = model.coef_ @ vectors[row] + model.intercept_, cluster[row]
            wanted[row] = min(
                (output[own] - output[r]) / np.linalg.norm(model.coef_[own] - model.coef_[r])
                for r in range(len(sizes)) if r != own
            )  # fmt: skip
    assert np.allclose(found, wanted, atol=2e-3)


def test_a_row_in_the_wrong_cluster_is_on_the_wrong_side():
    vectors, cluster = clouds((50, 50), spread=0.2)
    wrong = int(np.flatnonzero(cluster == 0)[7])
    cluster[wrong] = 1
    margin = Head().margins(embedded(vectors), bins_of(vectors, cluster), Serial())
    assert margin[wrong] < 0 and (np.delete(margin, wrong) > 0).all()


@pytest.mark.parametrize("noise", [0, 1e-4])
def test_clusters_of_the_same_rows_have_no_surface_between_them(noise):
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((400, 32))
    vectors[:100] = vectors[0] + noise * rng.standard_normal((100, 32))
    vectors, cluster = unit(vectors), np.concatenate([np.arange(100) % 2, 2 + rng.integers(0, 3, 300)])
    margin = Head().margins(embedded(vectors), bins_of(vectors, cluster), Serial())
    assert (margin[:100] > 0.2).all() and np.abs(margin).max() < 1


def test_many_clusters_are_compared_with_near_ones():
    vectors, cluster = clouds([5] * 300, spread=0.1, dimensions=24)
    margin = Head(rows=4).margins(embedded(vectors), bins_of(vectors, cluster), Serial())
    assert (margin > 0).mean() > 0.95 and not np.isnan(margin).any()


def test_latents_weights_and_adjusted_logits_help_rare_clusters():
    vectors, cluster = clouds([300] * 6 + [12] * 6, spread=1.2)
    bins = bins_of(vectors, cluster)
    rare = {}
    for how in ("none", "kde", "shared", "gaussian", "calibrated", "weights", "logits"):
        head = Head(balance=how) if how in ("weights", "logits") else Head(latent=how)
        margin = head.margins(embedded(vectors), bins, Serial())
        rare[how] = balanced_accuracy(margin, bins, rare=True)
    assert min(rare[how] for how in rare if how != "none") > rare["none"] + 0.1


def test_logits_are_adjusted_by_the_shares_that_the_head_learns_from():
    vectors, cluster = clouds((90, 30))
    plain, adjusted = (
        Head(balance=how).margins(embedded(vectors), bins_of(vectors, cluster), Serial()) for how in ("none", "logits")
    )
    moved = np.where(cluster == 1, 1, -1) * (adjusted - plain)  # towards the small one by the same in each fold
    fold = np.empty(120, int)
    for c, size in ((0, 90), (1, 30)):
        fold[cluster == c] = np.arange(size) % 3
    for number in range(3):
        taught = fold != number
        model = LogisticRegression(C=10.0, max_iter=3000, tol=1e-6).fit(vectors[taught], cluster[taught])
        assert np.allclose(moved[fold == number], np.log(3) / np.linalg.norm(model.coef_), rtol=1e-2)


def test_balanced_accuracy_is_the_mean_over_clusters_of_those_on_their_side():
    bins = Bins(
        np.zeros(13, np.int32), np.array(["all"]), np.repeat([0, 1, 2], [8, 4, 1]).astype(np.int32), np.ones((3, 2)),
        np.ones((3, 2), np.float32),
    )  # fmt: skip
    margin = np.array([1, 1, 1, -1, -1, -1, -1, np.nan, 1, 1, 1, -1, np.nan])
    assert balanced_accuracy(margin, bins, rare=False) == pytest.approx((3 / 7 + 3 / 4) / 2)
    assert np.isnan(balanced_accuracy(margin, bins, rare=True))  # the one row of the rare cluster was not judged


def test_rows_without_a_verdict_are_counted_by_reason():
    vectors, cluster = clouds((30, 30, 1))
    vectors[np.flatnonzero(cluster == 0)[:2]] = 0
    space = SimpleNamespace(embeddings=embedded(vectors), bins=bins_of(vectors, cluster))
    values, reasons = Head().score(space, Serial())
    assert reasons == {"no known term in its text": 2, "alone in its cluster": 1}
    assert np.isnan(values).sum() == 3
    one = SimpleNamespace(embeddings=embedded(vectors), bins=bins_of(vectors, np.zeros(61, int)))
    assert Head().score(one, Serial())[1] == {"no known term in its text": 2, "no surface to another cluster": 59}


def test_threads_change_nothing():
    vectors, cluster = clouds((40, 50, 60))
    bins = bins_of(vectors, cluster)
    found = [Head(latent="kde").margins(embedded(vectors), bins, how) for how in (Serial(), Threads(workers=3))]
    assert np.array_equal(*found)


@pytest.mark.parametrize(("field", "value"), [("amount", 0), ("rows", 1), ("folds", 1), ("C", 0)])
def test_a_setting_out_of_range_is_named(field, value):
    with pytest.raises(ConfigError, match=rf"scorers\.margin\.{field} is {value}"):
        Head(**{field: value})
