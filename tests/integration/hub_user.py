"""What a user of the Hub does: run the command against it, and load what is there."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

from tests.conftest import toy_rows, write_jsonl
from tests.integration.hub_server import TOKEN

SMALL = ["embedder.dimensions=16", "clusterer.size=6", "budget.rows=20"]
SOURCE_CARD = """---
license: cc-by-4.0
language:
- en
task_categories:
- question-answering
---
Toys.
"""


def environment(hub, tmp_path, **changes):
    """Of a user whose Hub is ours; without the storage protocol that only the Hub's own servers speak."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    ours = {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_DISABLE_XET": "1"}
    return {**env, **ours, "COLUMNS": "200", "HF_HUB_DISABLE_TELEMETRY": "1", **changes}


def corebound(hub, tmp_path, *overrides, fails=False, **changes):
    command = [sys.executable, "-m", "pipeline", *SMALL, *overrides]
    env = environment(hub, tmp_path, **changes)
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env)
    assert (done.returncode != 0) == fails, done.stderr
    if fails:
        assert "Traceback" not in done.stderr
        return done.stderr.strip().splitlines()[-1]
    return done.stdout + done.stderr


def push(hub, tmp_path, *overrides, **how):
    path = tmp_path / "toys.jsonl"
    if not path.exists():
        write_jsonl(path, toy_rows())
    return corebound(hub, tmp_path, f"source.path={path}", "sink=hub", "sink.repo=me/toys", *overrides, **how)


def load(hub, tmp_path, repo, name="default", split="train", revision="main"):
    """Rows and columns, as a user loads them."""
    code = (
        "import json, sys; from datasets import load_dataset; "
        "d = load_dataset(sys.argv[1], sys.argv[2] or None, split=sys.argv[3], revision=sys.argv[4]); "
        "print(json.dumps([d.to_list(), d.column_names], default=str))"
    )
    command = [sys.executable, "-c", code, repo, name or "", split, revision]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(hub, tmp_path))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def rows_of(content):
    import pyarrow.parquet as parquet

    return parquet.read_table(io.BytesIO(content)).to_pylist()


def parquet_of(rows):
    import pyarrow as pa
    import pyarrow.parquet as parquet

    out = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


def put_source(hub, repo="you/toys", card=SOURCE_CARD):
    """A data set with the splits train and test, as others publish them."""
    rows = toy_rows()
    lines = {name: "".join(json.dumps(row) + "\n" for row in part)
             for name, part in {"train": rows[:50], "test": rows[50:]}.items()}  # fmt: skip
    configs = "configs:\n- config_name: default\n  data_files:\n" + "".join(
        f"  - split: {name}\n    path: {name}.jsonl\n" for name in lines
    )
    files = {f"{name}.jsonl": text for name, text in lines.items()}
    return hub.put(repo, {**files, "README.md": card.replace("---\nToys", f"{configs}---\nToys")})
