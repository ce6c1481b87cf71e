"""Hashes of what JSON values hold, the same however Arrow or a file spells them."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def stripped(value: Any) -> Any:
    """The value without the None-valued keys that Arrow structs add."""
    if isinstance(value, dict):
        return {key: stripped(item) for key, item in value.items() if item is not None}
    return [stripped(item) for item in value] if isinstance(value, list) else value


def canonical(value: Any) -> str:
    """JSON of a value, keys sorted, None-valued keys stripped: equal for values that are equal."""
    return json.dumps(stripped(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_opaque)


def hashed(text: str) -> str:
    """128-bit hash of a text, hexadecimal."""
    return hashlib.blake2b(text.encode("utf-8"), digest_size=16).hexdigest()


def fingerprint(value: Any) -> str:
    """Content hash of a value."""
    return hashed(canonical(value))


def _opaque(value: Any) -> dict[str, str]:
    """A value that JSON has not (a date, a decimal, the bytes of an image in another column) for hashing."""
    text = hashlib.blake2b(value).hexdigest() if isinstance(value, bytes) else str(value)
    return {type(value).__name__: text}
