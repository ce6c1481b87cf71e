"""Task categories that a trained classifier tells."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from omegaconf import MISSING

from pipeline import checkpoints, versions
from pipeline.arrays import Categories
from pipeline.bins import Categorizer, votes
from pipeline.bins.tasks import OTHER
from pipeline.checkpoints import Dtype, Kind, Place
from pipeline.errors import ConfigError
from pipeline.progress import track, waiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.arrays import Corpus
    from pipeline.arrays.texts import Texts
    from pipeline.executors import Executor

    Classify = Callable[[list[str]], np.ndarray]

BLOCK = 256
SETFIT = "model_head.pkl"  # what is beside the encoder in a folder that setfit wrote
KIND = Kind(
    "categorizer", "model",
    "give a folder or an id of the Hub with a text classifier (...ForSequenceClassification), or a folder that setfit "
    "wrote", ("config.json", "modules.json"),
)  # fmt: skip


@dataclass(kw_only=True)
class ModelCategory(Categorizer):
    """What is asked for, as a text classifier of transformers or of setfit tells it; of a chat as ``tasks`` does.

    On a processor ``executor=processes`` uses all cores, with a copy of the model in each worker.

    Parameters
    ----------
    model : str
        A folder or an id of the Hub; of setfit a folder.
    labels : dict of str to str
        Categories of the model's labels, where they are to be called otherwise; several may have one. By default the
        model's labels.
    confidence : float
        A request whose likeliest category has a probability below this is Other.
    max_tokens : int
        Of a request, the first ones, or as many as the model reads.
    revision, device, dtype, batch_size, trust_remote_code
        As for ``embedder=sentence``. The classifier in a folder of setfit is a pickle, which can run any code: it is
        loaded only with ``trust_remote_code=true``.
    """

    model: str = MISSING
    revision: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    confidence: float = 0.3
    device: str | None = None
    dtype: Dtype = Dtype.float32
    batch_size: int = 32
    max_tokens: int = 512
    trust_remote_code: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.confidence <= 1:
            raise ConfigError(f"categorizer.confidence is {self.confidence}; expected a probability; mend it.")
        for name in ("batch_size", "max_tokens"):
            if getattr(self, name) < 1:
                raise ConfigError(f"categorizer.{name} is {getattr(self, name)}; expected 1 or more; mend it.")

    def identity(self) -> dict[str, Any]:
        settled, found = self._settle()
        where = {"model": found.content, "revision": None, "device": checkpoints.hardware(settled.device)}
        return {**super().identity(), **where, "versions": versions.encoding()}

    def content(self, corpus: Corpus) -> Any:
        return corpus.content

    def names(self, corpus: Corpus) -> list[str]:
        return list(dict.fromkeys([*self._named(self._settle()[1]), OTHER]))

    def assign(self, corpus: Corpus, executor: Executor) -> Categories:
        settled, found = self._settle()
        labels = self._named(found)
        with waiting("categorize: loading the model"):
            _load(settled, found)
        blocks = [(start, min(start + BLOCK, len(corpus))) for start in range(0, len(corpus), BLOCK)]
        judged = executor.map(partial(_vote, settled, found, labels, corpus.texts), blocks)
        steps = [stop - start for start, stop in blocks]
        code = np.concatenate(list(track(judged, "categorize", "rows", total=len(corpus), step=steps)))
        _loaded.clear()  # the later stages need the memory
        names = list(dict.fromkeys(labels))
        if OTHER in names:
            code[code == len(names)] = names.index(OTHER)
        present, code = np.unique(code, return_inverse=True)
        return Categories(code.astype(np.int32), np.array([*names, OTHER])[present])

    def _settle(self) -> tuple[ModelCategory, Place]:
        """This component with its device named, and where its model is."""
        found = checkpoints.find(KIND, self.model, self.revision)
        device = checkpoints.resolve(self.device, "categorizer")
        checkpoints.require_fast(self.dtype, device, "categorizer")
        if _is_setfit(found) and not self.trust_remote_code:
            raise ConfigError(
                f"categorizer.model={self.model} holds {SETFIT}, a pickle, which can run any code; if you trust it, "
                "add categorizer.trust_remote_code=true."
            )
        return replace(self, device=device), found

    def _named(self, found: Place) -> list[str]:
        """The category of each of the model's labels, in its order."""
        own = _labels(self, found)
        unknown = [label for label in self.labels if label not in own]
        if unknown:
            raise ConfigError(
                f"categorizer.labels names '{unknown[0]}'; expected labels of {self.model}: {', '.join(own)}; mend it."
            )
        return [self.labels.get(label, label) for label in own]


def _is_setfit(found: Place) -> bool:
    return (Path(found.where) / SETFIT).is_file()


def _labels(settings: ModelCategory, found: Place) -> list[str]:
    if _is_setfit(found):
        path = Path(found.where) / "config_setfit.json"
        said = json.loads(path.read_text("utf-8")).get("labels") if path.is_file() else None
        if not said:
            raise ConfigError(f"{path} names no labels; expected those of the classifier; train with labels=[...].")
        return list(map(str, said))
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(
            found.where, revision=found.revision, trust_remote_code=settings.trust_remote_code
        )
        return [config.id2label[number] for number in range(config.num_labels)]
    except Exception as error:  # a broken file fails anywhere in three libraries
        raise ConfigError(_broken(settings, error)) from error


_loaded: dict[tuple[str, str], Classify] = {}


def _load(settled: ModelCategory, found: Place) -> Classify:
    key = (repr(settled), found.content)
    if key not in _loaded:  # once a worker, not once a block
        _loaded.clear()
        with checkpoints.quiet():
            try:
                _loaded[key] = (_setfit if _is_setfit(found) else _classifier)(settled, found)
            except Exception as error:  # as above
                raise ConfigError(_broken(settled, error)) from error
    return _loaded[key]


def _broken(settings: ModelCategory, error: Exception) -> str:
    said = f"categorizer.model={settings.model} cannot be loaded ({checkpoints.line(error)})"
    return f"{said}; {KIND.advice}."


def _classifier(settled: ModelCategory, found: Place) -> Classify:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    how = {"revision": found.revision, "trust_remote_code": settled.trust_remote_code}
    tokenizer = AutoTokenizer.from_pretrained(found.where, **how)
    model, report = AutoModelForSequenceClassification.from_pretrained(found.where, **how, output_loading_info=True)
    missing = sorted(report["missing_keys"])
    if missing:  # transformers would make them up at random
        raise ValueError(f"no weights for {missing[0]}, so its head was never trained")
    model = model.to(settled.device, getattr(torch, settled.dtype)).eval()
    window = min(settled.max_tokens, getattr(model.config, "max_position_embeddings", settled.max_tokens))

    def classify(texts: list[str]) -> np.ndarray:
        ids = tokenizer(texts, truncation=True, max_length=window, padding=True, return_tensors="pt").to(settled.device)
        with torch.inference_mode():
            return model(**ids).logits.double().softmax(dim=1).cpu().numpy()

    return classify


def _setfit(settled: ModelCategory, found: Place) -> Classify:
    import joblib
    from sentence_transformers import SentenceTransformer

    encoder = SentenceTransformer(found.where, device=settled.device)
    encoder.max_seq_length = min(settled.max_tokens, encoder.max_seq_length or settled.max_tokens)
    head = joblib.load(Path(found.where) / SETFIT)
    return lambda texts: head.predict_proba(encoder.encode(texts, batch_size=len(texts), show_progress_bar=False))


def _vote(settled: ModelCategory, found: Place, labels: list[str], texts: Texts, block: tuple[int, int]) -> np.ndarray:
    """Code of the category of each row of a block: int64[b]."""
    asked, owner = votes.requests(texts, block)
    classify, by_label = _load(settled, found), np.empty((len(asked), len(labels)))
    order = np.argsort([-len(text) for text in asked], kind="stable")  # those of alike length together
    with checkpoints.one_torch_thread(), checkpoints.quiet():
        for start in range(0, len(order), settled.batch_size):
            some = order[start : start + settled.batch_size]
            by_label[some] = classify([asked[at] for at in some])
    names = np.array(list(dict.fromkeys(labels)))
    chance = by_label @ (np.array(labels)[:, None] == names)
    return votes.majority(chance, owner, block[1] - block[0], settled.confidence)
