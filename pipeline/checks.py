"""What the rows make impossible, refused before anything is computed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays import BAD
from pipeline.bins.categorizers import grouped
from pipeline.errors import ConfigError
from pipeline.selectors.apportion import require_groups
from pipeline.sinks import Sink
from pipeline.sources.rows import place

if TYPE_CHECKING:
    from pipeline.arrays import Corpus
    from pipeline.config import Config

log = logging.getLogger("corebound")
SHOWN = 20  # files


def check(config: Config, corpus: Corpus) -> None:
    """Say what was detected; check columns, budget and quotas against the corpus; warn of bad rows and empty answers.

    Raises
    ------
    ConfigError
        If a column or a group that a setting names is not there, or the budget is beyond the corpus.
    """
    for one in corpus.detected[:SHOWN]:
        log.info("%s: %s (%s)", corpus.files[one["source"]][one["file"]], one["shape"], one["evidence"])
    if len(corpus.detected) > SHOWN:
        log.info("... and %d files more, see run.json", len(corpus.detected) - SHOWN)
    empty = np.flatnonzero(corpus.empty)
    if len(empty):
        where = ", ".join(corpus.place(row) for row in empty[:3])
        log.warning("%d distinct rows have an empty answer (%s%s); they are ordered last.", len(empty), where,
                    ", ..." if len(empty) > 3 else "")  # fmt: skip
    aside = corpus.aside
    bad = np.flatnonzero(aside.reason == BAD)
    if len(bad):
        first = bad[0]
        file = corpus.files[aside.source[first]][aside.file[first]]
        where = place(file, int(aside.line[first]), int(corpus.row_of_file(aside)[first]))
        log.warning("%d bad rows were skipped (%s: %s%s); the ledger lists them.", len(bad), where,
                    aside.whys[aside.why[first]], "; ..." if len(bad) > 1 else "")  # fmt: skip
    if config.text == "response" and all(one["shape"] == "text" for one in corpus.detected):
        raise ConfigError("text=response, but the rows are texts that nobody answers; leave it out.")
    if isinstance(config.sink, Sink):  # the library has none
        config.sink.accept(corpus, config.source.passes())
    config.categorizer.require()
    config.augmenter.require(config, corpus)
    for scorer in config.scorers.values():
        scorer.require()
        scorer.foretell(corpus)
    halves = {config.preference.quality, config.preference.difficulty}
    if len(halves & set(config.scorers)) == 1:
        log.warning("scorers has %s and no %s, so that no row has a preference.", *halves & set(config.scorers),
                    *halves - set(config.scorers))  # fmt: skip
    config.selector.require({*config.scorers, *config.preference.columns(config.scorers)})
    scored = [column for scorer in config.scorers.values() for column in scorer.columns()]
    corpus.require_columns([*config.categorizer.columns(), *scored, *config.budget.columns()])
    config.budget.require_fits(len(corpus), len(corpus.inputs))
    config.budget.first(corpus)
    if any(config.budget.quotas.values()):
        by = config.budget.by
        names = config.categorizer.names(corpus) if by == "category" else grouped(corpus, by).name.tolist()
        require_groups(names, config.budget.quotas)
        unnamed = len(set(names) - set(config.budget.shares)) if config.budget.shares else 0
        if unnamed:
            log.warning("budget.shares leave out %d of %d groups: these come only when the named are exhausted.",
                        unnamed, len(names))  # fmt: skip
