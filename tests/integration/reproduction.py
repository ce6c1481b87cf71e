"""Runs the scripts that try the papers' claims."""

import os
import subprocess
import sys

from tests.conftest import ROOT

sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "scripts" / "reproduce")]


def reproduce(name, folder, *words):
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "reproduce" / f"{name}.py", f"folder={folder}/out", "workers=1", *words],
        cwd=folder, capture_output=True, text=True, env={**os.environ, "COREBOUND_SHARED": "nowhere"},
    )  # fmt: skip


def unchanged(folder, name, words, printed, lost=()):
    """A second run prints the same and computes nothing but the parts that were lost."""
    before = written(folder)
    for path in lost:
        path.unlink()
    again = reproduce(name, folder, *words)
    assert again.returncode == 0 and again.stdout == printed
    after = written(folder)
    return before.keys() == after.keys() and {path for path in after if after[path] != before[path]} == set(lost)


def written(folder):
    return {path: path.stat().st_mtime_ns for path in folder.glob("out/parts-*/*")}
