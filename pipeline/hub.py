"""The Hugging Face Hub: who we are to it, and what its refusals mean."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipeline.errors import ConfigError, PipelineError

if TYPE_CHECKING:
    from huggingface_hub import DatasetCard, HfApi

TRANSPORTS = {"httpx", "httpx2", "hf_xet"}  # what huggingface_hub 1 and 2 send with, and their large-file storage
AGAIN = "run the same command again, which goes on from what is finished"


class HubError(PipelineError):
    """The Hub refused, or was not reached."""


def token_of(variable: str | None, setting: str) -> str | None:
    """The token in an environment variable; None where none is named, for the one that huggingface_hub finds.

    Raises
    ------
    ConfigError
        If the variable is not set, or this is no name of one.
    """
    if variable is None:
        return None
    if not re.fullmatch("[A-Z_][A-Z0-9_]*", variable):  # not repeated: it may be the token itself
        raise ConfigError(
            f"{setting} is no name of an environment variable; expected one in capitals that holds the token, as logs "
            "and card would show the token itself; name that, or set HF_TOKEN and leave it out."
        )
    if not os.environ.get(variable):
        raise ConfigError(f"{setting} names the environment variable {variable}, which is not set; set it.")
    return os.environ[variable]


def client(token: str | None) -> HfApi:
    """The real client, at ``HF_ENDPOINT``."""
    from huggingface_hub import HfApi

    from pipeline import __version__

    return HfApi(token=token, library_name="corebound", library_version=__version__)


def require_repo(repo: str, setting: str) -> None:
    """Refuse what can be no id of a data set.

    Raises
    ------
    ConfigError
    """
    from huggingface_hub.utils import HFValidationError, validate_repo_id

    try:
        validate_repo_id(repo)
    except HFValidationError as error:
        raise ConfigError(f"{setting} is {repo!r}; expected an id of the Hub, as in me/my-set; mend it.") from error


def card_of(text: str) -> DatasetCard:
    """The card of a data set; what is in its YAML comes as it is, but for Norwegian, which YAML takes for false."""
    from huggingface_hub import DatasetCard

    card = DatasetCard(text, ignore_metadata_errors=True)
    language = card.data.get("language")
    if isinstance(language, list):
        card.data["language"] = ["no" if one is False else one for one in language]
    elif language is False:
        card.data["language"] = "no"
    return card


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn what the client raises into one sentence.

    Parameters
    ----------
    doing : str
        As in "pushing to me/my-set".

    Raises
    ------
    HubError
    """
    try:
        yield
    except PipelineError:
        raise
    except Exception as error:
        meaning = why(error)
        if meaning is None:
            raise
        raise HubError(f"{doing}: {meaning}.") from error


def why(error: BaseException | None) -> str | None:
    """What an error of the clients means, or None where neither it nor what caused it is one of theirs."""
    from huggingface_hub import errors

    meanings = {
        errors.GatedRepoError: "it is gated; ask for access on its page, and set HF_TOKEN",
        errors.RepositoryNotFoundError: "the Hub knows no such repository, or it is private and the token does not "
        "open it; mend the name, or set HF_TOKEN",
        errors.RevisionNotFoundError: "there is no such revision; name a branch, a tag or a commit of it",
        errors.LocalTokenNotFoundError: "there is no token; set HF_TOKEN, or log in with 'hf auth login'",
        errors.OfflineModeIsEnabled: "HF_HUB_OFFLINE is set; unset it",
        errors.LocalEntryNotFoundError: f"a file could not be fetched; {AGAIN}",
    }
    while error is not None:
        for kind, meaning in meanings.items():
            if isinstance(error, kind):
                return meaning
        if isinstance(error, errors.HfHubHTTPError):
            return _answer(error)
        packages = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
        if isinstance(error, ConnectionError) or packages & TRANSPORTS:
            return f"the connection failed ({_first(error)}); {AGAIN}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return None


def _answer(error: OSError) -> str:
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    if status in (401, 403):
        return f"the Hub refused the token ({status}); set HF_TOKEN to one that may do this"
    if status == 429:
        return f"the Hub asks to wait, as there were too many requests (429); later {AGAIN}"
    if status is not None and status >= 500:
        return f"the Hub failed ({status}); {AGAIN}"
    said = getattr(error, "server_message", None) or str(error)  # the first line of which does not say what is wrong
    return f"the Hub answered {status or 'nothing'} ({' '.join(said.split())[:500].rstrip('.')}); mend what it names"


def _first(error: BaseException) -> str:
    return " ".join((str(error).strip().splitlines() or [type(error).__name__])[0].split())[:200].rstrip(".")
