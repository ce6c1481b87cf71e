"""What requests cost, and where to stop."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Condition

MILLION = 1e6


@dataclass
class Meter:
    """Counts requests and tokens of one run, in several threads, and lets no request go that might pass a cap.

    A request is counted with the most that it can take before it is sent, and with what the server says afterwards; one
    without an answer stays counted with the most.

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
    _under_way: int = field(default=0, repr=False)
    _settled: Condition = field(default_factory=Condition, repr=False)

    @property
    def cost(self) -> float:
        return (self.tokens_in * self.price_in + self.tokens_out * self.price_out) / MILLION

    def reserve(self, most_in: int, most_out: int) -> str | None:
        """Count a request before it is sent, each to be settled; or say which cap it might pass.

        Where that is so only until others are settled, it waits for these.
        """
        with self._settled:
            while (cap := self._passed(most_in, most_out)) is not None:
                if cap == "requests" or not self._under_way:
                    return cap
                self._settled.wait()
            self._under_way += 1
            self._add(1, most_in, most_out)
            return None

    def settle(self, most_in: int, most_out: int, real_in: int, real_out: int) -> None:
        """Count a request as what it took; the most, where nobody knows."""
        with self._settled:
            self._under_way -= 1
            self._add(0, real_in - most_in, real_out - most_out)
            self._settled.notify_all()

    def _passed(self, most_in: int, most_out: int) -> str | None:
        tokens = self.tokens_in + self.tokens_out + most_in + most_out
        cost = self.cost + (most_in * self.price_in + most_out * self.price_out) / MILLION
        caps = {"requests": self.max_requests, "tokens": self.max_tokens, "cost": self.max_cost}
        after = {"requests": self.requests + 1, "tokens": tokens, "cost": cost}
        return next((name for name, cap in caps.items() if cap is not None and after[name] > cap), None)

    def _add(self, requests: int, tokens_in: int, tokens_out: int) -> None:
        self.requests += requests
        self.tokens_in += tokens_in
        self.tokens_out += tokens_out

    def __str__(self) -> str:
        spent = f", cost {self.cost:,.4f}" if self.price_in or self.price_out else ""
        return f"{self.requests:,} requests, {self.tokens_in:,} + {self.tokens_out:,} tokens{spent}"
