"""A data set of the Hub: what `Disk` writes, pushed, merged with what is there, and loaded back."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import MISSING

from pipeline import hub
from pipeline.progress import track
from pipeline.report.merging import merged
from pipeline.sinks import Product, verification
from pipeline.sinks.configurations import Written
from pipeline.sinks.disk import RECEIPT, Disk
from pipeline.sinks.trainers import Home

if TYPE_CHECKING:
    from huggingface_hub import CommitInfo, HfApi

    from pipeline.run import Run

log = logging.getLogger("corebound")
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
    overwrite, columns, format, files, config_name, split, shard_mb, trainer, audit_text
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
        hub.token_of(self.token, "sink.token")
        if self.path is None:
            self.path = f"runs/hub/{self.repo}"

    @property
    def home(self) -> Home:
        return Home(repo=self.repo, revision=self.revision)

    @property
    def api(self) -> HfApi:
        return hub.client(hub.token_of(self.token, "sink.token"))

    def check(self, sources: list[Path] | None = None) -> None:
        super().check(sources)
        with hub.explained(f"pushing to {self.repo}"):  # what is refused is so before anything is computed
            if self.dry_run:
                self._head()
            else:
                self.api.whoami()

    def publish(self, run: Run, describe: Callable[[Path, dict[str, Written]], None]) -> Product:
        written: dict[str, Written] = {}
        with hub.explained(f"pushing to {self.repo} (the product is in {self.target})"):
            head, there = self._head()

            def describe_merged(folder: Path, configurations: dict[str, Written]) -> None:
                describe(folder, configurations)
                written.update(configurations)
                self._merge(folder, head)

            folder = super().publish(run, describe_merged).folder
            if self.dry_run:
                return Product(folder, f"{folder} (not pushed to {self.repo}: sink.dry_run=true)")
            commit = self._push(folder, head, there)
        with hub.explained(f"loading back {self.repo} at {commit.oid}"):
            rows = verification.compare(self.repo, commit.oid, folder, written, self.api.token)
        (folder / RECEIPT).write_text(verification.receipt(self.repo, commit), "utf-8")
        where = commit.pr_url or f"{commit.repo_url}/tree/{self.revision or 'main'}"
        loaded = f"loaded back: {rows:,} rows in {len(written)} configurations, equal"
        return Product(folder, f"{where}\n         commit {commit.oid}, {loaded}")

    def _head(self) -> tuple[str | None, list[str]]:
        """The commit that we push onto and the files that it has; None where there is no repository or branch."""
        from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

        try:
            info = self.api.dataset_info(self.repo, revision=self.revision)
        except RevisionNotFoundError:
            info = self.api.dataset_info(self.repo)  # a branch that is made starts there
        except RepositoryNotFoundError:
            return None, []
        if self.private and not info.private:
            log.warning("%s is there and public, and stays so.", self.repo)
        return info.sha, [file.rfilename for file in info.siblings or []]

    def _merge(self, folder: Path, head: str | None) -> None:
        """Merge our card into the one at a commit."""
        if head is None:
            return
        from huggingface_hub.errors import RemoteEntryNotFoundError  # not of a cache: an unreachable card is there

        try:
            theirs = Path(self.api.hf_hub_download(self.repo, "README.md", repo_type="dataset", revision=head))
        except RemoteEntryNotFoundError:
            return
        ours = folder / "README.md"
        ours.write_text(merged(theirs.read_text("utf-8"), ours.read_text("utf-8")), "utf-8")

    def _push(self, folder: Path, head: str | None, there: list[str]) -> CommitInfo:
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete
        from huggingface_hub.errors import HfHubHTTPError

        api, where = self.api, {"repo_type": "dataset", "revision": self.revision}
        if head is None:
            api.create_repo(self.repo, repo_type="dataset", private=self.private, exist_ok=True)
        if self.revision is not None and not self.revision.startswith("refs/"):
            api.create_branch(self.repo, branch=self.revision, repo_type="dataset", exist_ok=True)
        ours = (folder / "README.md").read_text("utf-8")
        for attempt in range(ATTEMPTS):
            if attempt or head is None:
                head, there = self._head()
                (folder / "README.md").write_text(ours, "utf-8")
                self._merge(folder, head)
            files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != RECEIPT)
            names = [path.relative_to(folder).as_posix() for path in files]
            added = [
                CommitOperationAdd(path_in_repo=name, path_or_fileobj=str(path))
                for name, path in zip(names, files, strict=True)
            ]
            for one in track(added, "push", "files", total=len(added)):
                # What was uploaded before is not sent again.
                api.preupload_lfs_files(self.repo, [one], **where, create_pr=self.create_pr, free_memory=False)
            stale = [CommitOperationDelete(path_in_repo=name) for name in there if self._is_stale(name, names)]
            try:
                return api.create_commit(
                    self.repo, [*added, *stale], **where, create_pr=self.create_pr, parent_commit=head,
                    commit_message=self.message or "Selection by corebound",
                )  # fmt: skip
            except HfHubHTTPError as error:
                moved = error.response is not None and error.response.status_code in (409, 412)
                if not moved or attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _is_stale(self, name: str, written: list[str]) -> bool:
        """Whether a file is a shard that an earlier push wrote in the place of ours."""
        place = re.fullmatch(r"(data/(?:[\w.+-]+/)?[\w.-]+)-\d+-of-\d+\.(parquet|jsonl)", name)
        if place is None or name in written:
            return False
        return any(other.startswith(f"{place[1]}-") for other in written)
