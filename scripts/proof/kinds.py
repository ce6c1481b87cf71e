"""Settings of a script, of the kinds that its configuration file has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

NAMES = {int: "a whole number", float: "a number", str: "a word", bool: "true or false"}


def require_kinds(chosen: dict[str, Any], file: Path, empty: tuple[str, ...] = ()) -> None:
    """Refuse what is of another kind than in ``file``, and lists without anything, but for those named in ``empty``.

    Raises
    ------
    SystemExit
    """
    usual = OmegaConf.to_container(OmegaConf.load(file))
    for name, value in chosen.items():
        default = usual.get(name)
        if isinstance(default, list):
            kind = _kind(default)
            fits, said = isinstance(value, list) and all(_is(one, kind) for one in value), f"a list, each {NAMES[kind]}"
            if fits and not value and name not in empty:
                fits, said = False, "one or more"
        elif type(default) in NAMES:
            fits, said = _is(value, type(default)), NAMES[type(default)]
        else:
            continue
        if not fits:
            raise SystemExit(f"{name} is {value!r}; expected {said}, as {default!r} by default; mend it.")


def _kind(values: list[Any]) -> type:
    return float if any(isinstance(one, float) for one in values) else type(values[0])


def _is(value: Any, kind: type) -> bool:
    return isinstance(value, (int, float) if kind is float else kind) and isinstance(value, bool) == (kind is bool)
