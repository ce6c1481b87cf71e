"""Quality as a language model behind a server judges it."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.arrays.texts import ASSISTANT, ends
from pipeline.component import runtime
from pipeline.endpoint.chat import Chat
from pipeline.endpoint.client import Failure, Messages, connect
from pipeline.endpoint.store import Store, default_requests
from pipeline.errors import ConfigError, EndpointError
from pipeline.progress import track
from pipeline.scorers import Scorer, Verdicts, rubrics
from pipeline.scorers.rubrics import Rubric

if TYPE_CHECKING:
    from pipeline.arrays import Corpus, Space
    from pipeline.executors import Executor

log = logging.getLogger("corebound")
BLOCK = 1024
FIRST = 32  # answers, of which one has to hold a score
EMPTY = "empty answer"
UNTRIED = "a dry run asks nobody"
SCHEMA = {
    "type": "object",
    "properties": {"reason": {"type": "string"}, "score": {"type": "number"}},
    "required": ["reason", "score"],
    "additionalProperties": False,
}


@dataclass(kw_only=True)
class Judge(Scorer):
    """Score that a chat model gives each answer, by a rubric for its category: from 0 to 1 over the rubric's scale.

    It is shown what users, system and tools say, and what the assistant says, each as one text. Answers are kept in a
    file as they come: a killed run, and a later one that asks the same, pay for none twice. Rows that a cap or a
    failure leaves without an answer have no number; with another cap or tolerance these alone are asked.

    Parameters
    ----------
    chat : Chat
        The model, its server, and caps on what a run may spend.
    rubric : str, optional
        A YAML file in the place of ``pipeline/scorers/rubric.yaml``.
    most : int
        Characters of a request and of an answer that are shown; of longer ones their first and last halves.
    requests : str, optional
        The SQLite file of answers; by default in the folder of kept results.
    """

    chat: Chat = field(default_factory=Chat)
    rubric: str | None = None
    most: int = 12_000
    requests: str | None = runtime(None)

    def __post_init__(self) -> None:
        self.chat.require("scorers.quality.chat")
        if self.most < 2:
            raise ConfigError(f"scorers.quality.most is {self.most}; expected 2 or more; mend it.")

    def require(self) -> None:
        connect(self.chat)
        rubrics.read(self.rubric)

    def trial(self) -> Scorer:
        return Untried()

    def identity(self) -> dict[str, Any]:
        return {**super().identity(), "chat": self.chat.identity(), "rubric": vars(rubrics.read(self.rubric))}

    def foretell(self, corpus: Corpus) -> None:
        answered, shown = int((~corpus.empty).sum()), np.minimum(corpus.bytes, 2 * self.most).sum()
        tokens_in = int(shown) // 4 + answered * (len(rubrics.read(self.rubric).prompt) // 4)
        cost = self.chat.meter().price(tokens_in, answered * self.chat.answer_tokens)
        log.info(
            "quality: %s will be asked for %s answers, about %s tokens and at most %s in answer%s, but for what %s has",
            self.chat.model, f"{answered:,}", f"{tokens_in:,}", f"{answered * self.chat.answer_tokens:,}",
            f", cost {cost:,.2f}" if cost else "", self._where(),
        )  # fmt: skip

    def score(self, space: Space, executor: Executor) -> Verdicts:
        values, nulls = np.full(len(space), np.nan, np.float32), Counter()
        rubric, meter, store = rubrics.read(self.rubric), self.chat.meter(), Store(self._where())
        scored, failed, capped = 0, Counter(), Counter()
        try:
            with closing(self.chat.ask(self._prompts(space, rubric), SCHEMA, store, meter)) as found:
                for row, one in track(found, "quality", "answers", total=len(space)):
                    if isinstance(one, Failure):
                        (capped if one.capped else failed)[one.reason] += 1
                    elif isinstance(verdict := rubric.score(one.text), str):
                        nulls[verdict] += 1
                    else:
                        values[row], scored = verdict, scored + 1
                    self._stop_if(failed, scored, nulls, len(space))
        finally:
            store.close()
            log.info("quality: %s asked: %s", self.chat.model, meter)
        if failed and not scored and not nulls:
            raise EndpointError(
                f"{self.chat.model} answered none of {failed.total()} requests ({next(iter(failed))}), and the caps "
                "allow no more; expected an OpenAI-compatible server; see that it runs, and run again."
            )
        for reason, count in capped.items():
            log.warning("quality: %s rows were not asked about: %s.", f"{count:,}", reason)
        nulls += failed + capped
        silent = int(np.isnan(values).sum()) - nulls.total()
        return values, dict(sorted((nulls + Counter({EMPTY: silent})).items()))

    def _stop_if(self, failed: Counter, scored: int, unscored: Counter, rows: int) -> None:
        """Stop where more of it is of no use; before the first answer it is `ask` that says that nobody is there."""
        if (scored or unscored) and failed.total() > self.chat.tolerance * rows:
            raise EndpointError(
                f"{failed.total():,} requests to {self.chat.model} failed ({failed.most_common(1)[0][0]}); expected at "
                f"most a share of {self.chat.tolerance:g} of {rows:,}; run again, which asks these and the rest alone, "
                "or raise scorers.quality.chat.tolerance."
            )
        if not scored and unscored.total() == FIRST:
            raise EndpointError(
                f"none of the first {FIRST} answers of {self.chat.model} holds a score; expected JSON as in "
                '{"reason": "...", "score": 7}; choose another model, a larger answer_tokens or another rubric.'
            )

    def _prompts(self, space: Space, rubric: Rubric) -> Iterator[tuple[int, Messages]]:
        """Rows that have an answer, and what is asked of each."""
        bins = space.bins
        for start in range(0, len(space), BLOCK):
            turns = space.corpus.texts.turns(start, min(start + BLOCK, len(space))).to_pydict()
            for row, (roles, texts) in enumerate(zip(turns["role"], turns["text"], strict=True), start):
                asked, said = (
                    "\n".join(text for role, text in zip(roles, texts, strict=True) if (role == ASSISTANT) == answers)
                    for answers in (False, True)
                )
                if said.strip():
                    category = str(bins.category_name[bins.category[row]])
                    yield row, rubric.messages(category, self._shown(asked), self._shown(said))

    def _shown(self, text: str) -> str:
        return ends(text, self.most // 2, self.most // 2, between="\n[...]\n")

    def _where(self) -> Path:
        return Path(self.requests).expanduser() if self.requests else default_requests()


@dataclass(kw_only=True)
class Untried(Scorer):
    """In the place of a judge where nobody may be asked."""

    def score(self, space: Space, executor: Executor) -> Verdicts:
        return np.full(len(space), np.nan, np.float32), {UNTRIED: len(space)}
