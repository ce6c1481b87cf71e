"""A data set of the Hub: what `Disk` writes, pushed, merged with what is there, and loaded back."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import MISSING

from pipeline import hub
from pipeline.errors import ConfigError
from pipeline.progress import track
from pipeline.report.merging import merged
from pipeline.sinks import Product, run_record, verification
from pipeline.sinks.configurations import AUDIT, Written
from pipeline.sinks.disk import Disk, FileFormat
from pipeline.sinks.existing import CARD, Existing, Globs
from pipeline.sinks.folders import RECEIPT
from pipeline.sinks.run_record import RECORD
from pipeline.sinks.trainers import Home, Trainer

if TYPE_CHECKING:
    from huggingface_hub import CommitInfo, HfApi

    from pipeline.arrays import Corpus
    from pipeline.run import Run
    from pipeline.sources import Source

log = logging.getLogger("corebound")
Described = tuple[str, dict[str, Any]]  # our card and our record, as they are without what is there
ATTEMPTS = 3  # to commit on a branch that others push to meanwhile


@dataclass(kw_only=True)
class Hub(Disk):
    """A data set of the Hugging Face Hub.

    Files that need the large storage are uploaded first; one commit then shows them all, with the card, which is merged
    into the one that is there. After that everything is loaded back from the Hub and compared.

    Parameters
    ----------
    repo : str
        ``me/my-set``; made where there is none.
    private : bool
        Of a repository that is made; one that is there stays as it is.
    create_pr : bool
        Whether to open a pull request instead of changing the branch.
    revision : str, optional
        The branch to push to; ``main`` where left out, made where there is none.
    message : str, optional
        Of the commit.
    token : str, optional
        The environment variable that holds the token; by default ``HF_TOKEN`` or that of ``hf auth login``.
    dry_run : bool
        Whether to write to ``path`` just what would be pushed, and to push nothing.
    path : str, optional
        Where the product stays on disk; by default ``runs/hub/<repo>``.
    overwrite, columns, format, files, config_name, split, shard_mb, trainer, synthetic, audit_text
        As in `Disk`; what is on disk is replaced.
    """

    repo: str = MISSING
    private: bool = True
    create_pr: bool = False
    revision: str | None = None
    message: str | None = None
    token: str | None = None
    dry_run: bool = False
    path: str | None = None  # type: ignore[assignment]
    overwrite: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        hub.require_repo(self.repo, "sink.repo")
        if "/" not in self.repo:
            raise ConfigError(f"sink.repo is {self.repo!r}; expected whose it is too, as in me/{self.repo}; mend it.")
        hub.token_of(self.token, "sink.token")
        if self.path is None:
            self.path = f"runs/hub/{self.repo}"

    @property
    def home(self) -> Home:
        return Home(repo=self.repo, revision=self.revision)

    @property
    def api(self) -> HfApi:
        return hub.client(hub.token_of(self.token, "sink.token"))

    def check(self, source: Source) -> None:
        super().check(source)
        if self.repo in source.repos():
            raise ConfigError(f"sink.repo={self.repo} is a source, which would be replaced; name another.")
        with hub.explained(f"pushing to {self.repo}"):  # what is refused is so before anything is computed
            if not self.dry_run:
                self.api.whoami()
            there = Existing.find(self.api, self.repo, self.revision)
            if there.fresh and (self.create_pr or str(self.revision).startswith("refs/")):
                raise ConfigError(
                    f"sink.revision={self.revision} is not in {self.repo}, and only branches are made, by a push that "
                    "opens no pull request; name one that is there."
                )
            there.require_open()
            if self.files == FileFormat.parquet:
                there.require_names([AUDIT])

    def accept(self, corpus: Corpus, passes: list[str]) -> None:
        if self.trainer == Trainer.llamafactory and self.revision not in (None, "main"):
            raise ConfigError(
                f"sink.trainer=llamafactory reads main, not sink.revision={self.revision}; leave one of them out."
            )
        super().accept(corpus, passes)

    def publish(self, run: Run, describe: Callable[[Path, dict[str, Written]], None]) -> Product:
        written: dict[str, Written] = {}
        with hub.explained(f"pushing to {self.repo} (the product is in {self.target})"):
            there = Existing.find(self.api, self.repo, self.revision)
            if there.sha is not None and self.private and not there.private:
                log.warning("%s is there and public, and stays so.", self.repo)
            if there.sha is None and self.dry_run:
                log.warning("the token sees no data set %s: what is written is as for a new one.", self.repo)
            ours: Described = ("", {})

            def describe_merged(folder: Path, configurations: dict[str, Written]) -> None:
                nonlocal ours
                describe(folder, configurations)
                written.update(configurations)
                ours = (folder / CARD).read_text("utf-8"), run_record.read((folder / RECORD).read_text("utf-8"))
                self._prepare(folder, written, ours, there)

            folder = super().publish(run, describe_merged).folder
            if self.dry_run:
                return Product(folder, f"{folder} (not pushed to {self.repo}: sink.dry_run=true)")
            commit = self._push(folder, written, ours, there)
        with hub.explained(f"loading back {self.repo} at {commit.oid}"):
            rows = verification.compare(self.repo, commit.oid, folder, written, self.api.token)
        (folder / RECEIPT).write_text(verification.receipt(self.repo, commit), "utf-8")
        where = commit.pr_url or f"{commit.repo_url}/tree/{self.revision or 'main'}"
        loaded = f"loaded back: {rows:,} rows in {len(written)} configurations, equal"
        return Product(folder, f"{where}\n         commit {commit.oid}, {loaded}")

    def _prepare(self, folder: Path, written: dict[str, Written], ours: Described, there: Existing) -> None:
        """Refuse what would harm what is there; merge our card and record, each time anew, into those that are."""
        card, about = ours
        names, globs = names_in(folder), globs_in(written)
        there.require(names, globs)
        text, wrote = merged(there.card, card, there.record.get("card", {}))
        (folder / CARD).write_text(text, "utf-8")
        files = {**there.carried(names, globs), **about["files"]}
        run_record.write(folder, {**about, "files": files, "card": wrote})

    def _push(self, folder: Path, written: dict[str, Written], ours: Described, there: Existing) -> CommitInfo:
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete
        from huggingface_hub.errors import HfHubHTTPError

        api, where = self.api, {"repo_type": "dataset", "revision": self.revision}
        if there.sha is None:
            api.create_repo(self.repo, repo_type="dataset", private=self.private, exist_ok=True)
            there = Existing.find(api, self.repo, self.revision)
            self._prepare(folder, written, ours, there)  # again: somebody else may have made it meanwhile
        if there.fresh:
            assert self.revision is not None, "main is always there"
            api.create_branch(self.repo, branch=self.revision, repo_type="dataset", exist_ok=True)
        for attempt in range(ATTEMPTS):
            names = names_in(folder)
            added = [CommitOperationAdd(path_in_repo=name, path_or_fileobj=str(folder / name)) for name in names]
            for one in track(added, "push", "files", total=len(added)):
                # What was uploaded before is not sent again.
                api.preupload_lfs_files(self.repo, [one], **where, create_pr=self.create_pr, free_memory=False)
            stale = [CommitOperationDelete(path_in_repo=name) for name in there.stale(names, globs_in(written))]
            try:
                return api.create_commit(
                    self.repo, [*added, *stale], **where, create_pr=self.create_pr, parent_commit=there.sha,
                    commit_message=self.message or "Selection by corebound",
                )  # fmt: skip
            except HfHubHTTPError as error:
                moved = error.response is not None and error.response.status_code in (409, 412)
                if not moved or attempt == ATTEMPTS - 1:
                    raise
            there = Existing.find(api, self.repo, self.revision)  # somebody pushed meanwhile: onto that, then
            self._prepare(folder, written, ours, there)
        raise AssertionError("the last attempt returns or raises")


def names_in(folder: Path) -> list[str]:
    """Files of a product."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def globs_in(written: dict[str, Written]) -> Globs:
    """What each configuration reads."""
    return {name: {split: shards.glob for split, shards in one.splits.items()} for name, one in written.items()}
