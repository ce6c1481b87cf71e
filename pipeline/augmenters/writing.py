"""Asking a model for rows, round after round, and taking those that pass."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays.additions import ACCEPTED, Candidate
from pipeline.augmenters import asking, reading
from pipeline.augmenters.acceptance import BIN, BROKEN, Gate, Seeds
from pipeline.augmenters.plans import Plan, columns_of, rows_shown, shape_of
from pipeline.augmenters.seeds import rotating
from pipeline.endpoint.client import Failure
from pipeline.errors import EndpointError
from pipeline.progress import track

if TYPE_CHECKING:
    from pipeline.arrays import Space
    from pipeline.config import Config
    from pipeline.endpoint.chat import Chat
    from pipeline.endpoint.meter import Meter
    from pipeline.endpoint.store import Store

log = logging.getLogger("corebound")
CHANCE = "few of its bin pass"


@dataclass(frozen=True)
class Task:
    """A request: rows that are shown, how many are wanted, and the number of the first."""

    plan: Plan
    seeds: list[int]
    count: int
    first: int


@dataclass
class Writer:
    """Asks for rows of bins until each has what it wants, or its plan is used up, or too few of its rows pass.

    Attributes
    ----------
    label : str, optional
        The column that says the bin of a row.
    candidates : list of Candidate
        All rows that were written, in the order of bins and requests.
    vectors : dict of int to float32[d]
        Of those that are accepted, by their position.
    failed : Counter
        Requests without an answer, by reason.
    sent, lost : int
        Requests so far, and those of them that failed for other reasons than a cap.
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
    label: str | None
    candidates: list[Candidate] = field(default_factory=list)
    vectors: dict[int, np.ndarray] = field(default_factory=dict)
    failed: Counter = field(default_factory=Counter)
    capped: bool = False
    sent: int = 0
    lost: int = 0

    def write(self, plans: list[Plan]) -> None:
        turns = {plan.bin: rotating(plan.shown, plan.boundary, self.shown) for plan in plans}
        asked, got = Counter(), Counter()
        while plans and not self.capped:
            # A round is asked for at once and judged in order, so that the server's pace decides nothing.
            batch = [
                task for plan in plans for task in self._tasks(plan, turns[plan.bin], asked[plan.bin], got[plan.bin])
            ]
            seen, taken = Counter(), Counter()
            for task, (said, key) in zip(batch, self._round(batch), strict=True):
                plan = task.plan
                asked[plan.bin] += 1
                for candidate, vector in self._judged(said, key, task) if said is not None else ():
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

    def _tasks(self, plan: Plan, turns: Iterator[list[int]], asked: int, got: int) -> list[Task]:
        """The requests of a round for a bin."""
        left = plan.wanted - got
        many = min(-(-left // self.count), plan.requests - asked)
        return [
            Task(plan, next(turns), min(self.count, left - more * self.count), (asked + more) * self.count + 1)
            for more in range(many)
        ]

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

    def _round(self, batch: list[Task]) -> list[tuple[str | None, str]]:
        """What is said to each request, None where nothing is, and the request's hash.

        Raises
        ------
        EndpointError
            If more fail than `Chat` tolerates.
        """
        said: list[tuple[str | None, str]] = [(None, "")] * len(batch)
        self.sent += len(batch)
        for where in sorted({(task.plan.source, task.plan.file) for task in batch}):
            columns = columns_of(self.space.corpus, *where)
            schema = asking.schema(self.space.corpus.tables[where[0]].features, columns)
            requests = []
            for at, task in enumerate(batch):
                if (task.plan.source, task.plan.file) == where:
                    seeds = rows_shown(self.space.corpus, task.seeds, columns)
                    requests.append((at, self.prompt.messages(task.plan.name, task.count, task.first, seeds)))
            keys = {at: self.chat.key(messages, schema)[:16] for at, messages in requests}
            with closing(self.chat.ask(requests, schema, self.store, self.meter)) as found:
                for at, one in track(found, "write", "answers", total=len(requests)):
                    if isinstance(one, Failure):
                        self.failed[one.reason] += 1
                        self.capped |= one.capped
                        self.lost += not one.capped
                    else:
                        said[at] = one.text, keys[at]
        if self.lost > self.chat.tolerance * max(self.sent, 1) and self.lost < self.sent:
            raise EndpointError(
                f"{self.lost:,} requests to {self.chat.model} failed ({self.failed.most_common(1)[0][0]}); expected at "
                f"most a share of {self.chat.tolerance:g} of {self.sent:,}; run again, which asks these and the rest "
                "alone, or raise augmenter.chat.tolerance."
            )
        return said

    def _judged(self, said: str, key: str, task: Task) -> list[tuple[Candidate, np.ndarray | None]]:
        """Rows of an answer, judged in their order; no more than were asked for."""
        corpus, plan = self.space.corpus, task.plan
        columns = columns_of(corpus, plan.source, plan.file)
        parents = [bytes(corpus.ids[row]).decode() for row in task.seeds]
        nothing = Candidate(None, plan.source, plan.bin, parents, key, "", BROKEN)
        written = asking.rows_of(said)[: task.count]
        if not written:
            return [(nothing, None)]
        whole = [{column: row[column] for column in columns} for row in written if set(columns) <= set(row)]
        shape = shape_of(corpus, plan.source, plan.file)
        read = iter(reading.read(whole, plan.bin, plan.source, shape, self.space, self.config))
        shown = Seeds(corpus.texts.of(np.array(task.seeds)))
        features = corpus.tables[plan.source].features
        texts = self.label in features and getattr(features[self.label], "dtype", None) == "string"
        found: list[tuple[Candidate, np.ndarray | None]] = []
        for row in written:
            one = next(read) if set(columns) <= set(row) else None
            if one is None:
                found.append((replace(nothing, row=row), None))
                continue
            own = {column: row[column] for column in columns}
            reason = BIN if str(own.get(self.label, plan.name)) != plan.name else self.gate.judge(one, shown)
            if texts:
                own[self.label] = plan.name
            found.append((replace(nothing, row=own, id=one.id.decode(), reason=reason), one.vector))
        return found
