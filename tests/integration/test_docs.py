"""The README's commands, executed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, corebound
from tests.integration.hub_server import serving
from tests.integration.hub_user import environment

README = (ROOT / "README.md").read_text("utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, demo_corpus):
    folder = tmp_path_factory.mktemp("docs")
    shutil.copy(demo_corpus, folder / "corpus.jsonl")
    return folder


@pytest.mark.parametrize("block", [b for b in blocks("bash") if "scripts/" not in b and "hub" not in b])
def test_commands_run(block, folder):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euc", block], cwd=folder, capture_output=True, text=True, env={**os.environ, "PATH": path}
    )
    assert done.returncode == 0, done.stderr
    assert (folder / "selected-shares" / "run.json").exists()


def test_hub_commands_run(demo_corpus, tmp_path):
    (block,) = [block for block in blocks("bash") if "sink=hub" in block]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with serving() as hub:
        hub.put("you/instructions", {"data.jsonl": demo_corpus.read_bytes(), "README.md": "Rows.\n"})
        env = environment(hub, tmp_path, PATH=path)
        done = subprocess.run(["bash", "-euc", block], cwd=tmp_path, capture_output=True, text=True, env=env)
        assert done.returncode == 0, done.stderr
        assert hub.repos["me/instructions-fifth"].private and hub.repos["me/instructions-fifth"].pulls == 1


@pytest.mark.parametrize("block", blocks("python"))
def test_python_runs(block, folder):
    done = subprocess.run([sys.executable, "-c", block], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_demo_runs(tmp_path):
    command = ["bash", str(ROOT / "scripts/demo.sh"), f"sink.path={tmp_path}/out", f"cache_dir={tmp_path}/cache"]
    if not (ROOT / ".venv" / "installed.lock").exists():
        pytest.skip("no .venv: scripts/demo.sh would make one")
    done = subprocess.run([*command, f"hydra.run.dir={tmp_path}/run"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    # Widths depend on the numbers; the README shows the same tables.
    shown = [line.strip() for line in README.split("```text\n")[1].split("```")[0].splitlines()]
    titles = {line.strip() for line in done.stdout.splitlines() if line and line[0].isupper()}
    assert titles and titles <= set(shown)


def test_ci_runs_the_command_of_the_readme():
    assert "bash scripts/test.sh" in README
    assert "bash scripts/test.sh" in (ROOT / ".ci" / "run").read_text()


def test_every_file_the_readme_names_is_there():
    for name in re.findall(r"`((?:scripts|pipeline|configs)/[\w./]+)`", README) + re.findall(
        r"\]\((scripts/.*?)\)", README
    ):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize(
    ("title", "file"),
    [
        ("Is it better than random?", "compare.md"),
        ("Does a language model agree?", "sft.md laser.md"),
        ("Do the papers' claims hold?", "long_tail.md core_boundary.md oversampling.md"),
        ("How far does it scale?", "scale.md"),
    ],
)
def test_the_tables_of_a_bench_are_what_it_printed(title, file):
    """README shows parts of the tables that scripts/compare.py and scripts/bench.py wrote, unchanged."""
    section = README.split(f"## {title}")[1].split("\n## ")[0]
    written = [line for name in file.split() for line in (ROOT / "scripts/figures" / name).read_text().splitlines()]
    shown = [line for line in section.splitlines() if line.startswith("|")]
    assert len(shown) > 20 and set(shown) <= set(written)


def test_the_file_for_a_judge_composes(tmp_path):
    text = next(block for block in blocks("yaml") if "judge" in block)
    (tmp_path / "conf" / "experiment").mkdir(parents=True)
    (tmp_path / "conf" / "experiment" / "judged.yaml").write_text(text)
    words = ["--config-dir", "conf", "experiment=judged", "source.path=a.jsonl", "budget.rows=2", "sink.path=out"]
    shown = corebound(tmp_path, *words, "--cfg", "job").stdout
    assert "model: gpt-4o-mini" in shown and "max_cost: 5" in shown and "requests.sqlite" in shown
