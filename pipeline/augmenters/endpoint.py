"""Endpoint: what real rows cannot fill, a chat model writes; only rows that help are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from pipeline.augmenters.reweight import Reweight
from pipeline.augmenters.targets import FACTORS
from pipeline.component import runtime
from pipeline.endpoint.chat import Chat
from pipeline.endpoint.client import connect
from pipeline.errors import ConfigError
from pipeline.sinks import Sink

if TYPE_CHECKING:
    from pipeline.arrays import Additions, Corpus, Scores, Selection, Space, TopUp
    from pipeline.config import Config
    from pipeline.provenance import Stages

Focus = StrEnum("Focus", ["thin", "boundary", "both"])


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
    focus : Focus
        Where rows of a thin bin are asked for: ``thin``, all over it; ``boundary``, between it and the bins that its
        boundary rows lie nearest to; ``both`` in turn.
    count : int
        Rows that a request asks for.
    shown : int
        Rows that it shows: half boundary, half core; or half of each side of a border.
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
    focus: Focus = Focus.thin
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
        for name, most in (("likeness", 1), ("overlap", 1), ("least", 1), ("largest", FACTORS[-1])):
            if not 0 < getattr(self, name) <= most:
                raise ConfigError(
                    f"augmenter.{name} is {getattr(self, name)}; expected above 0 and at most {most}; mend it."
                )
        if not self.slack >= 1:
            raise ConfigError(f"augmenter.slack is {self.slack}; expected 1 or more; mend it.")

    def require(self, config: Config, corpus: Corpus) -> None:
        from pipeline.augmenters import asking
        from pipeline.sinks import synthetic

        super().require(config, corpus)
        asking.read(self.prompt, border=self.focus != Focus.thin)
        if self.focus != Focus.thin and "margin" not in config.scorers:
            raise ConfigError(
                f"augmenter.focus={self.focus} asks for rows at borders, and no scorer 'margin' tells which these are; "
                "leave one of them as it was."
            )
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
        synthetic.require_free(corpus)

    def write(
        self, config: Config, stages: Stages, space: Space, scores: Scores, selection: Selection, topup: TopUp
    ) -> tuple[TopUp, Additions | None]:
        from pipeline.augmenters.filling import write

        return write(self, config, stages, space, scores, selection, topup)
