"""Task categories that are learnt from labelled requests [LASER]."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar

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
    from pipeline.provenance import Stages

OTHER = "Other"
SHIPPED = Path(__file__).with_name("tasks.yaml")
MODEL = "model.joblib"
BLOCK = 512
SURE = 0.183  # of the way from chance to certainty: 0.3 of seven categories


@dataclass(kw_only=True)
class Tasks(Categorizer):
    """What is asked for: Math, Coding, Generation, Reasoning, Brainstorming, Factual QA, Extraction, or Other.

    A logistic model of the wording of requests (`pipeline.bins.wording`), learnt from some 9,000 that were written for
    corebound, or from your own. It reads what users say, not the run's vectors, which are of answers too and tell
    topics rather than tasks. Of a chat each user turn is judged, and most votes win but for those for Other, of
    equals the earliest (arXiv 2505.22157, section 3.2).

    Parameters
    ----------
    examples : str, optional
        A YAML file that has a list of requests for each category.
    confidence : float, optional
        A request whose likeliest category has a probability below this is Other. By default 0.3 of seven categories,
        more of fewer (0.46 of three), less of more: 0.183 of the way from chance to certainty.
    """

    version: ClassVar[int] = 2  # how a request begins, ends and is laid out

    examples: str | None = None
    confidence: float | None = None

    def __post_init__(self) -> None:
        if self.confidence is not None and not 0 <= self.confidence <= 1:
            raise ConfigError(f"categorizer.confidence is {self.confidence}; expected a probability; mend it.")

    def identity(self) -> dict[str, Any]:
        return {**super().identity(), "examples": digest(list(self._lessons().items()))}

    def content(self, corpus: Corpus) -> Any:
        return corpus.content

    def names(self, corpus: Corpus) -> list[str]:
        return [*self._lessons(), OTHER]

    def assign(self, corpus: Corpus, executor: Executor) -> Categories:
        with TemporaryDirectory() as folder:
            self._learn(Path(folder))
            return self._tell(corpus, Path(folder), executor)

    def categories(self, corpus: Corpus, executor: Executor, stages: Stages) -> Categories:
        """What `assign` gives, kept by content; what requests teach is kept too, as it is the same for any corpus."""

        def make(to: Path) -> None:
            learnt = {**self.identity(), "confidence": None}
            model, _, _ = stages.cache.stage("wording", lambda folder: folder, learnt, self._learn)
            self._tell(corpus, model, executor).save(to)

        return stages.cached("categorize", Categories.load, [self.identity(), self.content(corpus)], make)

    def _learn(self, to: Path) -> None:
        import joblib

        with waiting(f"categorize: learning from {sum(map(len, self._lessons().values())):,} requests"):
            joblib.dump(_fit(*self._file()), to / MODEL)

    def _tell(self, corpus: Corpus, learnt: Path, executor: Executor) -> Categories:
        lessons, n = self._lessons(), len(corpus)
        sure = SURE + (1 - SURE) / len(lessons) if self.confidence is None else self.confidence
        blocks = [(start, min(start + BLOCK, n)) for start in range(0, n, BLOCK)]
        found = executor.map(partial(_vote, str(learnt / MODEL), corpus.texts, sure, len(lessons)), blocks)
        steps = [stop - start for start, stop in blocks]
        code = np.concatenate(list(track(found, "categorize", "rows", total=n, step=steps)))
        names = np.array([*lessons, OTHER])
        present, code = np.unique(code, return_inverse=True)
        return Categories(code.astype(np.int32), names[present])

    def _lessons(self) -> dict[str, list[str]]:
        return read(*self._file())

    def _file(self) -> tuple[str, int]:
        path = Path(self.examples or SHIPPED)
        return str(path), path.stat().st_mtime_ns if path.exists() else 0


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
        # The loader in C, where there is one: thousands of requests take the other seconds.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        found = yaml.load(Path(path).read_text("utf-8"), Loader=loader)
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


@lru_cache(maxsize=1)
def _fit(path: str, changed: int) -> Pipeline:
    """The model that a file of requests teaches."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    from pipeline.bins import wording
    from pipeline.executors import one_thread

    lessons = read(path, changed)
    texts = [votes.shortened(text) for requests in lessons.values() for text in requests]
    labels = np.repeat(np.arange(len(lessons)), [len(requests) for requests in lessons.values()])
    model = make_pipeline(wording.features(len(texts)), LogisticRegression(C=5, class_weight="balanced", max_iter=1000))
    with one_thread():
        try:
            return model.fit(texts, labels)
        except ValueError:  # none of their words is in three of them
            return make_pipeline(wording.features(1), *model[1:]).fit(texts, labels)


@lru_cache(maxsize=1)
def _load(path: str) -> Pipeline:
    import joblib

    return joblib.load(path)


def _vote(model: str, texts: Texts, confidence: float, other: int, block: tuple[int, int]) -> np.ndarray:
    """Code of the category of each row of a block: int64[b]."""
    turns, owner = votes.requests(texts, block)
    chance = _load(model).predict_proba(turns) if turns else np.empty((0, other))
    return votes.majority(chance, owner, block[1] - block[0], confidence)
