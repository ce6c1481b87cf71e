"""The losses as Markdown: arms side by side at each budget, and what the models say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from proof.table import markdown, percent

from sft import picture
from sft.arms import BASE, FULL, MATCHED, OURS, RANDOM, named
from sft.corpora import Row
from sft.verdict import MACRO, difference, mean_loss, over_base

COSTS = ("rows", "tokens", "answer_tokens", "steps", "seconds")
WORSE = 0.02  # nats by which no source may be worse than with random rows


def write(found: list[dict[str, Any]], chosen: dict[str, Any], data: dict[str, Any]) -> None:
    """Write ``results.json``, ``table.md``, ``examples.md`` and ``figure.png`` into the folder, and print the table."""
    folder = Path(chosen["folder"])
    (folder / "results.json").write_text(json.dumps(found, indent=1), "utf-8")
    written = tables(found, chosen, data)
    (folder / "table.md").write_text(written, "utf-8")
    (folder / "examples.md").write_text(examples(found, chosen, data["held_out"]), "utf-8")
    picture.draw(found, chosen["arms"], chosen["budgets"], folder / "figure.png")
    print(written)
    print("  ".join(f"{folder}/{name}" for name in ("results.json", "table.md", "examples.md", "figure.png")))


def tables(found: list[dict[str, Any]], chosen: dict[str, Any], data: dict[str, Any]) -> str:
    """Everything that the results say."""
    return "\n".join(
        [
            "## Bars\n",
            bars(found, chosen),
            "## Loss of held-out answers, in nats a token\n",
            f"On the right the mean of the sources, and its difference to random rows of the same budget in the same\n"
            f"pairs, with its 95 % interval over {chosen['pairs']} pairs (Student's t): each has a 90 % subsample of\n"
            "the pool, a selection and a training of its own; base and held-out rows are the same in all. Only what\n"
            "an assistant says is trained on; a budget counts everything that is said, without the template.\n",
            *(losses(found, chosen, budget) for budget in chosen["budgets"]),
            f"## {OURS} to random, source by source\n",
            "Negative is better. On the right what random rows gain over the base at the largest budget.\n",
            by_source(found, chosen),
            *to_matched(found, chosen),
            "## What is kept of each source\n",
            "Its share of the answer tokens that are kept, to its share of the pool's, and the loss.\n",
            kept_of(found, chosen, data),
            "## Cost\n",
            cost(found, chosen),
            "## Rows\n",
            rows_of(data, chosen),
            f"Of model={chosen['model']}, from the results in {Path(chosen['parts']).name}.\n",
        ]
    )  # fmt: skip


def bars(found: list[dict[str, Any]], chosen: dict[str, Any]) -> str:
    """What is promised, and the number reached."""
    rows = []
    for budget in chosen["budgets"]:
        mean, low, high = difference(found, OURS, budget, MACRO)
        rows.append([f"{OURS} below random at {named(budget)}", "below 0, interval too", shown(mean, low, high)])
        each = {name: difference(found, OURS, budget, name)[0] for name in chosen["sources"]}
        worst = max(each, key=each.__getitem__)
        gained = mean_loss(found, BASE, 0.0, worst) - mean_loss(found, RANDOM, budget, worst)
        said = f"{worst} {each[worst]:+.4f}; there random rows gain {gained:.4f} over the base"
        rows.append([f"worst source at {named(budget)}", f"at most +{WORSE}", said])
    each = {
        (name, arm, budget): over_base(found, arm, budget, name)
        for name in chosen["sources"]
        for arm in (OURS, RANDOM)
        for budget in chosen["budgets"]
    }
    worst = max(each, key=each.__getitem__)
    said = f"{worst[0]}, {worst[1]} at {named(worst[2])}: {shown(*each[worst])}"
    what = f"{OURS} and random against base, the source that gained least"
    rows.append([what, "below 0", said])
    return markdown(["bar", "wanted", "reached"], rows)


def shown(mean: float, low: float, high: float) -> str:
    return f"{mean:+.4f} ({low:+.4f} to {high:+.4f})"


def losses(found: list[dict[str, Any]], chosen: dict[str, Any], budget: float) -> str:
    names = [*chosen["sources"], MACRO]
    lines = [(arm, budget) for arm in chosen["arms"]]
    lines = [*lines, *([(FULL, 1.0)] if chosen["full"] else []), (BASE, 0.0)]
    rows = []
    for arm, at in lines:
        own = [one for one in found if one["arm"] == arm and one["budget"] == at]
        means = [f"{mean_loss(found, arm, at, name):.3f}" for name in names]
        apart = shown(*difference(found, arm, at, MACRO)) if at == budget and arm != RANDOM else ""
        count = f"{np.mean([one['rows'] for one in own]):,.0f}" if arm != BASE else ""
        rows.append([arm, len(own), count, *means, apart])
    return markdown(
        [f"{named(budget)} of the tokens" if budget < 1 else named(budget), "models", "rows", *names, "to random"], rows
    )


def by_source(found: list[dict[str, Any]], chosen: dict[str, Any]) -> str:
    rows = []
    for name in [*chosen["sources"], MACRO]:
        apart = [shown(*difference(found, OURS, budget, name)) for budget in chosen["budgets"]]
        gained = mean_loss(found, BASE, 0.0, name) - mean_loss(found, RANDOM, max(chosen["budgets"]), name)
        rows.append([name, *apart, f"{gained:.4f}"])
    return markdown(["source", *map(named, chosen["budgets"]), "random to base"], rows)


def to_matched(found: list[dict[str, Any]], chosen: dict[str, Any]) -> list[str]:
    """What which rows of a source are kept is worth, the answer tokens of each source being the same."""
    if MATCHED not in chosen["arms"]:
        return []
    rows = [[name, *(shown(*difference(found, OURS, budget, name, rival=MATCHED)) for budget in chosen["budgets"])]
            for name in [*chosen["sources"], MACRO]]  # fmt: skip
    header = ["source", *(f"{named(budget)}, to {MATCHED}" for budget in chosen["budgets"])]
    return [f"## {OURS} to {MATCHED}, source by source\n", markdown(header, rows)]


def kept_of(found: list[dict[str, Any]], chosen: dict[str, Any], data: dict[str, list[Row]]) -> str:
    """Answer tokens of each source, of ours and of random rows, beside the loss; and how both go together, by arm."""
    there = {
        name: sum(row["answer_tokens"] for row in data["pool"] if row["source"] == name) for name in chosen["sources"]
    }

    def share(arm: str, budget: float, name: str) -> float:
        own = [one["answered"] for one in found if one["arm"] == arm and one["budget"] == budget]
        kept = sum(one[name] for one in own) / sum(sum(one.values()) for one in own)
        return 100 * (kept / (there[name] / sum(there.values())) - 1)

    lines = []
    for name in chosen["sources"]:
        line: list[Any] = [name]
        for budget in chosen["budgets"]:
            line += [f"{share(arm, budget, name):+.0f} %" for arm in (OURS, RANDOM)]
            line.append(f"{difference(found, OURS, budget, name)[0]:+.4f}")
        lines.append(line)
    header = [f"{what}, {named(b)}" for b in chosen["budgets"] for what in (OURS, RANDOM, "loss to random")]
    lines_of_arms = []
    for arm in chosen["arms"] if len(chosen["sources"]) > 2 else []:
        if arm != RANDOM:
            both = [[(share(arm, b, name) - share(RANDOM, b, name), difference(found, arm, b, name)[0])
                     for name in chosen["sources"]] for b in chosen["budgets"]]  # fmt: skip
            lines_of_arms.append([arm, *(f"{np.corrcoef(np.array(each).T)[0, 1]:+.2f}" for each in both)])
    said = markdown(["source", *header], lines)
    if lines_of_arms:
        said += "\nCorrelation, over the sources, of these differences of an arm to random with those of its loss:\n\n"
        said += markdown(["arm", *map(named, chosen["budgets"])], lines_of_arms)
    return said


def rows_of(data: dict[str, Any], chosen: dict[str, Any]) -> str:
    """What there is of each source, and what was left out as longer than the context."""
    lines = []
    for name in chosen["sources"]:
        own = {part: [row for row in data[part] if row["source"] == name] for part in ("general", "pool", "held_out")}
        said = sum(row["answer_tokens"] for row in own["held_out"])
        lines.append([name, *(f"{len(rows):,}" for rows in own.values()), f"{said:,}", f"{data['too_long'][name]:,}"])
    header = ["source", "general slice", "pool", "held out", "held-out answer tokens", "too long, left out"]
    return markdown(header, lines)


def cost(found: list[dict[str, Any]], chosen: dict[str, Any]) -> str:
    rows = []
    for arm, budget in [(BASE, 0.0), *((a, b) for b in chosen["budgets"] for a in chosen["arms"]), (FULL, 1.0)]:
        own = [one for one in found if one["arm"] == arm and one["budget"] == budget]
        if own:
            means = [f"{np.mean([one[name] for one in own]):,.0f}" for name in COSTS]
            rows.append([arm, percent(1) if arm == FULL else named(budget) if budget else "", *means])
    # At the first of its budgets everything is computed, at the others the order is cut again.
    ours = [[one["seconds_to_select"] for one in found if (one["arm"], one["pair"]) == (OURS, pair)]
            for pair in range(chosen["pairs"])]  # fmt: skip
    select = np.mean([max(seconds) for seconds in ours])
    said = f"\nOrdering the pool took {OURS} {select:,.0f} s (mean over pairs); each further budget is a cut of it.\n"
    header = [name.replace("_", " ") for name in COSTS[:-1]]
    return markdown(["arm", "budget", *header, "seconds of training"], rows) + said


def examples(found: list[dict[str, Any]], chosen: dict[str, Any], held_out: list[Row]) -> str:
    """What the models of the first pair say to the first held-out row of each source."""
    budget, lines = max(chosen["budgets"]), []
    shown_arms = {BASE: 0.0, RANDOM: budget, OURS: budget, **({FULL: 1.0} if chosen["full"] else {})}
    for name in chosen["sources"]:
        row = next(row for row in held_out if row["source"] == name)
        lines += [f"## {name}\n", *(f"**{m['role']}**: {m['content']}\n" for m in row["messages"])]
        for arm, at in shown_arms.items():
            one = next(u for u in found if (u["arm"], u["budget"], u["pair"]) == (arm, at, 0))
            lines.append(f"**{arm}{f' at {named(at)}' if arm not in (BASE, FULL) else ''}**: {one['examples'][name]}\n")
    return "\n".join(lines)
