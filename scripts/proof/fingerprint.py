"""Names for results: those of other code or other choices are other results."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

HOME = Path(__file__).parent.parent.parent


def fingerprint(choices: Any, *patterns: str, but: tuple[str, ...] = ()) -> str:
    """Short hash of some settings and of the source files that they are given to, ``but`` some by their stems."""
    content = hashlib.sha256(json.dumps(choices, sort_keys=True, default=str).encode())
    for pattern in patterns:
        for file in sorted(path for path in HOME.glob(pattern) if path.stem not in but):
            content.update(file.read_bytes())
    return content.hexdigest()[:8]


def require_same(before: str, now: str, parts: Path) -> None:
    """Refuse results while which the code was changed: processes that start later run what is there then.

    Raises
    ------
    SystemExit
    """
    if now != before:
        raise SystemExit(f"{parts} may hold results of code that was changed while it ran; remove it, and run again.")
