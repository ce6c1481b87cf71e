"""Rows that a language model writes between two bins: what it is shown, told, and what is said of them."""

import json
import re

import numpy as np
import pytest

from tests.integration import tales
from tests.integration.writing import reasons, run_with, tops

pytest.importorskip("openai")


@pytest.fixture(scope="module")
def kept_stages(tmp_path_factory):
    return str(tmp_path_factory.mktemp("stages"))


def shown(body):
    """The task of each row that a request shows, what it is, and which bins it names."""
    asked = body["messages"][1]["content"]
    rows = [json.loads(line) for line in asked.splitlines() if line.startswith("{")]
    return [("tales" if "tale" in row["instruction"] else "sums", json.dumps(row)) for row in rows], asked


def boundary_of(run, task):
    """What the kept boundary rows of a bin say."""
    from pipeline.arrays import BOUNDARY

    top = run.topup
    rows = np.flatnonzero(run.selection.kept & (top.name[top.bin] == task) & (run.scores.region == BOUNDARY))
    table = run.space.corpus.tables[0]
    return {json.dumps({k: v for k, v in table[int(at)].items() if k != "task"}) for at in run.space.corpus.index[rows]}


def test_at_borders_a_model_is_shown_both_sides_and_told_which_is_which(kept_stages, tmp_path):
    run, server = run_with(tales.good, kept_stages, tmp_path, focus="boundary")
    edge = boundary_of(run, "tales")
    assert len(server.bodies) > 1
    for body in server.bodies:
        rows, asked = shown(body)
        own = [row for task, row in rows if task == "tales"]
        assert 0 < len(own) <= 10 and set(own) <= edge, "boundary rows of the bin"
        assert 0 < len(rows) - len(own) <= 10, "and rows beyond it"
        assert asked.count('"tales"') >= 2 and asked.count('"sums"') >= 2 and "between the two" in asked
    assert {one.border for one in run.additions.candidates} == {"sums"}
    assert reasons(run)["accepted"] and tops(run)[3] == len(run.additions.accepted)


def test_rows_beyond_the_border_are_the_nearest_ones_that_judge_nothing(kept_stages, tmp_path):
    run, _ = run_with(tales.good, kept_stages, tmp_path, focus="boundary")
    ids = [bytes(one).decode() for one in run.space.corpus.ids]
    vectors, name = np.array(run.space.embeddings.vectors), run.topup.name[run.topup.bin]
    sums = np.flatnonzero(run.selection.kept & (name == "sums"))
    from pipeline.augmenters.seeds import divided

    free = np.setdiff1d(sums, divided(sums, run.config.seed, run.topup.name.tolist().index("sums"))[1])
    parents = {at for one in run.additions.candidates for at in map(ids.index, one.parents)}
    own = [at for at in parents if name[at] == "tales"]
    nearest = {int(free[np.argmax(vectors[free] @ vectors[at])]) for at in own}
    assert parents - set(own) == nearest


def test_both_asks_in_turn(kept_stages, tmp_path):
    run, server = run_with(tales.good, kept_stages, tmp_path, focus="both", count=5)
    kinds = {int(re.search(r"numbers (\d+) to", shown(body)[1])[1]): "between the two" in shown(body)[1]
             for body in server.bodies}  # fmt: skip
    assert [kinds[at] for at in sorted(kinds)][:4] == [False, True, False, True]
    assert {one.border for one in run.additions.candidates} == {None, "sums"}


def test_a_plan_names_the_borders(kept_stages, tmp_path, caplog):
    caplog.set_level("INFO", "corebound")
    _, server = run_with(tales.good, kept_stages, tmp_path, focus="boundary", plan_only=True)
    found = re.search(r"tales wants .* \((\d+) boundary\) of dataset, along borders with sums (\d+)", caplog.text)
    assert found and found[1] == found[2] and not server.bodies


def test_a_bin_without_a_border_is_said_to_have_none(kept_stages, tmp_path, caplog):
    from pipeline.scorers.region import Regions

    none = Regions(boundary=0.0)
    run, server = run_with(tales.good, kept_stages, tmp_path, focus="boundary", config={"regions": none})
    assert "tales has 0 boundary rows to show" in caplog.text and "weight alone" in caplog.text
    assert not server.bodies and tops(run)[3] == 0 and run.topup.weight.max() > 1
    run, server = run_with(tales.good, kept_stages, tmp_path, focus="both", config={"regions": none})
    assert server.bodies and {one.border for one in run.additions.candidates} == {None}, "both asks for the whole bin"


def test_a_prompt_of_one_s_own_needs_words_for_borders(kept_stages, tmp_path):
    from pipeline.errors import ConfigError

    (tmp_path / "own.yaml").write_text("system: s\nprompt: '{seeds} {columns}'\n")
    run_with(tales.good, kept_stages, tmp_path, prompt=str(tmp_path / "own.yaml"), plan_only=True)
    with pytest.raises(ConfigError, match=r"its border shows no {seeds}.*border with {seeds}, {other} and {beyond}"):
        run_with(tales.good, kept_stages, tmp_path, prompt=str(tmp_path / "own.yaml"), focus="boundary")
    with pytest.raises(ConfigError, match=r"augmenter\.focus=both asks for rows at borders, and no scorer 'margin'"):
        run_with(tales.good, kept_stages, tmp_path, focus="both", config={"scorers": {}})
