"""Topping up a long tail with writers of known worth: the script, on what every machine has."""

import json

import pandas as pd
import pytest

from tests.integration.reproduction import reproduce, unchanged

pytest.importorskip("openai")


@pytest.fixture(scope="module")
def tail(tmp_path_factory):
    folder = tmp_path_factory.mktemp("oversampling")
    words = ["sets=[docs-small]", "embedder=lsa", "imbalances=[10]", "repeats=1", "tables=null"]
    done = reproduce("oversampling", folder, *words)
    assert done.returncode == 0, done.stderr
    return folder, words, done.stdout, pd.read_json(folder / "out" / "texts.json")


def test_real_rows_are_taken_and_copies_are_not(tail):
    folder, _, printed, results = tail
    assert (folder / "out" / "table.md").read_text() in printed
    by = results.set_index("method")
    assert by.written["held-back rows"] > 0 == by.written["copies"] and by.factor["copies"] == 0
    assert by.balanced["copies"] == by.balanced["real rows"], "nothing was added"
    assert by.balanced["held-back rows"] > by.balanced["real rows"]
    assert set(by.reasons["copies"]) == {"copy of a row"}
    assert by.reasons["other classes"]["other bin"] > 0.5 * by.candidates["other classes"]
    assert by.written["held-back rows"] <= by.lacking["held-back rows"]


def test_a_second_run_prints_the_same_and_computes_nothing(tail):
    folder, words, printed, _ = tail
    assert unchanged(folder, "oversampling", words, printed)


def test_a_verdict_is_of_the_numbers():
    from topup import report

    def results(real, copies):
        rows = [("real rows", 0.5), ("held-back rows", real), ("copies", copies), ("other classes", 0.5),
                ("real rows up to the target", 0.7)]  # fmt: skip
        return pd.DataFrame([{"set": "a", "imbalance": 50, "repeat": 0, "method": m, "balanced": b} for m, b in rows])

    said = report.verdicts(results(0.65, 0.5))
    assert "| held-back rows | a | most of the gap: above 0.50 | 0.75 (0.75 to 0.75) | held |" in said
    assert said.count("| held |") == 3
    said = report.verdicts(results(0.55, 0.51))
    assert "0.25 (0.25 to 0.25) | did not hold |" in said and "0.05 (0.05 to 0.05) | did not hold |" in said


def test_writers_give_what_their_names_say():
    from topup.writers import COPIES, POISON, REAL, serving

    held_back = {name: [{"text": f"{name}{i}"} for i in range(many)] for name, many in (("a", 30), ("b", 5))}

    def asked(name, count, first):
        return (
            f'Below are 2 rows of a data set, one JSON object a line; all are of the kind "{name}".\n\n'
            f"{json.dumps({'text': 's1'})}\n{json.dumps({'text': 's2'})}\n\nWrite {count} new rows of the same kind, "
            f"numbers {first} to {first + count - 1} of a list that repeats nothing."
        )

    with serving(REAL, held_back, 0) as writer:
        assert [row["text"] for row in writer.rows(asked("a", 20, 21))] == [f"a{i}" for i in range(20, 30)]
        assert writer.rows(asked("b", 20, 21)) == []
    with serving(COPIES, held_back, 0) as writer:
        assert writer.rows(asked("a", 20, 1)) == [{"text": "s1"}, {"text": "s2"}]
    with serving(POISON, held_back, 0) as writer:
        assert {row["text"][0] for row in writer.rows(asked("a", 20, 1))} == {"b"}
