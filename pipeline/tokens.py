"""Token counts by a tokenizer that the user names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.cache import file_digest
from pipeline.errors import ConfigError
from pipeline.progress import track

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from pipeline.arrays import Corpus
    from pipeline.cache import Cache

BATCH = 1024


def count(corpus: Corpus, name: str, cache: Cache) -> np.ndarray:
    """Tokens of each text, at least 1: int64[n].

    Raises
    ------
    ConfigError
        If there is no such tokenizer.
    """
    tokenizer, content = _load(name)

    def write(folder: Path) -> None:
        sizes = np.empty(len(corpus), np.int64)
        starts = range(0, len(corpus), BATCH)
        for start in track(starts, "tokens", "rows", total=len(corpus), step=BATCH):
            batch = list(corpus.texts[start : start + BATCH]["text"])
            encoded = tokenizer.encode_batch_fast(batch, add_special_tokens=False)
            sizes[start : start + BATCH] = [len(one.ids) for one in encoded]
        np.save(folder / "tokens.npy", np.maximum(sizes, 1))

    counts, _, _ = cache.stage(
        "tokens", lambda folder: np.load(folder / "tokens.npy"), [corpus.content, content], write
    )
    return counts


def _load(name: str) -> tuple[Tokenizer, str]:
    from tokenizers import Tokenizer

    path = Path(name).expanduser()
    path = path / "tokenizer.json" if path.is_dir() else path
    try:
        if path.is_file():
            return Tokenizer.from_file(str(path)), file_digest(path)
        tokenizer = Tokenizer.from_pretrained(name)
    except Exception as error:  # the tokenizers library raises bare Exception
        raise ConfigError(
            f"budget.tokenizer={name} is neither a tokenizer.json, nor a folder that has one, nor a tokenizer that "
            f"the Hub gives ({error}); name one of these, or leave it out to estimate."
        ) from error
    return tokenizer, tokenizer.to_str()
