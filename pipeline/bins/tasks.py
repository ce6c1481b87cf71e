"""Task categories that are learnt from labelled requests [LASER]."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.arrays import Categories
from pipeline.bins import Categorizer, votes
from pipeline.cache import digest
from pipeline.errors import ConfigError
from pipeline.progress import track, waiting

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from pipeline.arrays import Corpus, Texts
    from pipeline.executors import Executor

OTHER = "Other"
SHIPPED = Path(__file__).with_name("tasks.yaml")
BLOCK = 512
MANY = 300  # requests


@dataclass(kw_only=True)
class Tasks(Categorizer):
    """What is asked for: Math, Coding, Generation, Reasoning, Brainstorming, Factual QA, Extraction, or Other.

    A logistic model of words, pairs of words and character n-grams, learnt from some 3,000 requests that come with
    corebound, or from your own. It reads what users say, not the run's vectors, which are of answers too and tell
    topics rather than tasks. Of a chat each user turn is judged, and most votes win but for those for Other, of
    equals the earliest (arXiv 2505.22157, section 3.2).

    Parameters
    ----------
    examples : str, optional
        A YAML file that has a list of requests for each category.
    confidence : float
        A request whose likeliest category has a probability below this is Other.
    """

    examples: str | None = None
    confidence: float = 0.3

    def __post_init__(self) -> None:
        if not 0 <= self.confidence <= 1:
            raise ConfigError(f"categorizer.confidence is {self.confidence}; expected a probability; mend it.")

    def identity(self) -> dict[str, Any]:
        return {**super().identity(), "examples": digest(list(self._lessons().items()))}

    def content(self, corpus: Corpus) -> Any:
        return corpus.content

    def names(self, corpus: Corpus) -> list[str]:
        return [*self._lessons(), OTHER]

    def assign(self, corpus: Corpus, executor: Executor) -> Categories:
        import joblib

        lessons, n = self._lessons(), len(corpus)
        with TemporaryDirectory() as folder:
            model = str(Path(folder, "head.joblib"))
            with waiting(f"categorize: learning from {sum(map(len, lessons.values())):,} requests"):
                joblib.dump(_fit(lessons), model)
            blocks = [(start, min(start + BLOCK, n)) for start in range(0, n, BLOCK)]
            found = executor.map(partial(_vote, model, corpus.texts, self.confidence, len(lessons)), blocks)
            steps = [stop - start for start, stop in blocks]
            code = np.concatenate(list(track(found, "categorize", "rows", total=n, step=steps)))
        names = np.array([*lessons, OTHER])
        present, code = np.unique(code, return_inverse=True)
        return Categories(code.astype(np.int32), names[present])

    def _lessons(self) -> dict[str, list[str]]:
        path = Path(self.examples or SHIPPED)
        return read(str(path), path.stat().st_mtime_ns if path.exists() else 0)


@lru_cache(maxsize=2)
def read(path: str, changed: int = 0) -> dict[str, list[str]]:
    """Requests of each category; read again when the file has ``changed``.

    Raises
    ------
    ConfigError
        If the file is not there, or is no mapping of two or more categories to two or more requests each.
    """
    import yaml

    try:
        found = yaml.safe_load(Path(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        said = " ".join(str(error).split())
        raise ConfigError(
            f"categorizer.examples={path} cannot be read: {said}; expected a YAML file; mend it."
        ) from error
    wanted = "expected at least two categories, each with a list of two or more requests"
    if not isinstance(found, dict) or len(found) < 2:
        raise ConfigError(f"categorizer.examples={path} holds no categories; {wanted}; mend it.")
    for name, requests in found.items():
        texts = requests if isinstance(requests, list) else []
        if len(texts) < 2 or not all(isinstance(text, str) and text.strip() for text in texts):
            raise ConfigError(f"categorizer.examples={path}: '{name}' has no such list; {wanted}; mend it.")
    if OTHER in map(str, found) or len(set(map(str, found))) < len(found):
        raise ConfigError(
            f"categorizer.examples={path} names '{OTHER}', which is what no category is sure of, or a category twice; "
            "rename it."
        )
    return {str(name): requests for name, requests in found.items()}


def _fit(lessons: dict[str, list[str]]) -> Pipeline:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    from pipeline.executors import one_thread

    texts = [votes.shortened(text) for requests in lessons.values() for text in requests]
    labels = np.repeat(np.arange(len(lessons)), [len(requests) for requests in lessons.values()])
    # Of many requests, what fewer than three of them hold tells topics, not tasks.
    shared = {"min_df": 3 if len(texts) >= MANY else 1, "sublinear_tf": True, "dtype": np.float32}
    model = make_pipeline(
        make_union(
            TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"(?u)\w+|[^\w\s]", **shared),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4), **shared),
        ),
        LogisticRegression(C=5, class_weight="balanced", max_iter=1000),
    )
    with one_thread():
        return model.fit(texts, labels)


@lru_cache(maxsize=1)
def _load(path: str) -> Pipeline:
    import joblib

    return joblib.load(path)


def _vote(model: str, texts: Texts, confidence: float, other: int, block: tuple[int, int]) -> np.ndarray:
    """Code of the category of each row of a block: int64[b]."""
    turns, owner = votes.requests(texts, block)
    chance = _load(model).predict_proba(turns) if turns else np.empty((0, other))
    return votes.majority(chance, owner, block[1] - block[0], confidence)
