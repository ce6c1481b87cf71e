"""Thin bins: what comes back, what it weighs, what is said of it."""

import json

from datasets import Dataset, load_dataset

from tests.conftest import corebound, ledger_of, write_jsonl

COMMAND = ["source.path=uneven.jsonl", "budget.rows=40", "categorizer=column", "categorizer.column=task",
           "clusterer.size=8"]  # fmt: skip


def uneven():
    """100 sums, 12 greetings and 4 colours."""
    sums = [(f"Add {i} and {i * 7 % 31}.", f"{i + i * 7 % 31}", "sums") for i in range(100)]
    words = "morning evening friend teacher neighbour doctor captain traveller stranger cousin aunt uncle".split()
    greetings = [(f"Greet a {word} politely.", f"Good day, dear {word}.", "greetings") for word in words]
    colours = [(f"Which colour has {what}?", colour, "colours") for what, colour in
               (("grass", "Green."), ("the sky", "Blue."), ("blood", "Red."), ("snow", "White."))]  # fmt: skip
    return [
        {"instruction": asked, "input": "", "output": said, "task": task}
        for asked, said, task in sums + greetings + colours
    ]


def topped_up(folder, name, *words):
    write_jsonl(folder / "uneven.jsonl", uneven())
    done = corebound(folder, *COMMAND, f"sink.path={name}", *words)
    return done, ledger_of(folder / name), json.loads((folder / name / "run.json").read_text())


def test_thin_categories_get_rows_back_and_weight(folder):
    _, plain, _ = topped_up(folder, "plain")
    done, ledger, record = topped_up(folder, "topped", "augmenter=reweight", "augmenter.power=0.2", "sink.columns=true")
    kept = ledger[ledger.decision == "kept"]
    assert set(plain.id[plain.decision == "kept"]) < set(kept.id), "the budget's rows, and more"
    assert "weight" not in plain.columns
    back = kept[kept.reason == "returned"]
    assert len(back) == len(kept) - 40 and not set(back.category) & {"sums"}

    rows = {row["name"]: row for row in record["top_up"]}
    assert set(rows) == {"greetings", "colours"}
    for name, row in rows.items():
        own = kept[kept.category == name]
        assert len(own) == row["kept"] + row["returned"] == row["target"] - row["short"]
        assert (own.weight - max(1, row["target"] / len(own))).abs().max() < 1e-9
    assert rows["colours"]["short"] > 0 and rows["greetings"]["short"] == 0
    assert (kept.weight[kept.category == "sums"] == 1).all()
    assert ledger.weight[ledger.decision == "dropped"].isna().all()
    assert record["counts"]["kept beyond the budget"] == len(back)
    assert (
        "Top-up of thin bins" in done.stdout and "## Top-up of thin bins" in (folder / "topped/README.md").read_text()
    )

    product = load_dataset(str(folder / "topped"), split="train", cache_dir=str(folder / "hf"))
    assert len(product) == len(kept) and sorted(product["selection_weight"]) == sorted(kept.weight)


def test_without_giving_back_the_budget_is_exact_and_rows_weigh_more(folder):
    _, ledger, record = topped_up(folder, "weighed", "augmenter=reweight", "augmenter.give_back=false")
    kept = ledger[ledger.decision == "kept"]
    assert len(kept) == 40 and not any(row["returned"] for row in record["top_up"])
    for row in record["top_up"]:
        assert kept.weight[kept.category == row["name"]].max() == min(10, row["target"] / row["kept"]) > 1


def test_shares_that_rows_do_not_suffice_for_are_the_targets(folder):
    shares = "budget.shares={sums: 2, greetings: 1, colours: 1}"
    done, _, record = topped_up(folder, "shares", "augmenter=reweight", shares)
    (row,) = record["top_up"]
    assert row["name"] == "colours" and row["kept"] == 4 and row["target"] == 10 and row["weight"] == 2.5
    assert "colours is due 10 rows" in done.stderr


def test_a_plan_writes_nothing(folder):
    write_jsonl(folder / "uneven.jsonl", uneven())
    done = corebound(folder, *COMMAND, "sink.path=never", "augmenter=reweight", "augmenter.plan_only=true")
    assert "greetings" in done.stdout and "nothing was written" in done.stdout
    assert not (folder / "never").exists()


def test_one_category_is_refused(folder):
    write_jsonl(folder / "uneven.jsonl", uneven())
    done = corebound(
        folder, "source.path=uneven.jsonl", "budget.rows=40", "sink.path=never", "augmenter=reweight", check=False
    )
    assert done.returncode == 1 and "augmenter.by=category" in done.stderr and "augmenter.by=cluster" in done.stderr


def test_the_library_tops_up(tmp_path):
    from pipeline import select
    from pipeline.augmenters.reweight import Reweight

    rows = Dataset.from_list(uneven())
    kept, ledger = select(
        rows, rows=40, category="task", augmenter=Reweight(), cache_dir=str(tmp_path / "cache"), ledger=True
    )
    assert len(kept) > 40 and "returned" in ledger["reason"] and "weight" in ledger.column_names


def filled(tmp_path, rows=40, change=None, by="category", **settings):
    """What the bins of a run get, its demand changed."""
    import dataclasses

    from pipeline.augmenters.reweight import By, Reweight
    from pipeline.bins.categorizers import ColumnCategory
    from pipeline.bins.clusterers import SphericalKMeans
    from pipeline.budget import Budget
    from pipeline.run import curate
    from tests.conftest import toy_config

    budget = Budget(rows=rows, **(settings.pop("budget", {})))
    run = curate(toy_config(tmp_path, uneven(), categorizer=ColumnCategory(column="task"), budget=budget, scorers={},
                            clusterer=SphericalKMeans(size=8)))  # fmt: skip
    demand = dataclasses.replace(run.demand, **(change(run) if change else {}))
    return run, Reweight(by=By(by), power=0, **settings).fill(run.space, demand, run.order, rows, budget)


def test_a_ceiling_holds_for_what_comes_back(tmp_path):
    _, free = filled(tmp_path)
    _, top = filled(tmp_path, budget={"ceilings": {"greetings": 6}})
    (at,) = [i for i, name in enumerate(top.name) if name == "greetings"]
    assert top.kept[at] + top.returned[at] == top.target[at] == 6 < free.target[at]


def test_rows_that_wait_or_come_last_do_not_come_back(tmp_path):
    _, free = filled(tmp_path)
    back = set(free.rows.tolist())
    assert len(back) > 1
    for field, value in (("wait", 0.5), ("last", True)):

        def doubtful(run, field=field, value=value):
            values = getattr(run.demand, field).copy()
            values[min(back)] = value
            return {field: values}

        _, top = filled(tmp_path, change=doubtful)
        assert min(back) not in top.rows and len(top.rows) >= len(back) - 1


def test_weights_have_a_bound(tmp_path):
    _, top = filled(tmp_path, give_back=False, most=1.5)
    assert top.weight.max() == 1.5 and (top.target > 1.5 * top.kept).any()


def test_clusters_can_be_the_bins(tmp_path):
    run, top = filled(tmp_path, by="cluster")
    assert len(top.name) == len(run.space.bins.sizes) > 3 and (top.bin == run.space.bins.cluster).all()
    assert len(top.rows) and (top.kept + top.returned <= run.space.bins.sizes).all()
