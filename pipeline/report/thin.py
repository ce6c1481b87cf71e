"""What the summary says of thin bins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

    from pipeline.run import Run

SHOWN = 30  # bins; the rest is in run.json


def topup_rows(run: Run) -> list[dict[str, Any]]:
    """For each thin bin, thinnest first: rows that the cut kept, target, rows given back, rows still short, weight."""
    top = run.topup
    if top is None:
        return []
    columns = {"kept": top.kept, "target": top.target, "returned": top.returned, "short": top.short,
               "weight": top.weight}  # fmt: skip
    table = zip(top.name.tolist(), *(values.tolist() for values in columns.values()), strict=True)
    rows = [dict(zip(("name", *columns), row, strict=True)) for row in table]
    thin = [row for row in rows if row["target"] > row["kept"]]
    return sorted(thin, key=lambda row: row["kept"] / row["target"])


def topup_table(run: Run) -> Table | None:
    """The same, to print; nothing where no top-up was asked for."""
    from pipeline.report.summary import plain_table

    if run.topup is None:
        return None
    rows = topup_rows(run)
    table = plain_table("Top-up of thin bins", "bin", "kept", "target", "given back", "still short", "weight")
    for row in rows[:SHOWN]:
        table.add_row(row["name"], *(f"{row[c]:,}" for c in ("kept", "target", "returned", "short")),
                      f"{row['weight']:.2f}")  # fmt: skip
    back = int(run.topup.returned.sum())
    notes = [f"{len(rows):,} of {len(run.topup.name):,} bins are thin; {back:,} rows came back on top of the budget"]
    if len(rows) > SHOWN:
        notes.append(f"{len(rows) - SHOWN} more in run.json")
    table.caption = "; ".join(notes)
    return table
