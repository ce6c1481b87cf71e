"""Bins that the cut leaves too thin [SO]: rows given back, weight, rows that a language model writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pipeline.component import Component

if TYPE_CHECKING:
    from pipeline.arrays import Additions, Corpus, Demand, Order, Scores, Selection, Space, TopUp
    from pipeline.budget import Budget
    from pipeline.config import Config
    from pipeline.provenance import Stages


@dataclass(kw_only=True)
class Augmenter(Component):
    """Tops up thin bins; this one does nothing."""

    plan_only: ClassVar[bool] = False  # whether the run ends with saying what would be done

    def fill(self, space: Space, demand: Demand, order: Order, rows: int, budget: Budget) -> TopUp | None:
        """What thin bins get, beyond the first ``rows`` of the order, which the budget keeps.

        Raises
        ------
        ConfigError
            If the rows have no bins of the kind that is asked for.
        """
        return None

    def require(self, config: Config, corpus: Corpus) -> None:
        """Refuse, before anything is computed, what the run cannot do.

        Raises
        ------
        ConfigError
        """

    def write(
        self, config: Config, stages: Stages, space: Space, scores: Scores, selection: Selection, topup: TopUp
    ) -> tuple[TopUp, Additions | None]:
        """What a language model adds to thin bins, and what these have then.

        Raises
        ------
        EndpointError
            If it says nothing at all.
        """
        return topup, None
