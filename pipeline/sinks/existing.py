"""The data set that a push goes onto: what of it earlier pushes of ours wrote, and what is somebody else's."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import ConfigError
from pipeline.report.card import MARK
from pipeline.report.merging import configs_of, matches, patterns_of
from pipeline.sinks.shards import LEDGER

if TYPE_CHECKING:
    from huggingface_hub import HfApi

CARD, RECORD, MAP = "README.md", "run.json", "map.svg"
DATA = (".parquet", ".arrow", ".json", ".jsonl", ".csv", ".tsv", ".txt", ".zst", ".gz")  # what load_dataset looks for
ELSEWHERE = "push to another sink.repo, or move what is there"


@dataclass(frozen=True)
class Existing:
    """A commit: its files, its card, its run record; nothing where there is no data set yet."""

    repo: str
    sha: str | None = None
    private: bool = True
    files: list[str] = field(default_factory=list)
    card: str = ""
    record: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def find(cls, api: HfApi, repo: str, revision: str | None) -> Existing:
        """What a branch holds; a branch that is not there yet starts where ``main`` is."""
        from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

        try:
            info = api.dataset_info(repo, revision=revision)
        except RevisionNotFoundError:
            info = api.dataset_info(repo)
        except RepositoryNotFoundError:
            return cls(repo)
        files = [file.rfilename for file in info.siblings or []]

        def text(name: str) -> str:
            # A file that is listed is there: that it cannot be fetched is an error, never an empty file.
            path = api.hf_hub_download(repo, name, repo_type="dataset", revision=info.sha) if name in files else None
            try:
                return "" if path is None else Path(path).read_text("utf-8")
            except UnicodeDecodeError as error:
                raise ConfigError(f"{name} of {repo} is not UTF-8 ({error.reason}); mend it there.") from error

        try:
            record = json.loads(text(RECORD) or "{}")
        except ValueError:
            record = {}
        return cls(repo, info.sha, bool(info.private), files, text(CARD), record if isinstance(record, dict) else {})

    @cached_property
    def configs(self) -> dict[str, dict[str, Any]]:
        """Configurations that the card names."""
        return configs_of(self.card)

    def is_ours(self, name: str) -> bool:
        """Whether an earlier push of ours wrote a file."""
        if name == CARD:
            return True  # it is merged
        ours = [one for one in self.configs.values() if str(one.get("description", "")).startswith(MARK)]
        if any(matches(name, pattern) for one in ours for pattern in patterns_of(one)):
            return True
        versions, files = (self.record.get(key) for key in ("versions", "files"))
        known = isinstance(versions, dict) and "corebound" in versions and isinstance(files, dict)
        return known and name in {RECORD, MAP, LEDGER, *files}

    def stale(self, names: list[str], patterns: list[str]) -> list[str]:
        """Our files in the place of those to be written that are not among them."""
        return [
            name
            for name in self.files
            if name not in names and self.is_ours(name) and any(matches(name, pattern) for pattern in patterns)
        ]

    def require(self, names: list[str], written: dict[str, list[str]]) -> None:
        """Refuse a push that would take something of somebody else's away, or mix with it.

        Parameters
        ----------
        names : list of str
            Files to be written.
        written : dict of str to list of str
            The patterns of their configurations, by name.

        Raises
        ------
        ConfigError
        """
        foreign = next((name for name in names if name in self.files and not self.is_ours(name)), None)
        if foreign is not None:
            raise ConfigError(f"{self.repo} holds '{foreign}', which no push of corebound wrote; {ELSEWHERE}.")
        patterns = [pattern for found in written.values() for pattern in found]
        for name in self.files:
            mixed = name not in names and any(matches(name, pattern) for pattern in patterns)
            if mixed and not self.is_ours(name):
                raise ConfigError(f"{self.repo} holds '{name}', which would be read with our files; {ELSEWHERE}.")
        for name, one in self.configs.items():
            if name in written:
                continue
            taken = next((file for file in names for pattern in patterns_of(one) if matches(file, pattern)), None)
            if taken is not None:
                raise ConfigError(
                    f"configuration '{name}' of {self.repo} reads {', '.join(patterns_of(one))}, and so would read "
                    f"'{taken}', which is to be pushed; name its files more exactly in the card, or push to another "
                    "sink.repo."
                )
        data = [name for name in self.files if name.endswith(DATA) and not self.is_ours(name)]
        if data and not self.configs:
            raise ConfigError(
                f"the card of {self.repo} names no configurations, so that load_dataset finds '{data[0]}' by its name "
                "alone and would no longer once ours is named; name what is there under configs in its card, or push "
                "to another sink.repo."
            )
