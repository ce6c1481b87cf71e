"""What the summary says of thin bins."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

    from pipeline.run import Run
    from pipeline.sinks.configurations import Written

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


def published(run: Run, configurations: dict[str, Written]) -> int:
    """How many written rows the product holds."""
    there = any("synthetic_id" in one.features for one in configurations.values())
    return len(run.additions.accepted) if there and run.additions else 0


def among_told(run: Run, configurations: dict[str, Written]) -> str:
    """What the title of a card says of written rows that stand among the real ones."""
    mixed = any(one.selected and "synthetic_id" in one.features for one in configurations.values())
    many = published(run, configurations)
    return f", and {many:,} that {run.additions.generator} wrote" if mixed and many and run.additions else ""


def topup_told(run: Run, configurations: dict[str, Written]) -> list[str]:
    """What a card says of thin bins, as paragraphs; see `topup_rows`."""
    told = [
        "Bins that the budget left with fewer rows than their target. `weight`, a column of the ledger, says what a "
        "kept row should weigh in training."
    ]
    if run.topup is not None and len(run.topup.rows):
        told.append(f"{len(run.topup.rows):,} dropped rows came back on top of the budget.")
    made = run.additions
    if made is not None and published(run, configurations):
        apart = [name for name, one in configurations.items() if not one.selected and "synthetic_id" in one.features]
        where = f"The configuration `{'` and `'.join(apart)}` holds" if apart else "Among the rows are"
        told.append(
            f"{where} {len(made.accepted):,} that {made.generator} wrote; `synthetic_id` tells them, "
            "`synthetic_parents` names the rows that it was shown, and `sample_weight` says what they should weigh. "
            "Weights of real rows are those beside them."
        )
    elif made is not None and made.candidates:
        told.append(f"{made.generator} wrote {len(made.candidates):,} rows, none of which is here.")
    return [" ".join(told)]
