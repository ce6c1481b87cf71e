import numpy as np
import pytest

from pipeline.augmenters.latent import Latent, draw
from pipeline.embedders.chunks import unit

KINDS = [kind for kind in Latent if kind != Latent.none]
SIZES = (60, 40, 5, 1)


def classes(sizes=SIZES, seed=0, width=0.1):
    """Vectors around far apart means, wide along the first axis of spread for class 0 and the second for the others."""
    rng, dimensions = np.random.default_rng(seed), 8
    label = np.repeat(np.arange(len(sizes)), sizes)
    spread = np.full((len(label), dimensions), width / 10)
    spread[label == 0, 6] = spread[label > 0, 7] = width
    vectors = np.eye(dimensions)[label] + spread * rng.standard_normal((len(label), dimensions))
    return unit(vectors), label


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("amount", [0.25, 1.0, 2.0])
def test_a_class_gets_a_share_of_what_it_lacks_to_the_largest(kind, amount):
    made, label = draw(kind, *classes(), amount)
    assert np.bincount(label, minlength=4).tolist() == [round(amount * (60 - size)) for size in SIZES]
    assert made.dtype == np.float32 and np.allclose(np.linalg.norm(made, axis=1), 1, atol=1e-6)


def test_none_makes_none():
    made, label = draw(Latent.none, *classes())
    assert made.shape == (0, 8) and label.shape == (0,)
    made, label = draw(Latent.kde, *classes((9, 9)))
    assert made.shape == (0, 8)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_made_is_like_its_class_and_not_the_same(kind):
    vectors, label = classes()
    made, of = draw(kind, vectors, label)
    means = unit(np.stack([vectors[label == c].mean(axis=0) for c in range(4)]))
    assert (np.argmax(made @ means.T, axis=1) == of).mean() > 0.99
    assert made[of == 3].std(axis=0).max() > 0.01  # a class of one row has spread, too
    assert (made @ vectors.T).max() < 1 - 1e-7


@pytest.mark.parametrize("kind", KINDS)
def test_one_seed_makes_the_same_and_another_another(kind):
    first, again, other = (draw(kind, *classes(), seed=seed)[0] for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.allclose(first, other)


def wide(made):
    """Along the axes on which class 0 is wide, and the others."""
    return made[:, 6].std(), made[:, 7].std()


def test_each_kind_has_the_spread_that_it_is_named_for():
    # Of the two equal classes that are frequent, the first is wide along 6 and the second along 7, as is class 2.
    vectors, label = classes((400, 400, 60))
    spread = {kind: wide(draw(kind, vectors, label)[0][-340:]) for kind in KINDS}
    six, seven = spread["shared"]
    assert six == pytest.approx(0.068, rel=0.2) and seven == pytest.approx(0.073, rel=0.2)  # of all classes
    six, seven = spread["gaussian"]
    assert six < 0.05 and seven > 0.08  # its own, with some of what is shared
    six, seven = spread["kde"]
    assert six == pytest.approx(0.034, rel=0.3) and seven == pytest.approx((0.1**2 + 0.036**2) ** 0.5, rel=0.2)
    vectors[label == 2] = unit(vectors[label == 2] + 0.5 * np.eye(8, dtype=np.float32)[0])  # like class 0, then class 1
    six, seven = wide(draw(Latent.calibrated, vectors, label)[0])
    assert six == pytest.approx(0.07, rel=0.3) and seven == pytest.approx(0.07, rel=0.3)  # half of each frequent class


def test_what_a_class_gets_does_not_depend_on_what_others_lack():
    vectors, label = classes((60, 40, 5))
    made, of = draw(Latent.kde, vectors, label)
    fewer = np.flatnonzero((label != 1) | (np.arange(len(label)) % 2 == 0))
    size = (label[fewer] == 1).sum()
    again, now = draw(Latent.kde, vectors[fewer], label[fewer])
    assert (of == 1).sum() == 20 and (now == 1).sum() == 60 - size
    assert np.abs(made[of == 2] - again[now == 2]).max() < 0.05  # the same draws; what is shared differs a little
