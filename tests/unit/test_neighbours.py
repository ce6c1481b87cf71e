import numpy as np
import pytest

from pipeline.arrays import Bins, Embeddings
from pipeline.bins import neighbours
from pipeline.bins.neighbours import NeighbourSearch
from pipeline.embedders.chunks import unit
from pipeline.executors import Serial


@pytest.fixture(scope="module")
def crowd():
    """1,500 rows, many of them twice, in three clusters."""
    random = np.random.default_rng(0)
    vectors = unit(random.normal(size=(1500, 12)))
    vectors[700:900] = vectors[:200]
    vectors[5] = 0
    cluster = random.permutation(np.arange(1500) % 3).astype(np.int32)
    sums = np.stack([vectors[cluster == c].sum(axis=0, dtype=np.float64) for c in range(3)])
    return Embeddings(vectors, np.zeros(1500, bool)), Bins(
        np.zeros(1500, np.int32), np.array(["all"]), cluster, sums, unit(sums)
    )


@pytest.mark.parametrize(("wide", "block"), [(4096, 1024), (200, 64), (37, 1000)])
def test_neighbours_are_exact_and_ties_go_by_id(crowd, monkeypatch, wide, block):
    monkeypatch.setattr(neighbours, "WIDE", wide)
    monkeypatch.setattr(neighbours, "BLOCK", block)
    embeddings, bins = crowd
    found = NeighbourSearch(m=7, nearby=2).search(embeddings, bins, Serial())
    product = (embeddings.vectors @ embeddings.vectors.T).astype(np.float64)
    np.fill_diagonal(product, -9)
    assert np.allclose(found.similarity, -np.sort(-product, axis=1)[:, :7], atol=1e-6)
    assert found.recall == 1 and not (found.rows == np.arange(1500)[:, None]).any()
    assert (np.diff(found.similarity, axis=1) <= 0).all()
    for row in (0, 150, 750, 899):
        assert found.rows[row, 0] == (row + 700 if row < 200 else row - 700) and found.similarity[row, 0] == 1
    # The row of zeros is as near to all: those with the smallest ids are its neighbours.
    assert found.rows[5].tolist() == [0, 1, 2, 3, 4, 6, 7]


def test_recall_is_the_share_of_the_exact_neighbours_that_are_in_the_clusters_searched(crowd):
    embeddings, bins = crowd
    product = embeddings.vectors @ embeddings.vectors.T
    np.fill_diagonal(product, -9)
    exact = np.argsort(-product, axis=1, kind="stable")[:, :7]
    own = (bins.cluster[exact] == bins.cluster[:, None]).mean()
    found = NeighbourSearch(m=7, nearby=0).search(embeddings, bins, Serial())
    assert (bins.cluster[found.rows] == bins.cluster[:, None]).all()
    assert found.recall == pytest.approx(own, abs=0.01) and 0.2 < own < 0.9
    one = NeighbourSearch(m=7, nearby=1).search(embeddings, bins, Serial())
    assert found.recall < one.recall < NeighbourSearch(m=7, nearby=3).search(embeddings, bins, Serial()).recall == 1


def test_fewer_rows_than_neighbours():
    vectors = unit(np.random.default_rng(1).normal(size=(4, 3)))
    sums = vectors.sum(axis=0, dtype=np.float64)[None]
    bins = Bins(np.zeros(4, np.int32), np.array(["all"]), np.zeros(4, np.int32), sums, unit(sums))
    found = NeighbourSearch(m=6).search(Embeddings(vectors, np.zeros(4, bool)), bins, Serial())
    assert (found.rows[:, 3:] == -1).all() and (found.rows[:, :3] >= 0).all()
    assert np.isneginf(found.similarity[:, 3:]).all()
