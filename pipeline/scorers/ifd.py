"""Instruction-following difficulty: how much a request helps a language model to say the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from pipeline import checkpoints, reader
from pipeline.arrays.texts import ASSISTANT
from pipeline.errors import ConfigError
from pipeline.reader import Reader
from pipeline.scorers.classifier import in_template
from pipeline.scorers.modelled import EMPTY, LONG, Modelled

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from pipeline.arrays.texts import Turns
    from pipeline.checkpoints import Place

UNASKED = "an answer before any request"
SHORT = "an answer of one token"


@dataclass(kw_only=True)
class Ifd(Modelled):
    """Perplexity of the answer after the request, divided by its perplexity alone (arXiv 2308.12032, section 2.2).

    Near 1 the request does not help: hard, or, from 1 on, asked for something else. Of a chat all answers count, each
    after all that was said before it; alone it stands behind the mark that begins a text, where the model has one. The
    first token of an answer, which otherwise has nothing before it, counts in neither.

    Parameters
    ----------
    model : str
        A folder or an id of the Hub with a causal language model; a small one does (arXiv 2402.00530).
    revision, device, dtype, batch_size, trust_remote_code
        As for ``embedder=sentence``.
    max_tokens : int
        Rows that are longer, or longer than the model reads, get no number.
    """

    slot: ClassVar[str] = "difficulty"
    advice: ClassVar[str] = "give a folder or an id of the Hub whose config.json names an architecture ...ForCausalLM"

    batch_size: int = 8

    def require(self) -> None:
        _, found = checkpoints.settle(self.kind(), self)
        config = checkpoints.configuration(self.kind(), self.model, found, self.trust_remote_code)
        checkpoints.require_architecture(self.kind(), self.model, config, "ForCausalLM", "LMHeadModel")

    def load(self, found: Place) -> Reader:
        read = reader.load(self.kind(), self, found, "AutoModelForCausalLM")
        if not _is_causal(read.model):
            raise ConfigError(
                f"scorers.difficulty.model={self.model} also reads what comes after a token, so that it cannot say how "
                f"likely that is; {self.advice}."
            )
        return read

    def judge(self, read: Reader, rows: list[Turns]) -> list[float | str]:
        found: list[float | str] = [EMPTY] * len(rows)
        sequences, starts, owner = [], [], []
        begin = [] if read.tokenizer.bos_token_id is None else [read.tokenizer.bos_token_id]
        for place, row in enumerate(rows):
            pairs = _answers(read.tokenizer, row)
            if isinstance(pairs, str):
                found[place] = pairs
                continue
            if max(len(before) + len(said) for before, said in pairs) > read.window:
                found[place] = LONG
                continue
            for before, said in pairs:
                sequences += [before + said, begin + said]
                starts += [len(before) + 1, len(begin) + 1]
                owner.append(place)
        losses = self.losses(read, sequences, starts)
        counts = np.array([len(ids) - start for ids, start in zip(sequences, starts, strict=True)])[::2]
        after, alone, owner_of = losses[::2], losses[1::2], np.array(owner, np.int64)
        for place in set(owner):
            own = owner_of == place
            found[place] = float(np.exp((after[own] - alone[own]).sum() / counts[own].sum()))
        return found

    def losses(self, read: Reader, sequences: list[list[int]], starts: list[int]) -> np.ndarray:
        """Sum of the losses of the tokens of each sequence from its start on: float64[s]."""
        import torch

        found = np.empty(len(sequences))
        for batch in read.batches(sequences, read.model.config.get_text_config().vocab_size):
            how = read.padded([sequences[at] for at in batch])
            logits = read.model(**how).logits[:, :-1].float()
            wanted = how["input_ids"][:, 1:]
            loss = torch.nn.functional.cross_entropy(logits.transpose(1, 2), wanted, reduction="none").double()
            place = torch.arange(1, how["input_ids"].shape[1], device=loss.device)
            first = torch.tensor([starts[at] for at in batch], device=loss.device)
            counted = (place[None] >= first[:, None]) & how["attention_mask"][:, 1:].bool()
            found[batch] = (loss * counted).sum(dim=1).cpu().numpy()
        return found


def _answers(tokenizer: PreTrainedTokenizerBase, row: Turns) -> list[tuple[list[int], list[int]]] | str:
    """What comes before each answer, and the answer, as tokens; or why there are none."""
    said = [at for at, (role, text) in enumerate(row) if role == ASSISTANT and text.strip()]
    if not said:
        return EMPTY
    if said[0] == 0:
        return UNASKED
    found = []
    for at in said:
        before = _before(tokenizer, row[:at])
        if isinstance(before, str):
            return before
        answer = tokenizer(row[at][1], add_special_tokens=False)["input_ids"]
        if len(answer) > 1:
            found.append((before, answer))
    return found or SHORT


def _before(tokenizer: PreTrainedTokenizerBase, turns: Turns) -> list[int] | str:
    """Turns as tokens, up to where the assistant speaks; or why there are none."""
    if tokenizer.chat_template is None:
        return tokenizer("\n".join(text for _, text in turns) + "\n")["input_ids"]
    found = in_template(tokenizer, turns, ask=True)
    return found if isinstance(found, str) else found["input_ids"]


def _is_causal(model: PreTrainedModel) -> bool:
    """Whether what it says of a token is the same whatever comes after."""
    import torch

    with torch.inference_mode():
        said = model(torch.tensor([[1, 2, 3], [1, 2, 4]], device=model.device)).logits[:, 0]
    return torch.allclose(said[0], said[1], atol=1e-4)
