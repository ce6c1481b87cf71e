"""Endpoint: what real rows cannot fill, a chat model writes; only rows that help are kept."""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays import Additions
from pipeline.augmenters import asking, size
from pipeline.augmenters.acceptance import Gate
from pipeline.augmenters.plans import Plan, columns_of, plan, rows_shown
from pipeline.augmenters.reweight import Reweight
from pipeline.augmenters.seeds import FEWEST, divided, rotating
from pipeline.augmenters.writing import Writer
from pipeline.bins.categorizers import ColumnCategory
from pipeline.component import runtime
from pipeline.endpoint.chat import Chat
from pipeline.endpoint.client import connect
from pipeline.endpoint.store import Store, default_requests
from pipeline.errors import ConfigError, EndpointError
from pipeline.sinks import Sink
from pipeline.sinks.configurations import COLUMNS

if TYPE_CHECKING:
    from pipeline.arrays import Corpus, Scores, Selection, Space, TopUp
    from pipeline.config import Config

log = logging.getLogger("corebound")
UNUSED = "more than is needed"


@dataclass(kw_only=True)
class Endpoint(Reweight):
    """Rows of thin bins from an OpenAI-compatible server (arXiv 2406.03628; METHOD, section 7).

    Dropped rows come back first, as with ``reweight``. Then a model is shown rows of a bin and asked for new ones,
    which are checked one by one, and as many are kept as lower the balanced loss of real rows that it was not shown.
    What is still lacking is made up by weight.

    Parameters
    ----------
    chat : Chat
        The model, its server, and caps on what a run may spend.
    count : int
        Rows that a request asks for.
    shown : int
        Rows of the bin that it shows, half boundary, half core.
    slack : float
        Rows that may be asked for, in units of those that are lacking, rounded up to whole requests.
    likeness : float
        Cosine to a kept or accepted row from which a row is no new one.
    overlap : float
        Share of its word 4-grams that a shown row has from which a row copies it.
    least : float
        Share of rows to be accepted below which no more are asked for in a bin.
    largest : float
        Of the rows that a bin lacks, how many it may get: up to 1.5, which is beyond balance.
    prompt : str, optional
        A YAML file in the place of ``pipeline/augmenters/prompt.yaml``.
    requests : str, optional
        The SQLite file of answers; by default in the folder of kept results.
    by, power, shares, give_back, most, plan_only
        As for ``reweight``.
    """

    chat: Chat = field(default_factory=lambda: Chat(temperature=0.7, answer_tokens=4096))
    count: int = 20
    shown: int = 20
    slack: float = 2.0
    likeness: float = 0.95
    overlap: float = 0.5
    least: float = 0.1
    largest: float = 1.0
    prompt: str | None = None
    requests: str | None = runtime(None)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.chat.require("augmenter.chat")
        for name in ("count", "shown"):
            if getattr(self, name) < 1:
                raise ConfigError(f"augmenter.{name} is {getattr(self, name)}; expected 1 or more; mend it.")
        for name, most in (("likeness", 1), ("overlap", 1), ("least", 1), ("largest", size.FACTORS[-1])):
            if not 0 < getattr(self, name) <= most:
                raise ConfigError(
                    f"augmenter.{name} is {getattr(self, name)}; expected above 0 and at most {most}; mend it."
                )
        if not self.slack >= 1:
            raise ConfigError(f"augmenter.slack is {self.slack}; expected 1 or more; mend it.")

    def require(self, config: Config, corpus: Corpus) -> None:
        super().require(config, corpus)
        asking.read(self.prompt)
        if self.plan_only:
            return
        connect(self.chat)
        if not config.embedder.places_more:
            raise ConfigError(
                "augmenter=endpoint needs vectors of new rows, and the embedder has none; choose another embedder."
            )
        if not isinstance(config.sink, Sink):
            raise ConfigError(
                "select returns real rows alone, so Endpoint has no use there; expected Reweight; or take the command."
            )
        if getattr(config.sink, "format", "rows") != "rows":
            raise ConfigError(
                "sink.format=messages changes real rows, and written rows have the columns of their source; leave one "
                "of sink.format and augmenter=endpoint out."
            )
        for name, table in zip(corpus.names, corpus.tables, strict=True):
            taken = [column for column in COLUMNS if column in table.column_names]
            if taken:
                raise ConfigError(
                    f"{name} has a column '{taken[0]}', which written rows get; expected none of that name; rename or "
                    "remove it."
                )

    def write(
        self, config: Config, space: Space, scores: Scores, selection: Selection, topup: TopUp
    ) -> tuple[TopUp, Additions | None]:
        plans = plan(topup, space, scores, selection, self.largest, self.slack, self.count, config.seed)
        prompt = asking.read(self.prompt)
        self._foretell(plans, prompt, space)
        if not plans or self.plan_only:
            return topup, None
        kept = np.flatnonzero(selection.kept)
        held = self._held_out(plans, config.seed, selection, topup)
        gate = Gate(
            {bytes(one) for one in space.corpus.ids}, np.asarray(space.embeddings.vectors[kept]), topup.bin[kept],
            ~np.isin(kept, held), space.corpus.bytes[kept], self.likeness, self.overlap,
        )  # fmt: skip
        meter = self.chat.meter()
        try:
            with closing(Store(Path(self.requests).expanduser() if self.requests else default_requests())) as store:
                writer = Writer(
                    self.chat, prompt, self.count, self.shown, self.least, gate, config, space, store,
                    meter, self._label(config),
                )  # fmt: skip
                writer.write(plans)
        finally:
            log.info("augmenter: %s asked: %s", self.chat.model, meter)
        for reason, count in writer.failed.items():
            log.warning("augmenter: %s requests have no answer: %s.", f"{count:,}", reason)
        if writer.failed and not writer.candidates:
            raise EndpointError(
                f"{self.chat.model} answered none of {writer.failed.total()} requests ({next(iter(writer.failed))}); "
                "expected an OpenAI-compatible server and caps that allow a request; see that it runs, and run again."
            )
        additions = Additions(self.chat.model, writer.candidates, spent=str(meter))
        return self._sized(additions, writer.vectors, held, config, space, selection, topup)

    def _foretell(self, plans: list[Plan], prompt: asking.Prompt, space: Space) -> None:
        """Say what is asked for, from which rows, and what that may take."""
        requests = tokens = 0
        for one in plans:
            shown = next(rotating(one.shown, one.boundary, self.shown))
            rows = rows_shown(space.corpus, shown, columns_of(space.corpus, one.source, one.file))
            asked = prompt.messages(one.name, self.count, 1, rows)
            requests += one.requests
            tokens += one.requests * sum(len(message["content"].encode()) for message in asked) // 4
            log.info("augmenter: %s wants %s rows, in at most %s requests that show %d of %d rows (%d boundary) of %s",
                     one.name, f"{one.wanted:,}", f"{one.requests:,}", len(shown), len(one.shown), one.boundary.sum(),
                     space.corpus.names[one.source])  # fmt: skip
        if plans:
            most = requests * self.chat.answer_tokens
            cost = self.chat.meter().price(tokens, most)
            log.info("augmenter: %s is asked at most %s times, with about %s tokens and at most %s in answers%s",
                     self.chat.model, f"{requests:,}", f"{tokens:,}", f"{most:,}",
                     f", cost {cost:,.2f}" if cost else "")  # fmt: skip

    def _sized(
        self, additions: Additions, vectors: dict[int, np.ndarray], held: np.ndarray, config: Config, space: Space,
        selection: Selection, topup: TopUp,
    ) -> tuple[TopUp, Additions]:  # fmt: skip
        """As many of the accepted rows as help; of the others it is said that they do not."""
        if not vectors:
            return topup, additions
        candidates, count, place = list(additions.candidates), Counter(), []
        bin = np.array([candidates[at].bin for at in vectors])
        for one in bin.tolist():
            place.append(count[one])
            count[one] += 1
        real = np.setdiff1d(np.flatnonzero(selection.kept), held)
        of = space.embeddings.vectors
        label, lacking = topup.bin[held], topup.short[bin]
        losses = size.losses(
            (of[real], topup.bin[real]), (np.stack(list(vectors.values())), bin), (of[held], label), np.array(place),
            lacking, self.largest,
        )  # fmt: skip
        factor = size.best(losses, label)
        weight = size.weights(np.array(place), lacking, factor)
        for at, own in zip(vectors, weight.tolist(), strict=True):
            candidates[at] = replace(candidates[at], weight=own, **({} if own else {"reason": UNUSED}))
        if not factor:
            log.warning("augmenter: real rows are not told better with the written ones; none of these is kept.")
        balanced = {each: size.balanced(loss, label) for each, loss in losses.items()}
        additions = replace(additions, candidates=candidates, factor=factor, losses=balanced)
        if getattr(config.sink, "synthetic", None) == "none":
            return topup, additions  # nobody gets them, so real rows weigh what they did
        bins = len(topup.name)
        written, weighs = np.bincount(bin[weight > 0], minlength=bins), np.bincount(bin, weight, minlength=bins)
        return topup.with_written(written, weighs, self.most), additions

    def _label(self, config: Config) -> str | None:
        """The column that says the bin of a row, where one does."""
        by = config.budget.by if self.shares or config.budget.shares else self.by
        if by == "category":
            return config.categorizer.column if isinstance(config.categorizer, ColumnCategory) else None
        return None if by in ("cluster", "source") else by

    def _held_out(self, plans: list[Plan], seed: int, selection: Selection, topup: TopUp) -> np.ndarray:
        """Rows that no model was shown, of all bins that have enough: int64[m]."""
        found = [one.held_out for one in plans]
        for bin in sorted(set(range(len(topup.name))) - {one.bin for one in plans}):
            rows = np.flatnonzero(selection.kept & (topup.bin == bin))
            if len(rows) >= FEWEST:
                found.append(divided(rows, seed, bin)[1])
        return np.concatenate(found)
