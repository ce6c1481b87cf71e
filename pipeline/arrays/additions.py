"""Rows that a language model wrote, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ACCEPTED = "accepted"


@dataclass(frozen=True)
class Candidate:
    """A row that was written.

    Attributes
    ----------
    row : dict, optional
        In the columns of its source; none where an answer held no row.
    source : int
        Whose columns it has.
    bin : int
        For which it was asked.
    parents : list of str
        Ids of the rows that the model was shown.
    prompt : str
        Hash of the request.
    id : str
        Of its conversation, as real rows have one; empty where it cannot be read.
    reason : str
        ``accepted``, or why not.
    weight : float
        In training.
    border : str, optional
        The bin at whose border it was asked for.
    """

    row: dict[str, Any] | None
    source: int
    bin: int
    parents: list[str]
    prompt: str
    id: str
    reason: str
    weight: float = 1.0
    border: str | None = None


@dataclass(frozen=True)
class Additions:
    """What a top-up with a language model came to.

    Attributes
    ----------
    generator : str
        The model.
    candidates : list of Candidate
    factor : float
        How much of what bins lack helps.
    losses : dict of float to float
        Balanced loss of held-out real rows (nats), by factor.
    spent : str
        Requests, tokens and cost.
    """

    generator: str
    candidates: list[Candidate] = field(default_factory=list)
    factor: float = 0.0
    losses: dict[float, float] = field(default_factory=dict)
    spent: str = ""

    @property
    def accepted(self) -> list[Candidate]:
        return [one for one in self.candidates if one.reason == ACCEPTED]
