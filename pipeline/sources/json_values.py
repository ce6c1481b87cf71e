"""Values as JSON that the ``Json`` feature of datasets reads back as they were."""

from __future__ import annotations

import json
import math
from typing import Any

EXACT = 1e-14  # what a fraction may lose: datasets reads those in Json columns with 15 decimals


def dumped(value: Any) -> str | None:
    """JSON from which datasets reads the value again, or None."""
    try:
        text = json.dumps(value, ensure_ascii=False)
        if _same(value, _read(text), 0):
            return text
        text = _spelt(value)
        return text if _same(value, _read(text), EXACT) else None
    except (ValueError, TypeError, RecursionError):
        return None


def _read(text: str) -> Any:
    from datasets.utils.json import ujson_loads

    return ujson_loads(text)


def _spelt(value: Any) -> str:
    """JSON whose fractions are spelt so that datasets, which reads 15 decimals, loses least of them."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{_spelt(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_spelt, value)) + "]"
    if not isinstance(value, float) or not math.isfinite(value):
        return json.dumps(value, ensure_ascii=False)
    # 0.00123 as 1.23e-3: the decimals are then digits that count.
    spellings = [repr(value), *("e".join(f"{value:.{digits}e}".split("e")) for digits in (15, 16))]
    return min(spellings, key=lambda text: abs(_read(text) - value))


def _same(a: Any, b: Any, tolerance: float) -> bool:
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(item, b[key], tolerance) for key, item in a.items())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(_same(x, y, tolerance) for x, y in zip(a, b, strict=True))
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=tolerance)
    return type(a) is type(b) and a == b


def culprit(value: Any) -> Any:
    """The part of a value that does not come back."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((culprit(part) for part in parts if part is not None and dumped(part) is None), value)
