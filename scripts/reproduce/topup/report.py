"""What the writers' rows did, as Markdown."""

from __future__ import annotations

import numpy as np
import pandas as pd
from proof.table import markdown

from pipeline.arrays.additions import ACCEPTED
from pipeline.augmenters.filling import UNHELPFUL, UNUSED
from topup.texts import BEST, PLAIN
from topup.writers import COPIES, POISON, REAL, WRITERS

KEY = ["set", "imbalance", "repeat"]
PASSED = (ACCEPTED, UNUSED, UNHELPFUL)
WANTED = {REAL: "most of the gap: above 0.50", COPIES: "nothing", POISON: "nothing"}


def write(results: pd.DataFrame) -> str:
    """Everything that the results say."""
    return "\n".join(
        [
            "## Written rows against a long tail\n",
            "Balanced accuracy on test rows, in points, mean over repeats: of a linear classifier of real rows, of\n"
            "these and the written rows that were kept, and at best, with real rows up to the target of each class;\n"
            "and all of these with class weights.\n",
            accuracies(results),
            "\n## What was recovered\n",
            "Of the gap between real rows and real rows up to the target, mean over repeats, with their range.\n",
            verdicts(results),
            "\n## What was written\n",
            "Mean over repeats: rows that the classes lack, rows that were written, accepted, and kept; how much of\n"
            "what is lacking helped, by rows that no writer was shown; and why others were not accepted.\n",
            counts(results),
            "",
        ]
    )


def accuracies(results: pd.DataFrame) -> str:
    methods = [PLAIN, *WRITERS, BEST]
    rows = []
    for (name, imbalance), part in results.groupby(["set", "imbalance"], sort=False):
        for column, said in (("balanced", ""), ("weighted", ", class weights")):
            mean = part.groupby("method")[column].mean()
            rows.append([f"{name}, {imbalance:g}{said}", *(f"{100 * mean[method]:.1f}" for method in methods)])
    return markdown(["set, imbalance", *methods], rows)


def recovered(results: pd.DataFrame, writer: str) -> np.ndarray:
    """float64[units]: share of the gap."""
    wide = results.pivot_table(index=KEY, columns="method", values="balanced")
    return ((wide[writer] - wide[PLAIN]) / (wide[BEST] - wide[PLAIN])).to_numpy()


def verdicts(results: pd.DataFrame) -> str:
    rows = []
    for writer in WRITERS:
        for name, part in results.groupby("set", sort=False):
            share = recovered(part, writer)
            held = share.mean() > 0.5 if writer == REAL else bool((np.abs(share) < 1e-9).all())
            said = f"{share.mean():.2f} ({share.min():.2f} to {share.max():.2f})"
            rows.append([writer, name, WANTED[writer], said, "held" if held else "did not hold"])
    return markdown(["writer", "set", "wanted", "recovered", ""], rows)


def counts(results: pd.DataFrame) -> str:
    rows = []
    for (name, imbalance), part in results.groupby(["set", "imbalance"], sort=False):
        for writer in WRITERS:
            own = part[part.method == writer]
            why: dict[str, float] = {}
            for reasons in own.reasons:
                for reason, count in reasons.items():
                    why[reason] = why.get(reason, 0) + count / len(own)
            taken = sum(why.get(reason, 0) for reason in PASSED)
            others = [(reason, count) for reason, count in why.items() if reason not in PASSED]
            said = ", ".join(f"{reason} {count:,.0f}" for reason, count in sorted(others, key=lambda one: -one[1]))
            means = (own.lacking.mean(), own.candidates.mean(), taken, own.written.mean())
            told = [*(f"{mean:,.0f}" for mean in means), f"{own.factor.mean():.2f}"]
            rows.append([f"{name}, {imbalance:g}", writer, *told, said])
    return markdown(["set, imbalance", "writer", "lacking", "written", "accepted", "kept", "factor", "others"], rows)
