"""One contender on vectors, in a process of its own: ``python scripts/scale/peers.py NAME vectors.npy result.npz``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.arrays import Categories, Demand, Embeddings, Neighbours, Order, Scores, Space
from pipeline.bins.clusterers import SphericalKMeans
from pipeline.bins.neighbours import NeighbourSearch
from pipeline.executors import Serial, Threads, one_thread
from pipeline.scorers.border import border
from pipeline.scorers.density import Density
from pipeline.scorers.margin import Margin
from pipeline.scorers.region import Regions
from pipeline.selectors import Selector
from pipeline.selectors.apportion import apportion
from pipeline.selectors.coverage import Coverage
from pipeline.selectors.herding import Herding

SHARE, SEED = 0.1, 0
CLASSES = 7
CLOSE, PERCENTILE = 100, 60  # the settings of arXiv 2509.19856


@dataclass(frozen=True)
class Rows:
    """So many rows of which only the vectors are looked at."""

    n: int

    def __len__(self) -> int:
        return self.n


def spread(vectors: np.ndarray, search: bool, size: int | None = None) -> tuple[Space, Categories, Demand]:
    """Vectors in clusters (of ``size`` rows, or as many as by default), with neighbours where they are wanted."""
    n = len(vectors)
    embeddings = Embeddings(vectors, np.zeros(n, bool))
    everyone = Categories(np.zeros(n, np.int32), np.array(["all"]))
    bins = SphericalKMeans(size=size).assign(embeddings, everyone, Serial(), SEED)
    nobody = np.empty((n, 0), np.int32)
    neighbours = Neighbours(nobody, nobody.astype(np.float32), np.array(0.0))
    if search:
        neighbours = NeighbourSearch().search(embeddings, bins, Serial())
    demand = Demand(np.ones(n, np.int64), "rows", np.zeros(n, bool), np.zeros(n, bool), np.zeros(n))
    return Space(Rows(n), embeddings, bins, neighbours), everyone, demand


def first(selector: Selector, space: Space, everyone: Categories, scores: Scores, demand: Demand) -> np.ndarray:
    order: Order = apportion(selector.rank(space, scores, demand, Serial(), SEED), space.bins, everyone, demand)
    return order.rows[: round(SHARE * len(space))]


def corebound(vectors: np.ndarray) -> np.ndarray:
    """Clusters, neighbours, margins, densities, regions, the default order, and its first tenth."""
    with one_thread():
        space, everyone, demand = spread(vectors, search=True)
        columns = {"margin": Margin().score(space, Serial())[0], "density": Density().score(space, Serial())[0]}
        scores = Scores(columns, {}, *Regions().divide(space, columns))
        demand = Demand(demand.cost, "rows", demand.first, scores.aside, demand.wait)
        return first(Herding(), space, everyone, scores, demand)


def facility_location(vectors: np.ndarray) -> np.ndarray:
    """Clusters of 256 rows, and facility location in each: selector=coverage without a weight for boundaries."""
    with one_thread():
        space, everyone, demand = spread(vectors, search=False, size=256)
        scores = Scores({}, {}, np.zeros(len(space), np.uint8), np.zeros(len(space), np.float32))
        return first(Coverage(beta=0), space, everyone, scores, demand)


def semhash(vectors: np.ndarray) -> np.ndarray:
    """SemHash's self-deduplication, then representatives of what it leaves; both with their defaults."""
    from semhash import SemHash

    names = [str(row) for row in range(len(vectors))]
    index = SemHash.from_embeddings(vectors, names, model=None)
    left = np.array([int(name) for name in index.self_deduplicate().selected])
    index = SemHash.from_embeddings(vectors[left], [names[row] for row in left], model=None)
    wanted = round(SHARE * len(vectors))
    found = index.self_find_representative(selection_size=wanted, candidate_limit=len(left))
    return np.array([int(name) for name in found.selected])


def submodlib(vectors: np.ndarray) -> np.ndarray:
    """Facility location over all rows."""
    from submodlib import FacilityLocationFunction

    function = FacilityLocationFunction(n=len(vectors), mode="dense", data=vectors, metric="cosine")
    greedy = function.maximize(
        budget=round(SHARE * len(vectors)),
        optimizer="LazyGreedy",
        stopIfZeroGain=False,
        stopIfNegativeGain=False,
        show_progress=False,
    )
    return np.array([row for row, _ in greedy])


def classes(vectors: np.ndarray, many: int) -> np.ndarray:
    """Labels that have nothing to do with the vectors."""
    return np.random.default_rng(SEED).integers(0, many, len(vectors))


def borders(vectors: np.ndarray, many: int) -> np.ndarray:
    """The paper's border rows of each class, by `pipeline.scorers.border`, in a thread a core."""
    points, label, found = vectors.astype(np.float64), classes(vectors, many), []
    with one_thread():
        for one in range(many):
            rows = np.flatnonzero(label == one)
            found.append(rows[border(points[rows], CLOSE, PERCENTILE, Threads())])
    return np.sort(np.concatenate(found))


def adaptive_resampling(vectors: np.ndarray, many: int) -> np.ndarray:
    """The paper's own package."""
    from adaptive_resampling import classify_border_and_core_points

    points, label = vectors.astype(np.float64), classes(vectors, many)
    place = {point.tobytes(): row for row, point in enumerate(points)}
    found = classify_border_and_core_points(points, label, close=CLOSE, percentile=PERCENTILE)
    return np.sort([place[point.tobytes()] for points, _ in found.values() for point in points])


def imbalanced_learn(vectors: np.ndarray) -> np.ndarray:
    """Edited nearest neighbours with our clusters as classes, which are not charged."""
    from imblearn.under_sampling import EditedNearestNeighbours

    with one_thread():
        cluster = spread(vectors, search=False)[0].bins.cluster
    cleaner = EditedNearestNeighbours(sampling_strategy="all")
    cleaner.fit_resample(vectors, cluster)
    return cleaner.sample_indices_


CONTENDERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "corebound": corebound,
    "semhash": semhash,
    "corebound, facility location": facility_location,
    "submodlib": submodlib,
    "corebound, border of 7 classes": lambda vectors: borders(vectors, CLASSES),
    "adaptive-resampling, 7 classes": lambda vectors: adaptive_resampling(vectors, CLASSES),
    "corebound, border of 1 class": lambda vectors: borders(vectors, 1),
    "adaptive-resampling, 1 class": lambda vectors: adaptive_resampling(vectors, 1),
    "imbalanced-learn ENN": imbalanced_learn,
}


def main(name: str, vectors: Path, result: Path) -> None:
    given = np.load(vectors)
    started = time.perf_counter()
    rows = CONTENDERS[name](given)
    np.savez(result, rows=rows, seconds=time.perf_counter() - started)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
