"""Pieces of work come back in their order, each in one thread of linear algebra, and stop when told to."""

import threading
import time

import pytest
from threadpoolctl import threadpool_info

from pipeline.executors import Processes, Serial, Threads


def threads(_):
    import faiss  # noqa: F401  # its libraries are among those that are counted

    return max(one["num_threads"] for one in threadpool_info())


@pytest.mark.parametrize(
    "executor", [Serial(), Threads(workers=2), Processes(workers=2)], ids=lambda e: type(e).__name__
)
def test_order_is_kept_and_linear_algebra_has_one_thread(executor):
    assert list(executor.map(str, range(50))) == [str(number) for number in range(50)]
    threads(0)  # the libraries are there
    assert set(executor.map(threads, range(4))) == {1}


def test_threads_do_nothing_more_after_an_error_or_a_stop():
    done, lock = [], threading.Lock()

    def work(number):
        if number == 0:
            raise ValueError("no")
        time.sleep(0.05)
        with lock:
            done.append(number)

    with pytest.raises(ValueError, match="no"):
        list(Threads(workers=2).map(work, range(1000)))
    assert len(done) < 6
    results = Threads(workers=2).map(work, range(1, 1000))
    next(results)
    before = len(done)
    results.close()
    time.sleep(0.2)
    assert len(done) <= before + 3
