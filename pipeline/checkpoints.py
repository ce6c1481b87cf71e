"""Where a model's files are, which ones they are, and where it runs."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from pipeline.cache import digest, file_digest
from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from transformers import PretrainedConfig

HUB_ID = re.compile(r"[\w-][\w.-]*(/[\w.-]+)?")  # anything else is a path


class Dtype(StrEnum):
    """Numbers that a model computes with."""

    float32 = "float32"
    float16 = "float16"
    bfloat16 = "bfloat16"


@dataclass(frozen=True)
class Kind:
    """What a setting asks for.

    Attributes
    ----------
    setting : str
        The component, as in ``embedder``, whose ``model``, ``revision`` and ``device`` are looked up.
    what : str
        As in "encoder".
    advice : str
        What to give.
    files : tuple of str
        Of which a folder has one.
    owner : str
        On the Hub, of ids that name none.
    """

    setting: str
    what: str
    advice: str
    files: tuple[str, ...] = ("config.json",)
    owner: str = ""


@dataclass(frozen=True)
class Place:
    """A model that was found.

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


def find(kind: Kind, model: str, revision: str | None) -> Place:
    """Find a model on this machine, or on the Hub (offline: in its cache).

    Raises
    ------
    ConfigError
        If there is none.
    """
    folder = Path(model).expanduser().absolute()
    if folder.is_dir():
        if not any((folder / name).is_file() for name in kind.files):
            raise ConfigError(
                f"{kind.setting}.model={model} is a folder without {' or '.join(kind.files)}, so no {kind.what}; "
                f"{kind.advice}."
            )
        if revision is not None:
            raise ConfigError(
                f"{kind.setting}.revision={revision} is for {kind.what}s of the Hub, and {kind.setting}.model={model} "
                "is a folder; leave the revision out."
            )
        return Place(str(folder), None, _content(folder, _files(folder)))
    if folder.exists() or not HUB_ID.fullmatch(model):
        raise ConfigError(f"{kind.setting}.model={model} is neither a folder nor an id of the Hub; {kind.advice}.")
    from huggingface_hub import constants, resolve_revision

    name = f"{kind.owner}/{model}" if kind.owner and "/" not in model else model
    try:
        commit = resolve_revision(name, revision=revision).resolved
    except Exception as error:  # of huggingface_hub, and of the HTTP client that it happens to use
        why = "HF_HUB_OFFLINE is set and its cache here lacks it" if constants.HF_HUB_OFFLINE else line(error)
        raise ConfigError(
            f"{kind.setting}.model={model} is no folder here, and the Hub does not give {name} ({why}); {kind.advice}."
        ) from error
    return Place(name, commit, f"{name}@{commit}")


def configuration(kind: Kind, model: str, found: Place, trust: bool) -> PretrainedConfig:
    """The configuration of a transformer; ``trust`` is whether Python code of the repository may run.

    Raises
    ------
    ConfigError
        If it has none that transformers can read.
    """
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(found.where, revision=found.revision, trust_remote_code=trust)
    except Exception as error:  # a broken file fails anywhere in three libraries
        raise ConfigError(f"{kind.setting}.model={model} cannot be loaded ({line(error)}); {kind.advice}.") from error


def require_architecture(kind: Kind, model: str, config: PretrainedConfig, *endings: str) -> None:
    """Refuse a checkpoint that is another kind of model, which shows before anything is loaded.

    Raises
    ------
    ConfigError
    """
    named = config.architectures or []
    if named and not any(name.endswith(endings) for name in named):
        raise ConfigError(f"{kind.setting}.model={model} is a {named[0]}; {kind.advice}.")


def _files(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Name, size and time of every file that a model can be made of: hidden files and prose decide nothing."""
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


def resolve(device: str | None, setting: str) -> str:
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
            f"{setting}.device={device} cannot be used ({line(error)}); this machine has {', '.join(available)}; "
            "name one of these, or leave it out."
        ) from error
    return device


def require_fast(dtype: Dtype, device: str, setting: str) -> None:
    """Refuse half precision where it only costs.

    Raises
    ------
    ConfigError
    """
    if dtype != Dtype.float32 and device == "cpu":
        raise ConfigError(
            f"{setting}.dtype={dtype} on the cpu, where half precision is slow and digits are lost; expected float32; "
            f"leave it out, or name a GPU as {setting}.device."
        )


def hardware(device: str) -> str:
    """What a device is, for cache keys: two cards of one model compute the same."""
    import torch

    return f"cuda {torch.cuda.get_device_name(device)}" if device.startswith("cuda") else device


@contextmanager
def quiet() -> Iterator[None]:
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


_turn = Lock()


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Torch keeps a thread count of its own, which `one_thread` does not reach in every build; one worker thread at a
    time, as there is one model and one such count a process."""
    import torch

    with _turn:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def line(error: BaseException) -> str:
    """The first line of what a library said, short enough for a sentence."""
    said = re.sub(r"\s+", " ", next((part for part in str(error).splitlines() if part.strip()), ""))
    said = said if len(said) < 200 else f"{said[:197]}..."
    return said.strip().rstrip(".") or type(error).__name__
