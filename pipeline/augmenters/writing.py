"""Asking a model for rows, round after round, and taking those that pass."""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays.additions import ACCEPTED, Candidate
from pipeline.augmenters import asking, reading
from pipeline.augmenters.acceptance import BROKEN, Gate, Seeds
from pipeline.augmenters.plans import Plan, columns_of, rows_shown
from pipeline.augmenters.seeds import rotating
from pipeline.endpoint.client import Failure
from pipeline.progress import track

if TYPE_CHECKING:
    from pipeline.arrays import Space
    from pipeline.config import Config
    from pipeline.endpoint.chat import Chat
    from pipeline.endpoint.meter import Meter
    from pipeline.endpoint.store import Store

log = logging.getLogger("corebound")
CHANCE = "few of its bin pass"


@dataclass
class Writer:
    """Asks for rows of bins until each has what it wants, or its plan is used up, or too few of its rows pass.

    Attributes
    ----------
    candidates : list of Candidate
        All rows that were written, in the order of bins and requests.
    vectors : dict of int to float32[d]
        Of those that are accepted, by their position.
    failed : Counter
        Requests without an answer, by reason.
    """

    chat: Chat
    prompt: asking.Prompt
    count: int
    shown: int
    least: float
    gate: Gate
    config: Config
    space: Space
    store: Store
    meter: Meter
    candidates: list[Candidate] = field(default_factory=list)
    vectors: dict[int, np.ndarray] = field(default_factory=dict)
    failed: Counter = field(default_factory=Counter)
    capped: bool = False

    def write(self, plans: list[Plan]) -> None:
        turns = {plan.bin: rotating(plan.shown, plan.boundary, self.shown) for plan in plans}
        asked, got = Counter(), Counter()
        while plans and not self.capped:
            # A round is asked for at once and judged in order, so that the server's pace decides nothing.
            batch = [
                (plan, next(turns[plan.bin]), asked[plan.bin] + more)
                for plan in plans
                for more in range(min(-(-(plan.wanted - got[plan.bin]) // self.count), plan.requests - asked[plan.bin]))
            ]
            seen, taken = Counter(), Counter()
            for (plan, seeds, _), (said, key) in zip(batch, self._round(batch), strict=True):
                asked[plan.bin] += 1
                for candidate, vector in self._judged(said, key, plan, seeds) if said is not None else ():
                    if candidate.reason == ACCEPTED:
                        self.vectors[len(self.candidates)] = vector
                        taken[plan.bin] += 1
                    seen[plan.bin] += 1
                    self.candidates.append(candidate)
            got += taken
            plans = [
                plan
                for plan in plans
                if got[plan.bin] < plan.wanted
                and asked[plan.bin] < plan.requests
                and self._worthwhile(plan, seen[plan.bin], taken[plan.bin])
            ]

        self._forget_doubtful()

    def _forget_doubtful(self) -> None:
        """Where hardly a row of a bin passes, those that do are there by chance."""
        seen = Counter(one.bin for one in self.candidates)
        taken = Counter(self.candidates[at].bin for at in self.vectors)
        for at in list(self.vectors):
            bin = self.candidates[at].bin
            if taken[bin] < self.least * seen[bin]:
                self.candidates[at] = replace(self.candidates[at], reason=CHANCE, weight=0.0)
                del self.vectors[at]

    def _worthwhile(self, plan: Plan, seen: int, taken: int) -> bool:
        if seen and taken >= self.least * seen:
            return True
        log.warning("augmenter: of %d rows for %s %d were accepted; no more are asked for.", seen, plan.name, taken)
        return False

    def _round(self, batch: list[tuple[Plan, list[int], int]]) -> list[tuple[str | None, str]]:
        """What is said to each request, None where nothing is, and the request's hash."""
        said: list[tuple[str | None, str]] = [(None, "")] * len(batch)
        for source in sorted({plan.source for plan, _, _ in batch}):
            columns = columns_of(self.space.corpus, source)
            schema = asking.schema(self.space.corpus.tables[source].features, columns)
            requests = []
            for at, (plan, seeds, number) in enumerate(batch):
                if plan.source == source:
                    shown, first = rows_shown(self.space.corpus, seeds, columns), number * self.count + 1
                    requests.append((at, self.prompt.messages(plan.name, self.count, first, shown)))
            keys = {at: self.chat.key(messages, schema)[:16] for at, messages in requests}
            with closing(self.chat.ask(requests, schema, self.store, self.meter)) as found:
                for at, one in track(found, "write", "answers", total=len(requests)):
                    if isinstance(one, Failure):
                        self.failed[one.reason] += 1
                        self.capped |= one.capped
                    else:
                        said[at] = one.text, keys[at]
        return said

    def _judged(self, said: str, key: str, plan: Plan, seeds: list[int]) -> list[tuple[Candidate, np.ndarray | None]]:
        """Rows of an answer, judged in their order."""
        corpus = self.space.corpus
        parents = [bytes(corpus.ids[row]).decode() for row in seeds]
        nothing = Candidate(None, plan.source, plan.bin, parents, key, "", BROKEN)
        rows = asking.rows_of(said, columns_of(corpus, plan.source))
        if not rows:
            return [(nothing, None)]
        shown = Seeds(corpus.texts.of(np.array(seeds)))
        found: list[tuple[Candidate, np.ndarray | None]] = []
        read = reading.read(rows, plan.bin, plan.source, self.space, self.config)
        for row, one in zip(rows, read, strict=True):
            if one is None:
                found.append((replace(nothing, row=row), None))
            else:
                reason = self.gate.judge(one, shown)
                found.append((replace(nothing, row=row, id=one.id.decode(), reason=reason), one.vector))
        return found
