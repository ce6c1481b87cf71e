"""What the rows make impossible, refused before anything is computed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from pipeline.bins.categorizers import grouped
from pipeline.selectors.apportion import require_groups

if TYPE_CHECKING:
    from pipeline.arrays import Corpus
    from pipeline.config import Config

log = logging.getLogger("corebound")


def check(config: Config, corpus: Corpus) -> None:
    """Check columns, budget and quotas against the corpus; warn of empty answers.

    Raises
    ------
    ConfigError
        If a column or a group that a setting names is not there, or the budget is beyond the corpus.
    """
    empty = np.flatnonzero(corpus.empty[corpus.inputs.distinct])
    if len(empty):
        where = ", ".join(f"{corpus.names[corpus.inputs.source[i]]} row {i + 1:,}" for i in empty[:3])
        log.warning("%d rows have an empty answer (%s%s); they are ordered last.", len(empty), where,
                    ", ..." if len(empty) > 3 else "")  # fmt: skip
    corpus.require_columns([*config.categorizer.columns(), *config.budget.columns()])
    config.budget.require_fits(len(corpus), len(corpus.inputs))
    if any(config.budget.quotas.values()):
        by = config.budget.by
        names = config.categorizer.names(corpus) if by == "category" else grouped(corpus, by).name.tolist()
        require_groups(names, config.budget.quotas)
        unnamed = len(set(names) - set(config.budget.shares)) if config.budget.shares else 0
        if unnamed:
            log.warning("budget.shares leave out %d of %d groups: these come only when the named are exhausted.",
                        unnamed, len(names))  # fmt: skip
