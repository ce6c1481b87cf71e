"""Scores of models that end in a number: reward models for quality, regressions for difficulty."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from pipeline import checkpoints, reader
from pipeline.arrays.texts import ASSISTANT, USER
from pipeline.errors import ConfigError
from pipeline.reader import Reader, labels_of
from pipeline.scorers.modelled import EMPTY, FEWEST, LONG, Modelled

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from pipeline.arrays.texts import Turns
    from pipeline.checkpoints import Place

REFUSED = "the model's chat template refuses its turns"
OTHERS = "a turn of neither user nor assistant inside"
SILENT = "no user turn"
NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(kw_only=True)
class Classifier(Modelled):
    """Base of scorers that run an ``AutoModelForSequenceClassification``."""

    advice: ClassVar[str] = (
        "give a folder or an id of the Hub whose config.json names an architecture ...ForSequenceClassification"
    )

    label: str | None = None

    def load(self, found: Place) -> Reader:
        return reader.load(self.kind(), self, found, "AutoModelForSequenceClassification")

    def require(self) -> None:
        _, found = checkpoints.settle(self.kind(), self)
        config = checkpoints.configuration(self.kind(), self.model, found, self.trust_remote_code)
        checkpoints.require_architecture(self.kind(), self.model, config, "ForSequenceClassification")
        labels = labels_of(config)
        if len(labels) == 1 and self.label is not None:
            raise ConfigError(
                f"scorers.{self.slot}.label={self.label}, and {self.model} gives one number; leave the label out."
            )
        if self.label is not None and self.label not in labels:
            raise ConfigError(
                f"scorers.{self.slot}.label={self.label} is no label of {self.model}; its labels are "
                f"{', '.join(labels)}; name one of them, or leave it out."
            )
        if len(labels) > 1 and self.label is None:
            if config.problem_type == "multi_label_classification":
                raise ConfigError(
                    f"scorers.{self.slot}.model={self.model} gives each of {', '.join(labels)} a probability of its "
                    f"own, so that no label is the expected one; name one as scorers.{self.slot}.label."
                )
            numbers = [float(found.group()) if (found := NUMBER.search(label)) else math.nan for label in labels]
            if not all(a < b for a, b in pairwise(numbers)):
                raise ConfigError(
                    f"scorers.{self.slot}.model={self.model} has the labels {', '.join(labels)}; expected numbers that "
                    f"rise, from bad to good, or one whose probability counts: name it as scorers.{self.slot}.label."
                )

    def numbers(self, read: Reader, tokens: list[list[int]], kinds: list[list[int]] | None = None) -> np.ndarray:
        """Of texts as tokens, and the kinds of these where the model has such: float64[t]."""
        import torch

        found, labels = np.empty(len(tokens)), labels_of(read.model.config)
        for batch in read.batches(tokens):
            how = read.padded([tokens[at] for at in batch], kinds and [kinds[at] for at in batch])
            logits = read.model(**how).logits.to(torch.float64)
            if logits.shape[1] == 1:
                number = logits[:, 0]
            elif read.model.config.problem_type == "multi_label_classification":
                number = logits.sigmoid()[:, labels.index(self.label)]
            elif self.label is not None:
                number = logits.softmax(dim=1)[:, labels.index(self.label)]
            else:
                number = logits.softmax(dim=1) @ torch.arange(
                    1, len(labels) + 1, dtype=logits.dtype, device=logits.device
                )
            found[batch] = number.cpu().numpy()
        return found


@dataclass(kw_only=True)
class Reward(Classifier):
    """Quality as a reward model sees it, of the whole conversation.

    A model with one output gives that; of several whose labels are numbers that rise, as "1 star" to "5 stars", the
    expected place of the label, counted from 1 (as arXiv 2312.15685, section 2.3, has it of scores from 1 to 6); of
    others, the probability of ``label``. Chats are
    put in the model's template; without one, what was asked and what was answered are given as a pair of texts.

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
            if isinstance(ids, str):
                found[place] = ids
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

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.last < FEWEST:
            raise ConfigError(f"scorers.difficulty.last is {self.last}; expected {FEWEST} or more; mend it.")

    def load(self, found: Place) -> Reader:
        read = super().load(found)
        read.tokenizer.truncation_side = "left"
        return read

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


def _conversation(tokenizer: PreTrainedTokenizerBase, row: Turns) -> dict[str, list[int]] | str:
    """Tokens of a conversation, or why there are none."""
    if tokenizer.chat_template is None:
        asked = "\n".join(text for role, text in row if role != ASSISTANT)
        said = "\n".join(text for role, text in row if role == ASSISTANT)
        return dict(tokenizer(asked, said))
    return in_template(tokenizer, row)


def in_template(tokenizer: PreTrainedTokenizerBase, row: Turns, ask: bool = False) -> dict[str, list[int]] | str:
    """Tokens of turns in the model's template, up to where the assistant speaks if it is to be asked; or why there are
    none.

    A turn of neither user nor assistant is a system's if it is the first. Inside it may be what a tool gave or what a
    system says, which templates treat in different ways.
    """
    if any(role not in (USER, ASSISTANT) for role, _ in row[1:]):
        return OTHERS
    names = {USER: "user", ASSISTANT: "assistant"}
    turns = [{"role": names.get(role, "system"), "content": text} for role, text in row]
    try:
        text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=ask)
    except Exception:  # templates raise what their authors wrote
        return REFUSED
    return {"input_ids": tokenizer(text, add_special_tokens=False)["input_ids"]}
