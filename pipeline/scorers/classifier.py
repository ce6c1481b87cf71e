"""Scores of models that end in a number: reward models for quality, regressions for difficulty."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from pipeline.arrays.texts import ASSISTANT, USER
from pipeline.errors import ConfigError
from pipeline.scorers.modelled import EMPTY, LONG, Modelled, Reader

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from pipeline.arrays.texts import Turns
    from pipeline.checkpoints import Place

REFUSED = "the model's chat template refuses its turns"
SILENT = "no user turn"
NAMES = ("user", "assistant", "system")


@dataclass(kw_only=True)
class Classifier(Modelled):
    """Base of scorers that run an ``AutoModelForSequenceClassification``."""

    advice: ClassVar[str] = (
        "give a folder or an id of the Hub whose config.json names an architecture ...ForSequenceClassification"
    )

    label: str | None = None

    def build(self, place: Place) -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        how = {"revision": place.revision, "trust_remote_code": self.trust_remote_code}
        tokenizer = AutoTokenizer.from_pretrained(place.where, **how)
        model, report = AutoModelForSequenceClassification.from_pretrained(place.where, **how, output_loading_info=True)
        missing = sorted(report["missing_keys"])
        if missing:  # transformers would make them up at random
            raise ConfigError(
                f"scorers.{self.slot}.model={self.model} has no weights for {missing[0]}, so its head was never "
                f"trained; {self.advice}."
            )
        if model.config.pad_token_id is None:
            model.config.pad_token_id = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
        labels = list(model.config.id2label.values())
        if self.label is not None and self.label not in labels:
            raise ConfigError(
                f"scorers.{self.slot}.label={self.label} is no label of {self.model}; its labels are "
                f"{', '.join(labels)}; name one of them, or leave it out."
            )
        return tokenizer, model

    def numbers(self, read: Reader, tokens: list[list[int]], kinds: list[list[int]] | None = None) -> np.ndarray:
        """Of texts as tokens, and the kinds of these where the model has such: float64[t]."""
        import torch

        found, config = np.empty(len(tokens)), read.model.config
        for batch in read.batches(tokens):
            how: dict[str, Any] = read.padded([tokens[at] for at in batch])
            if kinds is not None:
                how["token_type_ids"] = read.padded([kinds[at] for at in batch])["input_ids"] * how["attention_mask"]
            logits = read.model(**how).logits.to(torch.float64)
            if logits.shape[1] == 1:
                found[batch] = logits[:, 0].cpu().numpy()
                continue
            chance = logits.softmax(dim=1).cpu().numpy()
            if self.label is not None:
                found[batch] = chance[:, config.label2id[self.label]]
            else:
                found[batch] = chance @ np.arange(1, chance.shape[1] + 1)
        return found


@dataclass(kw_only=True)
class Reward(Classifier):
    """Quality as a reward model sees it, of the whole conversation.

    A model with one output gives that; of several, the expected number of the label, counted from 1 (as arXiv
    2312.15685, section 2.3, has it of scores from 1 to 6), or the probability of ``label``. Chats are put in the
    model's template; without one, what was asked and what was answered are given as a pair of texts.

    Parameters
    ----------
    model : str
        A folder or an id of the Hub.
    label : str, optional
    revision, device, dtype, batch_size, trust_remote_code
        As for ``embedder=sentence``.
    max_tokens : int
        Rows that are longer, or longer than the model reads, get no number.
    """

    slot: ClassVar[str] = "quality"

    def judge(self, read: Reader, rows: list[Turns]) -> list[float | str]:
        found: list[float | str] = [EMPTY] * len(rows)
        tokens, kinds, places = [], [], []
        for place, row in enumerate(rows):
            if not any(role == ASSISTANT and text.strip() for role, text in row):
                continue
            ids = _conversation(read.tokenizer, row)
            if ids is None:
                found[place] = REFUSED
            elif len(ids["input_ids"]) > read.window:
                found[place] = LONG
            else:
                tokens.append(ids["input_ids"])
                kinds.append(ids.get("token_type_ids"))
                places.append(place)
        if tokens:
            typed = kinds if all(kind is not None for kind in kinds) else None
            for place, number in zip(places, self.numbers(read, tokens, typed), strict=True):
                found[place] = float(number)
        return found


@dataclass(kw_only=True)
class Regression(Classifier):
    """Difficulty as a language model with a regression head sees it, of what is asked alone (arXiv 2505.22157,
    section 3.3): the mean over user turns, of which the last ``last`` tokens are read.

    Parameters
    ----------
    model : str
        A folder or an id of the Hub.
    last : int
    label : str, optional
        Of a model with several labels, that whose probability counts; by default the expected number of the label.
    revision, device, dtype, batch_size, max_tokens, trust_remote_code
        As for ``quality: reward``.
    """

    slot: ClassVar[str] = "difficulty"

    last: int = 1024

    def build(self, place: Place) -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
        tokenizer, model = super().build(place)
        tokenizer.truncation_side = "left"
        return tokenizer, model

    def judge(self, read: Reader, rows: list[Turns]) -> list[float | str]:
        tokens, owner, last = [], [], min(self.last, read.window)
        for place, row in enumerate(rows):
            for asked in (text for role, text in row if role == USER and text.strip()):
                tokens.append(read.tokenizer(asked, truncation=True, max_length=last)["input_ids"])
                owner.append(place)
        each = defaultdict(list)
        if tokens:
            for place, number in zip(owner, self.numbers(read, tokens), strict=True):
                each[place].append(float(number))
        return [float(np.mean(each[place])) if place in each else SILENT for place in range(len(rows))]


def _conversation(tokenizer: PreTrainedTokenizerBase, row: Turns) -> dict[str, list[int]] | None:
    """Tokens of a conversation; none where the template does not take such turns."""
    if tokenizer.chat_template is None:
        asked = "\n".join(text for role, text in row if role != ASSISTANT)
        said = "\n".join(text for role, text in row if role == ASSISTANT)
        return dict(tokenizer(asked, said))
    try:
        turns = [{"role": NAMES[role], "content": text} for role, text in row]
        text = tokenizer.apply_chat_template(turns, tokenize=False)
    except Exception:  # templates raise what their authors wrote
        return None
    return {"input_ids": tokenizer(text, add_special_tokens=False)["input_ids"]}
