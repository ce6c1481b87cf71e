"""What leaves a run: the product, its card and its record."""

from __future__ import annotations

import dataclasses
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline import versions
from pipeline.cache import digest, file_digest
from pipeline.component import Component
from pipeline.report.card import card
from pipeline.report.map import draw
from pipeline.report.scores import score_rows
from pipeline.report.summary import category_rows, funnel, source_rows
from pipeline.report.thin import topup_rows, written_record
from pipeline.run import Run
from pipeline.sinks import Product, run_record
from pipeline.sinks.configurations import Written
from pipeline.sinks.folders import MAP


def publish(run: Run, command: str) -> Product:
    """Write the product of a run where its sink says.

    Parameters
    ----------
    run : Run
    command : str
        What the user typed, for card and record.
    """

    def describe(folder: Path, configurations: dict[str, Written]) -> None:
        about = record(run, command)
        about["files"] = {
            str(path.relative_to(folder)): file_digest(path) for path in sorted(folder.rglob("*")) if path.is_file()
        }
        (folder / MAP).write_text(draw(run), "utf-8")
        (folder / "README.md").write_text(card(run, about, configurations), "utf-8")
        run_record.write(folder, about)

    with run.stages.timed("publish"):
        return run.config.sink.publish(run, describe)


def record(run: Run, command: str) -> dict[str, Any]:
    """The content of ``run.json``."""
    kept, corpus = run.selection.kept, run.space.corpus
    return {
        "command": command,
        "again": shlex.join([*shlex.split(command), *run.config.source.pinned()]),
        "read_from": run.config.source.origin(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "configuration": settings(run.config),
        "versions": versions.recorded(),
        "source_content": corpus.key,
        "sources": source_rows(run),
        "detected": [
            {**one, "source": corpus.names[one["source"]], "file": corpus.files[one["source"]][one["file"]]}
            for one in corpus.detected
        ],
        "kept_ids": digest([corpus.ids[kept]]),
        "counts": funnel(run),
        "categories": category_rows(run),
        "top_up": topup_rows(run),
        "written": written_record(run),
        "nulls": run.scores.nulls,
        "scores": score_rows(run),
        "clusters": len(run.space.bins.sizes),
        "neighbour_recall": float(run.space.neighbours.recall),
        "long_rows": float(run.space.embeddings.long.mean()),
        "similarity": run.similarity,
        "suggested": {f"{level:.2f}": {"rows": r, run.order.unit: c} for level, (r, c) in run.suggested.items()},
        "measured": {name: finite(dataclasses.asdict(value)) for name, value in run.measured.items()},
        "stages": [dataclasses.asdict(stage) for stage in run.stages.done],
    }


def finite(values: dict[str, Any]) -> dict[str, Any]:
    """NaN, which JSON has not, as null."""
    return {key: None if value != value else value for key, value in values.items()}


def settings(value: Any) -> Any:
    """A configuration as plain values, every component with its name."""
    if dataclasses.is_dataclass(value):
        fields = {f.name: settings(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"component": type(value).__name__, **fields} if isinstance(value, Component) else fields
    if isinstance(value, dict):
        return {key: settings(item) for key, item in value.items()}
    if isinstance(value, list):
        return [settings(item) for item in value]
    return value if isinstance(value, str | int | float | None) else type(value).__name__  # a data set in memory
