"""What the losses say: paired differences to random, over pairs of selection and training."""

from __future__ import annotations

from typing import Any

import numpy as np
from proof.interval import bounds

from sft.arms import BASE, RANDOM

MACRO = "macro"


def losses(found: list[dict[str, Any]], arm: str, budget: float) -> dict[int, dict[str, float]]:
    """For each pair, the loss (nats a token) of each source and ``macro``, their mean."""
    own = (one for one in found if one["arm"] == arm and one["budget"] == budget)
    return {one["pair"]: one["loss"] | {MACRO: float(np.mean(list(one["loss"].values())))} for one in own}


def mean_loss(found: list[dict[str, Any]], arm: str, budget: float, source: str) -> float:
    """Mean over pairs."""
    return float(np.mean([one[source] for one in losses(found, arm, budget).values()]))


def over_base(found: list[dict[str, Any]], arm: str, budget: float, source: str) -> tuple[float, float, float]:
    """Mean difference of a source's loss to that of the base, and its 95 % interval over pairs (Student's t)."""
    (base,) = losses(found, BASE, 0.0).values()
    return bounds(np.array([one[source] - base[source] for one in losses(found, arm, budget).values()]))


def difference(
    found: list[dict[str, Any]], arm: str, budget: float, source: str, rival: str = RANDOM
) -> tuple[float, float, float]:
    """Mean difference of a source's loss to the rival's in the same pairs, and its 95 % interval (Student's t).

    The interval is over pairs, of a pool, a selection and a training; base and held-out rows are the same in all.
    """
    own, others = losses(found, arm, budget), losses(found, rival, budget)
    assert own.keys() == others.keys(), "every pair has every arm"
    return bounds(np.array([own[pair][source] - others[pair][source] for pair in sorted(own)]))
