"""Asking a chat model behind an OpenAI-compatible server."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from pipeline.cache import digest
from pipeline.component import Component, runtime
from pipeline.endpoint.client import Client, Failure, Messages
from pipeline.endpoint.meter import Meter
from pipeline.endpoint.store import Answer, Store
from pipeline.errors import ConfigError, EndpointError

OURS = ("model", "messages", "temperature", "max_tokens", "max_completion_tokens", "n", "stream", "response_format")


@dataclass(kw_only=True)
class Chat(Component):
    """A model, the server that has it, and what a run may spend on it.

    Parameters
    ----------
    model : str
        As the server calls it.
    url : str, optional
        Of the server, up to ``/v1``; by default ``OPENAI_BASE_URL``, else OpenAI's own.
    key_variable : str
        Environment variable that holds the key; servers on one's own machine need none.
    temperature : float, optional
        None for models that take none.
    answer_tokens : int
        Of an answer, at most; those that it thinks with included.
    limit : str
        What the server calls that: reasoning models of OpenAI ``max_completion_tokens``.
    extra : dict
        More of a request's body, such as ``reasoning_effort``.
    max_requests, max_tokens : int, optional
        Of a run. Tokens are those of requests and answers; before it is sent, a request counts a token a byte.
    max_cost : float, optional
        Of a run, in the currency of the prices. One of the three is required.
    price_in, price_out : float, optional
        Of a million tokens of requests, and of answers.
    tolerance : float
        Share of the requests that may fail; beyond it the run stops, and goes on when it is started again.
    concurrency : int
        Requests under way at once.
    timeout : float
        Seconds until a request counts as failed.
    tries : int
        Of a request that fails for reasons that may pass.
    """

    model: str = MISSING
    url: str | None = None
    key_variable: str = runtime("OPENAI_API_KEY")
    temperature: float | None = 0.0
    answer_tokens: int = 512
    limit: str = "max_tokens"
    extra: dict[str, Any] = field(default_factory=dict)
    max_requests: int | None = None
    max_tokens: int | None = None
    max_cost: float | None = None
    price_in: float | None = None
    price_out: float | None = None
    tolerance: float = 0.01
    concurrency: int = runtime(8)
    timeout: float = runtime(120.0)
    tries: int = runtime(6)

    def identity(self) -> dict[str, Any]:
        return {**super().identity(), "url": self.where()}

    def where(self) -> str | None:
        """The server's address; none for OpenAI's own."""
        return self.url or os.environ.get("OPENAI_BASE_URL")

    def require(self, setting: str) -> None:
        """Refuse settings that no run can obey; ``setting`` is their path.

        Raises
        ------
        ConfigError
        """
        for name in ("answer_tokens", "concurrency", "timeout", "tries"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{setting}.{name} is {getattr(self, name)}; expected more than 0; mend it.")
        caps = {name: getattr(self, name) for name in ("max_requests", "max_tokens", "max_cost")}
        for name, cap in caps.items():
            if cap is not None and not 0 < cap < math.inf:
                raise ConfigError(f"{setting}.{name} is {cap}; expected more than 0; mend it or leave it out.")
        if not any(cap is not None for cap in caps.values()):
            raise ConfigError(
                f"{setting} has no cap; expected {setting}.max_requests, max_tokens or max_cost, so that no run spends "
                "more than you want; give one."
            )
        prices = {name: getattr(self, name) for name in ("price_in", "price_out")}
        for name, price in prices.items():
            if price is not None and not 0 <= price < math.inf:
                raise ConfigError(f"{setting}.{name} is {price}; expected 0 or more; mend it.")
        if self.max_cost is not None and None in prices.values():
            raise ConfigError(
                f"{setting}.max_cost needs {setting}.price_in and price_out, of a million tokens; give them."
            )
        if not 0 <= self.tolerance <= 1:
            raise ConfigError(f"{setting}.tolerance is {self.tolerance}; expected a share from 0 to 1; mend it.")
        if self.url is not None and not self.url.startswith(("http://", "https://")):
            raise ConfigError(f"{setting}.url={self.url} is no address; expected one as in http://localhost:8000/v1.")
        for name in self.extra:
            if name in OURS:
                raise ConfigError(
                    f"{setting}.extra.{name}: requests have that already; leave it out, and see temperature, "
                    "answer_tokens and limit."
                )

    def meter(self) -> Meter:
        return Meter(self.max_requests, self.max_tokens, self.max_cost, self.price_in or 0.0, self.price_out or 0.0)

    def key(self, messages: Messages, schema: dict[str, Any]) -> str:
        """Of a request in the store: what decides its answer."""
        return digest([self.where(), self.body(messages), schema])

    def body(self, messages: Messages) -> dict[str, Any]:
        """Of a request, without the schema."""
        own = {"model": self.model, "messages": messages, self.limit: self.answer_tokens}
        warmth = {} if self.temperature is None else {"temperature": self.temperature}
        return own | warmth | self.extra

    def ask(
        self, requests: Iterable[tuple[int, Messages]], schema: dict[str, Any], store: Store, meter: Meter
    ) -> Iterator[tuple[int, Answer | Failure]]:
        """Answers as they come, with the number of their request; those in the store for nothing.

        Requests are drawn as they are sent. From the first that might pass a cap on, none is sent: which have no answer
        does not depend on how fast others are.

        Parameters
        ----------
        requests : iterable of (int, list of dict)
            Messages with ``role`` and ``content``.
        schema : dict
            JSON schema of the answers: servers that can are held to it, others are trusted to read what they are told.
        store : Store
        meter : Meter

        Raises
        ------
        EndpointError
            If the server refuses all requests, or none of the first is answered.
        """
        client, left, answered, failed = Client(self, schema, meter), iter(requests), 0, 0
        running: dict[Future, str] = {}
        twins: dict[str, list[int]] = {}  # requests under way, and the numbers of all that ask the same
        with ThreadPoolExecutor(self.concurrency) as pool:
            try:
                waits, cap = next(left, None), None
                while waits is not None or running:
                    while waits is not None and len(running) < self.concurrency:
                        number, messages = waits
                        key = self.key(messages, schema)
                        known = store.get(key)
                        if known is not None:
                            yield number, known
                        elif key in twins:
                            twins[key].append(number)
                        else:
                            cap = cap or meter.reserve(*client.most(messages))
                            if cap is None:
                                twins[key] = [number]
                                running[pool.submit(client.once, messages)] = key
                            elif running and cap != "requests":
                                cap = None
                                break  # those under way may turn out to take less than they might
                            else:
                                yield number, Failure.by(cap)
                        waits = next(left, None)
                    for done in wait(running, return_when=FIRST_COMPLETED).done if running else ():
                        key, found = running.pop(done), done.result()
                        if isinstance(found, Answer):
                            store.put(key, found)
                            answered += 1
                        elif not found.capped:
                            failed += 1
                            if not answered and failed >= max(4, self.concurrency):
                                raise EndpointError(
                                    f"none of {failed} requests to {client.where} was answered ({found.reason}); "
                                    "expected an OpenAI-compatible server; see that it runs, and run again."
                                )
                        for twin in twins.pop(key):
                            yield twin, found
            finally:
                client.stopped = True
                pool.shutdown(wait=True, cancel_futures=True)
                for done, key in running.items():  # what is paid for is kept
                    if not done.cancelled() and not done.exception() and isinstance(done.result(), Answer):
                        store.put(key, done.result())
