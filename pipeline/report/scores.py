"""How scores that a user asked for are distributed, and what of them is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from rich.table import Table

    from pipeline.run import Run

PERCENTILES = (10, 50, 90)


def score_rows(run: Run) -> list[dict[str, Any]]:
    """For each column that is not of the default scorers: rows with a verdict, percentiles, means kept and dropped."""
    from pipeline.config import default_scorers

    kept, rows = run.selection.kept, []
    for name, values in run.scores.columns.items():
        if name in default_scorers():
            continue
        known = ~np.isnan(values)
        low, middle, high = np.percentile(values[known], PERCENTILES).tolist() if known.any() else (None, None, None)
        means = [float(values[known & chosen].mean()) if (known & chosen).any() else None for chosen in (kept, ~kept)]
        rows.append({"name": name, "verdicts": int(known.sum()), "p10": low, "p50": middle, "p90": high,
                     "kept": means[0], "dropped": means[1]})  # fmt: skip
    return rows


def score_table(run: Run) -> Table | None:
    """The same, to print; nothing where no such scorer is on."""
    from pipeline.report.summary import plain_table

    rows = score_rows(run)
    if not rows:
        return None
    table = plain_table("Scores", "score", "verdicts", "10 %", "median", "90 %", "mean kept", "mean dropped")
    for row in rows:
        cells = ("-" if row[c] is None else f"{row[c]:.3f}" for c in ("p10", "p50", "p90", "kept", "dropped"))
        table.add_row(row["name"], f"{row['verdicts'] / len(run.space):.1%}", *cells)
    table.caption = "verdicts: share of the rows that a score could be given; reasons for none are in run.json"
    return table
