"""corebound: shrink an instruction-tuning corpus to a budget, and say for every row why it was kept or dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.library import select as select

__all__ = ["select"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # Lazy, so that `corebound --help` need not import what only the library needs.
    if name == "select":
        from pipeline.library import select

        return select
    raise AttributeError(f"module 'pipeline' has no attribute '{name}'")
