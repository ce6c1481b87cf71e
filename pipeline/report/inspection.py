"""What a source holds, found out in one pass and before any run."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.report.summary import plain_table
from pipeline.sources.rows import place

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.sources import Part
    from pipeline.sources.intake import Detected, Found, Taken

EXAMPLES = 3
SHOWN = 12  # lines of a list
LENGTHS = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768]
TURNS = [1, 2, 4, 8, 16, 32]
WIDTH = 40  # characters of the longest bar


@dataclass
class Inspection:
    """Counts over all rows of a source."""

    files: list[Detected] = field(default_factory=list)
    columns: dict[str, Counter[str]] = field(default_factory=dict)
    bad: list[tuple[str, int, int, str]] = field(default_factory=list)
    rows: int = 0
    distinct: int = 0
    empty: int = 0
    tokens: Counter[int] = field(default_factory=Counter)
    turns: Counter[int] = field(default_factory=Counter)
    has: Counter[str] = field(default_factory=Counter)
    scripts: Counter[str] = field(default_factory=Counter)
    examples: list[Taken] = field(default_factory=list)


def inspect(part: Part) -> Inspection:
    """Read a source from end to end, skipping bad rows.

    Raises
    ------
    DataError
        If a file cannot be read, or its rows are of no known shape.
    """
    from pipeline.sources.intake import Intake

    found = Inspection()
    with tempfile.TemporaryDirectory() as folder:
        intake = Intake(Path(folder), tables=False)
        for _, rows in intake.take(part):
            _count(found, rows)
        ids = np.load(Path(folder) / "row_id.npy")
        found.rows, found.distinct = len(ids), len(np.unique(ids))
        names = part.files()
        found.bad = [(names[file], line, row, why) for _, file, row, line, why in intake.bad]
        found.files = intake.detected
    return found


def _count(found: Inspection, rows: Found) -> None:
    from pipeline.report.scripts import script_of
    from pipeline.sources.conversation import named, text_of
    from pipeline.sources.intake import Taken
    from pipeline.tokens import BYTES

    taken = [row for row in rows if isinstance(row, Taken)]
    said_only = []  # calls of tools are no language
    for one in taken:
        for column, value in one.row.items():
            found.columns.setdefault(column, Counter())[named(value)] += 1
        said = one.conversation.turns()[1]
        text = "\n".join(said)
        said_only.append("\n".join(text_of({**message, "tool_calls": None}) for message in one.conversation.messages))
        found.empty += one.conversation.unanswered
        found.tokens[max(1, -(-len(text.encode()) // BYTES))] += 1
        found.turns[len(said)] += 1
        messages = one.conversation.messages
        found.has["a system turn"] += any(message["role"] == "system" for message in messages)
        found.has["tools"] += one.conversation.tools is not None
        found.has["tool calls"] += any(message.get("tool_calls") for message in messages)
        found.has["parts that are no text"] += any(isinstance(message["content"], list) for message in messages)
    found.scripts.update(script_of(said_only))
    # Of all rows those with the smallest ids: a sample that the order of the file does not decide.
    found.examples = sorted([*found.examples, *taken], key=lambda one: one.id)[:EXAMPLES]


def show(found: Inspection, part: Part, console: Console) -> None:
    """Print an inspection."""
    rows = found.rows
    names = part.files()
    table = plain_table("Files", "file", "shape", "rows", "bad")
    for one in found.files[:SHOWN]:
        table.add_row(names[one.file], one.shape, f"{one.rows:,}", f"{one.bad:,}")
    console.print(table)
    for one in found.files[:SHOWN]:
        console.print(f"{names[one.file]}: {one.shape}, since it has {one.evidence}", style="dim", soft_wrap=True)
    if len(found.files) > SHOWN:
        console.print(f"{len(found.files) - SHOWN} files more", style="dim")

    table = plain_table("Rows", "", "rows", "share")
    total = rows + len(found.bad)
    counts = {
        "read": total, "bad": len(found.bad), "duplicates": rows - found.distinct, "distinct": found.distinct,
        "empty answers": found.empty, **{f"with {what}": count for what, count in found.has.items() if count},
    }  # fmt: skip
    for name, count in counts.items():
        table.add_row(name, f"{count:,}", f"{count / total:.1%}")
    console.print("", table, sep="\n")

    if found.bad:
        _show_bad(found, console)
    table = plain_table("Columns", "column", "rows", "holds")
    table.columns[-1].justify = "left"
    for column, kinds in list(found.columns.items())[: 2 * SHOWN]:
        holds = ", ".join(f"{kind} {count / sum(kinds.values()):.0%}" if len(kinds) > 1 else kind
                          for kind, count in kinds.most_common())  # fmt: skip
        table.add_row(column, f"{sum(kinds.values()):,}", holds)
    console.print("", table, sep="\n")
    _histogram("Tokens (estimated, four bytes each)", found.tokens, LENGTHS, console)
    _histogram("Turns", found.turns, TURNS, console)
    table = plain_table("Scripts", "script of most letters", "rows", "share")
    for script, count in found.scripts.most_common(SHOWN):
        table.add_row(script, f"{count:,}", f"{count / rows:.1%}")
    console.print("", table, sep="\n")
    for number, one in enumerate(found.examples, 1):
        console.print(f"\nExample {number}", style="bold")
        for message, text in zip(one.conversation.messages, one.conversation.turns()[1], strict=True):
            console.print(f"  {message['role']:<10} {_short(text)}", markup=False, soft_wrap=True)


def _show_bad(found: Inspection, console: Console) -> None:
    """Bad rows by reason, positions and names in it aside."""
    kinds: dict[str, list[tuple[str, int, int, str]]] = {}
    for one in found.bad:
        kinds.setdefault(re.sub(r"\d+|found .*?;", "", one[3]), []).append(one)
    table = plain_table("Bad rows", "reason", "rows", "first")
    for ones in sorted(kinds.values(), key=len, reverse=True)[:SHOWN]:
        file, line, row, why = ones[0]
        table.add_row(_short(why, 90), f"{len(ones):,}", place(file, line, row))
    console.print("", table, sep="\n")


def _histogram(title: str, counts: Counter[int], bounds: list[int], console: Console) -> None:
    table = plain_table(title, "", "rows", "")
    table.columns[-1].justify = "left"
    bins = [0] * (len(bounds) + 1)
    for value, count in counts.items():
        bins[next((number for number, bound in enumerate(bounds) if value <= bound), len(bounds))] += count
    names = [f"up to {bound:,}" for bound in bounds] + [f"above {bounds[-1]:,}"]
    used = [number for number, count in enumerate(bins) if count]
    for number in range(used[0], used[-1] + 1):
        table.add_row(names[number], f"{bins[number]:,}", "█" * round(WIDTH * bins[number] / max(bins)))
    console.print("", table, sep="\n")


def _short(text: Any, width: int = 160) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= width else f"{line[: width - 1]}…"
