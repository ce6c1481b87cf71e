"""Whether a contender beats random: paired bootstrap over test rows, Holm's correction, rows needed."""

from __future__ import annotations

import numpy as np
import pandas as pd

RESAMPLES = 2000
LEVEL = 0.05
CELL = ["set", "label", "embedder", "budget"]


def unpack(bits: bytes, size: int) -> np.ndarray:
    return np.unpackbits(np.frombuffer(bits, np.uint8), count=size)


def differences(results: pd.DataFrame, contender: str, rival: str) -> dict[tuple, np.ndarray]:
    """For every cell (set, label, embedder, budget): float64[t], mean over repeats of right minus rival's right."""
    both = {}
    chosen = results[results.contender.isin([contender, rival])]
    for cell, group in chosen.groupby(CELL):
        size = int(group.tested.iloc[0])
        right = {
            key: np.mean([unpack(bits, size) for bits in part.correct], axis=0)  # over the draws of a repeat
            for key, part in group.groupby(["contender", "repeat"])
        }
        shared = [r for r in group.repeat.unique() if (contender, r) in right and (rival, r) in right]
        if shared:
            both[cell] = np.mean([right[contender, r] - right[rival, r] for r in shared], axis=0)
    return both


def bootstrap(values: np.ndarray, seed: int = 0) -> np.ndarray:
    """float64[RESAMPLES]: means of resamples of the test rows."""
    rng = np.random.default_rng(seed)
    return np.array([values[rng.integers(0, len(values), len(values))].mean() for _ in range(RESAMPLES)])


def holm(p: np.ndarray) -> np.ndarray:
    """p-values corrected for their number (Holm 1979)."""
    order = np.argsort(p)
    scaled = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(scaled, 1)
    return corrected


def gains(results: pd.DataFrame, contender: str, rival: str) -> pd.DataFrame:
    """One row a cell: gain in points, 95 % interval, and p of being below the rival, corrected over all cells.

    The p of a bootstrap of R resamples is at least 1 / (R + 1), too coarse to be corrected over many cells: it is that
    of a normal distribution with the bootstrap's standard error.
    """
    from scipy.stats import norm

    rows = []
    for cell, values in differences(results, contender, rival).items():
        means = bootstrap(values)
        error = means.std()
        low, high = np.percentile(means, [2.5, 97.5])
        below = norm.cdf(values.mean() / error) if error > 0 else 0.5
        rows.append([*cell, 100 * values.mean(), 100 * low, 100 * high, below])
    table = pd.DataFrame(rows, columns=[*CELL, "gain", "low", "high", "p_below"])
    table["p_below"] = holm(table.p_below.to_numpy()) if len(table) else table.p_below
    return table


def mean_gain(results: pd.DataFrame, contender: str, rival: str, budgets: list[float]) -> tuple[float, float, float]:
    """Mean gain in points over all cells of some budgets, with a 95 % interval (test rows resampled set by set)."""
    cells = {cell: v for cell, v in differences(results, contender, rival).items() if cell[3] in budgets}
    if not cells:
        return np.nan, np.nan, np.nan
    rng = np.random.default_rng(0)
    sizes = {cell[:2]: len(values) for cell, values in cells.items()}
    means = []
    for _ in range(RESAMPLES // 4):
        drawn = {key: rng.integers(0, size, size) for key, size in sizes.items()}
        means.append(np.mean([values[drawn[cell[:2]]].mean() for cell, values in cells.items()]))
    low, high = np.percentile(means, [2.5, 97.5])
    return 100 * float(np.mean([v.mean() for v in cells.values()])), 100 * float(low), 100 * float(high)


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
