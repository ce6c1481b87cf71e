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
    return _margins(vectors, bins.centroids, bins.sums, bins.cluster, bins.sizes, (0, len(vectors)))


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
