"""Several sources in one run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import ConfigError
from pipeline.sources import OnBadRow, Part, Source
from pipeline.sources.files import Files


@dataclass(kw_only=True)
class Mix(Source):
    """Sources by name, each with its own files, shape, columns and share.

    Parameters
    ----------
    files : dict of str to Files
        ``{alpaca: {path: a.jsonl, share: 0.4}, math: {path: m.jsonl, share: 0.6}}``. Shares are proportions of what is
        kept, in any unit, and all sources have one or none has; a weight of 2 makes a source count twice its size.
    on_bad_row : OnBadRow
        ``skip`` holds for every source; a source can also skip by itself.
    """

    files: dict[str, Files] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.files:
            raise ConfigError(
                "source.files is empty; expected sources by name, as in "
                "source.files={alpaca: {path: a.jsonl}, math: {path: m.jsonl}}; name some."
            )
        self.files = {str(name): part for name, part in self.files.items()}
        without = [name for name, part in self.files.items() if part.share is None]
        if without and len(without) < len(self.files):
            raise ConfigError(f"source.files.{without[0]} has no share but others have; give all one, or none.")
        if not without and not sum(part.share for part in self.files.values()) > 0:
            raise ConfigError("the shares of source.files are all 0; expected one above 0; mend one.")
        if all(part.weight == 0 for part in self.files.values()):
            raise ConfigError("the weights of source.files are all 0; expected one above 0; mend one.")
        if self.on_bad_row == OnBadRow.skip:
            for part in self.files.values():
                part.on_bad_row = OnBadRow.skip

    def parts(self) -> dict[str, Part]:
        return dict(self.files)

    def paths(self) -> list[Path]:
        return [path for part in self.files.values() for path in part.paths()]

    def shares(self, sizes: dict[str, int]) -> dict[str, float]:
        if all(part.share is not None for part in self.files.values()):
            return {name: part.share for name, part in self.files.items()}
        if any(part.weight is not None for part in self.files.values()):
            return {
                name: (1.0 if part.weight is None else part.weight) * sizes[name] for name, part in self.files.items()
            }
        return {}
