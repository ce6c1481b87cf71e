"""The configuration of a run, and every component that its groups offer."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from omegaconf import MISSING, DictConfig, OmegaConf

from pipeline.arrays.texts import PARTS
from pipeline.augmenters import Augmenter
from pipeline.augmenters.endpoint import Endpoint
from pipeline.augmenters.reweight import Reweight
from pipeline.bins import Categorizer, Clusterer
from pipeline.bins.categorizers import ColumnCategory, OneCategory
from pipeline.bins.clusterers import SphericalKMeans
from pipeline.bins.model import ModelCategory
from pipeline.bins.neighbours import NeighbourSearch
from pipeline.bins.tasks import Tasks
from pipeline.budget import Budget
from pipeline.embedders import Embedder
from pipeline.embedders.lsa import Lsa
from pipeline.embedders.precomputed import Precomputed
from pipeline.embedders.sentence import Sentence, Static
from pipeline.errors import ConfigError
from pipeline.executors import Executor, Processes, Serial, Threads
from pipeline.filter import Filter
from pipeline.scorers import Scorer
from pipeline.scorers.classifier import Regression, Reward
from pipeline.scorers.column import Column
from pipeline.scorers.density import Density
from pipeline.scorers.foreign import Foreign
from pipeline.scorers.garbage import Garbage
from pipeline.scorers.head import Head
from pipeline.scorers.heuristic import Heuristic
from pipeline.scorers.ifd import Ifd
from pipeline.scorers.judge import Judge
from pipeline.scorers.lexical import Lexical
from pipeline.scorers.margin import Margin
from pipeline.scorers.preference import Preference
from pipeline.scorers.region import Regions
from pipeline.selectors import Selector
from pipeline.selectors.baselines import KCenter, Longest, Random, Stratified, Top
from pipeline.selectors.border import Border
from pipeline.selectors.coverage import Coverage
from pipeline.selectors.herding import Herding
from pipeline.selectors.laser import Laser
from pipeline.sinks import Sink
from pipeline.sinks.disk import Disk
from pipeline.sinks.hub import Hub as HubSink
from pipeline.sources import Source
from pipeline.sources.files import Files
from pipeline.sources.hub import Hub as HubSource
from pipeline.sources.mix import Mix

# Columns of the ledger, or of selection_*, that a scorer's would replace.
RESERVED = set(
    "source file row line id decision reason category cluster region rank empty_answer tokens copies represents "
    "stand_in stand_in_source stand_in_file stand_in_row similarity detail preference weight".split()
)
TextPart = StrEnum("TextPart", list(PARTS))
GROUPS: dict[str, dict[str, type]] = {
    "source": {"files": Files, "mix": Mix, "hub": HubSource},
    "embedder": {"lsa": Lsa, "static": Static, "sentence": Sentence, "precomputed": Precomputed},
    "categorizer": {"none": OneCategory, "column": ColumnCategory, "tasks": Tasks, "model": ModelCategory},
    "clusterer": {"kmeans": SphericalKMeans},
    "scorer": {
        "density": Density,
        "margin": Margin,
        "head": Head,
        "foreign": Foreign,
        "garbage": Garbage,
        "heuristic": Heuristic,
        "lexical": Lexical,
        "column": Column,
        "reward": Reward,
        "regression": Regression,
        "ifd": Ifd,
        "judge": Judge,
    },
    "selector": {
        "herding": Herding,
        "coverage": Coverage,
        "border": Border,
        "laser": Laser,
        "kcenter": KCenter,
        "stratified": Stratified,
        "random": Random,
        "longest": Longest,
        "top": Top,
    },
    "augmenter": {"none": Augmenter, "reweight": Reweight, "endpoint": Endpoint},
    "sink": {"disk": Disk, "hub": HubSink},
    "executor": {"serial": Serial, "threads": Threads, "processes": Processes},
}
# Settings that follow from others unless they are given.
GIVEN: dict[tuple[str, str], dict[str, str]] = {
    ("selector", "laser"): {"rows": "${budget.rows}", "shares": "${budget.shares}"},
    ("augmenter", "endpoint"): {"requests": "${cache_dir}/requests.sqlite"},
    ("scorer", "judge"): {"requests": "${cache_dir}/requests.sqlite"},  # paid for, so kept with all other results
}


def default_scorers() -> dict[str, Scorer]:
    """Those of ``configs/config.yaml``, for the library."""
    return {"density": Density(), "margin": Margin(), "foreign": Foreign(), "garbage": Garbage()}


@dataclass(kw_only=True)
class Config:
    """Everything a run is told.

    Parameters
    ----------
    source, embedder, categorizer, clusterer, selector, sink, executor : components
    scorers : dict of str to Scorer
        By the name that their column gets in the ledger.
    neighbours : NeighbourSearch
    preference : Preference
    regions : Regions
    budget : Budget
    augmenter : Augmenter
    filter : Filter
    text : TextPart
        What of a row is embedded: the whole ``conversation``, the ``instruction`` (what users say) or the
        ``response`` (what the assistant says and calls).
    tokenizer : str, optional
        A ``tokenizer.json``, a folder that has one, or a Hub id, to count tokens with for budget and filter. Without
        one a token is estimated as four bytes of UTF-8.
    similarity : float, optional
        Cosine from which a kept row represents another; by default the corpus's own (`typical_similarity`).
    seed : int
    cache_dir : str
        Where results are kept between runs.
    dry_run : bool
        Whether the command only reads, and says what the run would take.
    memory_gb : float, optional
        A run that is expected to take more memory (GB of 1024^3 bytes) is refused once its rows are read.
    """

    source: Source = MISSING
    embedder: Embedder = MISSING
    categorizer: Categorizer = MISSING
    clusterer: Clusterer = MISSING
    neighbours: NeighbourSearch = field(default_factory=NeighbourSearch)
    scorers: dict[str, Scorer] = field(default_factory=dict)
    preference: Preference = field(default_factory=Preference)
    regions: Regions = field(default_factory=Regions)
    selector: Selector = MISSING
    budget: Budget = field(default_factory=Budget)
    augmenter: Augmenter = field(default_factory=Augmenter)
    filter: Filter = field(default_factory=Filter)
    text: TextPart = TextPart.conversation
    tokenizer: str | None = None
    similarity: float | None = None
    sink: Sink = MISSING
    executor: Executor = MISSING
    seed: int = 0
    cache_dir: str = MISSING
    dry_run: bool = False
    memory_gb: float | None = None

    def __post_init__(self) -> None:
        self.budget.require_size()
        if self.tokenizer is not None and self.budget.tokens is None and not self.filter:
            raise ConfigError("tokenizer counts for budget.tokens and filter; give one of these, or leave it out.")
        taken = RESERVED & set(self.scorers)
        if taken:
            raise ConfigError(f"scorers.{taken.pop()}: the ledger has a column of that name; choose another.")
        if not self.cache_dir.strip():
            raise ConfigError("cache_dir is empty; expected a folder; name one, or leave it out.")
        if self.similarity is not None and not -1 <= self.similarity <= 1:
            raise ConfigError(f"similarity is {self.similarity}; expected a cosine from -1 to 1; mend it.")
        if self.memory_gb is not None and not self.memory_gb > 0:
            raise ConfigError(f"memory_gb is {self.memory_gb}; expected GB above 0; mend it or leave it out.")
        if not 0 <= self.seed < 2**31 - 1:
            raise ConfigError(f"seed is {self.seed}; expected 0 to {2**31 - 2}; mend it.")


def register(names_alone: bool = False) -> None:
    """Tell Hydra about every component: its dataclass is its schema and its defaults.

    For its help the names are enough, of which it copies all that is behind them several times.
    """
    from hydra.core.config_store import ConfigStore

    schema = OmegaConf.structured(Config)
    for quota in ("shares", "floors", "ceilings"):
        # Their keys are names of groups, so new ones need no "+" on the command line.
        OmegaConf.set_struct(schema.budget[quota], False)
    store = ConfigStore.instance()
    store.store(name="schema", node=schema)
    for group, options in GROUPS.items():
        for name, component in options.items():
            if names_alone:
                store.store(group=group, name=name, node={})
                continue
            node = OmegaConf.structured(component)
            for key in ("columns", "files", "hub", "shares", "labels"):  # their keys are the user's, likewise
                if key in node and isinstance(node._get_node(key), DictConfig):
                    OmegaConf.set_struct(node[key], False)
            if "chat" in node:
                OmegaConf.set_struct(node.chat.extra, False)
            for key, source in GIVEN.get((group, name), {}).items():
                node[key] = source
            store.store(group=group, name=name, node=node)
