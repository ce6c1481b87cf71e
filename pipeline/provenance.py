"""What a run was: settings, versions, hashes, counts, times and peak memory."""

from __future__ import annotations

import logging
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pipeline.cache import Cache

log = logging.getLogger("corebound")
T = TypeVar("T")


@dataclass
class Stage:
    """One stage of a run: seconds, peak resident memory in MiB (of this process, and what its workers hold of their own
    at the end), and whether it was reused."""

    name: str
    seconds: float
    peak_mib: float
    key: str = ""
    reused: bool = False


@dataclass
class Stages:
    """Runs the stages of one run through the cache and keeps their times."""

    cache: Cache
    done: list[Stage] = field(default_factory=list)

    def cached(
        self,
        name: str,
        kind: Callable[[Path], T],
        inputs: Any,
        make: Callable[[Path], None],
        resumable: bool = False,
    ) -> T:
        """A stage whose result is kept by content; see `Cache.stage`."""
        with self.timed(name) as stage:
            result, stage.key, stage.reused = self.cache.stage(name, kind, inputs, make, resumable)
        return result

    def key(self, name: str) -> str:
        """Key of a stage that has run: what later stages name as their input."""
        return next(stage.key for stage in self.done if stage.name == name)

    @contextmanager
    def timed(self, name: str) -> Iterator[Stage]:
        """Measure a stage and log a line about it."""
        stage = Stage(name, 0.0, 0.0)
        forget_peak()
        started = time.perf_counter()
        yield stage
        stage.seconds = time.perf_counter() - started
        stage.peak_mib = peak_mib() + workers_mib()
        self.done.append(stage)
        how = "reused" if stage.reused else "made"
        log.info("%-13s %-6s %-8s %8.1f s", name, how, stage.key[:8], stage.seconds)


def forget_peak() -> None:
    """Start a new high-water mark of resident memory, where the system can (Linux)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass  # elsewhere the mark is that of the whole process, which is what peak_mib then says


def peak_mib() -> float:
    """High-water mark of this process's resident memory since `forget_peak`, in MiB."""
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 2**20 if sys.platform == "darwin" else peak / 1024


def workers_mib() -> float:
    """What processes that this one started hold of memory of their own, not mapped from files, in MiB (Linux)."""
    found = 0.0
    for children in Path("/proc/self/task").glob("*/children"):
        for child in children.read_text().split():
            try:
                status = Path(f"/proc/{child}/status").read_text()
                found += int(status.split("RssAnon:")[1].split()[0]) / 1024
            except (OSError, IndexError):
                pass  # it has ended
    return found
