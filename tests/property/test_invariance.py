"""What must not change a selection: the order of the input, copies, workers, threads."""

import os
import random
import subprocess
import sys
import tempfile

import numpy as np
from datasets import Dataset
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import select
from pipeline.bins.clusterers import SphericalKMeans
from pipeline.budget import Budget
from pipeline.embedders.lsa import Lsa
from pipeline.executors import Processes, Threads
from pipeline.run import curate
from pipeline.sources.files import Files
from tests.conftest import toy_config, toy_rows, write_jsonl

SMALL = {"embedder": Lsa(dimensions=16), "clusterer": SphericalKMeans(size=6)}
slow = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def chosen(corpus, **options):
    with tempfile.TemporaryDirectory() as cache:  # of its own: a shared one would answer for the second corpus
        kept = select(Dataset.from_list(corpus), **SMALL, cache_dir=cache, **options)
    return {(row["instruction"], row["input"]) for row in kept}


@slow
@given(st.randoms(use_true_random=False), st.integers(1, 59))
def test_shuffled_input_keeps_the_same_rows(order, rows):
    shuffled = toy_rows()
    order.shuffle(shuffled)
    assert chosen(shuffled, rows=rows) == chosen(toy_rows(), rows=rows)


@slow
@given(st.lists(st.integers(0, 59), min_size=1, max_size=20), st.integers(1, 59))
def test_copies_change_nothing_but_counts(copied, rows):
    base = toy_rows()
    assert chosen(base + [base[i] for i in copied], rows=rows) == chosen(base, rows=rows)


@slow
@given(
    st.integers(1, 59),
    st.integers(1, 59),
    st.dictionaries(st.sampled_from(["travel", "coding", "geography"]), st.floats(0.1, 1), max_size=3),
    st.sampled_from(["rows", "tokens"]),
)
def test_budgets_nest_through_the_whole_program(a, b, shares, unit):
    small, large = (
        chosen(toy_rows(), category="task", budget=Budget(**{unit: n * (1 if unit == "rows" else 40)}, shares=shares))
        for n in sorted((a, b))
    )
    assert small <= large
    if unit == "rows":
        assert (len(small), len(large)) == tuple(sorted((a, b)))


def test_workers_change_nothing(demo_corpus, tmp_path):
    import json

    rows = [json.loads(line) for line in demo_corpus.open()]
    results = []
    for number, executor in enumerate([None, Processes(workers=2), Threads(workers=3)]):
        kept, ledger = select(
            Dataset.from_list(rows), fraction=0.2, executor=executor, ledger=True, cache_dir=str(tmp_path / str(number))
        )
        results.append((kept["instruction"][:], ledger.to_pandas()))
    for kept, ledger in results[1:]:
        assert kept == results[0][0]
        assert ledger.equals(results[0][1])


def test_threads_change_nothing(demo_corpus, tmp_path):
    one, two, five = (
        selected_ids(demo_corpus, tmp_path / n, OMP_NUM_THREADS=n, OPENBLAS_NUM_THREADS=n) for n in ("1", "2", "5")
    )
    assert one == two == five


def selected_ids(corpus, folder, **environment):
    import pyarrow.parquet as parquet

    command = [sys.executable, "-m", "pipeline", f"source.path={corpus}", "budget.fraction=0.2"]
    command += [f"sink.path={folder}/out", f"cache_dir={folder}/cache", f"hydra.run.dir={folder}/run"]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **environment})
    ledger = parquet.read_table(folder / "out" / "ledger.parquet").to_pandas()
    return ledger[ledger.decision == "kept"].id.tolist()


def test_a_shuffled_file_reuses_what_the_rows_decide(tmp_path):
    rows = toy_rows()
    random.Random(0).shuffle(rows)
    curate(toy_config(tmp_path))
    again = {stage.name: stage.reused for stage in curate(toy_config(tmp_path, rows)).stages.done if stage.key}
    assert again.pop("read") is False
    assert all(again.values()), again


def test_copies_with_other_columns_and_reordered_keys_stand_alike(tmp_path):
    call = {"name": "w", "arguments": {"a": 1, "b": 2}}
    turned = {"arguments": {"b": 2, "a": 1}, "name": "w"}
    rows = [
        {"messages": [{"role": "user", "content": f"Do {i}."}, {"role": "assistant", "tool_calls": [c]}], "note": note}
        for i in range(20)
        for c, note in ((call, "x"), (turned, "a"))
    ]
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    back = write_jsonl(tmp_path / "b.jsonl", rows[::-1])
    results = []
    for number, source in enumerate((path, back)):
        run = curate(toy_config(tmp_path / str(number), source=Files(path=str(source)), budget=Budget(rows=7)))
        notes = run.space.corpus.column("note")
        results.append((run.space.corpus.texts.read(0, len(run.space)), notes, run.selection.kept.tolist()))
    assert results[0] == results[1]
    assert len(results[0][0]) == 20 and len(set(results[0][1])) == 2  # either may have the smaller hash


def test_linear_algebra_runs_on_one_thread(tmp_path, monkeypatch):
    from threadpoolctl import threadpool_info

    from pipeline.bins import neighbours
    from pipeline.embedders import lsa
    from pipeline.scorers import margin
    from pipeline.selectors import coverage

    seen = []

    def spy(module, name):
        real = getattr(module, name)

        def watched(*arguments, **named):
            seen.append((name, max(pool["num_threads"] for pool in threadpool_info())))
            return real(*arguments, **named)

        monkeypatch.setattr(module, name, watched)

    for module, name in ((neighbours, "_search"), (lsa, "_encode"), (margin, "_margins"), (coverage, "greedy")):
        spy(module, name)
    import faiss
    import sklearn.utils.extmath

    spy(sklearn.utils.extmath, "randomized_svd")
    spy(faiss.Kmeans, "train")
    curate(toy_config(tmp_path))
    assert {name for name, _ in seen} == {"_search", "_encode", "_margins", "greedy", "randomized_svd", "train"}
    assert {threads for _, threads in seen} == {1}


def test_the_greedy_gains_stay_exact_at_the_largest_cluster():
    from pipeline.selectors.coverage import FINE, WEIGHT

    largest_cluster, largest_weight = 4 * 1000, (1 + 100) * WEIGHT
    assert largest_cluster * largest_weight * FINE < 2**53
    assert np.float64(2**53) + 1 == 2**53  # what would go wrong beyond
