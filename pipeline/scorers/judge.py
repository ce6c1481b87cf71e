"""Quality as a language model behind a server judges it."""

from __future__ import annotations

import json
import logging
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.component import runtime
from pipeline.endpoint.chat import Chat
from pipeline.endpoint.client import Failure, Messages, connect
from pipeline.endpoint.store import Answer, Store
from pipeline.errors import ConfigError, EndpointError
from pipeline.progress import track
from pipeline.scorers import Scorer, Verdicts

if TYPE_CHECKING:
    from pipeline.arrays import Space
    from pipeline.executors import Executor

log = logging.getLogger("corebound")
SHIPPED = Path(__file__).with_name("rubric.yaml")
BLOCK = 1024
EMPTY = "empty answer"
NONSENSE, OUTSIDE = "the judge gives no score", "the judge's score is outside the scale"
UNTRIED = "a dry run asks nobody"
SCORE = re.compile(r'"score"\s*:\s*"?\s*(-?\d+(?:\.\d+)?)\s*(?:/\s*\d+)?"?\s*[,}]')
SCHEMA = {
    "type": "object",
    "properties": {"reason": {"type": "string"}, "score": {"type": "number"}},
    "required": ["reason", "score"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Rubric:
    """What a judge is told, and the scale of its scores; see ``rubric.yaml``."""

    low: float
    high: float
    system: str
    prompt: str
    criteria: dict[str, str]

    def messages(self, category: str, instruction: str, response: str) -> Messages:
        criteria = self.criteria.get(category, self.criteria["default"])
        asked = self.prompt.format(criteria=criteria, instruction=instruction, response=response)
        return [{"role": "system", "content": self.system}, {"role": "user", "content": asked}]

    def score(self, said: str) -> float | str:
        """The score in [0, 1] that an answer holds, or why there is none."""
        found = SCORE.findall(said)
        if len(set(found)) != 1:  # none, or several that differ
            return NONSENSE
        number = float(found[0])
        return (number - self.low) / (self.high - self.low) if self.low <= number <= self.high else OUTSIDE


@dataclass(kw_only=True)
class Judge(Scorer):
    """Score that a chat model gives each answer, by a rubric for its category: from 0 to 1 over the rubric's scale.

    Answers are kept in a file as they come: a killed run, and a later one that asks the same, pay for none twice.

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
        self._rubric()

    def trial(self) -> Scorer:
        return Untried()

    def identity(self) -> dict[str, Any]:
        return {**super().identity(), "chat": self.chat.identity(), "rubric": vars(self._rubric())}

    def score(self, space: Space, executor: Executor) -> Verdicts:
        values, nulls = np.full(len(space), np.nan, np.float32), Counter()
        rubric, meter = self._rubric(), self.chat.meter()
        rows, prompts = self._prompts(space, rubric)
        store = Store(Path(self.requests).expanduser() if self.requests else default_requests())
        failed: list[str] = []
        try:
            answers = self.chat.ask(prompts, SCHEMA, store, meter)
            for at, found in track(answers, "quality", "answers", total=len(prompts)):
                verdict = rubric.score(found.text) if isinstance(found, Answer) else found.reason
                if isinstance(found, Failure) and not found.capped:
                    failed.append(found.reason)
                if isinstance(verdict, str):
                    nulls[verdict] += 1
                else:
                    values[rows[at]] = verdict
        finally:
            store.close()
            log.info("quality: %s asked: %s", self.chat.model, meter)
        if len(failed) > self.chat.tolerance * len(prompts):
            raise EndpointError(
                f"{len(failed):,} of {len(prompts):,} requests to {self.chat.model} failed ({failed[0]}); expected at "
                f"most a share of {self.chat.tolerance:g}; run again, which asks these alone, or raise "
                "scorers.quality.chat.tolerance."
            )
        if len(prompts) < len(space):
            nulls[EMPTY] += len(space) - len(prompts)
        return values, dict(sorted(nulls.items()))

    def _prompts(self, space: Space, rubric: Rubric) -> tuple[np.ndarray, list[Messages]]:
        """Rows that have an answer, and what is asked of each."""
        bins, rows, prompts = space.bins, [], []
        for start in range(0, len(space), BLOCK):
            stop = min(start + BLOCK, len(space))
            asked, said = (space.corpus.texts.read(start, stop, part) for part in ("instruction", "response"))
            for row, instruction, response in zip(range(start, stop), asked, said, strict=True):
                if response.strip():
                    rows.append(row)
                    category = str(bins.category_name[bins.category[row]])
                    prompts.append(rubric.messages(category, self._shown(instruction), self._shown(response)))
        return np.array(rows, np.int64), prompts

    def _shown(self, text: str) -> str:
        half = self.most // 2
        return text if len(text) <= self.most else f"{text[:half]}\n[...]\n{text[-half:]}"

    def _rubric(self) -> Rubric:
        path = Path(self.rubric or SHIPPED)
        return read(str(path), path.stat().st_mtime_ns if path.exists() else 0)


@dataclass(kw_only=True)
class Untried(Scorer):
    """In the place of a judge where nobody may be asked."""

    def score(self, space: Space, executor: Executor) -> Verdicts:
        return np.full(len(space), np.nan, np.float32), {UNTRIED: len(space)}


def default_requests() -> Path:
    """Where the command and the library keep results unless told otherwise."""
    return Path(os.environ.get("COREBOUND_CACHE", "~/.cache/corebound")).expanduser() / "requests.sqlite"


@lru_cache(maxsize=2)
def read(path: str, changed: int) -> Rubric:
    """A rubric from its file; read again when that has ``changed``.

    Raises
    ------
    ConfigError
        If it is not there, or lacks a part.
    """
    import yaml

    where = f"scorers.quality.rubric={path}"
    try:
        found = yaml.safe_load(Path(path).read_text("utf-8"))
        rubric = Rubric(**found)
        rubric.messages("", "", "")
        fits = rubric.low < rubric.high and "{instruction}" in rubric.prompt and "{response}" in rubric.prompt
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{where} cannot be read: {' '.join(str(error).split())}; expected a YAML file.") from error
    except (TypeError, KeyError, ValueError, AttributeError, IndexError) as error:
        fits, said = False, json.dumps(str(error))
    else:
        said = "low is not below high, or the prompt shows no {instruction} or no {response}"
    if not fits:
        raise ConfigError(
            f"{where} is no rubric ({said}); expected low, high, system, prompt with {{criteria}}, {{instruction}} and "
            "{response}, and criteria with a default; write it as pipeline/scorers/rubric.yaml is."
        )
    return rubric
