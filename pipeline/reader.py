"""A transformer that reads texts: how long, how many at once, and how shorter ones are filled up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline import devices
from pipeline.errors import ConfigError, line

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

    from pipeline.checkpoints import Kind, Place

UNLIMITED = 10**6  # tokenizers write "no limit" as huge numbers
NUMBERS = 2**28  # of a batch's tokens times the outputs of each: a GB in float32


@dataclass(frozen=True)
class Reader:
    """A model ready to read.

    Attributes
    ----------
    tokenizer, model
    window : int
        Tokens that it reads at most.
    batch_size : int
    """

    tokenizer: PreTrainedTokenizerBase
    model: PreTrainedModel
    window: int
    batch_size: int

    def batches(self, tokens: list[list[int]], outputs: int = 1) -> list[np.ndarray]:
        """Positions of texts, those of alike length together, so that there is little padding; fewer where each token
        has many outputs."""
        order = np.argsort([-len(ids) for ids in tokens], kind="stable")
        found, start = [], 0
        while start < len(order):
            room = NUMBERS // max(1, outputs * len(tokens[order[start]]))
            stop = start + max(1, min(self.batch_size, room))
            found.append(order[start:stop])
            start = stop
        return found

    def padded(self, tokens: list[list[int]], kinds: list[list[int]] | None = None) -> dict[str, Any]:
        """Tensors of texts, filled up at their ends, and of the kinds of their tokens where the model has such.

        They are filled up with a token that is in none of them, which the model is told: decoders that end in a number
        read it at the last token that is another.
        """
        import torch

        used = set().union(*tokens)
        blank = next(number for number in range(len(used) + 1) if number not in used)
        for config in (self.model.config, self.model.config.get_text_config()):
            config.pad_token_id = blank
        longest = max(map(len, tokens))

        def filled(rows: list[list[int]], by: int) -> Any:
            return torch.tensor([row + [by] * (longest - len(row)) for row in rows], device=self.model.device)

        found = {"input_ids": filled(tokens, blank), "attention_mask": filled([[1] * len(ids) for ids in tokens], 0)}
        return found if kinds is None else found | {"token_type_ids": filled(kinds, 0)}


def window(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, most: int) -> int:
    """Tokens that a model reads at most: what its positions, its tokenizer and a setting allow."""
    places = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    places = places if places and places > 0 else UNLIMITED
    for name, part in model.named_modules():
        # Models of the RoBERTa family count positions from the one behind that of padding.
        if name.endswith("position_embeddings") and getattr(part, "padding_idx", None) is not None:
            places -= part.padding_idx + 1
    limits = [places, tokenizer.model_max_length, most]
    return min(limit for limit in limits if 0 < limit <= UNLIMITED)


def labels_of(config: PretrainedConfig) -> list[str]:
    """Names of the outputs of a classifier, in their order."""
    return [config.id2label[number] for number in range(config.num_labels)]


def load(kind: Kind, settings: Any, found: Place, auto: str) -> Reader:
    """A model and its tokenizer, ready to read.

    Parameters
    ----------
    kind : Kind
    settings : component
        Settled, with ``model, device, dtype, batch_size, max_tokens, trust_remote_code``.
    found : Place
    auto : str
        Class of transformers, as ``AutoModelForCausalLM``.

    Raises
    ------
    ConfigError
        If these files are no such model, or lack weights, which transformers would make up at random.
    """
    import torch
    import transformers

    setting = f"{kind.setting}.model={settings.model}"
    how = {"revision": found.revision, "trust_remote_code": settings.trust_remote_code}
    with devices.quiet():
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(found.where, **how)
            model, report = getattr(transformers, auto).from_pretrained(found.where, **how, output_loading_info=True)
            model = model.to(settings.device, getattr(torch, settings.dtype)).eval()
        except Exception as error:  # a broken file fails anywhere in three libraries
            raise ConfigError(f"{setting} cannot be loaded ({line(error)}); {kind.advice}.") from error
    missing = sorted(report["missing_keys"])
    if missing:
        raise ConfigError(f"{setting} has no weights for {missing[0]}, so that part was never trained; {kind.advice}.")
    return Reader(tokenizer, model, window(model, tokenizer, settings.max_tokens), settings.batch_size)
