"""Which pieces of a long work are done, so that a killed run goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Journal:
    """A file with a record a line, written when the piece that it names is safe.

    A kill in the middle of a line leaves one without an end: it is taken out, and its piece done again.
    """

    path: Path

    def read(self) -> list[Any]:
        """The records so far; none where there is no file."""
        lines = self.path.read_text().splitlines(keepends=True) if self.path.exists() else []
        whole = [line for line in lines if line.endswith("\n")]
        if len(whole) < len(lines):
            self.path.write_text("".join(whole))
        return [json.loads(line) for line in whole]

    @contextmanager
    def adding(self) -> Iterator[Callable[[Any], None]]:
        """A function that adds a record."""
        with open(self.path, "a") as file:

            def add(record: Any) -> None:
                file.write(f"{json.dumps(record)}\n")
                file.flush()

            yield add
