"""Asking a chat model behind an OpenAI-compatible server."""

from __future__ import annotations

import os
from collections.abc import Iterator
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
    temperature : float
    answer_tokens : int
        Of an answer, at most.
    extra : dict
        More of a request's body, such as ``reasoning_effort``; null takes a field of ours out.
    max_requests, max_tokens : int, optional
        Of a run. Tokens are those of requests and answers; before it is sent, a request counts a token a byte.
    max_cost : float, optional
        Of a run, in the currency of the prices. One of the three is required.
    price_in, price_out : float
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
    temperature: float = 0.0
    answer_tokens: int = 512
    extra: dict[str, Any] = field(default_factory=dict)
    max_requests: int | None = None
    max_tokens: int | None = None
    max_cost: float | None = None
    price_in: float = 0.0
    price_out: float = 0.0
    tolerance: float = 0.01
    concurrency: int = runtime(8)
    timeout: float = runtime(120.0)
    tries: int = runtime(6)

    def require(self, setting: str) -> None:
        """Refuse settings that no run can obey; ``setting`` is their path.

        Raises
        ------
        ConfigError
        """
        for name in ("answer_tokens", "concurrency", "timeout", "tries"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{setting}.{name} is {getattr(self, name)}; expected more than 0; mend it.")
        if self.max_requests is None and self.max_tokens is None and self.max_cost is None:
            raise ConfigError(
                f"{setting} has no cap; expected {setting}.max_requests, max_tokens or max_cost, so that no run spends "
                "more than you want; give one."
            )
        if self.max_cost is not None and not (self.price_in > 0 or self.price_out > 0):
            raise ConfigError(
                f"{setting}.max_cost needs {setting}.price_in and price_out, of a million tokens; give them."
            )
        if not 0 <= self.tolerance <= 1:
            raise ConfigError(f"{setting}.tolerance is {self.tolerance}; expected a share from 0 to 1; mend it.")

    def meter(self) -> Meter:
        return Meter(self.max_requests, self.max_tokens, self.max_cost, self.price_in, self.price_out)

    def key(self, messages: Messages, schema: dict[str, Any]) -> str:
        """Of a request in the store: what decides its answer."""
        return digest([self.url or os.environ.get("OPENAI_BASE_URL"), self.body(messages), schema])

    def body(self, messages: Messages) -> dict[str, Any]:
        """Of a request, without the schema."""
        body = {
            "model": self.model,
            "messages": messages,
            "temperature": self.temperature,
            "max_tokens": self.answer_tokens,
        }
        return {name: value for name, value in (body | self.extra).items() if value is not None}

    def ask(
        self, requests: list[Messages], schema: dict[str, Any], store: Store, meter: Meter
    ) -> Iterator[tuple[int, Answer | Failure]]:
        """Answers as they come, with the position of their request; those in the store first, and for nothing.

        Parameters
        ----------
        requests : list of list of dict
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
        keys = [self.key(messages, schema) for messages in requests]
        todo, twins = [], {}
        for number, key in enumerate(keys):
            known = store.get(key)
            if known is not None:
                yield number, known
            elif key in twins:
                twins[key].append(number)
            else:
                twins[key] = [number]
                todo.append(number)
        if not todo:
            return
        asking = Client(self, schema, meter)
        left, answered, failed = iter(todo), 0, 0
        with ThreadPoolExecutor(self.concurrency) as pool:
            try:
                running: dict[Future, int] = {}
                while True:
                    while len(running) < self.concurrency and (number := next(left, None)) is not None:
                        running[pool.submit(asking.once, requests[number])] = number
                    if not running:
                        return
                    for done in wait(running, return_when=FIRST_COMPLETED).done:
                        number, found = running.pop(done), done.result()
                        if isinstance(found, Answer):
                            store.put(keys[number], found)
                            answered += 1
                        elif not found.capped:
                            failed += 1
                            if not answered and failed >= max(4, self.concurrency):
                                raise EndpointError(
                                    f"none of {failed} requests to {asking.where} was answered ({found.reason}); "
                                    "expected an OpenAI-compatible server; see that it runs, and run again."
                                )
                        for twin in twins[keys[number]]:
                            yield twin, found
            finally:
                asking.stopped = True
                pool.shutdown(wait=False, cancel_futures=True)
