"""The command ``corebound-inspect``: looking at what goes into a run and what came out of it."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="Look at what goes into a run of corebound.",
)  # fmt: skip


@app.callback()
def _commands() -> None:
    """Keeps ``source`` a command of its own while it is the only one."""


@app.command()
def source(
    path: Annotated[list[str], typer.Argument(help="Files, globs, or a save_to_disk folder.")],
    shape: Annotated[str | None, typer.Option(help="The shape, where detection should not choose.")] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(help="A shape's column and its name here, as in instruction=Question; repeat it."),
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding other than UTF-8.")] = None,
    header: Annotated[
        str | None, typer.Option(help="Column names, with commas, where the first line is a row.")
    ] = None,
    delimiter: Annotated[str | None, typer.Option(help="Of CSV files.")] = None,
    quote: Annotated[str, typer.Option(help="Of CSV files; empty for none.")] = '"',
    field: Annotated[str | None, typer.Option(help="Key that holds the rows of a JSON object.")] = None,
    split: Annotated[str | None, typer.Option(help="Of a save_to_disk folder.")] = None,
) -> None:
    """Say what PATH holds: shape, columns, rows, duplicates, bad rows, lengths, turns, scripts, examples."""
    from rich.console import Console

    from pipeline.errors import ConfigError, PipelineError
    from pipeline.report.inspection import inspect, show
    from pipeline.sources import OnBadRow
    from pipeline.sources.files import Files

    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    try:
        named = [pair.partition("=") for pair in columns or []]
        if not all(name and equals and column for name, equals, column in named):
            raise ConfigError(f"--columns {' '.join(columns or [])} is no name=column; write instruction=Question.")
        part = Files(
            path=path[0] if len(path) == 1 else path,
            shape=shape,
            columns={name: column for name, _, column in named},
            encoding=encoding,
            header=header.split(",") if header else None,
            delimiter=delimiter,
            quote=quote,
            field=field,
            split=split,
            on_bad_row=OnBadRow.skip,
        )
        found = inspect(part)
    except PipelineError as error:
        print(f"corebound-inspect: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 140
    show(found, part, console)


def main() -> None:
    """Run ``corebound-inspect``."""
    app()


if __name__ == "__main__":
    main()
