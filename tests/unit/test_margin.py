import numpy as np

from pipeline.arrays import Bins
from pipeline.embedders.chunks import unit
from pipeline.scorers.margin import _margins


def bins_of(vectors, cluster):
    sums = np.stack([vectors[cluster == c].sum(axis=0, dtype=np.float64) for c in np.unique(cluster)])
    return Bins(np.zeros(len(cluster), np.int32), np.array(["all"]), cluster.astype(np.int32), sums, unit(sums))


def by_definition(vectors, cluster):
    """min over r != o of x.(mu_o' - mu_r) / |mu_o' - mu_r|, the cluster's mean taken without x."""

    def normalised(v):
        return v / np.linalg.norm(v)

    x = vectors.astype(np.float64)
    result = []
    for i, own in enumerate(cluster):
        others = (cluster == own) & (np.arange(len(x)) != i)
        rivals = [normalised(x[cluster == r].sum(axis=0)) for r in np.unique(cluster) if r != own]
        if not others.any() or not rivals:
            result.append(np.nan)
            continue
        mean = normalised(x[others].sum(axis=0))
        result.append(min(x[i] @ (mean - r) / np.linalg.norm(mean - r) for r in rivals))
    return np.array(result)


def margins(vectors, cluster):
    bins = bins_of(vectors, cluster)
    found = np.empty(len(vectors))
    for number, rows in enumerate(bins.members):
        rivals = np.delete(np.arange(len(bins.sizes)), number)
        found[rows] = _margins(vectors, bins.centroids, bins.sums, (rows, number, rivals))
    return found


def test_equals_its_definition():
    rng = np.random.default_rng(1)
    vectors = unit(rng.normal(size=(120, 8)) + np.repeat(rng.normal(size=(6, 8)), 20, axis=0))
    cluster = rng.permutation(np.repeat(np.arange(6), 20))
    found = margins(vectors, cluster)
    assert np.allclose(found, by_definition(vectors, cluster), atol=1e-5)
    assert (found < 0).any()  # rows on the wrong side exist when labels are random


def test_no_verdict_alone_or_without_rival():
    vectors = unit(np.random.default_rng(2).normal(size=(5, 3)))
    assert np.isnan(margins(vectors, np.zeros(5, int))).all()
    found = margins(vectors, np.array([0, 0, 0, 0, 1]))
    assert np.isnan(found).tolist() == [False] * 4 + [True]


def test_clusters_with_one_mean_have_no_surface_between_them():
    point = unit(np.ones((1, 4)))
    vectors = np.repeat(point, 6, axis=0)
    assert np.isnan(margins(vectors, np.array([0, 0, 0, 1, 1, 1]))).all()


def test_of_many_clusters_the_near_ones_are_rivals(monkeypatch):
    from types import SimpleNamespace

    from pipeline.arrays import space
    from pipeline.executors import Serial
    from pipeline.scorers import margin

    class Rows(SimpleNamespace):
        def __len__(self):
            return len(self.bins.cluster)

    rng = np.random.default_rng(3)
    vectors = unit(np.repeat(rng.normal(size=(40, 6)), 20, axis=0) + 0.3 * rng.normal(size=(800, 6)))
    cluster = np.repeat(np.arange(40), 20)

    def scored():
        there = Rows(
            bins=bins_of(vectors, cluster), embeddings=SimpleNamespace(vectors=vectors, blank=np.zeros(800, bool))
        )
        return margin.Margin().score(there, Serial())[0]

    exact = scored()
    assert np.allclose(exact, by_definition(vectors, cluster), atol=1e-5)
    monkeypatch.setattr(margin, "ALL", 30)
    assert np.array_equal(scored(), exact)  # 39 others are no more than are looked at
    monkeypatch.setattr(space, "NEAR", 12)
    near = scored()
    assert (near >= exact - 1e-6).all() and 0.9 < np.isclose(near, exact, atol=1e-6).mean() < 1
