"""What the summary says of thin bins."""

from __future__ import annotations

from collections import Counter
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
    columns = {"kept": top.kept, "target": top.target, "returned": top.returned, "written": top.written,
               "short": top.short, "weight": top.weight}  # fmt: skip
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
    table = plain_table(
        "Top-up of thin bins", "bin", "kept", "target", "given back", "written", "still short", "weight"
    )
    for row in rows[:SHOWN]:
        table.add_row(row["name"], *(f"{row[c]:,}" for c in ("kept", "target", "returned", "written", "short")),
                      f"{row['weight']:.2f}")  # fmt: skip
    back = int(run.topup.returned.sum())
    notes = [f"{len(rows):,} of {len(run.topup.name):,} bins are thin; {back:,} rows came back on top of the budget"]
    if len(rows) > SHOWN:
        notes.append(f"{len(rows) - SHOWN} more in run.json")
    table.caption = "; ".join([*notes, *written_notes(run)])
    return table


def written_notes(run: Run) -> list[str]:
    """What became of the rows that a language model wrote."""
    made = run.additions
    if made is None:
        return []
    reasons = Counter(one.reason for one in made.candidates)
    said = ", ".join(f"{reason} {count:,}" for reason, count in reasons.most_common())
    tried = ", ".join(f"{factor:g}: {loss:.3f}" for factor, loss in made.losses.items())
    return [
        f"{made.generator} wrote {len(made.candidates):,} rows ({made.spent}): {said or 'none'}",
        *([f"balanced loss of real rows by how much is used: {tried}"] if tried else []),
    ]


def written_record(run: Run) -> dict[str, Any] | None:
    """The same for ``run.json``, by bin and reason."""
    made, top = run.additions, run.topup
    if made is None or top is None:
        return None
    reasons = Counter((str(top.name[one.bin]), one.reason) for one in made.candidates)
    return {
        "generator": made.generator,
        "spent": made.spent,
        "factor": made.factor,
        "losses": {f"{factor:g}": loss for factor, loss in made.losses.items()},
        "rows": [{"bin": bin, "reason": reason, "rows": count} for (bin, reason), count in sorted(reasons.items())],
    }
