"""A data set of the Hugging Face Hub."""

from __future__ import annotations

import copy
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import MISSING

from pipeline import hub
from pipeline.errors import ConfigError, DataError
from pipeline.sources import Part
from pipeline.sources.rows import BATCH, Batch

if TYPE_CHECKING:
    from datasets import Dataset

log = logging.getLogger("corebound")
INHERITED = ("license", "license_name", "license_link", "language", "task_categories")  # of the source's card


@dataclass(kw_only=True)
class Hub(Part):
    """One split of a data set of the Hugging Face Hub, at one commit, which is recorded.

    Parameters
    ----------
    repo : str
        As in ``tatsu-lab/alpaca``.
    config : str, optional
        Its configuration, where it has several.
    split : str
    revision : str, optional
        A branch, tag or commit; by default the head of ``main``.
    token : str, optional
        The environment variable that holds the token; by default ``HF_TOKEN`` or that of ``hf auth login``.
    sample : int, optional
        Read only the first so many rows, over the network as they come, of a data set too large to fetch; summary,
        card and record say so.
    pass_through : list of str
        Other splits that go into the product as they are.
    name, shape, columns, share, weight, on_bad_row
        As in `Files`.
    """

    repo: str = MISSING
    config: str | None = None
    split: str = "train"
    revision: str | None = None
    token: str | None = None
    sample: int | None = None
    pass_through: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        hub.require_repo(self.repo, "source.repo")
        hub.token_of(self.token, "source.token")
        if self.sample is not None and self.sample < 1:
            raise ConfigError(f"source.sample is {self.sample}; expected 1 row or more; mend it or leave it out.")
        if self.split in self.pass_through:
            raise ConfigError(f"source.pass_through names '{self.split}', the split that is read; leave it out there.")

    def identity(self) -> dict[str, Any]:
        # The commit, which is in `content`, says what is read; who asks for it and what goes past it does not.
        apart = ("name", "share", "weight", "revision", "token", "pass_through")
        return {**super().identity(), **dict.fromkeys(apart)}

    def called(self) -> str:
        return self.name or self.repo

    def files(self) -> list[str]:
        sampled = "" if self.sample is None else f", first {self.sample:,} rows"
        return [f"{self.repo}{'' if self.config is None else f'/{self.config}'}:{self.split}{sampled}"]

    def content(self) -> Any:
        return [self.commit]

    @cached_property
    def commit(self) -> str:
        """The commit that the revision is now."""
        if self.revision is not None and re.fullmatch("[0-9a-f]{40}", self.revision):
            return self.revision
        with hub.explained(f"reading {self.repo}"):
            sha = self._api.dataset_info(self.repo, revision=self.revision).sha
        assert sha is not None, "the Hub names the commit"
        return sha

    def batches(self) -> Iterator[Batch]:
        from pipeline.sources import arrow_rows

        with hub.explained(f"reading {self.repo}"):
            if self.sample is None:
                yield from arrow_rows.batches_of(self._load(self.split), 0, self.files()[0])
                return
            stream = self._load(self.split, streaming=True).take(self.sample).with_format("arrow")
            for table in stream.iter(BATCH):
                yield arrow_rows.batch_of(self.files()[0], 0, table)

    def repos(self) -> list[str]:
        return [self.repo]

    def passes(self) -> list[str]:
        if self.pass_through:
            from datasets import get_dataset_split_names

            with hub.explained(f"reading {self.repo}"), self._told():
                there = get_dataset_split_names(self.repo, self.config, revision=self.commit, token=self._api.token)
            absent = next((split for split in self.pass_through if split not in there), None)
            if absent is not None:
                raise ConfigError(
                    f"source.pass_through names '{absent}', but {self.repo} has the splits {', '.join(there)}; name "
                    "one of these, or leave it out."
                )
        return list(self.pass_through)

    def passed(self) -> dict[str, Dataset]:
        with hub.explained(f"reading {self.repo}"):
            return {split: self._load(split) for split in self.pass_through}

    def pinned(self) -> list[str]:
        return [f"source.revision={self.commit}"]

    def origin(self) -> list[str]:
        sampled = "" if self.sample is None else f", only the first {self.sample:,} rows of it (or all, if fewer)"
        return [
            f"[{self.repo}](https://huggingface.co/datasets/{self.repo}/tree/{self.commit}), "
            f"{'' if self.config is None else f'configuration `{self.config}`, '}split `{self.split}`, "
            f"commit `{self.commit}`{sampled}."
        ]

    def alone(self) -> Hub:
        alone = copy.copy(self)  # the commit is known to it
        alone.pass_through = []
        return alone

    def described(self) -> dict[str, Any]:
        from huggingface_hub.errors import RemoteEntryNotFoundError
        from yaml import YAMLError

        with hub.explained(f"reading the card of {self.repo}"):
            try:
                path = self._api.hf_hub_download(self.repo, "README.md", repo_type="dataset", revision=self.commit)
            except RemoteEntryNotFoundError:
                return {"source_datasets": [self.repo]}
        try:
            data = hub.card_of(Path(path).read_text("utf-8")).data.to_dict()
        except (ValueError, YAMLError) as error:
            log.warning("the card of %s cannot be read (%s): its licence and language are not taken over.", self.repo,
                        str(error).splitlines()[0])  # fmt: skip
            return {"source_datasets": [self.repo]}
        return {"source_datasets": [self.repo], **{key: data[key] for key in INHERITED if key in data}}

    @property
    def _api(self) -> Any:
        return hub.client(hub.token_of(self.token, "source.token"))

    def _load(self, split: str, streaming: bool = False) -> Any:
        from datasets import load_dataset

        with self._told():
            return load_dataset(
                self.repo, self.config, split=split, revision=self.commit, streaming=streaming, token=self._api.token
            )

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What datasets says of names that are not there, in a sentence."""
        from datasets.exceptions import DatasetsError

        try:
            yield
        except (ValueError, DatasetsError, RuntimeError, FileNotFoundError) as error:
            if hub.why(error) is not None:
                raise
            said = " ".join(str(error).split())[:300].rstrip(".")  # of names, datasets lists those that there are
            raise DataError(
                f"{self.repo}: {said}; set source.config and source.split to what it has, or take another data set."
            ) from error
