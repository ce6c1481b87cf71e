"""Where independent pieces of work run. Nothing here can change a result."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from pipeline.component import Component, runtime
from pipeline.errors import ConfigError

AHEAD = 4  # pieces of work for each thread that are waiting or done, and not yet asked for

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def one_thread() -> Iterator[None]:
    """Single-threaded linear algebra for the libraries imported so far.

    A threaded product differs in its last bits from a single-threaded one, and so would the selection (METHOD,
    section 6). Parallelism comes from mapping over blocks instead.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield


@dataclass(kw_only=True)
class Executor(Component):
    """Maps a function over small items; memory-mapped arrays bound to the function travel as paths."""

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Results in the order of ``items``, as they become ready."""
        raise NotImplementedError


@dataclass(kw_only=True)
class Serial(Executor):
    """One after the other, in this process."""

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        with one_thread():
            for item in items:
                yield function(item)


@dataclass(kw_only=True)
class Parallel(Executor):
    """Several workers."""

    workers: int = runtime(0)

    def __post_init__(self) -> None:
        if self.workers < 0:
            raise ConfigError(f"executor.workers is {self.workers}; expected 0 (one a core) or more; mend it.")


@dataclass(kw_only=True)
class Threads(Parallel):
    """In threads of this process: nothing is copied, and products of matrices run side by side.

    Parameters
    ----------
    workers : int
        0 for one a core.
    """

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        from joblib import cpu_count
        from threadpoolctl import threadpool_limits

        workers = self.workers or cpu_count()
        # Libraries that use OpenMP, as faiss does, have a limit of their own in every thread.
        with one_thread(), ThreadPoolExecutor(workers, initializer=threadpool_limits, initargs=(1,)) as pool:
            waiting: deque[Future[Result]] = deque()
            try:
                for item in items:
                    waiting.append(pool.submit(function, item))
                    if len(waiting) > AHEAD * workers:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)  # nothing more is asked for, after an error or a stop


@dataclass(kw_only=True)
class Processes(Parallel):
    """In worker processes on this machine: work in Python itself, such as counting words, runs side by side too.

    Parameters
    ----------
    workers : int
        0 for one a core.
    """

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        import joblib

        # max_nbytes=None: arrays in memory travel by pickle; memory-mapped ones travel as the path of their file.
        backend = joblib.parallel_config(backend="loky", n_jobs=self.workers or -1, inner_max_num_threads=1)
        with one_thread(), backend:
            parallel = joblib.Parallel(return_as="generator", max_nbytes=None, mmap_mode="r", batch_size=1)
            yield from parallel(joblib.delayed(function)(item) for item in items)
