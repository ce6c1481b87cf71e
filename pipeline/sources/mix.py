"""Several sources in one run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError
from pipeline.sources import OnBadRow, Part, Source
from pipeline.sources.files import Files
from pipeline.sources.hub import Hub


@dataclass(kw_only=True)
class Mix(Source):
    """Sources by name, each with its own files, shape, columns and share.

    Parameters
    ----------
    files : dict of str to Files
        ``{alpaca: {path: a.jsonl, share: 0.4}, math: {path: m.jsonl, share: 0.6}}``. Shares are proportions of what is
        kept, in any unit, and all sources have one or none has; a weight of 2 makes a source count twice its size.
    hub : dict of str to Hub
        Likewise data sets of the Hub: ``{code: {repo: sahil2801/CodeAlpaca-20k, share: 0.2}}``.
    on_bad_row : OnBadRow
        ``skip`` holds for every source; a source can also skip by itself.
    """

    files: dict[str, Files] = field(default_factory=dict)
    hub: dict[str, Hub] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.files and not self.hub:
            raise ConfigError(
                "source.files is empty; expected sources by name, as in "
                "source.files={alpaca: {path: a.jsonl}, math: {path: m.jsonl}}; name some."
            )
        self.files = {str(name): part for name, part in self.files.items()}
        self.hub = {str(name): part for name, part in self.hub.items()}
        both = next((name for name in self.files if name in self.hub), None)
        if both is not None:
            raise ConfigError(f"source.files and source.hub both name '{both}'; expected different names; mend one.")
        passing = next((name for name, part in self.hub.items() if part.pass_through), None)
        if passing is not None:
            raise ConfigError(f"source.hub.{passing}.pass_through is for source=hub alone; leave it out in a mix.")
        parts = {**{f"files.{n}": p for n, p in self.files.items()}, **{f"hub.{n}": p for n, p in self.hub.items()}}
        without = [name for name, part in parts.items() if part.share is None]
        if without and len(without) < len(parts):
            raise ConfigError(f"source.{without[0]} has no share but others have; give all one, or none.")
        for key in ("share", "weight"):
            values = [getattr(part, key) for part in parts.values()]
            if None not in values and not sum(values) > 0:
                raise ConfigError(f"the {key}s of the sources are all 0; expected one above 0; mend one.")
        if self.on_bad_row == OnBadRow.skip:
            for part in parts.values():
                part.on_bad_row = OnBadRow.skip

    def parts(self) -> dict[str, Part]:
        return {**self.files, **self.hub}

    def paths(self) -> list[Path]:
        return [path for part in self.files.values() for path in part.paths()]

    def repos(self) -> list[str]:
        return [part.repo for part in self.hub.values()]

    def pinned(self) -> list[str]:
        return [f"source.hub.{name}.revision={part.commit}" for name, part in self.hub.items()]

    def origin(self) -> list[str]:
        return [line for part in self.hub.values() for line in part.origin()]

    def described(self) -> dict[str, Any]:
        # Licences and languages of several sources do not add up to one: whoever mixes them says.
        return {"source_datasets": self.repos()} if self.hub else {}

    def shares(self, sizes: dict[str, int]) -> dict[str, float]:
        parts = self.parts()
        if all(part.share is not None for part in parts.values()):
            return {name: part.share for name, part in parts.items()}
        if any(part.weight is not None for part in parts.values()):
            return {name: (1.0 if part.weight is None else part.weight) * sizes[name] for name, part in parts.items()}
        return {}
