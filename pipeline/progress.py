"""Progress bars with rows a second and time left; silent unless standard error is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")
HIDDEN: ContextVar[bool] = ContextVar("hidden", default=False)  # whether bars are hidden even on a terminal


def track(
    items: Iterable[T], stage: str, unit: str, total: int | None = None, step: int | Iterable[int] = 1
) -> Iterator[T]:
    """Yield ``items``, showing how far the stage is.

    Parameters
    ----------
    stage, unit : str
        What is done, and to what.
    total : int, optional
        How many units there are.
    step : int or iterable of int
        Units that an item stands for, or one number an item.
    """
    if HIDDEN.get() or not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    steps = iter(step) if not isinstance(step, int) else None
    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[pace]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(stage, total=total, pace="")
        for item in items:
            yield item
            bar.advance(task, next(steps) if steps else step)
            pace = bar.tasks[task].finished_speed or bar.tasks[task].speed
            bar.update(task, pace=f"{bar.tasks[task].completed:,.0f} {unit}, {pace or 0:,.0f}/s")


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say what goes on during work that cannot tell how far it is."""
    if HIDDEN.get() or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield


@contextmanager
def hidden() -> Iterator[None]:
    """Show nothing of the work inside."""
    before = HIDDEN.set(True)
    try:
        yield
    finally:
        HIDDEN.reset(before)
