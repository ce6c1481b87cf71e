"""Task categories that a trained classifier tells."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from omegaconf import MISSING

from pipeline import checkpoints, devices, reader
from pipeline.arrays import Categories
from pipeline.bins import Categorizer, votes
from pipeline.bins.tasks import OTHER
from pipeline.checkpoints import Kind, Place
from pipeline.devices import Dtype
from pipeline.errors import ConfigError, line
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
        model's labels. One that is called Other has no vote.
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

    def require(self) -> None:
        self._named(self._settle()[1])

    def identity(self) -> dict[str, Any]:
        return {**super().identity(), **checkpoints.identity(*self._settle())}

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
        names = [name for name in dict.fromkeys(labels) if name != OTHER]
        present, code = np.unique(code, return_inverse=True)
        return Categories(code.astype(np.int32), np.array([*names, OTHER])[present])

    def _settle(self) -> tuple[ModelCategory, Place]:
        """This component with its device named, and where its model is."""
        settled, found = checkpoints.settle(KIND, self)
        if _is_setfit(found) and not self.trust_remote_code:
            raise ConfigError(
                f"categorizer.model={self.model} holds {SETFIT}, a pickle, which can run any code; if you trust it, "
                "add categorizer.trust_remote_code=true."
            )
        if _is_setfit(found) and self.dtype != Dtype.float32:
            raise ConfigError(f"categorizer.dtype={self.dtype} is not for folders of setfit; leave it out.")
        return settled, found

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
    if not _is_setfit(found):
        config = checkpoints.configuration(KIND, settings.model, found, settings.trust_remote_code)
        checkpoints.require_architecture(KIND, settings.model, config, "ForSequenceClassification")
        return reader.labels_of(config)
    said = _setfit_settings(found).get("labels")
    if not said:
        raise ConfigError(
            f"{found.where}/config_setfit.json names no labels; expected those of the classifier; train with labels."
        )
    return list(map(str, said))


def _setfit_settings(found: Place) -> dict[str, Any]:
    path = Path(found.where) / "config_setfit.json"
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


_loaded: dict[tuple[str, str], Classify] = {}


def _load(settled: ModelCategory, found: Place) -> Classify:
    key = (repr(settled), found.content)
    if key not in _loaded:  # once a worker, not once a block
        _loaded.clear()
        _loaded[key] = (_setfit if _is_setfit(found) else _classifier)(settled, found)
    return _loaded[key]


def _classifier(settled: ModelCategory, found: Place) -> Classify:
    import torch

    read = reader.load(KIND, settled, found, "AutoModelForSequenceClassification")

    def classify(texts: list[str]) -> np.ndarray:
        told = read.tokenizer(texts, truncation=True, max_length=read.window)
        tokens, kinds = told["input_ids"], told.get("token_type_ids")
        chance = np.empty((len(texts), read.model.config.num_labels))
        for batch in read.batches(tokens):
            ids = read.padded([tokens[at] for at in batch], kinds and [kinds[at] for at in batch])
            with torch.inference_mode():
                chance[batch] = read.model(**ids).logits.double().softmax(dim=1).cpu().numpy()
        return chance

    return classify


def _setfit(settled: ModelCategory, found: Place) -> Classify:
    import joblib
    from sentence_transformers import SentenceTransformer

    labels = _labels(settled, found)
    with devices.quiet():
        try:
            encoder = SentenceTransformer(found.where, device=settled.device)
            head = joblib.load(Path(found.where) / SETFIT)
        except Exception as error:  # a broken file fails anywhere in three libraries
            said = f"categorizer.model={settled.model} cannot be loaded ({line(error)})"
            raise ConfigError(f"{said}; {KIND.advice}.") from error
    encoder.max_seq_length = min(settled.max_tokens, encoder.max_seq_length or settled.max_tokens)
    how = {"batch_size": settled.batch_size, "show_progress_bar": False,
           "normalize_embeddings": bool(_setfit_settings(found).get("normalize_embeddings"))}  # fmt: skip
    # A head that was trained on names has its columns in their order, one that was trained on numbers in the labels'.
    named = [label if isinstance(label, str) else labels[int(label)] for label in head.classes_.tolist()]

    def classify(texts: list[str]) -> np.ndarray:
        chance = np.zeros((len(texts), len(labels)))
        chance[:, [labels.index(name) for name in named]] = head.predict_proba(encoder.encode(texts, **how))
        return chance

    return classify


def _vote(settled: ModelCategory, found: Place, labels: list[str], texts: Texts, block: tuple[int, int]) -> np.ndarray:
    """Code of the category of each row of a block: int64[b]."""
    asked, owner = votes.requests(texts, block)
    classify, names = _load(settled, found), np.array(list(dict.fromkeys(labels)))
    with devices.one_torch_thread(), devices.quiet():
        by_label = classify(asked) if asked else np.empty((0, len(labels)))
    chance = by_label @ (np.array(labels)[:, None] == names)
    return votes.majority(chance[:, names != OTHER], owner, block[1] - block[0], settled.confidence)
