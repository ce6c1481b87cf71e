"""The library's one function."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pipeline.augmenters import Augmenter
from pipeline.bins import Categorizer, Clusterer
from pipeline.bins.categorizers import ColumnCategory, OneCategory
from pipeline.bins.clusterers import SphericalKMeans
from pipeline.bins.neighbours import NeighbourSearch
from pipeline.budget import Budget
from pipeline.config import Config, TextPart, default_scorers
from pipeline.embedders import Embedder
from pipeline.embedders.lsa import Lsa
from pipeline.errors import ConfigError, DataError
from pipeline.executors import Executor, Serial
from pipeline.filter import Filter
from pipeline.scorers import Scorer
from pipeline.scorers.region import Regions
from pipeline.selectors import Selector
from pipeline.selectors.herding import Herding
from pipeline.sources import OnBadRow
from pipeline.sources.memory import Memory

if TYPE_CHECKING:
    from datasets import Dataset


def select(
    dataset: Dataset,
    *,
    fraction: float | None = None,
    rows: int | None = None,
    tokens: int | None = None,
    budget: Budget | None = None,
    category: str | None = None,
    columns: dict[str, str] | None = None,
    shape: str | None = None,
    on_bad_row: str = "error",
    text: str = "conversation",
    filter: Filter | None = None,
    tokenizer: str | None = None,
    embedder: Embedder | None = None,
    categorizer: Categorizer | None = None,
    clusterer: Clusterer | None = None,
    neighbours: NeighbourSearch | None = None,
    scorers: dict[str, Scorer] | None = None,
    regions: Regions | None = None,
    selector: Selector | None = None,
    augmenter: Augmenter | None = None,
    similarity: float | None = None,
    executor: Executor | None = None,
    seed: int = 0,
    cache_dir: str | None = None,
    ledger: bool = False,
) -> Dataset | tuple[Dataset, Dataset]:
    """Shrink a dataset to a budget.

    Parameters
    ----------
    dataset : datasets.Dataset
        Rows of any shape that the command reads.
    fraction, rows, tokens : optional
        Exactly one, unless ``budget`` is given.
    budget : Budget, optional
        With shares, floors, ceilings and always-keep rows.
    category : str, optional
        A label column to use as category; short for ``categorizer=ColumnCategory(column=...)``.
    columns : dict of str to str, optional
        The shape's columns under the names that they have here, as in ``{"instruction": "Question"}``.
    shape : str, optional
        Where detection should not choose.
    on_bad_row : str
        ``error`` or ``skip``.
    text : str
        What of a row is embedded: ``conversation``, ``instruction`` or ``response``.
    filter : Filter, optional
        Length limits.
    tokenizer : str, optional
        A ``tokenizer.json``, a folder that has one, or a Hub id, for token budgets and length limits.
    embedder, categorizer, clusterer, neighbours, scorers, regions, selector, augmenter, executor : components, optional
        As in the configuration groups of the command; its defaults where left out.
    similarity : float, optional
        Cosine from which a kept row represents another; by default the corpus's own.
    seed : int
    cache_dir : str, optional
        Where finished stages are kept; by default ``$COREBOUND_CACHE`` or ``~/.cache/corebound``.
    ledger : bool
        Whether to return the ledger too.

    Returns
    -------
    datasets.Dataset
        The kept rows, unchanged, in their order in ``dataset``; with ``ledger``, also one record an input row.

    Raises
    ------
    PipelineError
        If the rows or a setting make the selection impossible.

    Examples
    --------
    >>> from datasets import Dataset
    >>> from pipeline import select
    >>> rows = [{"instruction": f"Add {i} and {i + 1}.", "input": "", "output": f"{2 * i + 1}"} for i in range(20)]
    >>> len(select(Dataset.from_list(rows), fraction=0.2))
    4
    """
    from datasets import Dataset, concatenate_datasets

    from pipeline.ledger import records
    from pipeline.run import curate

    if not isinstance(dataset, Dataset):
        raise DataError(
            f"select got a {type(dataset).__name__}; expected a datasets.Dataset; take one split of a DatasetDict, or "
            "make one with Dataset.from_list."
        )
    sizes = {"fraction": fraction, "rows": rows, "tokens": tokens}
    given = {name: value for name, value in sizes.items() if value is not None}
    for setting, value, options in (("on_bad_row", on_bad_row, OnBadRow), ("text", text, TextPart)):
        if value not in list(options):
            raise ConfigError(f"{setting} is {value!r}; expected {' or '.join(options)}; mend it.")
    config = Config(
        source=Memory(dataset=dataset, shape=shape, columns=columns or {}, on_bad_row=OnBadRow(on_bad_row)),
        text=TextPart(text),
        filter=filter or Filter(),
        tokenizer=tokenizer,
        embedder=embedder or Lsa(),
        categorizer=categorizer or (ColumnCategory(column=category) if category else OneCategory()),
        clusterer=clusterer or SphericalKMeans(),
        neighbours=neighbours or NeighbourSearch(),
        scorers=default_scorers() if scorers is None else scorers,
        regions=regions or Regions(),
        selector=selector or Herding(),
        budget=Budget(**given) if budget is None else budget,
        augmenter=augmenter or Augmenter(),
        similarity=similarity,
        executor=executor or Serial(),
        seed=seed,
        cache_dir=cache_dir or os.environ.get("COREBOUND_CACHE", "~/.cache/corebound"),
    )
    run = curate(config)
    inputs = run.space.corpus.inputs
    kept = run.selection.kept[inputs.distinct] & inputs.stands
    kept[run.selection.copies] = True
    selected = dataset.select(inputs.index[kept])
    if not ledger:
        return selected
    batches = records(run.space, run.scores, run.order, run.selection, run.topup)
    return selected, concatenate_datasets([Dataset(batch) for batch in batches])
