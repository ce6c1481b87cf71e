"""The command ``corebound``: a Hydra application whose errors are sentences."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from types import ModuleType

    from omegaconf import DictConfig

HERE = Path(__file__).parent


def configs() -> Path:
    """The folder of configurations: in the wheel inside the package, in a checkout beside it."""
    inside = HERE / "configs"
    return inside if inside.is_dir() else HERE.parent / "configs"


def main() -> None:
    """Run ``corebound``; a user's mistake ends in one sentence and exit status 1."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what schedulers send is a stop like any other
    try:
        _main()
    except KeyboardInterrupt:
        print("corebound: stopped; the same command goes on from the finished stages.", file=sys.stderr)
        sys.exit(130)


def _main() -> None:
    import hydra

    from pipeline import refusals
    from pipeline.config import register

    if any(re.search(r"token=['\"]?hf_", argument) for argument in sys.argv):
        _refuse("found a token on the command line, which Hydra would write down; set HF_TOKEN and leave it out.")
    register(names_alone="--help" in sys.argv)
    sys.argv[1:] = flags_first(sys.argv[1:])
    for name in ("HF_DATASETS_DISABLE_PROGRESS_BARS", "HF_HUB_DISABLE_PROGRESS_BARS"):
        os.environ.setdefault(name, "1")  # ours say more
    if "HYDRA_FULL_ERROR" in os.environ:  # the user wants tracebacks
        _application(hydra)(_select)
        return
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises instead of printing its own many lines
    try:
        _application(hydra)(_select_or_say_why)
    except Exception as error:
        sentence = refusals.sentence(error)
        if sentence is None:
            raise
        _refuse(sentence)


def flags_first(arguments: list[str]) -> list[str]:
    """Arguments with the overrides behind the flags: argparse refuses overrides on both sides of one."""
    values = {"--config-dir", "-cd", "--config-path", "-cp", "--config-name", "-cn", "--package", "-p", "--cfg", "-c"}
    after_flag = [False, *(argument in values for argument in arguments)]
    is_override = [
        not argument.startswith("-") and not value for argument, value in zip(arguments, after_flag, strict=False)
    ]
    flags = [argument for argument, override in zip(arguments, is_override, strict=True) if not override]
    return flags + [argument for argument, override in zip(arguments, is_override, strict=True) if override]


def _application(hydra: ModuleType) -> Callable[[Callable[[DictConfig], None]], None]:
    decorate = hydra.main(config_path=str(configs()), config_name="config", version_base="1.3")
    return lambda task: decorate(task)()


def _refuse(sentence: str) -> NoReturn:
    print(f"corebound: {sentence}", file=sys.stderr)
    sys.exit(1)


def _select_or_say_why(cfg: DictConfig) -> None:
    # Inside the task, because Hydra prints a line of its own about an exception that leaves it.
    from pipeline import refusals

    try:
        _select(cfg)
    except Exception as error:
        sentence = refusals.sentence(error)
        if sentence is None:
            raise
        _refuse(sentence)


def _select(cfg: DictConfig) -> None:
    from omegaconf import OmegaConf

    from pipeline import refusals

    unknown = refusals.unknown(cfg)
    if unknown:
        raise unknown
    missing = sorted(OmegaConf.missing_keys(cfg))
    if all(cfg.budget[size] is None for size in ("rows", "fraction", "tokens")):
        missing.append("budget")
    if missing:
        raise refusals.missing(missing)
    config = OmegaConf.to_object(cfg)
    if not config.dry_run and not config.augmenter.plan_only:
        config.sink.check(config.source)

    from pipeline.publish import publish
    from pipeline.report import summary
    from pipeline.run import order_and_cut, prepare

    prepared = prepare(config)
    if config.dry_run or config.memory_gb is not None:
        from pipeline.forecast import forecast
        from pipeline.report import expected

        found = forecast(*prepared)
        if config.dry_run:
            expected.show(found, config.memory_gb)
            return
        found.require(config.memory_gb)
    run = order_and_cut(*prepared)
    if config.augmenter.plan_only:
        summary.show_plan(run)
        return
    product = publish(run, shlex.join(["corebound", *sys.argv[1:]]))
    summary.show(run, product.where)
