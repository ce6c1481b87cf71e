"""Every input row: those that the corpus stands for, and those that were set aside."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from pipeline.arrays.saved import Saved, require

BAD, EXCLUDED = 0, 1  # codes of Aside.reason


@dataclass(frozen=True)
class Inputs(Saved):
    """Every input row that became part of the corpus, in the order of the sources.

    Attributes
    ----------
    source : int32[N]
        Position among the sources of the run.
    file : int32[N]
        Position among the files of the source.
    row : int64[N]
        Position of the row in its source, from 0, rows that were set aside included.
    line : int64[N]
        Line of the file on which the row starts, from 1; 0 where rows have no lines.
    index : int64[N]
        Position of the row in the table of its source.
    distinct : int64[N]
        Position in the corpus of the distinct row that this row is or copies.
    stands : bool[N]
        Whether this row is the copy that stands for its distinct row.
    """

    source: np.ndarray
    file: np.ndarray
    row: np.ndarray
    line: np.ndarray
    index: np.ndarray
    distinct: np.ndarray
    stands: np.ndarray

    def __post_init__(self) -> None:
        sizes = {len(getattr(self, f.name)) for f in fields(self)}
        require(len(sizes) == 1, f"input columns of one length, found {sorted(sizes)}")

    def __len__(self) -> int:
        return len(self.source)

    def take(self, chosen: np.ndarray, distinct: np.ndarray) -> Inputs:
        """Some of the rows, and where their distinct rows are now."""
        kept = {f.name: getattr(self, f.name)[chosen] for f in fields(self)}
        return Inputs(**{**kept, "distinct": distinct})


@dataclass(frozen=True)
class Aside:
    """Input rows that are no part of the corpus, and why.

    Attributes
    ----------
    source, file, row, line
        As in `Inputs`.
    id : S32[M]
        Content hash; empty for a row that could not be read.
    tokens : int64[M]
        Length; 0 for a row that could not be read.
    reason : uint8[M]
        `BAD` or `EXCLUDED`.
    why : int32[M]
        Position in ``whys``.
    whys : list of str
    """

    source: np.ndarray
    file: np.ndarray
    row: np.ndarray
    line: np.ndarray
    id: np.ndarray
    tokens: np.ndarray
    reason: np.ndarray
    why: np.ndarray
    whys: list[str]

    def __len__(self) -> int:
        return len(self.source)

    @classmethod
    def bad(cls, rows: list[tuple[int, int, int, int, str]]) -> Aside:
        """Rows that could not be read: ``(source, file, row, line, why)``."""
        numbers = np.array([row[:4] for row in rows], np.int64).reshape(-1, 4)
        whys = list(dict.fromkeys(row[4] for row in rows))
        code = {why: number for number, why in enumerate(whys)}
        return cls(
            *numbers[:, :2].astype(np.int32).T, *numbers[:, 2:].T,
            id=np.zeros(len(rows), "S32"), tokens=np.zeros(len(rows), np.int64),
            reason=np.full(len(rows), BAD, np.uint8), why=np.array([code[row[4]] for row in rows], np.int32), whys=whys,
        )  # fmt: skip

    @classmethod
    def excluded(cls, inputs: Inputs, ids: np.ndarray, tokens: np.ndarray, why: str) -> Aside:
        """Rows that a setting leaves out, all for one reason."""
        nothing = np.zeros(len(inputs), np.int32)
        reason = np.full(len(inputs), EXCLUDED, np.uint8)
        return cls(inputs.source, inputs.file, inputs.row, inputs.line, ids, tokens, reason, nothing, [why])

    def joined(self, other: Aside) -> Aside:
        """The rows of both."""
        later = replace(other, why=other.why + len(self.whys))
        arrays = [f.name for f in fields(self) if f.name != "whys"]
        both = {name: np.concatenate([getattr(self, name), getattr(later, name)]) for name in arrays}
        return Aside(**both, whys=[*self.whys, *other.whys])

    def save(self, folder: Path) -> None:
        for item in fields(self):
            if item.name != "whys":
                np.save(folder / f"{item.name}.npy", getattr(self, item.name))
        (folder / "whys.json").write_text(json.dumps(self.whys))

    @classmethod
    def load(cls, folder: Path) -> Aside:
        arrays = {f.name: np.load(folder / f"{f.name}.npy", mmap_mode="r") for f in fields(cls) if f.name != "whys"}
        return cls(**arrays, whys=json.loads((folder / "whys.json").read_text("utf-8")))
