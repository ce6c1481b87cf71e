"""What scripts/bench.py measured, as Markdown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from proof.table import markdown

SELECTING = ("bin", "neighbours", "score-margin", "score-density", "order", "cut")
FROM = 125_000  # rows from which growth is measured


def of_runs(found: list[dict[str, Any]]) -> str:
    """Seconds and peak memory of every stage, how they grow, the bound, and what was expected."""
    bounds = [
        [
            one["rows"], one["clusters"], f"{one['gigaflops']:.0f}", f"{one['bound']:.1f}", f"{one['selecting']:.1f}",
            f"{one['selecting'] / one['bound']:.2f}", f"{one['rows'] / one['selecting']:,.0f}",
        ]
        for one in found
    ]  # fmt: skip
    written = [
        *stages(found),
        f"Selecting ({', '.join(SELECTING)}) and its bound\n",
        markdown(["rows", "clusters", "GFLOP/s", "bound, s", "selecting, s", "ratio", "rows/s"], bounds),
        *expected(found),
    ]
    large = [one for one in found if one["rows"] >= FROM]
    if len(large) > 1:
        peak = {one["rows"]: max(one["stages"][name][1] for name in SELECTING) for one in large}
        grows = {
            "time": exponent(large, lambda one: one["selecting"]),
            "memory": exponent(large, lambda one: peak[one["rows"]]),
        }
        written.append(
            f"From {large[0]['rows']:,} to {large[-1]['rows']:,} rows, "
            + " and ".join(f"{name} grows as rows ** {power:.2f}" for name, power in grows.items())
            + ".\n"
        )
    return "\n".join(written)


def of_texts(found: list[dict[str, Any]]) -> str:
    """Seconds and peak memory of every stage, the vectoriser and a plain copy alone, and what was expected."""
    bounds = []
    for one in found:
        seconds = {name: stage[0] for name, stage in one["stages"].items()}
        embed, files = seconds["embed"], seconds["read"] + one["seconds"] - sum(seconds.values())
        bounds.append(
            [
                one["rows"], f"{embed:.1f}", f"{one['vectoriser']:.1f}", f"{embed / one['vectoriser']:.2f}",
                f"{files:.1f}", f"{one['copy']:.1f}", f"{files / one['copy']:.1f}",
            ]
        )  # fmt: skip
    header = ["rows", "embed, s", "vectoriser alone, s", "ratio", "read, start, publish, s", "plain copy, s", "ratio"]
    return "\n".join([*stages(found), "Beside what is not ours\n", markdown(header, bounds), *expected(found)])


def stages(found: list[dict[str, Any]]) -> list[str]:
    names = list(found[0]["stages"])
    seconds = [
        [one["rows"], *(f"{one['stages'][name][0]:.1f}" for name in names), f"{one['seconds']:.1f}"] for one in found
    ]
    memory = [
        [one["rows"], *(f"{one['stages'][name][1]:,.0f}" for name in names), f"{one['peak']:,.0f}"] for one in found
    ]
    return [
        "Seconds\n", markdown(["rows", *names, "whole command"], seconds),
        "Peak memory, MiB\n", markdown(["rows", *names, "whole command, with workers"], memory),
    ]  # fmt: skip


def expected(found: list[dict[str, Any]]) -> list[str]:
    rows = []
    for one in found:
        seconds, peak = one["expected"]
        taken = one["seconds"]
        rows.append(
            [
                one["rows"], f"{seconds:.1f}", f"{taken:.1f}", f"{seconds / taken:.2f}", f"{peak:,.0f}",
                f"{one['peak']:,.0f}", f"{peak / one['peak']:.2f}",
            ]
        )  # fmt: skip
    header = ["rows", "expected s", "s of the command", "ratio", "expected MiB", "peak MiB", "ratio"]
    return ["What a dry run had expected\n", markdown(header, rows)]


def exponent(found: list[dict[str, Any]], measure: Callable[[dict[str, Any]], float]) -> float:
    """Slope of the logarithm over that of the rows, by least squares."""
    rows, values = (np.log([each(one) for one in found]) for each in (lambda one: one["rows"], measure))
    return float(np.polyfit(rows, values, 1)[0])


def of_peers(found: list[dict[str, Any]]) -> str:
    """Medians of the repeats, and how many times as much a peer took."""
    rows = []
    for pair in found:
        ours, theirs = (np.median(pair[side], axis=0) for side in ("ours", "theirs"))
        rows.append(
            [
                pair["rows"], pair["us"], pair["them"], f"{ours[0]:.2f}", f"{theirs[0]:.2f}",
                f"{theirs[0] / ours[0]:.1f}", f"{ours[1]:,.0f}", f"{theirs[1]:,.0f}", f"{theirs[1] / ours[1]:.1f}",
                pair["alike"],
            ]
        )  # fmt: skip
    header = ["rows", "ours", "peer", "s", "peer's s", "times", "MiB", "peer's MiB", "times", "result"]
    return "Peers on the same vectors, medians of the repeats\n\n" + markdown(header, rows)
