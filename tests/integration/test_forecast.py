"""What a dry run says, and what is refused for its memory."""

import logging
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from pipeline.bins.clusterers import SphericalKMeans
from pipeline.budget import Budget
from pipeline.embedders.lsa import Lsa
from pipeline.errors import ConfigError
from pipeline.executors import Processes, Serial
from pipeline.filter import Filter
from pipeline.forecast import ROW, Forecast, Trial, Trials, expect, forecast, largest_sample, learning_from
from pipeline.provenance import Stage
from pipeline.run import order_and_cut, prepare
from pipeline.scorers.garbage import Garbage
from pipeline.sinks.disk import Disk, FileFormat
from pipeline.sources.files import Files
from tests.conftest import corebound, toy_config

GIVEN = ("source.path=toy.jsonl", "budget.fraction=0.2", "clusterer.size=6")


def numbers(said):
    """The last two of every line of a table that ends in numbers."""
    lines = [line.replace(",", "").split() for line in said.split("Expected cost")[1].splitlines()]
    return {line[0]: [float(cell) for cell in line[-2:]] for line in lines if len(line) > 2 and line[-1].isdigit()}


def test_a_dry_run_reads_and_says_what_the_rest_would_take(folder):
    said = corebound(folder, *GIVEN, "sink.path=out", "dry_run=true").stdout
    stages = numbers(said)
    for name in ("read", "embed", "bin", "neighbours", "score-garbage", "order", "cut", "compare", "publish"):
        seconds, peak = stages[name]
        assert seconds >= 0 and 50 < peak <= stages["all"][1], name
    assert stages["all"][0] == pytest.approx(sum(seconds for seconds, _ in stages.values()) / 2, abs=1)
    assert ["distinct", "60"] in [line.split() for line in said.splitlines()] and "vectors of" in said
    assert not (folder / "out").exists()
    assert "reused" in corebound(folder, *GIVEN, "sink.path=out", "dry_run=true").stdout  # what was read is kept


def test_a_run_that_does_not_fit_is_refused_before_it_starts(folder):
    for dry in (["dry_run=true"], []):
        refused = corebound(folder, *GIVEN, "sink.path=out", "memory_gb=0.01", *dry, check=False)
        assert refused.returncode == 1 and not (folder / "out").exists()
        last = refused.stderr.splitlines()[-1]
        assert last.startswith("corebound: memory_gb=0.01, but the stage ") and "for 60 rows" in last
        assert ("Expected cost" in refused.stdout) == bool(dry)
        assert "made" not in refused.stderr.split("toy.jsonl: ")[1]  # no stage after reading
    corebound(folder, *GIVEN, "sink.path=out", "memory_gb=64")
    assert (folder / "out" / "run.json").exists()


@pytest.mark.parametrize("executor", [Serial(), Processes(workers=2)], ids=["serial", "processes"])
def test_what_was_expected_is_about_what_was_taken(demo_corpus, tmp_path, executor):
    config = toy_config(
        tmp_path / "cache", source=Files(path=str(demo_corpus)), embedder=Lsa(), executor=executor,
        clusterer=SphericalKMeans(), budget=Budget(tokens=5000), sink=Disk(path=str(tmp_path / "out")),
    )  # fmt: skip
    prepared = prepare(config)
    expected = forecast(*prepared)
    taken = order_and_cut(*prepared).stages.done
    assert [stage.name for stage in expected.stages][:-1] == [stage.name for stage in taken]
    assert expected.largest.peak_mib == pytest.approx(max(stage.peak_mib for stage in taken), rel=0.3)
    assert expected.rows == len(prepared[1]) and expected.vector_bytes == 4 * 256 * expected.rows
    assert expected.kept == pytest.approx(5000 / prepared[1].tokens.sum())


def test_a_larger_corpus_takes_its_vectors_texts_and_arrays_more():
    """By hand: two slopes of time, the size of arrays, and a power of the lessons."""

    def trial(rows, sample, seconds, peak):
        return Trial(rows, sample, 100, {"embed": Stage("embed", seconds, peak), "bin": Stage("bin", rows / 50, 100.0)})

    class Corpus:
        bytes = np.full(10_000, 550)

        def __len__(self):
            return 10_000

    config = SimpleNamespace(embedder=Lsa(sample=6400), scorers={})
    one, more, most = trial(100, 100, 1.0, 120), trial(400, 100, 4.0, 120), trial(400, 400, 10.0, 140)
    found = expect("embed", config, Corpus(), one, more, most)
    # 0.01 s a row, 0.02 s a lesson; 20 MiB of 100 lessons are 40 of 400, 160 of 6,400.
    assert found.seconds == pytest.approx(10 + 9600 * 0.01 + 6000 * 0.02)
    assert found.peak_mib == pytest.approx(140 + 120 + 9600 * (400 + 550 + ROW) / 2**20)
    assert expect("bin", config, Corpus(), one, more, most).seconds == pytest.approx(200)
    # The first of the trials took longer than one of more rows: what it took says nothing, what the other took does.
    slow = trial(100, 100, 9.0, 120)
    assert expect("embed", config, Corpus(), slow, more, more).seconds == pytest.approx(4 + 9600 * 4.0 / 400)


def test_trials_leave_nothing_behind_and_change_nothing(tmp_path):
    config = toy_config(tmp_path / "cache", sink=Disk(path=str(tmp_path / "out")))
    plain = order_and_cut(*prepare(config)).selection.kept
    level = logging.getLogger("corebound").level
    forecast(*prepare(config))
    assert logging.getLogger("corebound").level == level  # later warnings are not lost
    assert {path.name for path in (tmp_path / "cache").iterdir()} <= {
        stage.name for stage in order_and_cut(*prepare(config)).stages.done
    } | {"filter"}
    assert np.array_equal(order_and_cut(*prepare(config)).selection.kept, plain)


def test_trials_are_of_the_run_at_a_smaller_size(tmp_path, monkeypatch):
    """Their clusters are as large as the run's, their budget as large a share, and the first is only for starting."""
    config = toy_config(tmp_path / "cache", sink=Disk(path=str(tmp_path / "out")), clusterer=SphericalKMeans())
    config = replace(config, budget=Budget(rows=15))
    seen = []

    def curated(config, corpus, stages):
        seen.append((len(corpus), config.clusterer.size, config.budget.fraction))
        return order_and_cut(config, corpus, stages)

    monkeypatch.setattr("pipeline.forecast.order_and_cut", curated)
    monkeypatch.setattr("pipeline.forecast.FEWEST", 10)
    forecast(*prepare(config))
    rows, sizes, fractions = zip(*seen, strict=True)
    assert rows == (10, 10, 40, 40) and set(fractions) == {0.25}
    assert set(sizes) == {config.clusterer.settled(60).size}


@pytest.mark.parametrize(("memory_gb", "fits"), [(1.01, True), (0.99, False)])
def test_memory_is_that_of_the_largest_stage_to_come(memory_gb, fits):
    stages = [Stage("read", 1, 9000, key="done"), Stage("embed", 1, 1024), Stage("bin", 1, 100)]
    found = Forecast(rows=9, dimensions=9, text_bytes=0, vector_bytes=0, kept=0.5, stages=stages)
    if fits:
        found.require(memory_gb)
    else:
        with pytest.raises(ConfigError, match=r"the stage embed is expected to take 1\.0 GB for 9 rows"):
            found.require(memory_gb)


def test_trials_read_the_rows_within_the_limits(tmp_path):
    """Rows of a corpus that a filter has been at, not those of the file behind it."""
    config = toy_config(tmp_path / "cache", filter=Filter(max_tokens=17), budget=Budget(rows=5))
    _, corpus, _ = prepare(config)
    np.save(tmp_path / "rows.npy", np.arange(9))
    first = Filter().apply(corpus, np.load(tmp_path / "rows.npy", mmap_mode="r"))
    assert len(corpus) < 60 and first.texts.read(0, 9) == corpus.texts.read(0, 9)


def test_what_learns_from_a_sample_learns_from_less_in_a_trial(tmp_path):
    config = toy_config(tmp_path / "cache", embedder=Lsa(sample=700), scorers={"garbage": Garbage(sample=900)})
    assert [largest_sample(name, config) for name in ("embed", "score-garbage", "bin")] == [700, 900, 0]
    assert learning_from(300, Lsa(sample=700)).sample == 300 and learning_from(1000, Lsa(sample=700)).sample == 700


def test_a_named_tokenizer_and_the_form_of_the_product_are_those_of_the_run(tmp_path):
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    config = toy_config(
        tmp_path / "cache", tokenizer=str(tmp_path / "tokenizer.json"), budget=Budget(tokens=200),
        sink=Disk(path=str(tmp_path / "out"), files=FileFormat.jsonl),
    )  # fmt: skip
    config, corpus, _ = prepare(config)
    (tmp_path / "trials").mkdir()
    Trials(config, corpus, tmp_path / "trials").run(40, 40)
    assert list((tmp_path / "trials").rglob("product/data/*.jsonl")) and not (tmp_path / "out").exists()
    assert forecast(*prepare(config)).kept == pytest.approx(200 / corpus.tokens.sum())


def test_a_dry_run_refuses_what_the_rows_make_impossible(folder):
    refused = corebound(folder, *GIVEN, "sink.path=never", "budget.always=task", "dry_run=true", check=False)
    assert refused.returncode == 1 and "budget.always=task: the column holds " in refused.stderr
