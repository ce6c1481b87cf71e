"""Every mistake is answered in one sentence, before anything is lost."""

import json
import re

import numpy as np
import pytest

from tests.conftest import corebound, ledger_of, toy_rows, write_jsonl


def test_targets_are_protected(folder):
    command = ["source.path=toy.jsonl", "budget.rows=5", "sink.path=guarded"]
    corebound(folder, *command)
    refused = corebound(folder, *command, check=False)
    assert refused.returncode == 1 and "sink.overwrite=true" in refused.stderr
    before = ledger_of(folder / "guarded")
    corebound(folder, "source.path=toy.jsonl", "budget.rows=6", "sink.path=guarded", "sink.overwrite=true")
    assert (ledger_of(folder / "guarded").decision == "kept").sum() == 6 and (before.decision == "kept").sum() == 5

    (folder / "home").mkdir()
    (folder / "home" / "thesis.txt").write_text("precious")
    refused = corebound(folder, *command[:2], "sink.path=home", "sink.overwrite=true", check=False)
    assert refused.returncode == 1 and "'thesis.txt', which is no part of a product" in refused.stderr
    assert (folder / "home" / "thesis.txt").read_text() == "precious"

    write_jsonl(folder / "guarded" / "corpus.jsonl", toy_rows())  # the source inside the target
    inside = ["source.path=guarded/corpus.jsonl", "budget.rows=5", "sink.path=guarded", "sink.overwrite=true"]
    assert "sink.path=guarded holds the source corpus.jsonl" in corebound(folder, *inside, check=False).stderr
    assert (folder / "guarded" / "corpus.jsonl").exists()
    (folder / "foreign").mkdir()
    (folder / "foreign" / "run.json").write_text('{"lr": 1}')
    refused = corebound(folder, *command[:2], "sink.path=foreign", "sink.overwrite=true", check=False)
    assert refused.returncode == 1 and (folder / "foreign" / "run.json").read_text() == '{"lr": 1}'


SENTENCES = {
    "budget.fractoin=0.2": "did you mean budget.fraction?",
    "embeder=lsa": "did you mean embedder?",
    "embedder=foo": "embedder has lsa, precomputed",
    "embedder.dimensions=ten": "expected a whole number",
    "+foo=1": "no setting foo",
    "+scorers.density.x=1": "no setting scorers.density.x",
    "selector.boundary=0": "selector.boundary is 0.0; expected 0.01 to 100",
    "budget.fraction=2": "budget.fraction is 2.0; expected above 0",
    "budget.fraction=[": "cannot read",
    "budget.tokens=10": "expected exactly one of rows, fraction and tokens",
    "budget.by=nope": "no column 'nope'; its columns are instruction, input, output, task",
    "budget.always=nope": "no column 'nope'",
    "budget.shares={nope: 1}": "expected one of all",
    "budget.ceilings={all: 2}": "above the ceilings, which leave 2 rows",
    "budget.floors={all: 50}": "below the floors and always-keep rows, which take 50 rows",
    "budget.fraction=0.001": "is no row",
    "tokenizer=/nope budget.fraction=null budget.tokens=100": "tokenizer=/nope is neither",
    "budget.fraction=null budget.rows=0": "budget.rows is 0; expected 1 or more",
    "budget.fraction=null budget.rows=61": "beyond the corpus, which has 60 distinct rows",
    "budget.fraction=null budget.tokens=1": "the first row of the order has",
    "budget.fraction=null": "missing budget=...",
    "source.path=none.jsonl": "none.jsonl does not exist",
    "budget.always=task": "the column holds",
    "categorizer.column=task": "it belongs to categorizer=column",
    "sink.path=toy.jsonl/out": "is no folder that can be written to",
    "categorizer=column": "missing categorizer.column=...",
    "categorizer=column categorizer.column=nope": "no column 'nope'",
    "executor=processes executor.workers=-1": "executor.workers is -1",
    "cache_dir=toy.jsonl": "Not a directory",
    "similarity=7": "expected a cosine from -1 to 1",
    "cache_dir=''": "cache_dir is empty",
    "hydra.run.dir=toy.jsonl/run": "Not a directory",
    "tokenizer=tokenizer.json": "tokenizer counts for budget.tokens and filter",
    "budget.tokenizer=tokenizer.json": "it is tokenizer now",
    "budget.ceilings={all: 90} budget.fraction=null budget.tokens=1000": "above the ceilings, which leave",
    "+scorer@scorers.rank=margin": "the ledger has a column of that name",
    "executor.workers=2": "it belongs to executor=threads and executor=processes",
    "embedder=precomputed embedder.path=toy.npz": "holds several arrays",
    "embedder=precomputed embedder.path=flat.npy": "expected float[60, d]",
    "experiment=nope": "experiment has budgets, core_boundary, laser, mix",
    "source.path=[]": "source.path is []; expected a file, a glob, or a list of these",
    "source.path=7": "source.path is 7",
    "source.path=*.nope": "*.nope matches no file",
    "source.path=.": "is a folder that save_to_disk did not write",
    "source.shape=alpca": "source.shape is alpca; expected one of preference, messages",
    "source.columns={body: text}": "source.columns names body; expected columns of one shape",
    "source.columns={instruction: nope}": "no column 'nope', which source.columns names",
    "source.encoding=nope": "source.encoding=nope is no text encoding",
    "source.delimiter=ab": "source.delimiter is 'ab'; expected one character",
    "source.share=-1": "source.share is -1.0; expected 0 or more",
    "source.header=[a,b,a]": "source.header names 'a' twice",
    "source.share=1 source.weight=1": "found a share and a weight",
    "source.on_bad_row=maybe": "source.on_bad_row",
    "source=mix source.path=null": "no setting source.path in this choice of source; it belongs to source=files",
    "filter.max_tokens=0": "filter.max_tokens is 0; expected 1 or more",
    "filter.max_tokens=3 filter.min_tokens=4": "filter.min_tokens is 4 but filter.max_tokens is 3",
    "filter.max_tokens=1": "filter.max_tokens=1 excludes every row: they have",
    "text=question": "text: Invalid value 'question', expected one of [conversation, instruction, response]; mend",
    "sink.format=rws": "sink.format: Invalid value 'rws', expected one of [rows, messages]; mend",
}


@pytest.mark.parametrize("override", SENTENCES)
def test_mistakes_are_answered_in_one_sentence(folder, override):
    np.savez(folder / "toy.npz", a=np.ones(3))
    np.save(folder / "flat.npy", np.ones((60, 0)))
    parts = re.split(r" (?=budget|embedder|executor|categorizer|source|filter)", override)
    done = corebound(folder, "source.path=toy.jsonl", "budget.fraction=0.2", "sink.path=never", *parts, check=False)
    assert done.returncode == 1
    said = [line for line in done.stderr.splitlines() if line.startswith("corebound: ")]
    assert len(said) == 1 and SENTENCES[override] in said[0]
    assert "Traceback" not in done.stderr
    assert not (folder / "never").exists()


def test_a_missing_field_stops_the_run_and_an_empty_answer_warns(folder):
    rows = toy_rows()
    rows[5]["output"] = ""
    write_jsonl(folder / "warned.jsonl", rows)
    done = corebound(folder, "source.path=warned.jsonl", "budget.rows=59", "sink.path=warned")
    assert "1 distinct rows have an empty answer (warned.jsonl line 6)" in done.stderr
    assert ledger_of(folder / "warned").row[lambda s: ledger_of(folder / "warned").decision == "dropped"].tolist() == [
        5
    ]
    del rows[40]["output"]
    write_jsonl(folder / "broken.jsonl", rows)
    done = corebound(folder, "source.path=broken.jsonl", "budget.rows=5", "sink.path=broken", check=False)
    assert done.returncode == 1
    assert "broken.jsonl line 41: no field 'output' or 'response'; found instruction, input, task" in done.stderr


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([{"n": "one"}, {"n": 2**70}], "line 2: column 'n' holds 1180591620717411303424, which comes back neither"),
        ([{"instruction": "\ud800"}], "line 1: half a surrogate pair, U+D800"),
        ([{"output": 7}], "line 1: 'output' holds a number; expected a string"),
    ],
)
def test_rows_that_cannot_be_kept_as_they_are_are_refused(folder, rows, says):
    path = folder / "odd.jsonl"
    path.write_text("".join(json.dumps({**toy_rows()[i], **row}) + "\n" for i, row in enumerate(rows)))
    done = corebound(folder, "source.path=odd.jsonl", "budget.rows=1", "sink.path=odd", check=False)
    assert done.returncode == 1 and says in done.stderr.splitlines()[-1]
