"""Work that goes on where it was stopped: files that appear when they are complete, made by several processes."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from pipeline.progress import track


def once(path: Path, make: Callable[[Path], None]) -> None:
    """Make a file that appears when it is complete, unless it is there."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.draft")
        make(draft)
        os.replace(draft, path)


def one_thread_each(workers: int) -> None:
    """For `each` to start with: matrices are small, and processes enough."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)


def each(
    work: Callable[[Any, dict[str, Any]], None], tasks: list[Any], chosen: dict[str, Any], what: str, unit: str,
    start: Callable[[int], None] | None = None,
) -> None:  # fmt: skip
    """Do tasks, in ``chosen["workers"]`` processes where that is more than one; each finds itself what is done.

    ``start`` is what a process does first, given how many there are. At the end it says how long that took.
    """
    started = time.perf_counter()
    try:
        _go_through(work, tasks, chosen, what, unit, start)
    except KeyboardInterrupt:
        raise SystemExit(f"{what}: stopped; the same command goes on from what is finished.") from None
    except BrokenProcessPool:
        raise SystemExit(
            f"{what}: a process was killed, by hand or for its memory; the same command goes on from what is finished."
        ) from None
    minutes = (time.perf_counter() - started) / 60
    by = "one process" if chosen["workers"] == 1 else f"{chosen['workers']} processes"
    print(f"{what}: {len(tasks)} {unit}, computed or found, in {minutes:.1f} min by {by}.", file=sys.stderr)


def _begin(start: Callable[[int], None] | None, workers: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # ends at once and in silence; who started it tells
    if start:
        start(workers)


def _go_through(
    work: Callable[[Any, dict[str, Any]], None], tasks: list[Any], chosen: dict[str, Any], what: str, unit: str,
    start: Callable[[int], None] | None,
) -> None:  # fmt: skip
    workers = chosen["workers"]
    if workers == 1:
        if start:
            start(1)
        for task in track(tasks, what, unit, total=len(tasks)):
            work(task, chosen)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), _begin, (start, workers)) as pool:
        heard = signal.signal(signal.SIGINT, signal.SIG_IGN)  # of which processes hear nothing while they are made
        jobs = [pool.submit(work, task, chosen) for task in tasks]
        signal.signal(signal.SIGINT, heard)
        try:
            for job in track(as_completed(jobs), what, unit, total=len(jobs)):
                job.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)  # the queue would run on for hours before the error is seen
            raise
