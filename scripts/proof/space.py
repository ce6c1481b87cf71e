"""Vectors of a labelled set, and what corebound makes of a part of its pool."""

from __future__ import annotations

import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from datasets import Dataset

from pipeline.arrays import Corpus, Embeddings
from pipeline.bins.categorizers import OneCategory
from pipeline.bins.clusterers import SphericalKMeans
from pipeline.budget import Budget
from pipeline.cache import Cache
from pipeline.config import Config, default_scorers
from pipeline.embedders import Embedder
from pipeline.embedders.lsa import Lsa, LsaModel
from pipeline.embedders.precomputed import Precomputed
from pipeline.embedders.sentence import Sentence, Static
from pipeline.executors import Serial, one_thread
from pipeline.provenance import Stages
from pipeline.run import Run, curate, read
from pipeline.selectors.herding import Herding
from pipeline.sources.memory import Memory
from proof.sets import Rows


def encoder(name: str, models: dict[str, str]) -> Embedder:
    """``lsa``, or the encoder that ``models`` names: a folder, or an installed package that carries one."""
    if name == "lsa":
        return Lsa()
    model = Path(models.get(name, ""))
    if not (model / "modules.json").exists():
        found = find_spec(model.name) if model.name.isidentifier() else None
        model = Path(found.origin).parent / "model" if found and found.origin else model
    if not (model / "modules.json").exists():
        raise SystemExit(
            f"embedder '{name}': models.{name} is {models.get(name)}, which is no folder of a sentence-transformers "
            "model, and no installed package that carries one; set it, or leave the embedder out of sets."
        )
    return Static(model=str(model)) if name == "static" else Sentence(model=str(model))


def configure(rows: Rows, embedder: Embedder, folder: Path, seed: int = 0) -> Config:
    """The default configuration, for rows in memory."""
    how = {"clusterer": SphericalKMeans(), "categorizer": OneCategory(), "executor": Serial(), "selector": Herding()}
    source, budget = Memory(dataset=Dataset.from_list(rows)), Budget(fraction=0.1)
    where = str(folder / "cache")
    return Config(
        source=source, embedder=embedder, scorers=default_scorers(), budget=budget, seed=seed, cache_dir=where, **how
    )


def embed(pool: Rows, test: Rows, embedder: Embedder) -> np.ndarray:
    """float32[n + t, d]: vectors of the pool and then of the test rows; LSA is fitted on the pool alone."""
    with tempfile.TemporaryDirectory() as temporary, one_thread():
        folder = Path(temporary)
        config = configure(pool + test, embedder, folder)
        corpus = read(config, Stages(Cache(folder / "cache")))
        if isinstance(embedder, Lsa):
            distinct = _fit_lsa(embedder, corpus, len(pool))
        else:
            embedder.embed(corpus, "conversation", folder, Serial(), 0)
            distinct = Embeddings.load(folder).vectors
        inputs, vectors = corpus.inputs, np.empty((len(pool) + len(test), distinct.shape[1]), np.float32)
        vectors[inputs.index] = distinct[inputs.distinct]
    return vectors


def _fit_lsa(embedder: Lsa, corpus: Corpus, pool: int) -> np.ndarray:
    texts = corpus.texts.read(0, len(corpus), "conversation")
    own = np.unique(corpus.inputs.distinct[corpus.inputs.index < pool])[: embedder.sample]
    model = LsaModel.fit([texts[i] for i in own], embedder.dimensions, embedder.terms, 0)
    return np.concatenate([model.transform(texts[start : start + 4096]) for start in range(0, len(texts), 4096)])


def order(rows: Rows, vectors: np.ndarray, folder: Path, seed: int) -> tuple[Run, np.ndarray]:
    """Corebound's defaults on vectors: the run, and int64[n], which of ``rows`` stands for each distinct row."""
    np.save(folder / "vectors.npy", vectors)
    run = curate(configure(rows, Precomputed(path=str(folder / "vectors.npy")), folder, seed))
    inputs = run.space.corpus.inputs
    standing = np.empty(len(run.space), np.int64)
    standing[inputs.distinct[inputs.stands]] = inputs.index[inputs.stands]
    return run, standing
