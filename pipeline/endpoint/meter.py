"""What requests cost, and where to stop."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

MILLION = 1e6


@dataclass
class Meter:
    """Counts requests and tokens of one run, in several threads, and lets no request go that might pass a cap.

    A request is counted with the most that it can take before it is sent, and with what the server says afterwards; one
    of which nobody knows stays counted with the most.

    Attributes
    ----------
    max_requests, max_tokens : int, optional
    max_cost : float, optional
        In the currency of the prices.
    price_in, price_out : float
        Of a million tokens of requests, and of answers.
    requests, tokens_in, tokens_out : int
        So far, requests without an answer included.
    """

    max_requests: int | None = None
    max_tokens: int | None = None
    max_cost: float | None = None
    price_in: float = 0.0
    price_out: float = 0.0
    requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    _turn: Lock = field(default_factory=Lock, repr=False)

    @property
    def cost(self) -> float:
        return self.price(self.tokens_in, self.tokens_out)

    def price(self, tokens_in: int, tokens_out: int) -> float:
        return (tokens_in * self.price_in + tokens_out * self.price_out) / MILLION

    def reserve(self, most_in: int, most_out: int) -> str | None:
        """Count a request before it is sent; or say which cap it might pass."""
        with self._turn:
            tokens = self.tokens_in + self.tokens_out + most_in + most_out
            for name, after, cap in (
                ("requests", self.requests + 1, self.max_requests),
                ("tokens", tokens, self.max_tokens),
                ("cost", self.cost + self.price(most_in, most_out), self.max_cost),
            ):
                if cap is not None and after > cap:
                    return name
            self._add(1, most_in, most_out)
            return None

    def settle(self, most_in: int, most_out: int, real_in: int, real_out: int) -> None:
        """Count a request that was reserved as what it took."""
        with self._turn:
            self._add(0, real_in - most_in, real_out - most_out)

    def _add(self, requests: int, tokens_in: int, tokens_out: int) -> None:
        self.requests += requests
        self.tokens_in += tokens_in
        self.tokens_out += tokens_out

    def __str__(self) -> str:
        spent = f", cost {self.cost:,.4f}" if self.price_in or self.price_out else ""
        return f"{self.requests:,} requests, {self.tokens_in:,} + {self.tokens_out:,} tokens{spent}"
