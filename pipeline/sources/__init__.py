"""Where rows come from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.component import Component
from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from datasets import Dataset

    from pipeline.sources.rows import Batch

OnBadRow = StrEnum("OnBadRow", ["error", "skip"])


@dataclass(kw_only=True)
class Source(Component):
    """Reads rows into tables, one a part, that keep every column as it came."""

    on_bad_row: OnBadRow = OnBadRow.error

    def parts(self) -> dict[str, Part]:
        """What is read, by the name that ledger and messages use."""
        raise NotImplementedError

    def paths(self) -> list[Path]:
        """Files and folders that are read."""
        return []

    def repos(self) -> list[str]:
        """Data sets of the Hub that are read."""
        return []

    def passes(self) -> list[str]:
        """Names of other splits that go into the product as they are."""
        return []

    def passed(self) -> dict[str, Dataset]:
        """Those splits."""
        return {}

    def alone(self) -> Source:
        """This source without the splits that it passes through."""
        return self

    def described(self) -> dict[str, Any]:
        """Licence, language and the like, as the card of the source says, and which data sets were read."""
        return {}

    def origin(self) -> list[str]:
        """Sentences on where the rows came from, beyond what every source has."""
        return []

    def pinned(self) -> list[str]:
        """Overrides with which a command reads again just what was read."""
        return []

    def shares(self, sizes: dict[str, int]) -> dict[str, float]:
        """Proportions that the sources should have among kept rows, given their sizes; empty where nothing is said."""
        return {}


@dataclass(kw_only=True)
class Part(Source):
    """One source: rows that end up in one table.

    Attributes
    ----------
    in_place : bool
        Whether the rows are a table already, which reading leaves where it is.
    share, weight : float, optional
        In a mix: the source's proportion among kept rows, or how much more than its size it counts.
    """

    in_place: ClassVar[bool] = False
    name: str | None = None
    shape: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    share: float | None = None
    weight: float | None = None

    def __post_init__(self) -> None:
        from pipeline.sources.shapes import SHAPES

        for key in ("share", "weight"):
            value = getattr(self, key)
            if value is not None and not 0 <= value < float("inf"):
                raise ConfigError(f"source.{key} is {value}; expected 0 or more; mend it.")
        if self.share is not None and self.weight is not None:
            raise ConfigError("found a share and a weight of one source; expected one of them; leave one out.")

        if self.shape is not None and self.shape not in SHAPES:
            raise ConfigError(f"source.shape is {self.shape}; expected one of {', '.join(SHAPES)}; mend it.")
        shapes = [SHAPES[self.shape]] if self.shape is not None else list(SHAPES.values())
        if self.columns and not any(set(self.columns) <= set(shape.columns) for shape in shapes):
            known = "; ".join(f"{shape.name}: {', '.join(shape.columns)}" for shape in shapes)
            raise ConfigError(
                f"source.columns names {', '.join(self.columns)}; expected columns of one shape, as in "
                f"source.columns={{instruction: Question, output: Reply}} ({known}); mend them."
            )

    def parts(self) -> dict[str, Part]:
        if self.share is not None or self.weight is not None:
            raise ConfigError("source.share and source.weight are for sources of a mix; leave them out.")
        return {self.called(): self}

    def called(self) -> str:
        """The user's name for the source, or one taken from its files."""
        raise NotImplementedError

    def files(self) -> list[str]:
        """Names of the files in the order of reading."""
        raise NotImplementedError

    def advice(self, file: int, columns: list[str]) -> str:
        """What else may be the matter with a file whose rows have no known shape."""
        return ""

    def content(self) -> Any:
        """Digests of what would be read: the cache key of reading."""
        raise NotImplementedError

    def batches(self) -> Iterator[Batch]:
        """The rows, file by file, in order."""
        raise NotImplementedError

    def table(self, path: Path) -> Dataset:
        """The rows as they came, from where reading has written them."""
        from datasets import Dataset

        return Dataset.from_file(str(path))
