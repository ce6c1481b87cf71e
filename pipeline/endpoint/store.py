"""Answers that were paid for, kept by what was asked."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import ConfigError


@dataclass(frozen=True)
class Answer:
    """What a server said, and the tokens of request and answer."""

    text: str
    tokens_in: int
    tokens_out: int


class Store:
    """An SQLite file of answers, written as they come, so that a killed run pays for none of them again.

    Parameters
    ----------
    path : Path
        Made if it is not there.

    Raises
    ------
    ConfigError
        If it is another kind of file.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._file = sqlite3.connect(path, timeout=60, isolation_level=None)
            self._file.execute("pragma journal_mode=wal")
            self._file.execute(
                "create table if not exists answers "
                "(key text primary key, text text not null, tokens_in integer not null, tokens_out integer not null)"
            )
            self._file.execute("select key, text, tokens_in, tokens_out from answers limit 0")  # is it ours?
        except sqlite3.Error as error:
            raise ConfigError(
                f"{path} cannot keep requests ({error}); expected an SQLite file; move it away."
            ) from error

    def get(self, key: str) -> Answer | None:
        found = self._file.execute("select text, tokens_in, tokens_out from answers where key = ?", (key,)).fetchone()
        return Answer(*found) if found else None

    def put(self, key: str, answer: Answer) -> None:
        row = (key, answer.text, answer.tokens_in, answer.tokens_out)
        self._file.execute("insert or replace into answers values (?, ?, ?, ?)", row)

    def close(self) -> None:
        self._file.close()


def default_requests() -> Path:
    """Where the command and the library keep results unless told otherwise."""
    return Path(os.environ.get("COREBOUND_CACHE", "~/.cache/corebound")).expanduser() / "requests.sqlite"
