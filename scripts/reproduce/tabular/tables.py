"""Tables of a folder of CSVs, each with a column of classes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

CLASS = "class"


@dataclass(frozen=True)
class Table:
    """A table that classifiers can read.

    Attributes
    ----------
    name : str
    features : float64[n, d]
        Numbers as they are, other columns one-hot.
    label : int64[n]
        Classes, the largest 0.
    dropped : int
        Rows of classes that have fewer than one for each fold.
    columns : list of str
        Names of the features.
    classes : list of str
    """

    name: str
    features: np.ndarray
    label: np.ndarray
    dropped: int
    columns: list[str]
    classes: list[str]

    @property
    def imbalance(self) -> float:
        """Rows of the largest class for one of the smallest."""
        size = np.bincount(self.label)
        return float(size.max() / size.min())


def names(folder: Path) -> list[str]:
    """Tables in the folder, the largest first, so that no worker is left with one at the end.

    Raises
    ------
    SystemExit
        If there is none.
    """
    found = sorted(folder.glob("*.csv"), key=lambda path: (-path.stat().st_size, path.stem))
    if not found:
        raise SystemExit(f"data: {folder} holds no CSV; expected tables with a column '{CLASS}'; name their folder.")
    return [path.stem for path in found]


def content(folder: Path, tables: list[str]) -> list[str]:
    """Hashes of the files."""
    return [hashlib.sha256((folder / f"{name}.csv").read_bytes()).hexdigest() for name in tables]


def read(folder: Path, name: str, folds: int) -> Table:
    """A table, its rows in random order.

    Raises
    ------
    SystemExit
        If it has no column of classes, a missing value, or fewer than two classes with a row for each fold.
    """
    path = folder / f"{name}.csv"
    try:
        frame = pd.read_csv(path, skipinitialspace=True).sample(frac=1, random_state=0)
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise SystemExit(f"{path}: {str(error).strip()}; expected a table with a column '{CLASS}'; mend it.") from None
    if list(frame.columns) == [CLASS]:
        raise SystemExit(f"{path}: found a column '{CLASS}' alone; expected what tells classes, too; add columns.")
    if CLASS not in frame:
        raise SystemExit(f"{path}: no column '{CLASS}', found {', '.join(frame.columns)}; rename it.")
    lost = frame.isna() | frame.isin([np.inf, -np.inf])
    if lost.to_numpy().any():
        column = frame.columns[lost.any()][0]
        raise SystemExit(f"{path}: column '{column}' has missing or infinite values; expected none; fill or drop them.")
    said = frame.pop(CLASS).astype(str).str.strip()
    size = said.value_counts()
    large = said.isin(size.index[size >= folds])
    classes = sorted(set(said[large]), key=lambda value: (-size[value], value))
    if len(classes) < 2:
        raise SystemExit(f"{path}: column '{CLASS}' has {len(classes)} values in {folds} rows or more; expected two.")
    label = said[large].map(dict(zip(classes, range(len(classes)), strict=True)))
    features = pd.get_dummies(frame[large])
    names = features.columns.astype(str).tolist()
    return Table(
        name, features.to_numpy(np.float64), label.to_numpy(np.int64), int((~large).sum()), names, classes
    )  # fmt: skip
