"""What the heads reach, as Markdown."""

from __future__ import annotations

import numpy as np
import pandas as pd
from proof.table import markdown
from scipy.stats import t

from tails.heads import CHOSEN, LATENTS, LDA, METHODS, REAL, WEIGHTS
from tails.runs import FEW_SHOT

KEY = ["set", "imbalance", "repeat"]
GROUPS = ("many", "medium", "few", "few_shot")
LARGE = (50, 100)  # imbalances that the claim is about
POINTS = 3  # by which latents are to beat real vectors alone


def write(results: pd.DataFrame, mix: pd.DataFrame) -> str:
    """Everything that the results say."""
    once = results[results.amount == 1]
    parts = [
        "## Claims\n",
        claims(once),
        "## Balanced accuracy, in points, mean over sets\n",
        f"On the right, at imbalances {LARGE[0]} and {LARGE[1]}: thirds of the classes by size, and classes of fewer\n"
        f"than {FEW_SHOT} rows.\n",
        by_imbalance(once),
        "## Balanced accuracy on each set, mean over imbalances 50 and 100\n",
        by_set(once),
        "## How the gain over real vectors alone grows with the number of latents\n",
        "The number is a share of what each class lacks to be as large as the largest.\n",
        growth(results),
    ]
    if len(mix):
        parts += ["## The margin head on the clusters of the mix: balanced accuracy, in points\n", of_mix(mix)]
    return "\n".join(parts)


def difference(once: pd.DataFrame, method: str, rival: str, column: str = "balanced") -> tuple[float, float, float]:
    """Mean difference in points at large imbalances, sets with equal weights, and its 95 % interval.

    The interval (Student's t) is over repeats, each of which has a long tail of its own in every set.
    """
    large = once[once.imbalance.isin(LARGE)]
    both = large.pivot_table(index=KEY, columns="method", values=column)
    apart = 100 * (both[method] - both[rival])
    each = apart.groupby("repeat").mean()
    wide = t.ppf(0.975, len(each) - 1) * each.std() / np.sqrt(len(each)) if len(each) > 1 else np.nan
    return each.mean(), each.mean() - wide, each.mean() + wide


def shown(values: tuple[float, float, float]) -> str:
    return f"{values[0]:+.1f} ({values[1]:+.1f} to {values[2]:+.1f})"


def claims(once: pd.DataFrame) -> str:
    rows = []
    for method in (CHOSEN, *LATENTS):
        for rival, wanted in ((REAL, f"+{POINTS} or more"), (WEIGHTS, "0 or more"), (LDA, "0 or more")):
            name = "latents, kind chosen inside" if method == CHOSEN else method
            rows.append([f"{name} against {rival}", wanted, shown(difference(once, method, rival))])
        if method == CHOSEN:
            rows.append(
                [f"the same, classes of fewer than {FEW_SHOT} rows, against {REAL}", "",
                 shown(difference(once, method, REAL, "few_shot"))]
            )  # fmt: skip
    return markdown([f"points of balanced accuracy at imbalances {LARGE[0]} and {LARGE[1]}", "wanted", "found"], rows)


def by_imbalance(once: pd.DataFrame) -> str:
    imbalances = sorted(once.imbalance.unique())
    rows = []
    for method in [*(m.name for m in METHODS), CHOSEN]:
        own = once[once.method == method]
        means = [own[own.imbalance == i].groupby("set").balanced.mean().mean() for i in imbalances]
        large = own[own.imbalance.isin(LARGE)].groupby("set")[list(GROUPS)].mean().mean()
        rows.append([method, *(f"{100 * value:.1f}" for value in (*means, *large))])
    header = ["head", *(f"imbalance {i:g}" for i in imbalances), *(group.replace("_", "-") for group in GROUPS)]
    return markdown(header, rows)


def by_set(once: pd.DataFrame) -> str:
    large = once[once.imbalance.isin(LARGE)].groupby(["method", "set"]).balanced.mean()
    names = sorted(once.set.unique())
    methods = [*(m.name for m in METHODS), CHOSEN]
    return markdown(["head", *names], [[m, *(f"{100 * large[m, name]:.1f}" for name in names)] for m in methods])


def growth(results: pd.DataFrame) -> str:
    large = results[results.imbalance.isin(LARGE)]
    real = large[large.method == REAL].groupby("set").balanced.mean()
    amounts = sorted(results[results.method.isin(LATENTS)].amount.unique())
    rows = []
    for method in LATENTS:
        own = large[large.method == method].groupby(["amount", "set"]).balanced.mean()
        rows.append([method, *(f"{100 * (own[amount] - real).mean():+.1f}" for amount in amounts)])
    return markdown(["points over real only", *(f"x {amount:g}" for amount in amounts)], rows)


def of_mix(mix: pd.DataFrame) -> str:
    means = mix.groupby("latent", sort=False)[["all", "rare", "seconds"]].mean()
    rows = [[name, f"{100 * r['all']:.1f}", f"{100 * r.rare:.1f}", f"{r.seconds:.0f}"] for name, r in means.iterrows()]
    return markdown(["latents", "all clusters", "clusters of under half the mean size", "seconds"], rows)
