"""What every component that can be chosen owes its users."""

import dataclasses
import re

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from pipeline.arrays import Categories, Demand
from pipeline.augmenters.latent import Latent
from pipeline.bins.clusterers import SphericalKMeans
from pipeline.bins.neighbours import NeighbourSearch
from pipeline.budget import Budget
from pipeline.cli import configs
from pipeline.config import GROUPS, Config, default_scorers, register
from pipeline.executors import Processes, Serial
from pipeline.run import curate
from pipeline.scorers.head import Balance, Head
from pipeline.scorers.heuristic import Heuristic
from pipeline.scorers.lexical import Lexical
from tests.conftest import toy_config, toy_rows

COMPONENTS = [(group, name) for group, options in GROUPS.items() for name in options]
GIVEN = ["sink.path=out", "budget.rows=1"]
FILES = ["source.path=a.jsonl"]
NEEDED = {
    ("source", "files"): ["source.path=a.jsonl"],
    ("source", "mix"): ["source.files={a: {path: a.jsonl, share: 1}, b: {path: [b.jsonl, c.csv], share: 2}}"],
    ("source", "hub"): ["source.repo=me/rows"],
    ("sink", "hub"): ["sink.repo=me/rows"],
    ("embedder", "precomputed"): ["embedder.path=v.npy"],
    ("embedder", "sentence"): ["embedder.model=folder"],
    ("embedder", "static"): ["embedder.model=folder"],
    ("categorizer", "column"): ["categorizer.column=task"],
    ("categorizer", "model"): ["categorizer.model=folder"],
    ("scorer", "column"): ["scorers.quality.column=stars"],
    ("scorer", "reward"): ["scorers.quality.model=folder"],
    ("scorer", "ifd"): ["scorers.difficulty.model=folder"],
    ("scorer", "judge"): ["scorers.quality.chat.model=judge", "scorers.quality.chat.max_requests=10"],
    ("scorer", "regression"): ["scorers.difficulty.model=folder"],
    ("augmenter", "endpoint"): ["augmenter.chat.model=writer", "augmenter.chat.max_requests=10"],
}
# Scorers that are chosen in another's place, or for what their score stands for.
IN_PLACE = {"head": "margin", "heuristic": "quality", "reward": "quality", "lexical": "difficulty",
            "ifd": "difficulty", "regression": "difficulty", "column": "quality", "judge": "quality"}  # fmt: skip
SETTINGS = {"laser": {"rows": 20}}


def composed(*overrides):
    register()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(configs()), version_base="1.3"):
        given = GIVEN if any("source" in override or "mix" in override for override in overrides) else [*GIVEN, *FILES]
        return compose("config", overrides=[*given, *overrides])


@pytest.mark.parametrize(("group", "name"), COMPONENTS)
def test_every_option_composes_and_builds(group, name):
    slot = IN_PLACE.get(name, name)
    choice = f"scorer@scorers.{slot}={name}" if group == "scorer" else f"{group}={name}"
    cfg = composed(choice, *NEEDED.get((group, name), []))
    config = OmegaConf.to_object(cfg)
    built = config.scorers[slot] if group == "scorer" else getattr(config, group)
    assert type(built) is GROUPS[group][name]


@pytest.mark.parametrize("latent", list(Latent))
def test_a_head_takes_latents_of_every_kind(latent):
    cfg = composed("scorer@scorers.margin=head", f"scorers.margin.latent={latent}")
    assert OmegaConf.to_object(cfg).scorers["margin"] == Head(latent=latent)


@pytest.mark.parametrize("balance", list(Balance))
def test_a_head_is_balanced_in_every_way(balance):
    cfg = composed("scorer@scorers.margin=head", f"scorers.margin.balance={balance}")
    assert OmegaConf.to_object(cfg).scorers["margin"] == Head(balance=balance)


@pytest.mark.parametrize("experiment", [p.stem for p in (configs() / "experiment").glob("*.yaml")])
def test_every_experiment_composes(experiment):
    assert isinstance(OmegaConf.to_object(composed(f"experiment={experiment}")), Config)


@pytest.mark.parametrize(
    "component", [GROUPS[g][n] for g, n in COMPONENTS] + [NeighbourSearch, Budget, Config], ids=lambda c: c.__name__
)
def test_every_field_is_documented(component):
    for item in dataclasses.fields(component):
        assert re.search(rf"\b{item.name}\b", component.__doc__), f"{component.__name__}.{item.name}"


def test_the_librarys_scorers_are_the_commands():
    assert OmegaConf.to_object(composed()).scorers == default_scorers()


def test_workers_are_no_part_of_an_identity():
    assert Processes(workers=1).identity() == Processes(workers=7).identity()
    assert SphericalKMeans(size=3).identity() != SphericalKMeans(size=4).identity()


@pytest.fixture(scope="module")
def toy_run(tmp_path_factory):
    scorers = {**default_scorers(), "quality": Heuristic(), "difficulty": Lexical()}
    return curate(toy_config(tmp_path_factory.mktemp("toy"), scorers=scorers))


@pytest.mark.parametrize("name", GROUPS["selector"])
@pytest.mark.parametrize("unit", ["rows", "tokens"])
def test_selectors_rank_every_row_once(toy_run, name, unit):
    space, n = toy_run.space, len(toy_run.space)
    cost = np.ones(n, np.int64) if unit == "rows" else np.asarray(space.corpus.bytes)
    demand = Demand(cost, unit, np.zeros(n, bool), np.zeros(n, bool), np.zeros(n))
    selector = GROUPS["selector"][name](**SETTINGS.get(name, {}))
    sequence = selector.rank(space, toy_run.scores, demand, Serial(), 0)
    again = selector.rank(space, toy_run.scores, demand, Serial(), 0)
    assert np.array_equal(sequence.rank, again.rank)
    groups = [np.arange(n)] if np.isnan(sequence.temper) else space.bins.members
    for rows in groups:
        assert sorted(sequence.rank[rows]) in (list(range(len(rows))), sorted(set(sequence.rank[rows])))
        assert len(set(sequence.rank[rows])) == len(rows)


@pytest.mark.parametrize("name", [name for name in GROUPS["scorer"] if ("scorer", name) not in NEEDED])
def test_scorers_give_a_number_or_a_counted_reason(toy_run, name):
    values, reasons = GROUPS["scorer"][name]().score(toy_run.space, Serial())
    assert values.shape == (60,) and values.dtype == np.float32
    assert np.isnan(values).sum() == sum(reasons.values())
    assert not np.isinf(values).any()


def test_bins_divide_every_category(toy_run):
    embeddings = toy_run.space.embeddings
    code = np.repeat([0, 1, 2], [1, 20, 39]).astype(np.int32)
    bins = SphericalKMeans(size=5).assign(embeddings, Categories(code, np.array(list("abc"))), Serial(), 0)
    assert bins.sizes.max() <= 20
    for cluster in range(len(bins.sizes)):
        assert len(set(code[bins.cluster == cluster])) == 1


def test_clusters_stay_small_when_rows_are_alike():
    from pipeline.arrays import Embeddings

    vectors = np.tile(np.array([[1, 0]], np.float32), (500, 1))
    one = Categories(np.zeros(500, np.int32), np.array(["all"]))
    bins = SphericalKMeans(size=20).assign(Embeddings(vectors, np.zeros(500, bool)), one, Serial(), 0)
    assert bins.sizes.max() <= 80


def test_neighbours_are_the_exact_ones_when_all_clusters_are_searched(toy_run):
    vectors = np.asarray(toy_run.space.embeddings.vectors)
    found = NeighbourSearch(m=5, nearby=32).search(toy_run.space.embeddings, toy_run.space.bins, Serial())
    product = vectors @ vectors.T
    np.fill_diagonal(product, -np.inf)
    assert np.allclose(found.similarity, -np.sort(-product, axis=1)[:, :5], atol=1e-6)
    assert not (found.rows == np.arange(60)[:, None]).any()
    assert found.recall == 1


def test_the_noise_guard_sets_aside_a_row_that_no_one_is_near(tmp_path):
    rows = toy_rows()
    rows.append({"instruction": "qzx vvk wjq", "input": "", "output": "xkq zzv", "task": "noise"})
    run = curate(toy_config(tmp_path, rows, budget=Budget(rows=60)))
    noise = run.space.corpus.column("task").index("noise")
    assert run.scores.region[noise] == 2
    assert not run.selection.kept[noise]


def test_laser_is_made_for_the_budget_and_gives_way_to_another_selector():
    cfg = composed("experiment=laser", "budget.rows=7", "budget.shares={Math: 2}")
    config = OmegaConf.to_object(cfg)
    assert (config.selector.rows, config.selector.shares["Math"]) == (7, 2)
    other = OmegaConf.to_object(composed("experiment=laser", "selector=coverage"))
    assert type(other.selector) is GROUPS["selector"]["coverage"] and other.budget.shares["Math"] == 0.25
