"""Length limits: rows that are too long or too short leave before anything is computed on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays import Aside, Texts
from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from pipeline.arrays import Corpus
    from pipeline.provenance import Stages


@dataclass(kw_only=True)
class Filter:
    """Rows outside these limits are not ordered; the ledger lists them as excluded.

    Parameters
    ----------
    max_tokens, min_tokens : int, optional
        Tokens of the whole conversation, counted by ``tokenizer``, or estimated as four bytes each.
    """

    max_tokens: int | None = None
    min_tokens: int | None = None

    def __post_init__(self) -> None:
        for name in ("max_tokens", "min_tokens"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"filter.{name} is {value}; expected 1 or more; mend it.")
        if self.max_tokens is not None and self.min_tokens is not None and self.min_tokens > self.max_tokens:
            raise ConfigError(
                f"filter.min_tokens is {self.min_tokens} but filter.max_tokens is {self.max_tokens}; expected no more "
                "than that; mend one."
            )

    def __bool__(self) -> bool:
        return self.max_tokens is not None or self.min_tokens is not None

    def limit(self, corpus: Corpus, stages: Stages) -> Corpus:
        """The corpus of the rows within the limits, the others set aside."""
        if not self:
            return corpus
        admitted = stages.cached(
            "filter",
            lambda folder: np.load(folder / "admitted.npy", mmap_mode="r"),
            [str(self), corpus.content, corpus.tokens],
            lambda folder: np.save(folder / "admitted.npy", np.flatnonzero(self.admits(corpus))),
        )
        return self.apply(corpus, admitted)

    def admits(self, corpus: Corpus) -> np.ndarray:
        """Rows within the limits: bool[n].

        Raises
        ------
        ConfigError
            If there are none.
        """
        within = self.within(corpus.tokens)
        if not within.any():
            shortest, longest = int(corpus.tokens.min()), int(corpus.tokens.max())
            raise ConfigError(
                f"{self} excludes every row: they have {shortest:,} to {longest:,} tokens; loosen the limits."
            )
        return within

    def within(self, tokens: np.ndarray) -> np.ndarray:
        """Which counts of tokens, int64[n], are within the limits: bool[n]."""
        within = np.ones(len(tokens), bool)
        if self.max_tokens is not None:
            within &= tokens <= self.max_tokens
        if self.min_tokens is not None:
            within &= tokens >= self.min_tokens
        return within

    def apply(self, corpus: Corpus, admitted: np.ndarray) -> Corpus:
        """The corpus of the admitted rows, the others set aside.

        Parameters
        ----------
        corpus : Corpus
        admitted : int64[m]
            Rows that stay, ascending; memory-mapped, so that texts travel as paths.
        """
        inputs = corpus.inputs
        now = np.full(len(corpus), -1)
        now[admitted] = np.arange(len(admitted))
        stays = now[inputs.distinct] >= 0
        out = inputs.take(~stays, inputs.distinct[~stays])
        excluded = Aside.excluded(out, corpus.ids[out.distinct], corpus.tokens[out.distinct], str(self))
        arrays = {f: getattr(corpus, f)[admitted] for f in
                  ("ids", "source", "index", "copies", "bytes", "empty", "tokens")}  # fmt: skip
        return replace(
            corpus,
            texts=Texts(corpus.texts.path, admitted if corpus.texts.rows is None else corpus.texts.rows[admitted]),
            inputs=inputs.take(stays, now[inputs.distinct[stays]]),
            aside=corpus.aside.joined(excluded),
            **arrays,
        )

    def __str__(self) -> str:
        """The limits as a user writes them."""
        limits = {"filter.min_tokens": self.min_tokens, "filter.max_tokens": self.max_tokens}
        return " ".join(f"{name}={value}" for name, value in limits.items() if value is not None)
