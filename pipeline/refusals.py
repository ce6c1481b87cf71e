"""Errors of Hydra and OmegaConf in one sentence that names the key, what was found and what is valid."""

from __future__ import annotations

import dataclasses
import difflib
import errno
import re
from typing import Any

from omegaconf import DictConfig, OmegaConf

from pipeline.config import GROUPS
from pipeline.errors import ConfigError, PipelineError

HINTS = {
    "source.path": "the corpus: a file, a glob, or a list of these",
    "sink.path": "the folder for the product",
    "embedder.model": "a folder that SentenceTransformer.save wrote, or an id of the Hub",
    "categorizer.column": "the label column",
    "budget": "how much to keep, as in budget.fraction=0.2",
}
MOVED = {"budget.tokenizer": "tokenizer"}


def missing(keys: list[str]) -> ConfigError:
    """All settings that have no default and were not given, in one sentence."""
    what = "; ".join(f"{key}=... ({HINTS[key]})" if key in HINTS else f"{key}=..." for key in keys)
    return ConfigError(f"missing {what}; add {'them' if len(keys) > 1 else 'it'} to the command line.")


def unknown(cfg: DictConfig, where: str = "") -> ConfigError | None:
    """The refusal of a setting that ``+`` added and nothing reads, if there is one."""
    schema = OmegaConf.get_type(cfg)
    if not dataclasses.is_dataclass(schema):
        children = list(cfg)
    else:
        children = [field.name for field in dataclasses.fields(schema)]
        extra = [key for key in cfg if key not in children and (where or key != "hydra")]
        if extra:
            return ConfigError(_no_setting(f"{where}{extra[0]}", children))
    for key in children:
        if OmegaConf.is_dict(cfg._get_node(key)) and not OmegaConf.is_missing(cfg, key):
            found = unknown(cfg[key], f"{where}{key}.")
            if found:
                return found
    return None


def sentence(error: BaseException) -> str | None:
    """One sentence for an error that the user can mend, or None for one that is ours."""
    from hydra.errors import HydraException, MissingConfigException, OverrideParseException
    from omegaconf.errors import OmegaConfBaseException

    if isinstance(error, PipelineError):
        return str(error)
    if isinstance(error, OSError) and (error.filename is not None or error.errno == errno.ENOSPC):
        where = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror}{where}; name a file that can be read, or a folder with room to write."
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, PipelineError):
            return str(cause)
        if isinstance(cause, OmegaConfBaseException) and cause.full_key:
            return _setting(cause)
        cause = cause.__cause__
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, name = error.missing_cfg_file.rpartition("/")
        if error.options:
            return f"no option {group}={name}; {group} has {', '.join(error.options)}."
    if isinstance(error, OverrideParseException):
        reason = str(error).splitlines()[0]
        return f"cannot read {error.override!r} ({reason}); expected key=value, quoted where it has brackets."
    if isinstance(error, HydraException | OmegaConfBaseException):
        return _one_line(str(error))
    return None


def _setting(error: Any) -> str:
    key = error.full_key
    first = str(error.msg or error).splitlines()[0]
    if "not in" in first:  # "Key 'x' is not in struct", "Key 'x' not in 'Lsa'"
        return _no_setting(key, [name for name in _keys_of(error.parent_node) if name != "hydra"])
    if "expected one of" in first:
        return f"{key}: {first}; mend the value."
    return f"{key}: {first}; expected {_type_of(error)}; mend the value."


def _no_setting(key: str, valid: list[str]) -> str:
    if key in MOVED:
        return f"no setting {key}; it is {MOVED[key]} now, for budget and filter alike; use that."
    parent, _, name = key.rpartition(".")
    close = difflib.get_close_matches(name, valid, n=1)
    guess = f"did you mean {'.'.join(filter(None, (parent, close[0])))}? " if close else ""
    elsewhere = [
        option
        for option, component in GROUPS.get(parent, {}).items()
        if any(field.name == name for field in dataclasses.fields(component))
    ]
    if elsewhere:
        choices = " and ".join(f"{parent}={option}" for option in elsewhere)
        return f"no setting {key} in this choice of {parent}; it belongs to {choices}; choose one that has it."
    if not valid:
        return f"no setting {key}; {parent} has no settings; leave it out."
    return f"no setting {key}; {guess}{parent or 'the configuration'} has {', '.join(valid)}."


def _keys_of(node: Any) -> list[str]:
    try:
        return [str(key) for key in node]
    except TypeError:
        return []


def _type_of(error: Any) -> str:
    kind = getattr(error, "ref_type", None) or getattr(error, "object_type", None)
    found = re.search(r"converted to (\w+)|not a valid (\w+)", str(error))
    names = {
        "Integer": "a whole number",
        "Float": "a number",
        "Boolean": "true or false",
        "bool": "true or false",
        "String": "text",
    }
    if found:
        return names.get(found[1] or found[2], found[1] or found[2])
    return getattr(kind, "__name__", None) or "a value of the type of the default"


def _one_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return re.sub(r"\s+", " ", "; ".join(lines))
