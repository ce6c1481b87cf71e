"""How much to keep, and of what."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from pipeline.arrays import Corpus, Order
    from pipeline.sources import Source


@dataclass(kw_only=True)
class Budget:
    """Exactly one of ``rows``, ``fraction`` and ``tokens``.

    Parameters
    ----------
    rows : int, optional
    fraction : float, optional
        Of the distinct rows; 0.2 keeps the rounded fifth.
    tokens : int, optional
        The longest prefix of the order that fits is kept.
    by : str
        What shares, floors and ceilings speak of: ``category``, ``source``, or a column.
    shares : dict of str to float
        Proportions of the kept set, in any unit; groups that are not named come when the named are exhausted.
        Without shares, groups keep their sizes' proportions.
    floors, ceilings : dict of str to int
        At least, at most, in the unit of the budget.
    always : str, optional
        A column; rows where it is true are kept before all others.
    copies : bool
        Whether more rows than there are distinct ones may be asked for; copies come last.
    """

    rows: int | None = None
    fraction: float | None = None
    tokens: int | None = None
    by: str = "category"
    shares: dict[Any, float] = field(default_factory=dict)
    floors: dict[Any, int] = field(default_factory=dict)
    ceilings: dict[Any, int] = field(default_factory=dict)
    always: str | None = None
    copies: bool = False

    def __post_init__(self) -> None:
        for name, kind in {"rows": int, "tokens": int, "fraction": (int, float)}.items():
            value = getattr(self, name)
            if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
                wanted = "a number" if name == "fraction" else "a whole number"
                raise ConfigError(f"budget.{name} is {value!r}; expected {wanted}; mend it.")
        for name in ("shares", "floors", "ceilings"):
            # Labels that are numbers or booleans are known by what they look like, as in the ledger.
            setattr(self, name, {str(group): value for group, value in getattr(self, name).items()})
        if len(self.sizes) > 1:
            found = " and ".join(f"budget.{name}={value}" for name, value in self.sizes.items())
            raise ConfigError(f"found {found}; expected exactly one of rows, fraction and tokens; leave one out.")
        if self.fraction is not None and not 0 < self.fraction <= 1:
            raise ConfigError(f"budget.fraction is {self.fraction}; expected above 0 and at most 1; mend it.")
        for name in ("rows", "tokens"):
            if getattr(self, name) is not None and getattr(self, name) < 1:
                raise ConfigError(f"budget.{name} is {getattr(self, name)}; expected 1 or more; mend it.")
        for name, least in (("shares", 0), ("floors", 0), ("ceilings", 0)):
            for group, value in getattr(self, name).items():
                if not value >= least or not np.isfinite(value):
                    raise ConfigError(f"budget.{name}.{group} is {value}; expected 0 or more; mend it.")
        if self.shares and not sum(self.shares.values()) > 0:
            raise ConfigError("budget.shares are all 0; expected at least one above 0; mend one.")
        for group, floor in self.floors.items():
            if floor > self.ceilings.get(group, floor):
                raise ConfigError(
                    f"budget.floors.{group} is {floor} but budget.ceilings.{group} is {self.ceilings[group]}; "
                    "expected a floor at or below the ceiling; mend one."
                )
        if self.copies and (self.ceilings or self.tokens):
            raise ConfigError("budget.copies goes with neither ceilings nor a token budget; leave one out.")

    @property
    def sizes(self) -> dict[str, float]:
        """Those of rows, fraction and tokens that are given."""
        given = {"rows": self.rows, "fraction": self.fraction, "tokens": self.tokens}
        return {name: value for name, value in given.items() if value is not None}

    def require_size(self) -> None:
        """Refuse a budget that says nothing of how much to keep."""
        if not self.sizes:
            raise ConfigError(
                "no budget; expected exactly one of rows, fraction and tokens, as in budget.fraction=0.2."
            )

    @property
    def unit(self) -> str:
        """``tokens`` or ``rows``; it belongs to the order, not to the cut."""
        return "tokens" if self.tokens is not None else "rows"

    def columns(self) -> list[str]:
        """Columns of the corpus that the budget speaks of."""
        named = [] if self.by in ("category", "source") else [self.by]
        return named if self.always is None else [*named, self.always]

    @property
    def quotas(self) -> dict[str, dict]:
        """Shares, floors and ceilings, as `apportion` takes them."""
        return {"shares": self.shares, "floors": self.floors, "ceilings": self.ceilings}

    def quotas_of(self, groups: list[str]) -> dict[str, dict]:
        """``quotas`` without the shares and ceilings of groups that have no row; unknown names were refused before."""
        return {
            name: {group: value for group, value in quota.items() if group in groups or name == "floors"}
            for name, quota in self.quotas.items()
        }

    def cost(self, corpus: Corpus) -> np.ndarray:
        """Cost of each row in the unit: int64[n]."""
        return np.ones(len(corpus), np.int64) if self.unit == "rows" else corpus.tokens

    def with_sources(self, source: Source, corpus: Corpus) -> Budget:
        """The budget with the shares or weights that the sources of a mix bring along.

        Raises
        ------
        ConfigError
            If the budget itself says how something is to be shared.
        """
        sizes = np.bincount(corpus.source, self.cost(corpus), minlength=len(corpus.names)).tolist()
        shares = source.shares(dict(zip(corpus.names, sizes, strict=True)))
        if not shares:
            return self
        empty = next((name for name, size in zip(corpus.names, sizes, strict=True) if not size and shares[name]), None)
        if empty is not None:
            raise ConfigError(
                f"{empty} has a share, but no row of it is left: each is a copy of another source's, excluded or bad; "
                "leave the source out, or set its share to 0."
            )
        speaks = self.by != "category" or any(self.quotas.values())
        if speaks and (self.by != "source" or self.shares):
            raise ConfigError(
                f"the sources have shares or weights, and budget shares by {self.by}; expected one of both; leave one "
                "out."
            )
        present = {name: shares[name] for name, size in zip(corpus.names, sizes, strict=True) if size}
        return replace(self, by="source", shares=present)

    def first(self, corpus: Corpus) -> np.ndarray:
        """Rows whose ``always`` column is true: bool[n].

        Raises
        ------
        ConfigError
            If the column holds anything but true, false, 1, 0 and null.
        """
        if self.always is None:
            return np.zeros(len(corpus), bool)
        values = corpus.column(self.always)
        spelt = {"true": True, "1": True, "false": False, "0": False, "": False}  # as CSV has them
        values = [spelt.get(value.strip().lower(), value) if isinstance(value, str) else value for value in values]
        odd = next((value for value in values if value not in (True, False, None)), None)  # 1 == True, 0 == False
        if odd is not None:
            raise ConfigError(
                f"budget.always={self.always}: the column holds {odd!r}; expected true or false; name a column of "
                "these, or make one."
            )
        return np.array([bool(value) for value in values])

    def prefix(self, order: Order, inputs: int) -> int:
        """How many rows of the order are kept.

        Parameters
        ----------
        order : Order
        inputs : int
            Input rows, copies included: what ``copies`` allows at most.

        Raises
        ------
        ConfigError
            If the budget is below the floors, above the ceilings, or beyond the corpus.
        """
        distinct = len(order.rows)
        spent = np.cumsum(order.cost[order.rows])
        forced = int((order.tier == 0).sum())
        if self.tokens is not None:
            room = int(spent[order.admissible - 1]) if order.admissible else 0
            if self.tokens > room and order.admissible < distinct:
                raise ConfigError(
                    f"{self} is above the ceilings, which leave {room:,} tokens; lower it or raise a ceiling."
                )
            kept = int(np.searchsorted(spent[: order.admissible], self.tokens, side="right"))
            if kept == 0 and not forced:
                raise ConfigError(f"{self}; the first row of the order has {spent[0]:,} tokens; raise the budget.")
            least = f"{spent[forced - 1]:,} tokens" if forced else ""
        else:
            kept = self.require_fits(distinct, inputs)
            least = f"{forced:,} rows"
        if kept < forced:
            raise ConfigError(f"{self} is below the floors and always-keep rows, which take {least}; raise it.")
        if not self.copies and kept > order.admissible:
            raise ConfigError(
                f"{self} is above the ceilings, which leave {order.admissible:,} rows; lower it or raise a ceiling."
            )
        return kept

    def require_fits(self, distinct: int, inputs: int) -> int:
        """Rows that are asked for (0 for a token budget), refused where there are not so many."""
        if self.tokens is not None:
            return 0
        wanted = self.rows if self.rows is not None else int(np.floor(self.fraction * distinct + 0.5))
        if wanted == 0:
            raise ConfigError(f"{self} of {distinct:,} distinct rows is no row; raise it, or set budget.rows=1.")
        if wanted > (inputs if self.copies else distinct):
            held = f"{inputs:,} rows" if self.copies else f"{distinct:,} distinct rows"
            may_copy = not self.copies and not self.ceilings and wanted <= inputs
            advice = "lower it, or set budget.copies=true" if may_copy else "lower it"
            raise ConfigError(f"{self} is beyond the corpus, which has {held}; {advice}.")
        return wanted

    def __str__(self) -> str:
        """The setting as a user writes it."""
        return " ".join(f"budget.{name}={value:,}" for name, value in self.sizes.items())
