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
ALL = (401, 403, 404)  # what servers say that answer no request with this key, or have no such model
ONE = (400, 413, 422)  # what they say to a single request, or to a response_format that they do not know
AGAIN = (408, 409, 425, 429)  # and from 500 on
BILLED = 500  # from here on, a model may have answered before something else failed
UNSENT = ("ConnectError", "ConnectTimeout")  # what the HTTP client says where nothing was sent
WAIT = 60.0  # seconds before a request is tried again, at most
AROUND = 64  # tokens that a chat template may put around a message


@dataclass(frozen=True)
class Failure:
    """A request without an answer, and why; ``capped`` if it was not sent."""

    reason: str
    capped: bool = False

    @classmethod
    def by(cls, cap: str) -> Failure:
        return cls(f"the cap on {cap} was reached", capped=True)


class Client:
    """One run's client, shared by its threads.

    Parameters
    ----------
    chat : Chat
    schema : dict
        JSON schema that answers are held to, where the server can.
    meter : Meter
    """

    def __init__(self, chat: Chat, schema: dict[str, Any], meter: Meter) -> None:
        self.chat, self.schema, self.meter = chat, schema, meter
        self.server = connect(chat)
        self.where = str(self.server.base_url)
        self.structured, self.stopped = True, False

    def most(self, messages: Messages) -> tuple[int, int]:
        """Tokens of a request and of its answer, at most: a token has a byte or more, whatever the tokenizer."""
        return sum(len(one["content"].encode()) + AROUND for one in messages), self.chat.answer_tokens

    def once(self, messages: Messages) -> Answer | Failure:
        """An answer to a request that is reserved, after as many tries as it takes, each further one reserved here."""
        import openai

        most, structured, reserved, why, tried = self.most(messages), self.structured, True, "", 0
        while tried < self.chat.tries and not self.stopped:
            cap = None if reserved else self.meter.reserve(*most)
            if cap is not None:
                return Failure.by(cap)
            reserved, real = False, most
            try:
                answer = _answer(self._send(messages, structured), most)
                real = answer.tokens_in, answer.tokens_out
                self.structured = structured  # if it was asked without, it does not know how to be held to a schema
                return answer
            except openai.APIStatusError as error:
                code, why = error.status_code, f"status {error.status_code}"
                real = most if code >= BILLED else (0, 0)
                if code in ALL:
                    said = " ".join(str(error.message).split())[:200]
                    raise EndpointError(
                        f"{self.where} refuses requests for {self.chat.model} ({why}: {said}); expected a model that "
                        f"it has and a key in {self.chat.key_variable}; mend these."
                    ) from error
                if code in ONE and structured:
                    structured = False  # the same without a schema
                    continue
                if code in ONE or (code < BILLED and code not in AGAIN):
                    return Failure(f"the server refuses the request ({why})")
                pause = error.response.headers.get("retry-after")
            except openai.APITimeoutError:
                why, pause = "no answer in time", "0"
            except openai.APIConnectionError as error:
                why, pause = "no connection", None
                if type(error.__cause__).__name__ in UNSENT:
                    real = 0, 0
            except (openai.OpenAIError, ValueError, TypeError, AttributeError, IndexError):
                why, pause = "what came is no chat completion", None
            finally:
                self.meter.settle(*most, *real)
            tried += 1
            if tried < self.chat.tries:
                self._wait(tried, pause)
        if self.stopped:
            return Failure("the run was stopped", capped=True)
        return Failure(f"no answer in {self.chat.tries} tries, at last: {why}")

    def _send(self, messages: Messages, structured: bool) -> Any:
        body = self.chat.body(messages)
        if structured:
            shape = {"name": "answer", "strict": True, "schema": self.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": shape}
        own = {name: body.pop(name) for name in ("model", "messages")}
        return self.server.chat.completions.create(**own, extra_body=body)

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
        raise ConfigError("endpoints need the package openai; run: pip install 'corebound[endpoint]'.") from error
    key = os.environ.get(chat.key_variable) or ("none" if chat.where() else "")
    if not key:
        raise ConfigError(
            f"{chat.key_variable} holds no key for OpenAI; set it, or give as url a server that needs none."
        )
    return OpenAI(api_key=key, base_url=chat.where(), timeout=chat.timeout, max_retries=0)


def _answer(completion: Any, most: tuple[int, int]) -> Answer:
    """What a completion says, and its tokens; where a server does not count them, the most."""
    counted = [getattr(completion.usage, name, None) for name in ("prompt_tokens", "completion_tokens")]
    real = [count if isinstance(count, int) else least for count, least in zip(counted, most, strict=True)]
    return Answer(completion.choices[0].message.content or "", *real)
