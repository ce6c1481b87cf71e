"""The method, from top to bottom: order the corpus once, cut it anywhere."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from pipeline import scorers, shortfalls, tokens
from pipeline.arrays import (
    Additions,
    Bins,
    Categories,
    Corpus,
    Demand,
    Embeddings,
    Neighbours,
    Order,
    Scores,
    Selection,
    Sequence,
    Space,
    TopUp,
)  # fmt: skip
from pipeline.bins.categorizers import grouped
from pipeline.cache import Cache
from pipeline.checks import check
from pipeline.config import Config
from pipeline.cut import cut
from pipeline.executors import one_thread
from pipeline.provenance import Stages
from pipeline.report import coverage
from pipeline.scorers.preference import NAME as PREFERENCE
from pipeline.selectors.apportion import apportion
from pipeline.selectors.baselines import Random, Stratified
from pipeline.sources import identity

log = logging.getLogger("corebound")


@dataclass(frozen=True)
class Run:
    """Everything that a run computed, for the sink, the report and the library.

    Attributes
    ----------
    topup, additions : TopUp, Additions, optional
        What thin bins got, and what was written for them, where that was asked for.
    similarity : float
        Cosine from which a kept row represents another.
    suggested : dict of float to (int, int)
        For each level of coverage, the rows of the order that reach it, and their cost.
    measured : dict of str to Measure
        The selection, and random and stratified subsets of the same cost.
    """

    config: Config
    space: Space
    scores: Scores
    demand: Demand
    order: Order
    selection: Selection
    topup: TopUp | None
    additions: Additions | None
    similarity: float
    suggested: dict[float, tuple[int, int]]
    measured: dict[str, coverage.Measure]
    stages: Stages


def curate(config: Config) -> Run:
    """Compute a selection, everything but publishing it.

    Raises
    ------
    PipelineError
        If the input or a setting makes the run impossible.
    """
    return order_and_cut(*prepare(config))


@one_thread()
def prepare(config: Config) -> tuple[Config, Corpus, Stages]:
    """Read the rows and refuse what they make impossible."""
    stages = Stages(Cache(Path(config.cache_dir).expanduser().absolute()))
    # Distinct rows, sorted by a hash of their content: from here on the order of the input is forgotten.
    corpus = config.filter.limit(read(config, stages), stages)
    config = replace(config, budget=config.budget.with_sources(config.source, corpus))
    check(config, corpus)
    return config, corpus, stages


@one_thread()
def order_and_cut(config: Config, corpus: Corpus, stages: Stages) -> Run:
    """Compute the selection of a corpus that is prepared."""
    embeddings = embed(config, stages, corpus)

    # Task categories, clusters inside them, and who is near whom.
    bins = divide(config, stages, corpus, embeddings)
    neighbours = find_neighbours(config, stages, embeddings, bins)
    space = Space(corpus, embeddings, bins, neighbours)

    # Density inside a cluster, margin to the decision surfaces between clusters. The rows of a cluster nearest to a
    # surface are its boundary, the rest its core; rows that no one is near are outliers.
    scores = score(config, stages, space)

    # One order of all rows, in the unit of the budget. In its cluster each next row lies where the earlier ones are too
    # few for the cluster's density, boundary rows more often (selector=herding); clusters take turns by size, groups by
    # share (Webster's method). Rows that may be garbage wait, outliers and empty answers come last.
    demand = Demand(
        cost=config.budget.cost(corpus),
        unit=config.budget.unit,
        first=config.budget.first(corpus),
        last=scores.aside | corpus.empty,
        wait=config.regions.wait(scores.columns, bins),
    )
    order = arrange(config, stages, space, scores, demand)

    # The budget is a prefix of it; bins that are left too thin can have more. A kept row stands for every dropped one.
    similarity = config.similarity
    if similarity is None:
        similarity = coverage.typical_similarity(neighbours, demand.last)
    with stages.timed("cut"):
        rows = config.budget.prefix(order, len(corpus.inputs))
        topup = config.augmenter.fill(space, demand, order, rows, config.budget)
        selection = cut(order, rows, space, scores, demand, similarity, config.executor, topup)
    shortfalls.report(order, selection, config.budget.shares)

    # What it is worth: what other budgets would cover, and how random subsets of the same cost do.
    suggested = suggest(config, stages, space, demand, order, similarity)
    measured = measure(config, stages, space, scores, demand, selection, similarity)
    # What real rows cannot fill, a language model may write.
    topped = config.augmenter.write(config, stages, space, scores, selection, topup)
    return Run(config, space, scores, demand, order, selection, *topped, similarity, suggested, measured, stages)


def read(config: Config, stages: Stages) -> Corpus:
    """Rows of all sources in, identical conversations collapsed, sorted by id, their tokens counted."""
    source = config.source
    load, make = partial(identity.load, source), partial(identity.read, source)
    corpus = stages.cached("read", load, identity.key(source), make)
    return replace(corpus, tokens=tokens.count(corpus, config.tokenizer, stages))


def embed(config: Config, stages: Stages, corpus: Corpus) -> Embeddings:
    """A unit vector for every distinct row, on disk; a killed run goes on where it stopped."""
    return stages.cached(
        "embed",
        Embeddings.load,
        [config.embedder.identity(), config.embedder.content(corpus, config.text), config.seed],
        lambda folder: config.embedder.embed(corpus, config.text, folder, config.executor, config.seed),
        resumable=True,
    )


def divide(config: Config, stages: Stages, corpus: Corpus, embeddings: Embeddings) -> Bins:
    """Task categories, then clusters inside each."""
    categories = config.categorizer.categories(corpus, config.executor, stages)
    if len(categories.name) > max(10, len(corpus) / 5):
        log.warning("%d categories for %d rows: is this a label column?", len(categories.name), len(corpus))
    labels = [categories.code, categories.name.tolist()]
    return stages.cached(
        "bin",
        Bins.load,
        [config.clusterer.identity(), stages.key("embed"), labels, config.seed],
        lambda folder: config.clusterer.assign(embeddings, categories, config.executor, config.seed).save(folder),
    )


def find_neighbours(config: Config, stages: Stages, embeddings: Embeddings, bins: Bins) -> Neighbours:
    """The nearest rows of every row, in its own and nearby clusters."""
    return stages.cached(
        "neighbours",
        Neighbours.load,
        [config.neighbours.identity(), stages.key("bin")],
        lambda folder: config.neighbours.search(embeddings, bins, config.executor).save(folder),
    )


def score(config: Config, stages: Stages, space: Space) -> Scores:
    """One column a scorer, and one each of its parts, kept by itself; preference, and regions, from several of them."""
    columns, nulls = {}, {}
    for name, scorer in config.scorers.items():
        upstream = space.corpus.content if scorer.of_texts else stages.key("neighbours")
        inputs = [scorer.identity(), scorer.content(space.corpus), upstream]
        make = partial(scorer.fill, space, config.executor)
        found = stages.cached(f"score-{name}", scorers.load, inputs, make, scorer.resumable)
        for part, verdicts in found.items():
            column = f"{name}_{part}" if part else name
            columns[column], nulls[column] = verdicts
        if np.isnan(columns[name]).all():
            log.warning("%s: no row has a number (%s)", name, ", ".join(nulls[name]) or "for no reason")
    preferred = config.preference.combine(columns)
    if preferred is not None:
        columns[PREFERENCE], nulls[PREFERENCE] = preferred
    if np.isnan(columns.get("margin", np.nan)).all():
        log.warning("no row has a margin (no scorer 'margin', or one cluster): no row is boundary, all weigh alike.")
    return Scores(columns, nulls, *config.regions.divide(space, columns))


def arrange(config: Config, stages: Stages, space: Space, scores: Scores, demand: Demand) -> Order:
    """Who comes before whom in each cluster, and how clusters and groups take turns."""
    selector = config.selector
    sequence = stages.cached(
        "order",
        Sequence.load,
        [
            selector.identity(), config.seed, stages.key("neighbours"), space.corpus.content,
            [demand.cost, demand.first, demand.last, demand.wait], scores.nearness, scores.region,
            {name: stages.key(f"score-{name}") for name in config.scorers}, config.preference.identity(),
        ],
        lambda folder: selector.rank(space, scores, demand, config.executor, config.seed).save(folder),
    )  # fmt: skip
    bins, by = space.bins, config.budget.by
    groups = Categories(bins.category, bins.category_name) if by == "category" else grouped(space.corpus, by)
    return apportion(sequence, bins, groups, demand, **config.budget.quotas_of(groups.name.tolist()))


def suggest(
    config: Config, stages: Stages, space: Space, demand: Demand, order: Order, similarity: float
) -> dict[float, tuple[int, int]]:
    """What each level of coverage would cost."""
    vectors, sample = space.embeddings.vectors, coverage.sample_of(demand.last)
    curve = stages.cached(
        "coverage",
        coverage.Curve.load,
        [stages.key("embed"), order.rows, sample, similarity],
        lambda folder: coverage.trace_curve(order, vectors, sample, similarity, config.executor).save(folder),
    )
    return {level: curve.cost(level, order) for level in coverage.LEVELS}


def measure(
    config: Config, stages: Stages, space: Space, scores: Scores, demand: Demand, selection: Selection,
    similarity: float,
) -> dict[str, coverage.Measure]:  # fmt: skip
    """The selection beside subsets of the same cost: random, and random per cluster."""
    with stages.timed("compare"):
        plain = demand.plain()
        one = Categories(np.zeros(len(space), np.int32), np.array(["all"]))
        subsets = {"selected": selection.kept}
        for name, selector in (("random", Random()), ("stratified", Stratified())):
            sequence = selector.rank(space, scores, plain, config.executor, config.seed)
            subsets[name] = coverage.prefix_of(apportion(sequence, space.bins, one, plain), selection)
        return coverage.compare(subsets, space, scores, demand, similarity)
