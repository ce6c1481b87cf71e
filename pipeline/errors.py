"""Errors that a user can act on: one sentence, no traceback (mapped at the edge, in ``cli``)."""

import re


class PipelineError(Exception):
    """What was found, what was expected and what to do, in one sentence."""


class ConfigError(PipelineError):
    """A setting is impossible, by itself or for this corpus."""


class DataError(PipelineError):
    """The input holds something that cannot be read as an instruction corpus."""


class EndpointError(PipelineError):
    """A server that answers requests to a language model does not do so."""


def line(error: BaseException) -> str:
    """The first line of what a library said, short enough for a sentence."""
    said = re.sub(r"\s+", " ", next((part for part in str(error).splitlines() if part.strip()), ""))
    said = said if len(said) < 200 else f"{said[:197]}..."
    return said.strip().rstrip(".") or type(error).__name__
