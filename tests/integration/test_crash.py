"""kill -9 in the middle of every stage, and a rerun that ends as if nothing had happened."""

import os
import signal
import subprocess
import sys
import textwrap

import pyarrow.parquet as parquet

from tests.conftest import toy_rows, write_jsonl

STAGES = [
    "read",
    "embed",
    "bin",
    "neighbours",
    "score-density",
    "score-margin",
    "score-foreign",
    "score-garbage",
    "order",
    "coverage",
]

# Runs the command, but dies when the draft of one stage is about to be published, its last file cut in half: what a
# kill in the middle of writing leaves. For "chunk" it dies when the second chunk of vectors is encoded.
DRIVER = textwrap.dedent("""
    import os, signal, sys
    from pathlib import Path

    stage = sys.argv.pop(1)
    rename = os.rename

    def die():
        os.kill(os.getpid(), signal.SIGKILL)

    def dying_rename(source, target):
        source = Path(source)
        if source.parent.name == stage and source.name.endswith(".draft") or stage == "publish" == kind(target):
            files = [path for path in source.rglob("*") if path.is_file() and path.suffix in {".npy", ".parquet"}]
            if stage != "embed":
                last = max(files, key=lambda path: path.stat().st_mtime_ns)
                os.truncate(last, last.stat().st_size // 2)
            die()
        rename(source, target)

    def kind(target):
        return "publish" if Path(target).name == "out" else ""

    os.rename = dying_rename
    from pipeline.embedders import chunks, lsa
    chunks.CHUNK = 16
    encoded = []
    encode = lsa._encode

    def counting(*arguments):
        if stage == "chunk" and len(encoded) == 2:
            die()
        encoded.append(arguments[-1])
        return encode(*arguments)

    lsa._encode = counting
    from pipeline import cli
    try:
        cli.main()
    finally:
        print("ENCODED", len(encoded))
""")


def run(folder, name, stage, *more):
    driver = folder / "driver.py"
    driver.write_text(DRIVER)
    command = [sys.executable, str(driver), stage, f"source.path={folder}/toy.jsonl", "budget.rows=20"]
    command += [f"sink.path={folder}/{name}/out", f"cache_dir={folder}/{name}/cache", "clusterer.size=6", *more]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ)
    assert done.returncode == (0 if stage == "none" else -signal.SIGKILL), done.stderr
    return done


def kept(folder, name):
    ledger = parquet.read_table(folder / name / "out" / "ledger.parquet").to_pandas()
    return ledger.id[ledger.decision == "kept"].tolist()


def test_killed_in_every_stage_then_rerun(tmp_path):
    write_jsonl(tmp_path / "toy.jsonl", toy_rows())
    run(tmp_path, "whole", "none")
    for stage in [*STAGES[:1], "chunk", *STAGES[1:], "publish"]:
        run(tmp_path, "killed", stage)  # goes on from where the last one died
        assert not (tmp_path / "killed" / "out").exists()
    done = run(tmp_path, "killed", "none")
    assert kept(tmp_path, "killed") == kept(tmp_path, "whole")
    assert done.stderr.count("reused") == len(STAGES)
    leftovers = [p for p in (tmp_path / "killed").rglob("*draft*")]
    assert not leftovers


def test_a_killed_embedding_goes_on_at_its_chunk(tmp_path):
    write_jsonl(tmp_path / "toy.jsonl", toy_rows())
    run(tmp_path, "killed", "chunk")
    assert "ENCODED 2" in run(tmp_path, "killed", "none").stdout  # 60 rows are four chunks of 16, two were done


def test_killed_while_replacing_an_earlier_product(tmp_path):
    write_jsonl(tmp_path / "toy.jsonl", toy_rows())
    run(tmp_path, "killed", "none")
    before = kept(tmp_path, "killed")
    run(tmp_path, "killed", "publish", "sink.overwrite=true", "seed=1")
    again = subprocess.run(
        [sys.executable, "-m", "pipeline", f"source.path={tmp_path}/toy.jsonl", "budget.rows=7",
         f"sink.path={tmp_path}/killed/out", f"cache_dir={tmp_path}/killed/cache"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    # Nobody allowed the earlier product to be replaced: the rerun puts it back and refuses.
    assert again.returncode == 1 and "holds an earlier product" in again.stderr
    assert kept(tmp_path, "killed") == before
    run(tmp_path, "killed", "none", "sink.overwrite=true", "seed=1")
    assert len(kept(tmp_path, "killed")) == len(before) == 20
    assert not [p for p in (tmp_path / "killed").iterdir() if p.name.startswith(".out")]
