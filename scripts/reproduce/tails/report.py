"""What the heads reach, as Markdown."""

from __future__ import annotations

import numpy as np
import pandas as pd
from proof.interval import bounds, interval
from proof.table import markdown, percent

from tails.heads import CHOSEN, LATENTS, METHODS, REAL
from tails.runs import FEW_SHOT, LARGE
from tails.sets import THIRDS

KEY = ["set", "imbalance", "repeat"]
WANTED = {REAL: 3, "class weights": 0, "LDA, uniform priors": 0}  # points, by this project, not by the paper
UNSYNTHETIC = ("class weights", "LDA, uniform priors", "logit adjustment")
NAMES = [method.name for method in METHODS]


def write(results: pd.DataFrame, mix: pd.DataFrame, grid: list[float]) -> str:
    """Everything that the results say."""
    once = results[results.amount == 1]
    large = once[once.imbalance.isin(LARGE)]
    there = [f"{imbalance:g}" for imbalance in LARGE if (large.imbalance == imbalance).any()]
    those = f"imbalance{'s' * (len(there) > 1)} {' and '.join(there)}"
    parts = [
        "## Latents against what else one would do\n",
        f"Points of balanced accuracy at {those}, mean over sets, with 95 % intervals (Student's t)\n"
        "over repeats, which are subsamples of these sets; test rows are the same in all, but for digits. Wanted is\n"
        "what this project asks for, not the paper. The kind of latents is chosen inside the training rows, by a\n"
        "balanced accuracy to which classes of one row say nothing.\n",
        rivals(large),
        claims(large),
        "## Kinds of latents, against real vectors alone and the others\n",
        kinds(large),
        "## Balanced accuracy, in points, mean over sets\n",
        f"On the right, at {those}: thirds of the classes by size, and classes of fewer than {FEW_SHOT} rows,\n"
        "on the sets that have such.\n",
        by_imbalance(once),
        f"## Balanced accuracy on each set, mean over {those}\n",
        by_set(large),
        f"## Recall of classes of fewer than {FEW_SHOT} rows on each set, mean over {those}\n",
        few_by_set(large),
        "## How the gain over real vectors alone grows with the number of latents\n",
        "The number is a share of what each class lacks to be as large as the largest. The penalty is that of x 1, so\n"
        "that other numbers might gain from another.\n",
        growth(results[results.imbalance.isin(LARGE)]),
    ]
    if len(mix):
        parts += [
            f"## The margin head on the clusters of the mix (a sample of {int(mix.rows.iloc[0]):,} rows, "
            f"{int(mix.clusters.iloc[0])} clusters)\n",
            "Balanced accuracy out of fold, in points, the clustering being the truth; rare clusters have fewer than\n"
            f"half the mean of rows. Intervals (95 %) are over {mix['repeat'].nunique()} clusterings.\n",
            of_mix(mix),
        ]
    penalised = once[once.method.isin(NAMES) & (once.method != "LDA, uniform priors")]
    ends = penalised.C.isin([min(grid), max(grid)]).mean()
    weakest, strongest = (
        ", ".join(f"{name} {percent(round(share, 2))}" for name, share in taken.items())
        for taken in ((penalised.C == end).groupby(penalised.method).mean() for end in (max(grid), min(grid)))
    )
    reached = once.groupby("imbalance").reached.agg(["min", "max"])
    sizes = "; ".join(f"{i:g}: {low:.0f} to {high:.0f}" for i, low, high in reached.itertuples())
    parts.append(
        f"\nImbalances reached: {sizes}. The penalty was at an end of its grid in {percent(round(ends, 2))};\n"
        f"at its weakest: {weakest};\nat its strongest: {strongest}.\n"
    )
    return "\n".join(parts)


def apart(large: pd.DataFrame, method: str, rival: str, column: str = "balanced") -> pd.Series:
    """Differences in points by repeat, sets with equal weights."""
    both = large.pivot_table(index=KEY, columns="method", values=column)
    return 100 * (both[method] - both[rival]).groupby("repeat").mean()


def difference(large: pd.DataFrame, method: str, rival: str, column: str = "balanced") -> str:
    """Their mean, and its interval over repeats."""
    return interval(apart(large, method, rival, column))


def rivals(large: pd.DataFrame) -> str:
    """The chosen latents against each other method, everywhere and on classes of few rows; and sets won."""
    means = large.groupby(["method", "set"]).balanced.mean()
    rows = []
    for rival in (name for name in NAMES if name not in LATENTS):
        won = int((means[CHOSEN] > means[rival]).sum())
        few = difference(large, CHOSEN, rival, "few_shot") if large.few_shot.notna().any() else ""
        wanted, held = WANTED.get(rival), ""
        if wanted is not None:
            mean, low, _ = bounds(apart(large, CHOSEN, rival))
            held = "yes" if low >= wanted else "in the mean" if mean >= wanted else "no"
        bar = "" if wanted is None else f"{wanted} or more"
        won = f"{won} of {len(means[rival])}"
        rows.append([rival, difference(large, CHOSEN, rival), bar, held, few, won])
    header = ["latents against", "points", "wanted", "reached", f"classes of fewer than {FEW_SHOT} rows", "sets won"]
    return markdown(header, rows)


def claims(large: pd.DataFrame) -> str:
    """What the paper claims of latents, in one sentence, and of that what nothing synthetic could give as well."""
    rows = []
    for said, against in (
        ("a linear head on a frozen encoder learns long tails better with synthetic latents", (REAL,)),
        ("better than by what makes nothing", UNSYNTHETIC),
    ):
        each = {rival: apart(large, CHOSEN, rival) for rival in against}
        found = "; ".join(f"{rival} {interval(points)}" for rival, points in each.items())
        many, worse = (sum(bounds(sign * points)[1] > 0 for points in each.values()) for sign in (1, -1))
        verdict = f"held against {many} of {len(each)}" if many else "did not hold" if worse else "cannot be told"
        rows.append([said, found, "held" if many == len(each) else verdict])
    return markdown(["claim", "points to", "verdict"], rows)


def few_by_set(large: pd.DataFrame) -> str:
    """Recall of classes of few rows on each set, and how many they are."""
    there = large[large.few_shot_classes > 0]
    names, means = sorted(there.set.unique()), 100 * there.groupby(["method", "set"]).few_shot.mean()
    many = there.groupby("set").few_shot_classes.mean()
    header = [f"{name} ({many[name]:.1f} classes)" for name in names]
    return markdown(["head", *header], [[m, *(f"{means[m, n]:.1f}" for n in names)] for m in [*NAMES, CHOSEN]])


def kinds(large: pd.DataFrame) -> str:
    rows = [[kind, *(difference(large, kind, rival) for rival in WANTED)] for kind in LATENTS]
    return markdown(["points to", *WANTED], rows)


def by_imbalance(once: pd.DataFrame) -> str:
    imbalances = sorted(once.imbalance.unique())
    rows = []
    for method in [*NAMES, CHOSEN]:
        own = once[once.method == method]
        means = [own[own.imbalance == i].groupby("set").balanced.mean().mean() for i in imbalances]
        large = own[own.imbalance.isin(LARGE)].groupby("set")[[*THIRDS, "few_shot"]].mean().mean()
        rows.append([method, *("" if np.isnan(v) else f"{100 * v:.1f}" for v in (*means, *large))])
    header = ["head", *(f"imbalance {i:g}" for i in imbalances), *(f"{third} third" for third in THIRDS)]
    return markdown([*header, f"fewer than {FEW_SHOT}"], rows)


def by_set(large: pd.DataFrame) -> str:
    means = large.groupby(["method", "set"]).balanced.mean()
    names = sorted(large.set.unique())
    return markdown(["head", *names], [[m, *(f"{100 * means[m, n]:.1f}" for n in names)] for m in [*NAMES, CHOSEN]])


def growth(large: pd.DataFrame) -> str:
    real = large[large.method == REAL].groupby("set").balanced.mean()
    amounts = sorted(large[large.method.isin(LATENTS)].amount.unique())
    rows = []
    for method in LATENTS:
        own = large[large.method == method].groupby(["amount", "set"]).balanced.mean()
        rows.append([method, *(f"{100 * (own[amount] - real).mean():+.1f}" for amount in amounts)])
    return markdown(["points over real only", *(f"x {amount:g}" for amount in amounts)], rows)


def of_mix(mix: pd.DataFrame) -> str:
    rows, rare = [], 100 * mix.pivot_table(index="repeat", columns=["head", "C"], values="rare")
    for name, own in mix.groupby("head", sort=False):
        for C, some in own.groupby("C"):
            gain = "" if name == REAL else interval(rare[name, C] - rare[REAL, C])
            rows.append([name, f"{C:g}", f"{100 * some['all'].mean():.1f}", f"{100 * some.rare.mean():.1f}", gain])
    return markdown(["head", "C", "all clusters", "rare clusters", f"rare, to {REAL} of the same C"], rows)
