"""A component is a dataclass that is its own configuration."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, ClassVar


def runtime(default: Any) -> Any:
    """A field that says how a result is computed, never what it is: it stays out of cache keys."""
    return field(default=default, metadata={"runtime": True})


@dataclass(kw_only=True)
class Component:
    """Base of every part that a configuration group can choose.

    Attributes
    ----------
    version : int
        Raised when the same fields give other results, so that cached results are not mistaken for new ones.
    """

    version: ClassVar[int] = 1

    def identity(self) -> dict[str, Any]:
        """Everything about this component that can change a result: class, version, fields."""
        chosen = {f.name: getattr(self, f.name) for f in fields(self) if not f.metadata.get("runtime")}
        return {"component": f"{type(self).__module__}.{type(self).__qualname__}", "version": self.version, **chosen}
