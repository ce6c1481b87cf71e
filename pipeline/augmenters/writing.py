"""Asking a model for rows, round after round, and taking those that pass."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays.additions import ACCEPTED, Candidate
from pipeline.augmenters import asking, reading
from pipeline.augmenters.acceptance import BROKEN, Gate, Seeds
from pipeline.augmenters.form import Form
from pipeline.augmenters.plans import Plan, Task, columns_of, rows_shown
from pipeline.augmenters.seeds import Turn
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
FORMING = 500  # rows of a bin that tell how its rows are made


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
    forms : dict of int to Form
        How rows of bins are made.
    answers : list of (int, int)
        Tokens of each answer, those that an earlier run paid for included.
    sent, lost : int
        Requests so far, and those of them that failed for other reasons than a cap.
    """

    chat: Chat
    prompt: asking.Prompt
    count: int
    shown: int
    slack: float
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
    forms: dict[int, Form] = field(default_factory=dict)
    answers: list[tuple[int, int]] = field(default_factory=list)
    capped: bool = False
    sent: int = 0
    lost: int = 0

    def write(self, plans: list[Plan]) -> None:
        turns = {plan.bin: plan.turns(self.shown) for plan in plans}
        asked, got = Counter(), Counter()
        while plans and not self.capped:
            # A round is asked for at once and judged in order, so that the server's pace decides nothing.
            batch = [
                task for plan in plans for task in self._tasks(plan, turns[plan.bin], asked[plan.bin], got[plan.bin])
            ]
            seen, taken = Counter(), Counter()
            answers = self._round(batch)
            read = reading.answers(
                batch, [said for said, _ in answers], self.label, self._form, self.space, self.config
            )
            for task, (said, key), rows in zip(batch, answers, read, strict=True):
                plan = task.plan
                asked[plan.bin] += 1
                for candidate, vector in self._judged(rows, key, task) if said is not None else ():
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

    def _tasks(self, plan: Plan, turns: Iterator[Turn], asked: int, got: int) -> list[Task]:
        """The requests of a round for a bin."""
        left = plan.wanted - got
        many = min(-(-left // self.count), plan.requests - asked)
        # Some rows will not pass, so that the last request of a round is for more than what is left.
        wanted = math.ceil(self.slack * left)
        return [
            Task(plan, next(turns), min(self.count, wanted - more * self.count), (asked + more) * self.count + 1)
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
        for where in sorted({task.plan.where for task in batch}):
            columns = columns_of(self.space.corpus, *where)
            schema = asking.schema(self.space.corpus.tables[where[0]].features, columns)
            requests = []
            for at, task in enumerate(batch):
                if task.plan.where == where:
                    shown = rows_shown(self.space.corpus, task.shows, columns)
                    requests.append((at, self.prompt.messages(task.plan.name, task.count, task.first, **shown)))
            keys = {at: self.chat.key(messages, schema)[:16] for at, messages in requests}
            with closing(self.chat.ask(requests, schema, self.store, self.meter)) as found:
                for at, one in track(found, "write", "answers", total=len(requests)):
                    if isinstance(one, Failure):
                        self.failed[one.reason] += 1
                        self.capped |= one.capped
                        self.lost += not one.capped
                    else:
                        said[at] = one.text, keys[at]
                        self.answers.append((one.tokens_in, one.tokens_out))
        if self.lost > self.chat.tolerance * max(self.sent, 1) and self.lost < self.sent:
            raise EndpointError(
                f"{self.lost:,} requests to {self.chat.model} failed ({self.failed.most_common(1)[0][0]}); expected at "
                f"most a share of {self.chat.tolerance:g} of {self.sent:,}; run again, which asks these and the rest "
                "alone, or raise augmenter.chat.tolerance."
            )
        return said

    def _form(self, plan: Plan) -> Form:
        """How the rows of a bin are made."""
        if plan.bin not in self.forms:
            columns = columns_of(self.space.corpus, *plan.where)
            beyond = [row for one in plan.borders for row in one.beyond.tolist()]
            some = Turn(plan.shown[:FORMING].tolist(), None, beyond)
            shown = rows_shown(self.space.corpus, some, columns)
            self.forms[plan.bin] = Form.of([*shown["seeds"], *shown["beyond"]])
        return self.forms[plan.bin]

    def _judged(self, rows: list[reading.Said], key: str, task: Task) -> list[tuple[Candidate, np.ndarray | None]]:
        """Rows of an answer, judged in their order."""
        corpus, plan = self.space.corpus, task.plan
        seeds = [*task.shows.rows, *task.shows.beyond]
        parents = [bytes(corpus.ids[row]).decode() for row in seeds]
        nothing = Candidate(None, plan.source, plan.bin, parents, key, "", BROKEN, border=task.shows.other)
        if not rows:
            return [(nothing, None)]
        shown = Seeds(corpus.texts.of(np.array(seeds)))
        found: list[tuple[Candidate, np.ndarray | None]] = []
        for said in rows:
            one = said.written
            if one is None:
                found.append((replace(nothing, row=said.row, reason=said.reason), None))
            else:
                reason = self.gate.judge(one, shown)
                found.append((replace(nothing, row=said.row, id=one.id.decode(), reason=reason), one.vector))
        return found
