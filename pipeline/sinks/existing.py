"""The data set that a push goes onto: what of it earlier pushes of ours wrote, and what is somebody else's."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import ConfigError
from pipeline.report.merging import configs_of, goes, is_marked, parted
from pipeline.sinks import run_record
from pipeline.sinks.configurations import AUDIT
from pipeline.sinks.folders import MAP
from pipeline.sinks.patterns import formats_of, is_data, matches, patterns_of
from pipeline.sinks.run_record import RECORD
from pipeline.sinks.trainers import FILES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from huggingface_hub import HfApi

CARD = "README.md"
Globs = dict[str, dict[str, str]]  # by configuration and split: which files are read
ELSEWHERE = "push to another sink.repo, or move what is there"


@dataclass(frozen=True)
class Existing:
    """A commit: its files, its card, its run record; nothing where there is no data set yet.

    Attributes
    ----------
    fresh : bool
        Whether the branch is not there yet.
    record : dict
        That of the last push of ours; empty where there was none.
    """

    repo: str
    sha: str | None = None
    private: bool = True
    fresh: bool = False
    files: list[str] = field(default_factory=list)
    card: str = ""
    record: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def find(cls, api: HfApi, repo: str, revision: str | None) -> Existing:
        """What a branch holds; a branch that is not there yet starts where ``main`` is."""
        from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

        fresh = False
        try:
            info = api.dataset_info(repo, revision=revision)
        except RevisionNotFoundError:
            info, fresh = api.dataset_info(repo), True
        except RepositoryNotFoundError:
            return cls(repo, fresh=revision not in (None, "main"))
        files = [file.rfilename for file in info.siblings or []]

        def text(name: str) -> str:
            # A file that is listed is there: that it cannot be fetched is an error, never an empty file.
            path = api.hf_hub_download(repo, name, repo_type="dataset", revision=info.sha) if name in files else None
            try:
                return "" if path is None else Path(path).read_text("utf-8")
            except UnicodeDecodeError as error:
                raise ConfigError(f"{name} of {repo} is not UTF-8 ({error.reason}); mend it there.") from error

        return cls(repo, info.sha, bool(info.private), fresh, files, text(CARD), run_record.read(text(RECORD)))

    @cached_property
    def configs(self) -> dict[str, dict[str, Any]]:
        """Configurations that the card names."""
        return configs_of(self.card)

    def is_ours(self, name: str) -> bool:
        """Whether an earlier push of ours wrote a file: no name tells that, only the record."""
        if name == CARD:
            return True  # it is merged
        return bool(self.record) and name in {RECORD, MAP, *self.record.get("files", {})}

    def stale(self, names: list[str], written: Globs) -> list[str]:
        """Our files in the place of those to be written that are not among them, and entries of trainers."""
        places = [glob for globs in written.values() for glob in globs.values()]
        places += [pattern for one in self.configs.values() if goes(one, written) for pattern in patterns_of(one)]
        for name, globs in written.items():
            there = self.configs.get(name, {})
            places += set(patterns_of(there)) - set(patterns_of(there, globs))  # of another format, say
        gone = [name for name in self.files if name in FILES.values() or _read_by(name, places)]
        staying = [pattern for patterns in self._staying(written).values() for pattern in patterns]
        return [one for one in gone if one not in names and self.is_ours(one) and not _read_by(one, staying)]

    def carried(self, names: list[str], written: Globs) -> dict[str, str]:
        """What the record says of our files that stay, so that the next push knows them too."""
        gone = {*names, *self.stale(names, written)}
        return {name: made for name, made in self.record.get("files", {}).items() if name in {*self.files} - gone}

    def require_open(self) -> None:
        """Refuse a data set that no rows can be pushed to, whatever they are.

        Raises
        ------
        ConfigError
        """
        script = f"{self.repo.rpartition('/')[2]}.py"
        if script in self.files:
            raise ConfigError(
                f"{self.repo} holds the loading script '{script}', for which load_dataset refuses the whole data set; "
                "remove it there, or push to another sink.repo."
            )
        parted(self.card)
        anything = next((name for name, one in self.configs.items() if not patterns_of(one)), None)
        if anything is not None:
            raise ConfigError(
                f"configuration '{anything}' of {self.repo} has neither data_files nor data_dir, and so may read what "
                "is to be pushed; name its files in the card, or push to another sink.repo."
            )
        data = [name for name in self.files if is_data(name) and not self.is_ours(name)]
        if data and not self.configs:
            raise ConfigError(
                f"the card of {self.repo} names no configurations, so that load_dataset finds '{data[0]}' by its name "
                "alone and would no longer once ours is named; name what is there under configs in its card, or push "
                "to another sink.repo."
            )

    def require_names(self, names: Iterable[str]) -> None:
        """Refuse names of configurations that somebody else's have.

        Raises
        ------
        ConfigError
        """
        taken = next((name for name in names if name in self.configs and not is_marked(self.configs[name])), None)
        if taken is not None:
            mend = "" if taken == AUDIT else "set sink.config_name to another, or "
            raise ConfigError(
                f"{self.repo} has a configuration '{taken}' of its own, which no push of corebound wrote; {mend}push "
                "to another sink.repo."
            )

    def require(self, names: list[str], written: Globs) -> None:
        """Refuse a push that would take something of somebody else's away, or mix with it.

        Parameters
        ----------
        names : list of str
            Files to be written.
        written : dict of str to dict of str to str
            What their configurations read.

        Raises
        ------
        ConfigError
        """
        self.require_open()
        self.require_names(written)
        foreign = next((name for name in names if name in self.files and not self.is_ours(name)), None)
        if foreign is not None:
            raise ConfigError(f"{self.repo} holds '{foreign}', which no push of corebound wrote; {ELSEWHERE}.")
        globs = [glob for found in written.values() for glob in found.values()]
        goes = {*names, *self.stale(names, written)}
        mixed = next((name for name in self.files if name not in goes and _read_by(name, globs)), None)
        if mixed is not None:
            raise ConfigError(f"{self.repo} holds '{mixed}', which would be read with our files; {ELSEWHERE}.")
        ours = formats_of(globs)
        for name, patterns in self._staying(written).items():
            taken = next((file for file in names if _read_by(file, patterns)), None)
            if taken is not None:
                raise ConfigError(
                    f"configuration '{name}' of {self.repo} reads {', '.join(patterns)}, and so would read '{taken}', "
                    "which is to be pushed; name its files more exactly in the card, or push to another sink.repo."
                )
            theirs = formats_of([*patterns, *(file for file in self.files if _read_by(file, patterns))]) - ours
            if theirs:
                raise ConfigError(
                    f"configuration '{name}' of {self.repo} holds {' and '.join(sorted(theirs))} files, but "
                    f"{' and '.join(ours)} files would be pushed, and a data set holds one format, as load_dataset "
                    "reads all with one reader; set sink.files to that, or push to another sink.repo."
                )

    def _staying(self, written: Globs) -> dict[str, list[str]]:
        """What configurations read beside what is written: other ones, and other splits of the same."""
        found = {name: patterns_of(one, written.get(name, ())) for name, one in self.configs.items()}
        # What goes is replaced, or gone from the card, with what it was of.
        return {name: found[name] for name, one in self.configs.items() if found[name] and not goes(one, written)}


def _read_by(name: str, patterns: list[str]) -> bool:
    return any(matches(name, pattern) for pattern in patterns)
