"""What a dry run prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.report.summary import console, plain_table

if TYPE_CHECKING:
    from pipeline.forecast import Forecast


def show(forecast: Forecast, memory_gb: float | None) -> None:
    """Print what a run will take.

    Raises
    ------
    ConfigError
        Afterwards, if it takes more memory than ``memory_gb``.
    """
    out = console()
    table = plain_table("Rows", "", "")
    table.add_row("distinct", f"{forecast.rows:,}")
    table.add_row("kept, about", f"{round(forecast.kept * forecast.rows):,}")
    table.add_row("text", size(forecast.text_bytes))
    table.add_row(f"vectors of {forecast.dimensions}", size(forecast.vector_bytes))
    out.print(table)
    out.print()
    table = plain_table("Expected cost of selecting", "stage", "", "seconds", "peak MiB")
    for stage in forecast.stages:
        how = "" if not stage.key else "reused" if stage.reused else "made"
        table.add_row(stage.name, how, f"{stage.seconds:,.1f}", f"{stage.peak_mib:,.0f}")
    table.add_row("all", "", f"{forecast.seconds:,.1f}", f"{forecast.largest.peak_mib:,.0f}")
    out.print(table)
    said = (
        "from trials on few rows, as if nothing else were in the cache; vectors and text are on disk, but count as "
        "memory where they are mapped"
    )
    out.print(said, style="dim", soft_wrap=True)
    if memory_gb is not None:
        forecast.require(memory_gb)


def size(number: int) -> str:
    """Bytes as people say them."""
    value, unit = float(number), "bytes"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:,.0f} {unit}" if value >= 10 or unit == "bytes" else f"{value:,.1f} {unit}"
