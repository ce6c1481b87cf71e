"""The typed arrays that stages hand to each other, one entry per distinct row in id order."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from pipeline.cache import digest
from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from datasets import Dataset

CORE, BOUNDARY, OUTLIER = 0, 1, 2
FLOOR, NORMAL, LAST, BEYOND = 0, 1, 2, 4  # tiers; 3, copies, is of input rows, not of distinct rows
REGIONS = ("core", "boundary", "outlier")


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise ValueError(f"array invariant broken: {what}")


class Saved:
    """Arrays kept as ``.npy`` files in one folder and memory-mapped when read again."""

    def save(self, folder: Path) -> None:
        for item in fields(self):
            np.save(folder / f"{item.name}.npy", getattr(self, item.name))

    @classmethod
    def load(cls, folder: Path) -> Self:
        return cls(**{f.name: np.load(folder / f"{f.name}.npy", mmap_mode="r") for f in fields(cls)})


@dataclass(frozen=True)
class Inputs(Saved):
    """Every input row, in the order of the files.

    Attributes
    ----------
    source : int32[N]
        Which table the row is in.
    index : int64[N]
        Position of the row in that table.
    line : int64[N]
        Line of the file on which the row starts, from 1; 0 where rows have no lines.
    distinct : int64[N]
        Position in the corpus of the distinct row that this row is or copies.
    stands : bool[N]
        Whether this row is the copy that stands for its distinct row.
    """

    source: np.ndarray
    index: np.ndarray
    line: np.ndarray
    distinct: np.ndarray
    stands: np.ndarray

    def __post_init__(self) -> None:
        sizes = {len(getattr(self, f.name)) for f in fields(self)}
        _require(len(sizes) == 1, f"input columns of one length, found {sorted(sizes)}")

    def __len__(self) -> int:
        return len(self.source)


@dataclass(frozen=True)
class Corpus:
    """The distinct rows, sorted by id, and the tables that hold them as they came.

    Attributes
    ----------
    tables : list of datasets.Dataset
        One per source, never rebuilt; export selects from them.
    names : list of str
        One per source.
    texts : datasets.Dataset
        Column ``text``: what is embedded, in id order, memory-mapped.
    ids : S32[n]
        Content hash of the canonical conversation, hexadecimal, strictly ascending.
    source, index : int32[n], int64[n]
        Where the standing copy of each row is.
    copies : int32[n]
        How often the row occurs in the input; recorded, never a weight.
    bytes : int64[n]
        UTF-8 length of the text.
    empty : bool[n]
        Whether every answer of the row is empty.
    inputs : Inputs
        Every input row.
    key : str
        Digest of what was read, input order included.
    """

    tables: list[Dataset]
    names: list[str]
    texts: Dataset
    ids: np.ndarray
    source: np.ndarray
    index: np.ndarray
    copies: np.ndarray
    bytes: np.ndarray
    empty: np.ndarray
    inputs: Inputs
    key: str

    def __post_init__(self) -> None:
        n = len(self.ids)
        _require(bool((self.ids[1:] > self.ids[:-1]).all()), "ids strictly ascending")
        _require(len(self.texts) == n, f"{n} texts, found {len(self.texts)}")
        _require(int(self.copies.sum()) == len(self.inputs), "copies add up to the input rows")
        for name in ("source", "index", "copies", "bytes", "empty"):
            _require(len(getattr(self, name)) == n, f"{name} has {n} entries")

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def content(self) -> str:
        """Digest of the distinct rows alone: the same for shuffled input and for more copies."""
        return digest([self.ids])

    def column(self, name: str) -> list:
        """Values of a user's column, in id order (``source`` names the source of each row).

        Raises
        ------
        ConfigError
            If a source has no such column.
        """
        if name == "source" and not any(name in t.column_names for t in self.tables):
            return [self.names[s] for s in self.source]
        values: list = [None] * len(self)
        for number, table in enumerate(self.tables):
            if name not in table.column_names:
                raise ConfigError(
                    f"{self.names[number]} has no column '{name}'; its columns are "
                    f"{', '.join(table.column_names)}; name one of them."
                )
            here = np.flatnonzero(self.source == number)
            found = table.with_format(None).select_columns([name]).select(self.index[here])[name]
            for row, value in zip(here, found, strict=True):
                values[row] = value
        return values


@dataclass(frozen=True)
class Embeddings(Saved):
    """``vectors``: float32[n, d], unit rows; a row of zeros is a text of which the embedder knows nothing."""

    vectors: np.ndarray

    def __post_init__(self) -> None:
        _require(self.vectors.ndim == 2 and self.vectors.dtype == np.float32, "vectors are float32[n, d]")

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
        _require(np.array_equal(present, np.arange(len(self.name))), "every category has rows")


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
        _require(len(sizes) == len(self.centroids), "one centroid a cluster")
        _require(bool((sizes > 0).all()), "no cluster is empty")

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
        """int64[k, k' <= 32]: other clusters, nearest centroid first."""
        wanted = min(32, len(self.centroids) - 1)
        found = np.empty((len(self.centroids), wanted), np.int64)
        for start in range(0, len(found), 1024):
            rows = np.arange(start, min(start + 1024, len(found)))
            likeness = self.centroids[rows] @ self.centroids.T
            likeness[np.arange(len(rows)), rows] = -np.inf
            found[rows] = np.argsort(-likeness, axis=1, kind="stable")[:, :wanted]
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
        _require(self.rows.shape == self.similarity.shape, "rows and similarity of one shape")


@dataclass(frozen=True)
class Space:
    """The one argument that scorers and selectors take."""

    corpus: Corpus
    embeddings: Embeddings
    bins: Bins
    neighbours: Neighbours

    def __len__(self) -> int:
        return len(self.corpus)


@dataclass(frozen=True)
class Scores:
    """What is known of each row.

    Attributes
    ----------
    columns : dict of str to float32[n]
        One per scorer; NaN where it gave no verdict.
    nulls : dict of str to dict of str to int
        For each scorer, reasons for no verdict and how many rows have them.
    region : uint8[n]
        CORE, BOUNDARY or OUTLIER.
    nearness : float32[n]
        Boundary rank b in [0, 1]; 1 is the row of its cluster nearest to a decision surface.
    """

    columns: dict[str, np.ndarray]
    nulls: dict[str, dict[str, int]]
    region: np.ndarray
    nearness: np.ndarray


@dataclass(frozen=True)
class Demand:
    """What the budget and the noise guard ask of an ordering.

    Attributes
    ----------
    cost : int64[n]
        Of each row, in the unit of the budget: 1, or tokens.
    unit : str
        ``rows`` or ``tokens``.
    first, last : bool[n]
        Always-keep rows; outliers and rows with empty answers.
    """

    cost: np.ndarray
    unit: str
    first: np.ndarray
    last: np.ndarray


@dataclass(frozen=True)
class Sequence(Saved):
    """What a selector decides: who comes before whom.

    Attributes
    ----------
    rank : int64[n]
        Inside the row's cluster, or over the corpus where ``temper`` is NaN; smaller comes first.
    temper : float64[]
        Clusters share their category in proportion to size ** temper; NaN: clusters play no part.
    """

    rank: np.ndarray
    temper: np.ndarray


@dataclass(frozen=True)
class Order:
    """One ordering of all distinct rows; a budget is a prefix of it.

    Attributes
    ----------
    rows : int64[n]
        A permutation of the corpus.
    tier : uint8[n]
        Of each corpus row: 0 floors and always-keep rows, 1 normal, 2 outliers and empty answers, 4 beyond a ceiling.
    group : int32[n]
        Of each corpus row: the group that shares, floors and ceilings speak of.
    group_name : str[g]
    cost : int64[n]
        Of each corpus row, in the unit of the budget: 1, or tokens.
    unit : str
    """

    rows: np.ndarray
    tier: np.ndarray
    group: np.ndarray
    group_name: np.ndarray
    cost: np.ndarray
    unit: str

    def __post_init__(self) -> None:
        _require(len(np.unique(self.rows)) == len(self.rows) == len(self.tier), "the order is a permutation")

    @cached_property
    def rank(self) -> np.ndarray:
        """int64[n]: position of each corpus row in the order, from 0."""
        rank = np.empty(len(self.rows), np.int64)
        rank[self.rows] = np.arange(len(self.rows))
        return rank

    @property
    def admissible(self) -> int:
        """How many rows a budget may keep: those not beyond a ceiling, which the order ends with."""
        return int((self.tier < BEYOND).sum())


@dataclass(frozen=True)
class Selection:
    """The outcome for every distinct row.

    Attributes
    ----------
    kept : bool[n]
    stand_in : int64[n]
        The kept row that stands for this row (itself when kept).
    similarity : float32[n]
        Cosine to it.
    reason : U10[n]
        Why: `ledger.REASONS`.
    copies : int64[c]
        Input rows kept although they copy a kept row (only where the budget allows copies).
    spent : int
        Cost of what was kept, in the unit of the budget.
    """

    kept: np.ndarray
    stand_in: np.ndarray
    similarity: np.ndarray
    reason: np.ndarray
    spent: int
    copies: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    def __post_init__(self) -> None:
        _require(bool(self.kept[self.stand_in].all()), "only kept rows stand for others")
