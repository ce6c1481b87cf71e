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


def unchanged(folder, name, words, printed):
    """A second run prints the same and computes nothing."""
    before = {path: path.stat().st_mtime_ns for path in folder.glob("out/parts-*/*")}
    again = reproduce(name, folder, *words)
    assert again.returncode == 0 and again.stdout == printed
    return before == {path: path.stat().st_mtime_ns for path in folder.glob("out/parts-*/*")}
