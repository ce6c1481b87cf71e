"""Where a model runs, in which numbers, and that its libraries keep quiet and to one thread there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from threading import Lock

from pipeline.errors import ConfigError, line


class Dtype(StrEnum):
    """Numbers that a model computes with."""

    float32 = "float32"
    float16 = "float16"
    bfloat16 = "bfloat16"


def resolve(device: str | None, setting: str) -> str:
    """The device that is asked for, or the best that this machine has.

    Raises
    ------
    ConfigError
        If this machine has no such device.
    """
    import torch

    has = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    available = [name for name, there in has.items() if there]
    if device is None:
        return available[0]
    try:
        torch.zeros(1, device=device).tolist()
    except Exception as error:  # torch raises whatever the driver gave it
        raise ConfigError(
            f"{setting}.device={device} cannot be used ({line(error)}); this machine has {', '.join(available)}; "
            "name one of these, or leave it out."
        ) from error
    return device


def require_fast(dtype: Dtype, device: str, setting: str) -> None:
    """Refuse half precision where it only costs.

    Raises
    ------
    ConfigError
    """
    if dtype != Dtype.float32 and device == "cpu":
        raise ConfigError(
            f"{setting}.dtype={dtype} on the cpu, where half precision is slow and digits are lost; expected float32; "
            f"leave it out, or name a GPU as {setting}.device."
        )


def hardware(device: str) -> str:
    """What a device is, for cache keys: two cards of one model compute the same."""
    import torch

    return f"cuda {torch.cuda.get_device_name(device)}" if device.startswith("cuda") else device


@contextmanager
def quiet() -> Iterator[None]:
    """Loading without the bars and reports of transformers: we say what matters ourselves."""
    from transformers.utils import logging as transformers

    loggers = [logging.getLogger(name) for name in ("sentence_transformers", "transformers")]
    before, bars = [logger.level for logger in loggers], transformers.is_progress_bar_enabled()
    transformers.disable_progress_bar()
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
        if bars:
            transformers.enable_progress_bar()


_turn = Lock()


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Torch keeps a thread count of its own, which `one_thread` does not reach in every build; one worker thread at a
    time, as there is one model and one such count a process."""
    import torch

    with _turn:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)
