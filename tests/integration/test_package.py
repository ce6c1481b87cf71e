"""The wheel, in an environment that has the dependencies but not this checkout."""

import os
import subprocess
import sys
import sysconfig
import tomllib
import zipfile

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_package_and_configs_only(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert "pipeline/configs/config.yaml" in names and "pipeline/run.py" in names
    shipped = {p.name for p in (ROOT / "configs").rglob("*.yaml")}
    assert shipped == {n.rsplit("/", 1)[-1] for n in names if n.startswith("pipeline/configs/")}
    assert {n.split("/")[0].split("-")[0] for n in names} == {"pipeline", "corebound"}


def test_the_wheel_runs_the_demo_corpus_from_another_directory(wheel, demo_corpus, tmp_path):
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    site = next((environment / "lib").glob("python*")) / "site-packages"
    # A .pth adds the installed dependencies but not what their own .pth files add, such as an editable install.
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"])
    zipfile.ZipFile(wheel).extractall(site)
    script = "import pipeline, sys; print(pipeline.__file__); from pipeline.cli import main; main()"
    command = [str(environment / "bin" / "python"), "-c", script, f"source.path={demo_corpus}", "budget.rows=100"]
    done = subprocess.run(
        [*command, "sink.path=out"], cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": ""}
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(site))
    assert (tmp_path / "out" / "data" / "train-00000-of-00001.parquet").exists()


def test_the_lock_satisfies_the_project():
    from packaging.requirements import Requirement

    pins = dict(line.split("==") for line in (ROOT / "requirements.lock").read_text().split() if "==" in line)
    pins = {name.lower().replace("_", "-"): version for name, version in pins.items()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [text for extra in project["optional-dependencies"].values() for text in extra]
    for text in [*project["dependencies"], *extras]:
        requirement = Requirement(text)
        if requirement.name == project["name"]:
            continue  # an extra that names another
        assert requirement.specifier.contains(pins[requirement.name.lower().replace("_", "-")]), text
