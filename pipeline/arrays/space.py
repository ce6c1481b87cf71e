"""Where rows are: vectors, bins, neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.arrays.corpus import Corpus
from pipeline.arrays.saved import Saved, require
from pipeline.nearest import nearest_first

NEAR = 128  # other clusters that a cluster is compared with where there are many


@dataclass(frozen=True)
class Embeddings(Saved):
    """The rows as vectors.

    Attributes
    ----------
    vectors : float32[n, d]
        Unit rows; a row of zeros is a text of which the embedder knows nothing.
    long : bool[n]
        Whether the text was longer than the encoder reads at once.
    """

    vectors: np.ndarray
    long: np.ndarray

    def __post_init__(self) -> None:
        require(self.vectors.ndim == 2 and self.vectors.dtype == np.float32, "vectors are float32[n, d]")
        require(self.long.shape == self.vectors.shape[:1] and self.long.dtype == bool, "long is bool[n]")

    @cached_property
    def blank(self) -> np.ndarray:
        """bool[n]: rows of zeros."""
        return ~self.vectors.any(axis=1)


@dataclass(frozen=True)
class Categories(Saved):
    """``code``: int32[n], position in ``name``; ``name``: str[c], none empty of rows."""

    code: np.ndarray
    name: np.ndarray

    def __post_init__(self) -> None:
        present = np.unique(self.code)
        require(np.array_equal(present, np.arange(len(self.name))), "every category has rows")


@dataclass(frozen=True)
class Bins(Saved):
    """Clusters inside categories.

    Attributes
    ----------
    category : int32[n]
    category_name : str[c]
    cluster : int32[n]
        Numbered over all categories; none empty.
    sums : float64[k, d]
        Sum of the unit rows of each cluster.
    centroids : float32[k, d]
        The sums scaled to length 1 (zeros where the rows cancel out).
    """

    category: np.ndarray
    category_name: np.ndarray
    cluster: np.ndarray
    sums: np.ndarray
    centroids: np.ndarray

    def __post_init__(self) -> None:
        sizes = np.bincount(self.cluster, minlength=len(self.centroids))
        require(len(sizes) == len(self.centroids), "one centroid a cluster")
        require(bool((sizes > 0).all()), "no cluster is empty")

    @cached_property
    def sizes(self) -> np.ndarray:
        """int64[k]: rows in each cluster."""
        return np.bincount(self.cluster, minlength=len(self.centroids))

    @cached_property
    def members(self) -> list[np.ndarray]:
        """Rows of each cluster, ascending."""
        return np.split(np.argsort(self.cluster, kind="stable"), np.cumsum(self.sizes)[:-1])

    @cached_property
    def nearby(self) -> np.ndarray:
        """int64[k, k' <= 128]: other clusters, nearest centroid first."""
        wanted = min(NEAR, len(self.centroids) - 1)
        found = np.empty((len(self.centroids), wanted), np.int64)
        for start in range(0, len(found), 1024):
            rows = np.arange(start, min(start + 1024, len(found)))
            distance = -(self.centroids[rows] @ self.centroids.T)
            distance[np.arange(len(rows)), rows] = np.inf
            found[rows] = nearest_first(distance, wanted)
        return found


@dataclass(frozen=True)
class Neighbours(Saved):
    """Nearest other rows, nearest first; -1 (similarity ``-inf``) where there were fewer.

    Attributes
    ----------
    rows : int32[n, m]
        Never the row itself.
    similarity : float32[n, m]
        Cosine.
    recall : float64[]
        Share of the exact m nearest that were found, on a sample.
    """

    rows: np.ndarray
    similarity: np.ndarray
    recall: np.ndarray

    def __post_init__(self) -> None:
        require(self.rows.shape == self.similarity.shape, "rows and similarity of one shape")
        known = self.similarity[np.isfinite(self.similarity)]
        require(not len(known) or float(np.abs(known).max()) <= 1.001, "similarities are cosines")


@dataclass(frozen=True)
class Space:
    """The one argument that scorers and selectors take."""

    corpus: Corpus
    embeddings: Embeddings
    bins: Bins
    neighbours: Neighbours

    def __post_init__(self) -> None:
        sizes = {len(self.corpus), len(self.embeddings.vectors), len(self.bins.cluster), len(self.neighbours.rows)}
        require(len(sizes) == 1, f"all parts of a space have one length, found {sorted(sizes)}")

    def __len__(self) -> int:
        return len(self.corpus)
