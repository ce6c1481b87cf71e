"""Who competes: corebound, what it could have been, random subsets, and peers on the same vectors and clusters."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from pipeline.arrays import Categories
from pipeline.executors import Serial
from pipeline.provenance import forget_peak, peak_mib
from pipeline.run import Run, arrange
from pipeline.selectors import Selector
from pipeline.selectors.apportion import apportion
from pipeline.selectors.baselines import KCenter, Longest, Random, Stratified
from pipeline.selectors.border import Border
from pipeline.selectors.coverage import Coverage
from pipeline.selectors.herding import Herding

OURS, RANDOM, STRATIFIED = "corebound", "random", "random per cluster"
LARGEST = 10_000  # rows for which the memory that submodlib takes (5 GiB) is bearable


@dataclass(frozen=True)
class Choice:
    """Distinct rows that a contender keeps: int64[k] for each budget, and what choosing them all cost."""

    rows: dict[float, np.ndarray]
    seconds: float
    peak_mib: float


Contender = Callable[[Run, dict[float, int], int], dict[float, np.ndarray]]


def _variant(selector: Selector, guarded: bool = True) -> Contender:
    """A selector of the package; without the noise guard where it is what a user without corebound would do."""

    def choose(run: Run, sizes: dict[float, int], seed: int) -> dict[float, np.ndarray]:
        if guarded:
            config = replace(run.config, selector=selector)
            order = arrange(config, run.stages, run.space, run.scores, run.demand)
        else:
            demand = run.demand.plain()
            one = Categories(np.zeros(len(run.space), np.int32), np.array(["all"]))
            sequence = selector.rank(run.space, run.scores, demand, Serial(), seed)
            order = apportion(sequence, run.space.bins, one, demand)
        return {budget: order.rows[:size] for budget, size in sizes.items()}

    return choose


def _adaptive_resampling(run: Run, sizes: dict[float, int], seed: int) -> dict[float, np.ndarray]:
    """The paper's package, border rows of every cluster; its percentile is what the budget leaves out."""
    from adaptive_resampling import classify_border_and_core_points

    vectors = np.asarray(run.space.embeddings.vectors, np.float64)
    place: dict[bytes, list[int]] = {}
    for row, vector in enumerate(vectors):
        place.setdefault(vector.tobytes(), []).append(row)
    kept = {}
    for budget, size in sizes.items():
        parts = classify_border_and_core_points(
            vectors, run.space.bins.cluster, close=100, percentile=100 * (1 - size / len(vectors))
        )
        border = np.concatenate([points for points, _ in parts.values()])
        rows = np.unique(np.concatenate([place[point.tobytes()] for point in border]))
        kept[budget] = _fill(rows, size, len(vectors), seed)
    return kept


def _semhash(run: Run, sizes: dict[float, int], seed: int) -> dict[float, np.ndarray]:
    """SemHash's representatives, with every row a candidate (its own limit of 1,000 would cap the budget)."""
    from semhash import SemHash

    n = len(run.space)
    vectors = np.asarray(run.space.embeddings.vectors)
    names = [str(row) for row in range(n)]
    index = SemHash.from_embeddings(vectors, names, model=None)
    found = index.self_find_representative(selection_size=max(sizes.values()), candidate_limit=n)
    rows = np.array([int(name) for name in found.selected])
    return {budget: _fill(rows[:size], size, n, seed) for budget, size in sizes.items()}


def _facility_location(run: Run, sizes: dict[float, int], seed: int) -> dict[float, np.ndarray]:
    """submodlib's facility location over the whole pool."""
    if len(run.space) > LARGEST:
        return {}
    from submodlib import FacilityLocationFunction

    vectors = np.asarray(run.space.embeddings.vectors)
    function = FacilityLocationFunction(n=len(vectors), mode="dense", data=vectors, metric="cosine")
    greedy = function.maximize(
        budget=max(sizes.values()),
        optimizer="LazyGreedy",
        stopIfZeroGain=False,
        stopIfNegativeGain=False,
        show_progress=False,
    )
    rows = np.array([row for row, _ in greedy])
    return {budget: rows[:size] for budget, size in sizes.items()}


def _edited_neighbours(run: Run, sizes: dict[float, int], seed: int) -> dict[float, np.ndarray]:
    """imbalanced-learn's ENN with clusters as classes: a random subset of what it leaves, then of the rest."""
    from imblearn.under_sampling import EditedNearestNeighbours

    vectors, cluster = np.asarray(run.space.embeddings.vectors), run.space.bins.cluster
    cleaner = EditedNearestNeighbours(sampling_strategy="all")
    cleaner.fit_resample(vectors, cluster)
    rows = np.random.default_rng(seed).permutation(cleaner.sample_indices_)
    return {budget: _fill(rows[:size], size, len(vectors), seed) for budget, size in sizes.items()}


def _near_miss(run: Run, sizes: dict[float, int], seed: int) -> dict[float, np.ndarray]:
    """imbalanced-learn's NearMiss-1 with clusters as classes, each cut to its share of the budget."""
    from imblearn.under_sampling import NearMiss

    vectors, cluster = np.asarray(run.space.embeddings.vectors), run.space.bins.cluster
    kept = {}
    for budget, size in sizes.items():
        wanted = {int(c): max(1, int(many * size / len(vectors))) for c, many in enumerate(run.space.bins.sizes)}
        sampler = NearMiss(sampling_strategy=wanted, n_neighbors=1)
        sampler.fit_resample(vectors, cluster)
        kept[budget] = _fill(sampler.sample_indices_, size, len(vectors), seed)
    return kept


def _fill(rows: np.ndarray, size: int, n: int, seed: int) -> np.ndarray:
    """Exactly ``size`` rows: the first of those given, then random others."""
    others = np.setdiff1d(np.random.default_rng(seed).permutation(n), rows, assume_unique=True)
    return np.concatenate([rows, np.random.default_rng(seed).permutation(others)])[:size]


CONTENDERS: dict[str, Contender] = {
    OURS: _variant(Herding()),
    RANDOM: _variant(Random(), guarded=False),
    STRATIFIED: _variant(Stratified(), guarded=False),
    "longest": _variant(Longest(), guarded=False),
    "coverage": _variant(Coverage()),
    "coverage, beta 0": _variant(Coverage(beta=0)),
    "herding, all candidates": _variant(Herding(candidates=None)),
    "herding, boundary from the start": _variant(Herding(typical=0)),
    "herding, temper 1": _variant(Herding(temper=1)),
    "herding, bandwidth 1": _variant(Herding(bandwidth=1)),
    "k-center": _variant(KCenter()),
    "border": _variant(Border()),
    "adaptive-resampling": _adaptive_resampling,
    "semhash": _semhash,
    "submodlib": _facility_location,
    "imblearn ENN": _edited_neighbours,
    "imblearn NearMiss": _near_miss,
}
PEERS = {
    "adaptive-resampling": "adaptive_resampling",
    "semhash": "semhash",
    "submodlib": "submodlib",
    "imblearn ENN": "imblearn",
    "imblearn NearMiss": "imblearn",
}
UNCLUSTERED = (RANDOM, "longest", "semhash", "submodlib")


def choose(names: dict[str, list[float]], run: Run, seed: int) -> Iterator[tuple[str, Choice]]:
    """What each contender keeps at its budgets, with seconds and peak memory; clusters and scores are charged, too."""
    clusters = sum(stage.seconds for stage in run.stages.done if stage.name == "bin")
    scores = sum(s.seconds for s in run.stages.done if s.name == "neighbours" or s.name.startswith("score-"))
    before = max(s.peak_mib for s in run.stages.done if s.name in ("bin", "neighbours") or s.name.startswith("score-"))
    ordering = next(stage for stage in run.stages.done if stage.name == "order")
    for name, budgets in names.items():
        sizes = {budget: round(budget * len(run.space)) for budget in budgets}
        forget_peak()
        started = time.perf_counter()
        rows = CONTENDERS[name](run, sizes, seed)
        seconds, peak = time.perf_counter() - started, peak_mib()
        if name == OURS:  # ordered when the space was made; now it was reused
            seconds, peak = ordering.seconds, ordering.peak_mib
        if name not in UNCLUSTERED:
            seconds += clusters
        if name not in (*UNCLUSTERED, *PEERS, STRATIFIED):
            seconds, peak = seconds + scores, max(peak, before)
        yield name, Choice(rows, seconds, peak)
