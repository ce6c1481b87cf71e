"""Clusters of large corpora: in two levels, near what one level would find, and the same wherever they are computed."""

import numpy as np
import pytest

from pipeline.arrays import Categories, Embeddings
from pipeline.bins import clusterers
from pipeline.bins.clusterers import LARGEST, SphericalKMeans
from pipeline.embedders.chunks import unit
from pipeline.executors import Processes, Serial

SIZE = 25


@pytest.fixture(scope="module")
def blobs():
    random = np.random.default_rng(0)
    groups = unit(random.normal(size=(12, 1, 24)) + 0.5 * random.normal(size=(12, 10, 24)).reshape(12, 10, 24))
    centres = groups.reshape(-1, 24)
    return unit(np.repeat(centres, 25, axis=0) + 0.12 * random.normal(size=(3000, 24)))


def clustered(vectors, executor=None, seed=0, **settings):
    embeddings = Embeddings(vectors, np.zeros(len(vectors), bool))
    one = Categories(np.zeros(len(vectors), np.int32), np.array(["all"]))
    return SphericalKMeans(size=SIZE, **settings).assign(embeddings, one, executor or Serial(), seed)


def likeness(vectors, bins):
    return float((vectors * bins.centroids[bins.cluster]).sum(axis=1).mean())


def test_two_levels_find_clusters_about_as_tight_as_one(blobs, monkeypatch):
    flat = clustered(blobs)
    monkeypatch.setattr(clusterers, "FLAT", 16)
    two = clustered(blobs)
    assert two.cluster.tolist() != flat.cluster.tolist()
    assert 0.7 * 120 < len(two.sizes) < 1.3 * 120 and two.sizes.max() <= LARGEST * SIZE
    assert likeness(blobs, two) > likeness(blobs, flat) - 0.02
    # What a row is compared with are the clusters of 8 of 10 cells: hardly one is nearer to another cluster.
    nearest = (blobs @ two.centroids.T).argmax(axis=1)
    assert (nearest == two.cluster).mean() > 0.9
    monkeypatch.setattr(clusterers, "CELLS", 1)
    assert likeness(blobs, clustered(blobs)) < likeness(blobs, two)


def test_each_category_is_divided_as_it_would_be_alone(blobs, monkeypatch):
    monkeypatch.setattr(clusterers, "FLAT", 16)
    other = unit(np.random.default_rng(3).normal(size=(500, 24)))
    mixed = np.concatenate([other, blobs])
    code = np.repeat([0, 1], [500, 3000]).astype(np.int32)
    embeddings = Embeddings(mixed, np.zeros(3500, bool))
    both = SphericalKMeans(size=SIZE).assign(embeddings, Categories(code, np.array(["a", "b"])), Serial(), 0)
    alone = clustered(blobs).cluster
    assert np.array_equal(both.cluster[500:] - both.cluster[500:].min(), alone)
    assert both.cluster[:500].max() < both.cluster[500:].min()
    assert not np.array_equal(clustered(blobs, seed=1).cluster, alone)


def test_more_rows_do_not_make_larger_clusters(blobs, monkeypatch):
    monkeypatch.setattr(clusterers, "ROWS", 20)
    one = Categories(np.zeros(3000, np.int32), np.array(["all"]))
    bins = SphericalKMeans().assign(Embeddings(blobs, np.zeros(3000, bool)), one, Serial(), 0)
    assert abs(3000 / len(bins.sizes) - 20) < 4


def test_workers_and_blocks_do_not_change_two_levels(blobs, monkeypatch):
    monkeypatch.setattr(clusterers, "FLAT", 16)
    serial = clustered(blobs)
    assert np.array_equal(clustered(blobs, Processes(workers=2)).cluster, serial.cluster)
    monkeypatch.setattr(clusterers, "BLOCK", 100)
    assert (clustered(blobs).cluster == serial.cluster).mean() > 0.999


def test_rows_that_are_all_alike_are_divided_in_two_levels_too(monkeypatch):
    monkeypatch.setattr(clusterers, "FLAT", 16)
    bins = clustered(np.tile(unit(np.ones((1, 8))), (3000, 1)))
    assert bins.sizes.max() <= LARGEST * SIZE and bins.sizes.sum() == 3000


def test_clusters_of_a_large_corpus_have_no_more_rows_than_those_of_a_smaller_one():
    random = np.random.default_rng(1)
    vectors = unit(random.normal(size=(70_000, 4)))
    embeddings = Embeddings(vectors, np.zeros(len(vectors), bool))
    one = Categories(np.zeros(len(vectors), np.int32), np.array(["all"]))
    bins = SphericalKMeans(iterations=2).assign(embeddings, one, Serial(), 0)
    assert abs(len(vectors) / len(bins.sizes) - 256) < 40
