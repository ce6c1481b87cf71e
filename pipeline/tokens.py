"""Token counts of rows: by a tokenizer that the user names, or estimated."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.errors import ConfigError
from pipeline.progress import track

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from pipeline.arrays import Corpus
    from pipeline.provenance import Stages

BATCH = 1024
BYTES = 4  # of UTF-8, that a token is estimated to have
HUB_ID = re.compile(r"[\w-][\w.-]*(/[\w.-]+)?(?<!\.json)")  # anything else is a path


def count(corpus: Corpus, name: str | None, stages: Stages) -> np.ndarray:
    """Tokens of each conversation, at least 1: int64[n].

    Parameters
    ----------
    corpus : Corpus
    name : str, optional
        A ``tokenizer.json``, a folder that has one, or a Hub id; without one, a token is estimated as `BYTES` bytes.
    stages : Stages

    Raises
    ------
    ConfigError
        If there is no such tokenizer.
    """
    if name is None:
        return _estimated(corpus)
    tokenizer, content = _load(name)

    def write(folder: Path) -> None:
        np.save(folder / "tokens.npy", _counted(corpus, tokenizer))

    return stages.cached("tokens", lambda folder: np.load(folder / "tokens.npy"), [corpus.content, content], write)


def of_new(corpus: Corpus, name: str | None) -> np.ndarray:
    """The same for rows that no stage keeps."""
    return _estimated(corpus) if name is None else _counted(corpus, _load(name)[0])


def _estimated(corpus: Corpus) -> np.ndarray:
    return np.maximum(1, -(-np.asarray(corpus.bytes) // BYTES))


def _counted(corpus: Corpus, tokenizer: Tokenizer) -> np.ndarray:
    sizes = np.empty(len(corpus), np.int64)
    starts = range(0, len(corpus), BATCH)
    for start in track(starts, "tokens", "rows", total=len(corpus), step=BATCH):
        encoded = tokenizer.encode_batch_fast(corpus.texts.read(start, start + BATCH), add_special_tokens=False)
        sizes[start : start + BATCH] = [len(one.ids) for one in encoded]
    return np.maximum(sizes, 1)


def _load(name: str) -> tuple[Tokenizer, str]:
    from tokenizers import Tokenizer

    path = Path(name).expanduser()
    path = path / "tokenizer.json" if path.is_dir() else path
    try:
        if path.is_file():
            tokenizer = Tokenizer.from_file(str(path))
        else:
            if not HUB_ID.fullmatch(name):
                raise FileNotFoundError("no such file")
            tokenizer = Tokenizer.from_pretrained(name)
    except Exception as error:  # the tokenizers library raises bare Exception
        raise ConfigError(
            f"tokenizer={name} is neither a tokenizer.json, nor a folder that has one, nor a tokenizer that "
            f"the Hub gives ({error}); name one of these, or leave it out to estimate."
        ) from error
    # Published files often cut or pad to a model's length, which would make every count the same.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer, tokenizer.to_str()
