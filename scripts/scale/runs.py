"""Run a command in a process of its own: seconds, and the memory of it and its workers."""

from __future__ import annotations

import io
import json
import os
import pstats
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FUNCTIONS = 25  # that a profile shows
PAUSE = 0.2  # seconds between two looks at memory


@dataclass(frozen=True)
class Cost:
    """``seconds``; ``peak_mib``: largest sum of what the process and its children had of memory, shared parts once."""

    seconds: float
    peak_mib: float


def measured(command: list[str], **variables: str) -> Cost:
    """Run a command to its end.

    Raises
    ------
    SystemExit
        With what it printed, where it fails.
    """
    peak, over = 0.0, threading.Event()
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env=os.environ | variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )

    def watch() -> None:
        nonlocal peak
        while not over.wait(PAUSE):
            peak = max(peak, sum(_mib(pid) for pid in _family(process.pid)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        said, _ = process.communicate()
        seconds = time.perf_counter() - started
    finally:
        over.set()
        process.kill()  # where this process was stopped; else it has ended
        watcher.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{said}")
    if not peak:
        raise SystemExit(f"the memory of {' '.join(command)} was not to be read from /proc; measure on Linux.")
    return Cost(seconds, peak)


def corebound(overrides: list[str], folder: Path) -> tuple[Cost, dict[str, Any]]:
    """A run of the command, nothing reused, and its run.json; what it wrote is removed."""
    shutil.rmtree(folder, ignore_errors=True)
    paths = [f"cache_dir={folder}/cache", f"sink.path={folder}/product"]
    cost = measured([sys.executable, "-m", "pipeline", *overrides, *paths])
    record = json.loads((folder / "product" / "run.json").read_text("utf-8"))
    shutil.rmtree(folder)
    return cost, record


def profile(overrides: list[str], folder: Path) -> str:
    """The functions of a run in which the most time is spent; what it wrote is removed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    paths = [f"cache_dir={folder}/cache", f"sink.path={folder}/product"]
    measured([sys.executable, "-m", "cProfile", "-o", str(folder / "profile"), "-m", "pipeline", *overrides, *paths])
    said = io.StringIO()
    pstats.Stats(str(folder / "profile"), stream=said).strip_dirs().sort_stats("tottime").print_stats(FUNCTIONS)
    shutil.rmtree(folder)
    return said.getvalue()


def dry(overrides: list[str], folder: Path) -> Cost:
    """What a dry run expects of the stages together; what it read is removed."""
    shutil.rmtree(folder, ignore_errors=True)
    paths = [f"cache_dir={folder}/cache", f"sink.path={folder}/product", "dry_run=true"]
    said = subprocess.run([sys.executable, "-m", "pipeline", *overrides, *paths], capture_output=True, text=True)
    if said.returncode:
        raise SystemExit(f"the dry run of {' '.join(overrides)} failed:\n{said.stderr}")
    shutil.rmtree(folder)
    last = next(line.split() for line in reversed(said.stdout.splitlines()) if line.startswith("all "))
    return Cost(*(float(number.replace(",", "")) for number in last[1:]))


def _family(pid: int) -> list[int]:
    found = [pid]
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += _family(int(child))
    except OSError:
        pass  # it has ended
    return found


def _mib(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    except (OSError, IndexError):
        return 0.0  # it has ended
