"""The closing summary of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.arrays import BAD, BOUNDARY, CORE, EXCLUDED, GARBAGE
from pipeline.report.coverage import SAMPLE
from pipeline.report.scores import score_table
from pipeline.report.thin import topup_table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from pipeline.run import Run

SHOWN = 30  # groups; the rest is in run.json


def funnel(run: Run) -> dict[str, int]:
    """How many rows were read, bad, duplicates, kept, and what became of the others."""
    corpus, selection = run.space.corpus, run.selection
    reasons, counts = np.unique(selection.reason[~selection.kept], return_counts=True)
    aside = corpus.aside
    return {
        "read": len(corpus.inputs) + len(aside),
        "bad": int((aside.reason == BAD).sum()),
        "excluded": int((aside.reason == EXCLUDED).sum()),
        "duplicates": len(corpus.inputs) - len(corpus),
        "distinct": len(corpus),
        "empty answers": int(corpus.empty.sum()),
        "likely garbage": int((run.scores.region == GARBAGE).sum()),
        "possible garbage": int((run.demand.wait[~run.demand.last] > 0).sum()),
        **{f"dropped: {reason}": int(count) for reason, count in zip(reasons, counts, strict=True)},
        "kept": int(selection.kept.sum()) + len(selection.copies),
        "kept copies": len(selection.copies),
        **({} if run.topup is None else {"kept beyond the budget": len(run.topup.rows)}),
        **_tokens(run),
    }


def _tokens(run: Run) -> dict[str, int]:
    if run.config.budget.tokens is None:
        return {}
    spent = run.selection.spent
    return {
        "tokens of the corpus": int(run.order.cost.sum()),
        "tokens spent": spent,
        "tokens unspent": run.config.budget.tokens - spent,
    }


def source_rows(run: Run) -> list[dict[str, Any]]:
    """For each source: shapes, rows read, bad, excluded, duplicates and kept."""
    corpus, selection = run.space.corpus, run.selection
    inputs, aside, number = corpus.inputs, corpus.aside, len(corpus.names)
    kept = selection.kept[inputs.distinct] & inputs.stands
    kept[selection.copies] = True

    def count(sources: np.ndarray) -> list[int]:
        return np.bincount(sources, minlength=number).tolist()

    columns = {
        "read": count(np.concatenate([inputs.source, aside.source])),
        "bad": count(aside.source[aside.reason == BAD]),
        "excluded": count(aside.source[aside.reason == EXCLUDED]),
        "duplicates": count(inputs.source[~inputs.stands]),
        "kept": count(inputs.source[kept]),
    }
    shapes = [{one["shape"]: None for one in corpus.detected if one["source"] == source} for source in range(number)]
    return [
        {"name": name, "shape": ", ".join(shapes[source]), **{key: values[source] for key, values in columns.items()}}
        for source, name in enumerate(corpus.names)
    ]


def category_rows(run: Run) -> list[dict[str, Any]]:
    """For each group: rows, kept rows by region, and what its share asked for."""
    order, kept, region = run.order, run.selection.kept, run.scores.region
    names = order.group_name
    cost = order.cost
    size = np.bincount(order.group, cost * ~run.demand.last, minlength=len(names))
    shares = run.config.budget.shares
    weight = np.array([shares.get(str(name), 0) for name in names]) if shares else size
    due = weight / max(weight.sum(), 1e-12) * cost[kept].sum()

    def count(rows: np.ndarray) -> np.ndarray:
        return np.bincount(order.group[rows], minlength=len(names))

    columns = {
        "rows": count(np.ones_like(kept)),
        "kept": count(kept),
        "core": count(kept & (region == CORE)),
        "boundary": count(kept & (region == BOUNDARY)),
        "set aside": count(kept & run.scores.aside),
        "spent": np.bincount(order.group[kept], cost[kept], minlength=len(names)).astype(np.int64),
        "due": due,
    }
    table = zip(*(values.tolist() for values in columns.values()), strict=True)
    return [{"name": str(name), **dict(zip(columns, row, strict=True))} for name, row in zip(names, table, strict=True)]


def show(run: Run, product: str | None = None) -> None:
    """Print the summary."""
    out = console()
    asked_for = [table for table in (topup_table(run), score_table(run)) if table]
    for table in (_sources(run), _funnel(run), _groups(run), *asked_for, _beside(run), _suggested(run), _stages(run)):
        caption, table.caption = table.caption, None  # rich would wrap it to the width of the table
        out.print(table)
        if caption:
            out.print(caption, style="dim", soft_wrap=True)
        out.print()
    if product:
        out.print(f"product  {product}", soft_wrap=True)


def show_plan(run: Run) -> None:
    """Print what a top-up would do."""
    out, table = console(), topup_table(run)
    assert table is not None, "only an augmenter plans"
    caption, table.caption = table.caption, None
    out.print(table)
    out.print(caption, style="dim", soft_wrap=True)
    out.print("nothing was written; leave augmenter.plan_only out to do this")


def console() -> Console:
    """Where this program prints: a terminal of any width, or 110 columns."""
    from rich.console import Console

    out = Console(highlight=False, markup=False)
    if not out.is_terminal:
        out.width = 110
    return out


def plain_table(title: str, *columns: str) -> Table:
    """An empty table in the style of all that this program prints: names on the left, numbers on the right."""
    from rich import box
    from rich.table import Table

    table = Table(
        title=title, title_justify="left", caption_justify="left", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False
    )
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=bool(number))
    return table


def _sources(run: Run) -> Table:
    columns = ("read", "bad", "excluded", "duplicates", "kept")
    table = plain_table("Sources", "source", "shape", *columns)
    rows = source_rows(run)
    for row in rows[:SHOWN]:
        table.add_row(row["name"], row["shape"], *(f"{row[column]:,}" for column in columns))
    if len(rows) > SHOWN:
        table.caption = f"{len(rows) - SHOWN} more in run.json"
    return table


def _funnel(run: Run) -> Table:
    table = plain_table("Funnel", "", "rows", "share")
    counts = funnel(run)
    for name in counts:
        if name.startswith("dropped") or name == "kept":
            break
        table.add_row(name, f"{counts[name]:,}", f"{counts[name] / counts['read']:.1%}")
    for name, count in counts.items():
        if name.startswith(("dropped", "kept beyond")) or name == "kept" or (name == "kept copies" and count):
            table.add_row(name, f"{count:,}", f"{count / counts['read']:.1%}")
    if run.order.unit == "tokens":
        for name in ("tokens of the corpus", "tokens spent", "tokens unspent"):
            table.add_row(name, f"{counts[name]:,}", "")
    return table


def _groups(run: Run) -> Table:
    by, unit = run.config.budget.by, run.order.unit
    rows = category_rows(run)
    columns = ["rows", "kept", "share", "core", "boundary", "set aside", f"{unit} by share"]
    table = plain_table(f"Kept by {by}", by, *columns, *(["tokens"] if unit == "tokens" else []))
    for row in sorted(rows, key=lambda r: -r["kept"])[:SHOWN]:
        cells = [f"{row[c]:,}" for c in ("rows", "kept")]
        cells += [f"{row['kept'] / max(1, row['rows']):.1%}", *(f"{row[c]:,}" for c in columns[3:6])]
        cells += [f"{row['due']:,.1f}"] + ([f"{row['spent']:,}"] if unit == "tokens" else [])
        table.add_row(row["name"], *cells)
    short = [row["name"] for row in rows if row["due"] - row["spent"] >= 1 and row["kept"] == row["rows"]]
    notes = [f"{len(rows) - SHOWN} more in run.json"] if len(rows) > SHOWN else []
    if short:
        notes.append(f"too few for their share, which went to the others: {', '.join(short[:5])}")
    table.caption = "; ".join(notes) or None
    return table


def _beside(run: Run) -> Table:
    columns = ("rows", "coverage", "nearest kept", "radius", "boundary kept", "core kept")
    table = plain_table("Selection beside random subsets of the same cost", "", *columns)
    for name, m in run.measured.items():
        cells = (
            f"{m.coverage:.1%}",
            f"{m.similarity:.3f}",
            f"{m.radius:.3f}",
            _share(m.boundary),
            _share(m.core),
        )
        table.add_row(name, f"{m.rows:,}", *cells)
    table.caption = (
        f"coverage: rows with a kept row at cosine {run.similarity:.3f} or more; nearest kept: mean cosine; "
        "radius: largest cosine distance; measured on up to "
        f"{SAMPLE:,} rows"
    )
    return table


def _share(value: float) -> str:
    return "-" if value != value else f"{value:.1%}"


def _suggested(run: Run) -> Table:
    unit = run.order.unit
    table = plain_table("What other budgets would cover", "coverage", "rows", "of distinct", "budget")
    total = len(run.space)
    for level, (rows, cost) in run.suggested.items():
        option = f"budget.rows={rows}" if unit == "rows" else f"budget.tokens={cost}"
        if rows > run.order.admissible:
            option = "not within the ceilings"
        table.add_row(f"{level:.0%}", f"{rows:,}", f"{rows / total:.1%}", option)
    return table


def _stages(run: Run) -> Table:
    table = plain_table("Cost of selecting", "stage", "", "seconds", "peak MiB")
    for stage in run.stages.done:
        how = f"reused {stage.key[:8]}" if stage.reused else stage.key[:8]
        table.add_row(stage.name, how, f"{stage.seconds:.1f}", f"{stage.peak_mib:,.0f}")
    table.caption = f"neighbours: {float(run.space.neighbours.recall):.0%} of the exact ones, on a sample"
    long = float(run.space.embeddings.long.mean())
    if long:
        table.caption += f"; {long:.1%} of rows are longer than the encoder reads at once"
    total = sum(stage.seconds for stage in run.stages.done)
    table.add_row("all", "", f"{total:.1f}", f"{max(s.peak_mib for s in run.stages.done):,.0f}")
    return table
