"""Whether a contender beats random: paired bootstrap, Holm's correction, rows needed."""

from __future__ import annotations

import numpy as np
import pandas as pd

RESAMPLES = 2000
LEVEL = 0.05
CELL = ["set", "label", "embedder", "budget"]


def unpack(bits: bytes, size: int) -> np.ndarray:
    return np.unpackbits(np.frombuffer(bits, np.uint8), count=size)


def differences(results: pd.DataFrame, contender: str, rival: str) -> dict[tuple, np.ndarray]:
    """For every cell (set, label, embedder, budget): float64[r, t], right minus rival's right, repeats x test rows."""
    both = {}
    chosen = results[results.contender.isin([contender, rival])]
    for cell, group in chosen.groupby(CELL):
        size = int(group.tested.iloc[0])
        right = {
            key: np.mean([unpack(bits, size) for bits in part.correct], axis=0)  # over the draws of a repeat
            for key, part in group.groupby(["contender", "repeat"])
        }
        shared = [r for r in sorted(group.repeat.unique()) if (contender, r) in right and (rival, r) in right]
        if shared:
            both[cell] = np.stack([right[contender, r] - right[rival, r] for r in shared])
    return both


def drawn(size: int, times: int, rng: np.random.Generator) -> np.ndarray:
    """float64[times, size]: how often a resample with replacement has each of ``size``, as shares."""
    return rng.multinomial(size, np.full(size, 1 / size), times) / size


def holm(p: np.ndarray) -> np.ndarray:
    """p-values corrected for their number (Holm 1979)."""
    order = np.argsort(p)
    scaled = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(scaled, 1)
    return corrected


def gains(results: pd.DataFrame, contender: str, rival: str) -> pd.DataFrame:
    """One row a cell: gain in points, 95 % interval, and p of being below the rival, corrected over all cells.

    Test rows are resampled, repeats are not: a cell is below its rival sooner than if they were. The p of a bootstrap
    of R resamples is at least 1 / (R + 1), too coarse to be corrected over many cells: it is that of a normal
    distribution with the bootstrap's standard error.
    """
    from scipy.stats import norm

    rng, rows = np.random.default_rng(0), []
    for cell, both in differences(results, contender, rival).items():
        values = both.mean(axis=0)
        means = drawn(len(values), RESAMPLES, rng) @ values
        gain, error = float(values.mean()), float(means.std())
        low, high = np.percentile(means, [2.5, 97.5])
        below = norm.cdf(gain / error) if error > 1e-12 else float(gain >= 0)
        rows.append([*cell, 100 * gain, 100 * low, 100 * high, below])
    table = pd.DataFrame(rows, columns=[*CELL, "gain", "low", "high", "p_below"])
    table["p_below"] = holm(table.p_below.to_numpy(float)) if len(table) else table.p_below
    return table


def mean_gain(results: pd.DataFrame, contender: str, rival: str, budgets: list[float]) -> tuple[float, float, float]:
    """Mean gain in points at some budgets, every set with the same weight, and its 95 % interval.

    Of every set the test rows and the repeats are resampled, the same for all vectors and budgets of a label.
    """
    cells = {cell: v for cell, v in differences(results, contender, rival).items() if cell[3] in budgets}
    if not cells:
        return np.nan, np.nan, np.nan
    rng, of_sets, resampled = np.random.default_rng(0), [], []
    for name in sorted({cell[0] for cell in cells}):
        own = {cell: values for cell, values in cells.items() if cell[0] == name}
        of_sets.append(np.mean([values.mean() for values in own.values()]))
        means = []
        draws: dict[tuple[str, int], tuple[np.ndarray, np.ndarray]] = {}
        for cell, values in own.items():
            key = cell[1], len(values)
            if key not in draws:
                draws[key] = tuple(drawn(size, RESAMPLES, rng) for size in values.shape)
            repeats, rows = draws[key]
            means.append(((repeats @ values) * rows).sum(axis=1))
        resampled.append(np.mean(means, axis=0))
    low, high = np.percentile(np.mean(resampled, axis=0), [2.5, 97.5])
    return 100 * float(np.mean(of_sets)), 100 * float(low), 100 * float(high)


def rows_needed(results: pd.DataFrame, contender: str, share: float = 0.99) -> pd.Series:
    """Fraction of the pool that reaches a share of the full pool's accuracy, by set, label and embedder.

    Between two budgets accuracy is taken to be linear in the logarithm of rows. The curve starts at the smallest
    budget: where that is enough already, it is the answer.
    """
    found = {}
    for cell, group in results.groupby(CELL[:3]):
        goal = share * group[group.contender == "all"].accuracy.mean()
        curve = group[group.contender == contender].groupby("budget").accuracy.mean()
        if curve.empty or np.isnan(goal):
            continue
        budgets = np.append(curve.index.to_numpy(), 1.0)
        reached = np.maximum.accumulate(np.append(curve.to_numpy(), goal / share))
        at = int(np.argmax(reached >= goal))
        if at == 0:
            found[cell] = budgets[0]
            continue
        step = (goal - reached[at - 1]) / (reached[at] - reached[at - 1])
        found[cell] = float(np.exp(np.interp(step, [0, 1], np.log(budgets[at - 1 : at + 1]))))
    return pd.Series(found, dtype=float)
