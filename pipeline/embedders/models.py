"""Where an encoder's files are, which ones they are, and where it runs."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cache import digest, file_digest
from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

log = logging.getLogger("corebound")
HUB_ID = re.compile(r"[\w-][\w.-]*(/[\w.-]+)?")  # anything else is a path
ADVICE = (
    "give the path of a folder that SentenceTransformer.save wrote, or an id of the Hub such as "
    "sentence-transformers/all-MiniLM-L6-v2"
)


@dataclass(frozen=True)
class Place:
    """An encoder that was found.

    Attributes
    ----------
    where : str
        A folder, or an id of the Hub.
    revision : str, optional
        Commit of the Hub's repository.
    content : str
        What it is, wherever it is: a digest of the folder's files, or id and commit.
    """

    where: str
    revision: str | None
    content: str


def find(model: str, revision: str | None) -> Place:
    """Find an encoder on this machine, or on the Hub (offline: in its cache).

    Raises
    ------
    ConfigError
        If there is none.
    """
    folder = Path(model).expanduser().absolute()
    if folder.is_dir():
        if not any((folder / name).is_file() for name in ("modules.json", "config.json")):
            raise ConfigError(
                f"embedder.model={model} is a folder without modules.json or config.json, so no encoder; {ADVICE}."
            )
        if revision is not None:
            raise ConfigError(
                f"embedder.revision={revision} is for encoders of the Hub, and embedder.model={model} is a folder; "
                "leave the revision out."
            )
        return Place(str(folder), None, _content(folder, _files(folder)))
    if folder.exists() or not HUB_ID.fullmatch(model):
        raise ConfigError(f"embedder.model={model} is neither a folder nor an id of the Hub; {ADVICE}.")
    from huggingface_hub import constants, resolve_revision

    name = model if "/" in model else f"sentence-transformers/{model}"  # as sentence-transformers reads it
    try:
        commit = resolve_revision(name, revision=revision).resolved
    except Exception as error:  # of huggingface_hub, and of the HTTP client that it happens to use
        why = "HF_HUB_OFFLINE is set and its cache here lacks it" if constants.HF_HUB_OFFLINE else line(error)
        raise ConfigError(
            f"embedder.model={model} is no folder here, and the Hub does not give {name} ({why}); {ADVICE}."
        ) from error
    return Place(name, commit, f"{name}@{commit}")


def _files(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Name, size and time of every file that an encoder can be made of: hidden files and prose decide nothing."""
    found = [
        path
        for path in folder.rglob("*")
        if path.suffix != ".md" and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    # Sizes and times keep `_content` from reading gigabytes twice in a run; they are no part of what it says.
    stats = {str(path.relative_to(folder)): path.stat() for path in found if path.is_file()}
    return tuple((name, stats[name].st_size, stats[name].st_mtime_ns) for name in sorted(stats))


@cache
def _content(folder: Path, files: tuple[tuple[str, int, int], ...]) -> str:
    return digest([[name, file_digest(folder / name)] for name, _, _ in files])


def resolve(device: str | None) -> str:
    """The device that is asked for, or the best that this machine has.

    Raises
    ------
    ConfigError
        If this machine has no such device.
    """
    import torch

    has = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    available = [name for name, there in has.items() if there]
    if device is None:
        return available[0]
    try:
        torch.zeros(1, device=device).tolist()
    except Exception as error:  # torch raises whatever the driver gave it
        raise ConfigError(
            f"embedder.device={device} cannot be used ({line(error)}); this machine has {', '.join(available)}; "
            "name one of these, or leave it out."
        ) from error
    return device


def hardware(device: str) -> str:
    """What a device is, for cache keys: two cards of one model compute the same."""
    import torch

    return f"cuda {torch.cuda.get_device_name(device)}" if device.startswith("cuda") else device


def load(place: Place, static: bool, device: str, dtype: str, trust: bool) -> SentenceTransformer:
    """The encoder, ready to encode.

    Parameters
    ----------
    place : Place
    static : bool
        Whether a folder without modules.json is a static encoder, as model2vec writes them, or a transformer whose
        token vectors are averaged.
    device, dtype : str
    trust : bool
        Whether Python code of the repository may run.

    Raises
    ------
    ConfigError
        If these files are no encoder of that kind.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from sentence_transformers.util import load_file_path

    number = getattr(torch, dtype)
    with _quiet():
        try:
            whole = load_file_path(place.where, "modules.json", revision=place.revision) is not None
            if static and not whole:
                tokens = StaticEmbedding.load(place.where, revision=place.revision)
                model = SentenceTransformer(modules=[tokens], device=device)
            else:
                model = SentenceTransformer(
                    place.where,
                    revision=place.revision,
                    device=device,
                    trust_remote_code=trust,
                    model_kwargs={"dtype": number},
                )
        except Exception as error:  # a broken file fails anywhere in three libraries
            kind = "a static encoder" if static else "a sentence encoder"
            raise ConfigError(f"{place.where} cannot be loaded as {kind} ({line(error)}); {ADVICE}.") from error
    if static and not isinstance(model[0], StaticEmbedding):
        raise ConfigError(f"{place.where} is no static encoder but a {type(model[0]).__name__}; use embedder=sentence.")
    if not static and not whole:
        log.warning("%s has no modules.json: its token vectors are averaged, which no one may have trained it for.",
                    place.where)  # fmt: skip
    # Static encoders come in the type of their file whatever is asked for; float16 sums of them lose digits.
    return model if model.dtype == number else model.to(number)


@contextmanager
def _quiet() -> Iterator[None]:
    """Loading without the bars and reports of transformers: we say what matters ourselves."""
    from transformers.utils import logging as transformers

    loggers = [logging.getLogger(name) for name in ("sentence_transformers", "transformers")]
    before, bars = [logger.level for logger in loggers], transformers.is_progress_bar_enabled()
    transformers.disable_progress_bar()
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
        if bars:
            transformers.enable_progress_bar()


def line(error: BaseException) -> str:
    """The first line of what a library said, short enough for a sentence."""
    said = re.sub(r"\s+", " ", next((part for part in str(error).splitlines() if part.strip()), ""))
    said = said if len(said) < 200 else f"{said[:197]}..."
    return said.strip().rstrip(".") or type(error).__name__
