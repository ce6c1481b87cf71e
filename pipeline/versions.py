"""Versions of what results depend on."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import version

from pipeline import __version__

DECISIVE = ("faiss-cpu", "numpy", "scikit-learn", "scipy")  # another version may compute other numbers
ENCODING = ("sentence-transformers", "tokenizers", "torch", "transformers")  # the same, for vectors of encoders alone
RECORDED = (*DECISIVE, *ENCODING, "datasets", "hydra-core", "pyarrow")


@cache
def decisive() -> dict[str, str]:
    """Versions that belong to every cache key: after an upgrade, nothing old passes for new."""
    return {"corebound": __version__, **{name: version(name) for name in DECISIVE}}


@cache
def encoding() -> dict[str, str]:
    """Versions that belong to the cache keys of embedders that run an encoder."""
    return {name: version(name) for name in ENCODING}


def recorded() -> dict[str, str]:
    """Versions that a run writes down."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "corebound": __version__,
        **{name: version(name) for name in RECORDED},
    }
