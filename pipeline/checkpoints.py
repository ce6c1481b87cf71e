"""Where a model's files are, and which ones they are."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline import devices, versions
from pipeline.cache import digest, file_digest
from pipeline.errors import ConfigError, line

if TYPE_CHECKING:
    from transformers import PretrainedConfig

T = TypeVar("T")
HUB_ID = re.compile(r"[\w-][\w.-]*(/[\w.-]+)?")  # anything else is a path


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
    from huggingface_hub import constants

    name = f"{kind.owner}/{model}" if kind.owner and "/" not in model else model
    try:
        commit = _commit(name, revision)
    except Exception as error:  # of huggingface_hub, and of the HTTP client that it happens to use
        why = "HF_HUB_OFFLINE is set and its cache here lacks it" if constants.HF_HUB_OFFLINE else line(error)
        raise ConfigError(
            f"{kind.setting}.model={model} is no folder here, and the Hub does not give {name} ({why}); {kind.advice}."
        ) from error
    return Place(name, commit, f"{name}@{commit}")


@cache
def _commit(name: str, revision: str | None) -> str:
    """Asked for once, so that a run has one model however often it looks."""
    from huggingface_hub import resolve_revision

    return resolve_revision(name, revision=revision).resolved


def settle(kind: Kind, component: T) -> tuple[T, Place]:
    """A component with its device named, and where its model is; it has ``model, revision, device, dtype``.

    Raises
    ------
    ConfigError
        If there is no such model, or this machine cannot run it so.
    """
    found = find(kind, component.model, component.revision)
    device = devices.resolve(component.device, kind.setting)
    devices.require_fast(component.dtype, device, kind.setting)
    return replace(component, device=device), found


def identity(settled: Any, found: Place) -> dict[str, Any]:
    """What of a settled component's model can change a result: not where it is or what its device is called."""
    where = {"model": found.content, "revision": None, "device": devices.hardware(settled.device)}
    return where | {"versions": versions.encoding()}


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
