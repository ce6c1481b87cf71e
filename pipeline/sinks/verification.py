"""What was pushed, loaded back from where it went and compared with what was meant."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.hub import HubError
from pipeline.progress import track
from pipeline.sources.rows import BATCH

if TYPE_CHECKING:
    from huggingface_hub import CommitInfo

    from pipeline.sinks.configurations import Written


def compare(repo: str, revision: str, folder: Path, written: dict[str, Written], token: str | None) -> int:
    """Load every split back and compare columns, number of rows and rows with those of the folder.

    Returns
    -------
    int
        How many rows were compared.

    Raises
    ------
    HubError
        Naming the configuration, the split and the first row that differs.
    """
    from datasets import load_dataset
    from datasets.exceptions import DatasetsError

    compared = 0
    with tempfile.TemporaryDirectory() as cache:
        for name, one in written.items():
            for split, shards in one.splits.items():
                what = f"{repo} at {revision}, configuration '{name}', split '{split}'"
                try:
                    back = load_dataset(
                        repo, name, split=split, revision=revision, token=token, cache_dir=f"{cache}/hub"
                    )
                except (DatasetsError, ValueError, RuntimeError, FileNotFoundError) as error:
                    raise HubError(f"{what}: was pushed but cannot be loaded ({error}); look at its card.") from error
                files = sorted(str(path) for path in folder.glob(shards.glob))
                kind = "json" if shards.glob.endswith(".jsonl") else "parquet"
                meant = load_dataset(
                    kind, data_files=files, split="train", features=one.features, cache_dir=f"{cache}/disk"
                )
                if back.features != one.features:
                    raise HubError(f"{what}: came back with the columns {back.features}; expected {one.features}.")
                if len(back) != shards.rows:
                    raise HubError(f"{what}: came back with {len(back):,} rows; expected {shards.rows:,}.")
                starts = track(range(0, len(back), BATCH), "load back", "batches", total=-(-len(back) // BATCH))
                for start in starts:
                    rows = range(start, min(start + BATCH, len(back)))
                    here, there = (one.with_format("arrow").select(rows)[:] for one in (meant, back))
                    if not here.equals(there):  # as rows with NaN never are: these by what is written of them
                        pairs = zip(here.to_pylist(), there.to_pylist(), strict=True)
                        changed = next((at for at, (a, b) in enumerate(pairs, start) if repr(a) != repr(b)), None)
                        if changed is not None:
                            raise HubError(f"{what}: row {changed:,} came back changed; push again.")
                compared += len(back)
    return compared


def receipt(repo: str, commit: CommitInfo) -> str:
    """Where a product went, as JSON: it stands beside the product, and is no part of it."""
    found = {"repo": repo, "commit": commit.oid, "url": commit.commit_url, "pull_request": commit.pr_url}
    return json.dumps(found, indent=2) + "\n"
