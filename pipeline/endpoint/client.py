"""Sends requests, and sends them again where that may help."""

from __future__ import annotations

import os
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.endpoint.store import Answer
from pipeline.errors import ConfigError, EndpointError

if TYPE_CHECKING:
    from openai import OpenAI

    from pipeline.endpoint.chat import Chat
    from pipeline.endpoint.meter import Meter

Messages = list[dict[str, str]]
REFUSING = (400, 404, 422)  # what servers say to a response_format that they do not know
AGAIN = (408, 409, 425, 429)  # and from 500 on
WAIT = 60.0  # seconds before a request is tried again, at most
AROUND = 64  # tokens that a chat template may put around a message


@dataclass(frozen=True)
class Failure:
    """A request without an answer, and why; ``capped`` if it was not sent."""

    reason: str
    capped: bool = False


class Client:
    """One run's client, shared by its threads."""

    def __init__(self, chat: Chat, schema: dict[str, Any], meter: Meter) -> None:
        self.chat, self.schema, self.meter = chat, schema, meter
        self.client = connect(chat)
        self.where = str(self.client.base_url)
        self.structured, self.stopped = True, False

    def once(self, messages: Messages) -> Answer | Failure:
        """An answer, after as many tries as it takes."""
        import openai

        # A token has a byte or more, whatever the tokenizer.
        most_in = sum(len(one["content"].encode()) + AROUND for one in messages)
        why, tried = "", 0
        while tried < self.chat.tries:
            if self.stopped:
                return Failure("the run was stopped", capped=True)
            cap = self.meter.reserve(most_in, self.chat.answer_tokens)
            if cap is not None:
                return Failure(f"the cap on {cap} was reached", capped=True)
            structured, real = self.structured, (most_in, self.chat.answer_tokens)
            try:
                answer = _answer(self._send(messages, structured), real)
                real = answer.tokens_in, answer.tokens_out
                return answer
            except openai.APIStatusError as error:
                real = 0, 0  # refused, so nobody pays for it
                why, code = f"status {error.status_code}", error.status_code
                if structured and code in REFUSING:
                    self.structured = False  # perhaps it does not know how to be held to a schema
                    continue
                if code not in AGAIN and code < 500:
                    said = " ".join(str(error.message).split())[:200]
                    raise EndpointError(
                        f"{self.where} refuses requests for {self.chat.model} ({why}: {said}); expected a model that "
                        f"it has and a key in {self.chat.key_variable}; mend these."
                    ) from error
                pause = error.response.headers.get("retry-after")
            except openai.APITimeoutError:
                why, pause = "no answer in time", "0"
            except openai.APIConnectionError:
                why, pause = "no connection", None
            except (openai.OpenAIError, ValueError, TypeError, AttributeError, IndexError):
                why, pause = "what came is no chat completion", None
            finally:
                self.meter.settle(most_in, self.chat.answer_tokens, *real)
            tried += 1
            if tried < self.chat.tries:
                self._wait(tried, pause)
        return Failure(f"no answer in {self.chat.tries} tries, at last: {why}")

    def _send(self, messages: Messages, structured: bool) -> Any:
        body = self.chat.body(messages)
        if structured:
            shape = {"name": "answer", "strict": True, "schema": self.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": shape}
        return self.client.chat.completions.create(**{name: body.pop(name) for name in ("model", "messages")},
                                                   extra_body=body)  # fmt: skip

    def _wait(self, tried: int, wanted: str | None) -> None:
        """Longer each time, as long as the server asks for, and not all threads at once."""
        try:
            pause = float(wanted) if wanted else 2.0**tried * random.uniform(0.25, 0.5)
        except ValueError:
            pause = 2.0**tried / 2
        end = time.monotonic() + min(WAIT, pause)
        while not self.stopped and time.monotonic() < end:
            time.sleep(min(0.1, max(0.0, end - time.monotonic())))


def connect(chat: Chat) -> OpenAI:
    """The client of a server; nothing is sent.

    Raises
    ------
    ConfigError
        If the package is not installed, or the key is not set.
    """
    try:
        from openai import OpenAI
    except ImportError as error:
        raise ConfigError(
            "endpoints need the package openai; install it: pip install 'corebound[endpoint]'."
        ) from error
    key = os.environ.get(chat.key_variable) or ("none" if chat.url or os.environ.get("OPENAI_BASE_URL") else "")
    if not key:
        raise ConfigError(
            f"{chat.key_variable} holds no key for OpenAI; set it, or give as url a server that needs none."
        )
    return OpenAI(api_key=key, base_url=chat.url, timeout=chat.timeout, max_retries=0)


def _answer(completion: Any, most: tuple[int, int]) -> Answer:
    """What a completion says, and its tokens; servers that do not count are taken at the most."""
    usage = completion.usage
    real = (usage.prompt_tokens, usage.completion_tokens) if usage else most
    return Answer(completion.choices[0].message.content or "", *real)
