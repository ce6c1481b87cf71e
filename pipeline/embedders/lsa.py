"""Latent semantic analysis: TF-IDF of words and character n-grams, then a randomised SVD."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from pipeline.embedders import Embedder
from pipeline.embedders.chunks import fill, unit
from pipeline.errors import ConfigError
from pipeline.progress import waiting

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from pipeline.arrays import Corpus, Texts
    from pipeline.executors import Executor

log = logging.getLogger("corebound")
ARRAYS = ("idf", "axes", "sample")
VIEWS = {
    "words": {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": r"(?u)\w+|[^\w\s]"},
    "characters": {"analyzer": "char_wb", "ngram_range": (3, 4)},
}


@dataclass(kw_only=True)
class Lsa(Embedder):
    """Fitted on the corpus itself; needs no download. Best for templated corpora (METHOD, section 2).

    Parameters
    ----------
    dimensions : int
        Length of a vector; fewer where the sample has fewer rows or terms.
    terms : int
        Most frequent terms kept of the words (and pairs of words), and again of the character n-grams.
    sample : int
        Rows that the vocabulary and the SVD are fitted on: those with the smallest ids.
    """

    version: ClassVar[int] = 2  # sums in the order of the terms
    dimensions: int = 256
    terms: int = 50_000
    sample: int = 20_000

    def __post_init__(self) -> None:
        for name in ("dimensions", "terms", "sample"):
            if getattr(self, name) < 1:
                raise ConfigError(f"embedder.{name} is {getattr(self, name)}; expected 1 or more; mend it.")

    def embed(self, corpus: Corpus, text: str, folder: Path, executor: Executor, seed: int) -> None:
        model = folder / "model"
        if not model.exists():
            texts = corpus.texts.read(0, self.sample, text)
            with waiting(f"embed: fitting words, characters and axes on {len(texts):,} rows"):
                fitted = LsaModel.fit(texts, self.dimensions, self.terms, seed)
            draft = folder / "model.draft"
            draft.mkdir(exist_ok=True)
            fitted.save(draft)
            os.rename(draft, model)
        dimensions = np.load(model / "axes.npy", mmap_mode="r").shape[0]
        try:
            fill(folder, len(corpus), dimensions, partial(_encode, str(model), corpus.texts, text), executor)
        finally:
            _loaded.clear()  # the later stages need the memory

    def more(self, corpus: Corpus, text: str, folder: Path, seed: int) -> np.ndarray:
        return LsaModel.load(folder / "model").transform(corpus.texts.read(0, len(corpus), text))


_loaded: dict[str, LsaModel] = {}
_turn = Lock()


def _encode(model: str, texts: Texts, text: str, chunk: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    with _turn:  # once a worker, not once a chunk
        if model not in _loaded:
            _loaded.clear()
            _loaded[model] = LsaModel.load(Path(model))
        loaded = _loaded[model]
    start, stop = chunk
    vectors = loaded.sample[start:stop]  # the sample is the first rows
    if len(vectors) < stop - start:
        vectors = np.concatenate([vectors, loaded.transform(texts.read(start + len(vectors), stop, text))])
    return vectors, np.zeros(len(vectors), bool)


@dataclass
class LsaModel:
    """A fitted vectoriser, stored as JSON and ``.npy`` (no pickle), so that later rows can be embedded alike.

    Attributes
    ----------
    vocabulary : dict of str to list of str
        For each view, its terms in the order of the columns.
    idf : float32[v]
        Inverse document frequencies, the views one after another.
    axes : float32[d, v]
        Right singular vectors.
    sample : float32[m, d]
        The texts that it was fitted on, transformed: counting their terms is most of the work on a small corpus.
    """

    vocabulary: dict[str, list[str]]
    idf: np.ndarray
    axes: np.ndarray
    sample: np.ndarray

    @classmethod
    def fit(cls, texts: list[str], dimensions: int, terms: int, seed: int) -> LsaModel:
        """Fit on a sample of texts.

        Raises
        ------
        ConfigError
            If the texts share no term at all.
        """
        from sklearn.feature_extraction.text import CountVectorizer
        from sklearn.utils.extmath import randomized_svd

        from pipeline.executors import one_thread

        vocabulary, idf, counted = {}, [], []
        for view, settings in VIEWS.items():
            counter = CountVectorizer(**settings, max_features=terms, dtype=np.float32)
            try:
                counts = counter.fit_transform(texts)
            except ValueError:  # scikit-learn's "empty vocabulary"
                vocabulary[view] = []
                continue
            counts.sort_indices()  # as those of `transform` are, so that sums agree to the last bit
            vocabulary[view] = counter.get_feature_names_out().tolist()
            holds = np.bincount(counts.indices, minlength=counts.shape[1])
            # Smoothed as in scikit-learn's TfidfTransformer: as if one more text held every term.
            idf.append(np.log((1 + len(texts)) / (1 + holds)) + 1)
            counted.append(counts)
        if not idf:
            raise ConfigError(
                f"the {len(texts):,} texts hold no word or character n-gram to embed; give rows with text, "
                "or use embedder=precomputed."
            )
        nothing = np.empty((0, 0), np.float32)
        model = cls(vocabulary, np.concatenate(idf).astype(np.float32), nothing, nothing)
        weighted = model._weigh(counted)
        rank = min(dimensions, *weighted.shape)
        with one_thread():
            _, _, axes = randomized_svd(weighted, n_components=rank, n_iter=3, random_state=seed)
        model.axes = np.ascontiguousarray(axes, np.float32)
        model.sample = unit(weighted @ model.axes.T)
        return model

    @cached_property
    def _counters(self) -> list[Any]:
        from sklearn.feature_extraction.text import CountVectorizer

        return [
            CountVectorizer(**VIEWS[view], vocabulary=terms, dtype=np.float32)
            for view, terms in self.vocabulary.items()
            if terms
        ]

    def _weigh(self, counted: list[csr_matrix]) -> csr_matrix:
        """TF-IDF with sublinear counts, each view scaled to length 1: float32[m, v]."""
        from scipy.sparse import hstack
        from sklearn.preprocessing import normalize

        start = 0
        for counts in counted:
            counts.data = (1 + np.log(counts.data)) * self.idf[start:][counts.indices]
            start += counts.shape[1]
        return hstack([normalize(counts, copy=False) for counts in counted], format="csr")

    def transform(self, texts: list[str]) -> np.ndarray:
        """Unit vectors: float32[m, d]; zeros for a text without a known term."""
        return unit(self._weigh([counter.transform(texts) for counter in self._counters]) @ self.axes.T)

    def save(self, folder: Path) -> None:
        (folder / "vocabulary.json").write_text(json.dumps(self.vocabulary, ensure_ascii=False), "utf-8")
        for name in ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self, name))

    @classmethod
    def load(cls, folder: Path) -> LsaModel:
        vocabulary = json.loads((folder / "vocabulary.json").read_text("utf-8"))
        # Mapped, so that workers share them.
        return cls(vocabulary, *(np.load(folder / f"{name}.npy", mmap_mode="r") for name in ARRAYS))
