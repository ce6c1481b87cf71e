"""A loaded encoder: what it can read at once, and what becomes of text that is longer."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from pipeline.embedders.chunks import unit
from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

NAME = re.compile(r"[\w-]+")
UNLIMITED = 10**9  # tokenizers write "no limit" as various huge numbers


class Encoder:
    """Encodes texts with a sentence-transformers model.

    Parameters
    ----------
    model : SentenceTransformer
    name : str
        What messages call it.
    prompt : str, optional
        See `Sentence`.
    batch_size : int

    Attributes
    ----------
    window : int, optional
        Tokens that the model reads at once, its own marks and the prompt included; None for any number.
    dimensions : int

    Raises
    ------
    ConfigError
        If the model has no such prompt, no room beside it, or no tokenizer that tells where tokens are.
    """

    def __init__(self, model: SentenceTransformer, name: str, prompt: str | None, batch_size: int) -> None:
        self._model, self._batch_size = model, batch_size
        self._prompt = _prompt(model, prompt)
        self._tokenizer, self._marks, self.window = _tokenizer(model, name)
        # Chat encoders wrap each text in a template; what that adds is whatever the model reads beyond our count.
        self._template = 0
        (counted,) = self._count(["a"])
        seen = int(model.preprocess(["a"], prompt=self._prompt)["input_ids"].numel())
        self._template = max(seen - int(counted), 0)  # less is seen where the prompt alone is too long
        (empty,) = self._count([""])
        self._around = int(empty)
        if self.window is not None and self.window <= self._around:
            raise ConfigError(
                f"embedder.prompt takes {self._around} tokens, and {name} reads {self.window}; shorten the prompt."
            )
        self.dimensions = self._vectors(["a"]).shape[1]

    def encode(self, texts: list[str], pool: bool) -> tuple[np.ndarray, np.ndarray]:
        """Vectors, and which texts are longer than the window.

        Parameters
        ----------
        texts : list of str
        pool : bool
            Long texts are cut into pieces that fit, whose unit vectors are averaged, weighted by their tokens. Without
            it the model reads the beginning only.

        Returns
        -------
        vectors : float32[m, d]
            Unit rows, or zeros.
        long : bool[m]
        """
        tokens = np.zeros(len(texts), np.int64) if self.window is None else self._count(texts)
        long = tokens > (self.window or 0)
        if not pool or not long.any():
            return unit(self._vectors(texts)), long
        room = self.window - self._around
        parts = [self._pieces(text, room) if beyond else [text] for text, beyond in zip(texts, long, strict=True)]
        pieces = [piece for each in parts for piece in each]
        owners = np.repeat(np.arange(len(texts)), [len(each) for each in parts])
        cut_ones = long[owners]
        tokens = tokens[owners]
        tokens[cut_ones] = self._count([piece for piece, is_cut in zip(pieces, cut_ones, strict=True) if is_cut])
        weights = np.maximum(tokens - self._around, 1)
        pooled = np.zeros((len(texts), self.dimensions))
        np.add.at(pooled, owners, weights[:, None] * unit(self._vectors(pieces)))
        return unit(pooled), long

    def _vectors(self, texts: list[str]) -> np.ndarray:
        vectors = self._model.encode(texts, prompt=self._prompt, batch_size=self._batch_size, show_progress_bar=False)
        return np.asarray(vectors, np.float32)

    def _count(self, texts: list[str]) -> np.ndarray:
        """Tokens that each text would take without a window: int64[m]."""
        prompted = [self._prompt + text for text in texts]
        encoded = self._tokenizer.encode_batch_fast(prompted, add_special_tokens=self._marks)
        return np.array([len(one.ids) + self._template for one in encoded], np.int64)

    def _pieces(self, text: str, room: int) -> list[str]:
        """Parts of a text that is too long, which together are all of it and fit the window each."""
        offsets = self._tokenizer.encode(text, add_special_tokens=False).offsets
        pieces = cut(text, offsets, room)
        while len(pieces) == 1 and room > 1:  # too long only together with the prompt
            room //= 2
            pieces = cut(text, offsets, room)
        if len(pieces) == 1:  # one character of many tokens
            return pieces
        # A piece that begins inside a word may be more tokens by itself than it was in the whole.
        fits = self._count(pieces) <= self.window
        smaller = [
            [piece] if fit else self._pieces(piece, max(room // 2, 1)) for piece, fit in zip(pieces, fits, strict=True)
        ]
        return [piece for each in smaller for piece in each]


def cut(text: str, offsets: list[tuple[int, int]], room: int) -> list[str]:
    """Cut a text into pieces of at most ``room`` tokens, between words where half a piece or less is lost by it.

    Parameters
    ----------
    text : str
    offsets : list of (int, int)
        First character of each token, and the one behind its last.
    room : int

    Returns
    -------
    list of str
        Together the whole text; none empty.
    """
    starts = [start for start, _ in offsets]

    def opens_word(token: int) -> bool:
        at = starts[token]
        return text[at : at + 1].isspace() or text[at - 1 : at].isspace()

    cuts, token = [0], 0
    while len(starts) - token > room:
        last = token + room
        token = next((t for t in range(last, token + room // 2, -1) if opens_word(t)), last)
        cuts.append(max(starts[token], cuts[-1]))
    cuts.append(len(text))
    return [text[a:b] for a, b in pairwise(cuts) if a < b] or [text]


def _prompt(model: SentenceTransformer, prompt: str | None) -> str:
    prompts = model.prompts if any(model.prompts.values()) else {}  # empty ones come with every model
    if prompt is None:
        return prompts.get(model.default_prompt_name) or ""
    if prompt in prompts:
        return prompts[prompt] or ""
    if NAME.fullmatch(prompt):
        has = f"its prompts are {', '.join(prompts)}" if prompts else "it has none"
        raise ConfigError(
            f"embedder.prompt={prompt} names no prompt of the encoder; {has}; name one, or write the text "
            f"itself with what divides it from the row, as in embedder.prompt='{prompt}: '."
        )
    return prompt


def _tokenizer(model: SentenceTransformer, name: str) -> tuple[Tokenizer, bool, int | None]:
    """A copy of the model's tokenizer that neither cuts nor pads; whether it adds marks; the model's window."""
    from tokenizers import Tokenizer

    own = getattr(model, "tokenizer", None)
    bare = isinstance(own, Tokenizer)
    fast = own if bare else getattr(own, "backend_tokenizer", None)
    if fast is None:
        raise ConfigError(
            f"{name} has no fast tokenizer (tokenizer.json), so which rows it would cut cannot be told; choose another."
        )
    # transformers sets the truncation anew for every batch; only a bare tokenizer obeys that of its file.
    limits = [model.max_seq_length, fast.truncation["max_length"] if bare and fast.truncation else None]
    window = min((int(limit) for limit in limits if limit is not None and limit < UNLIMITED), default=None)
    copy = Tokenizer.from_str(fast.to_str())
    copy.no_truncation()
    copy.no_padding()
    return copy, not bare, window
