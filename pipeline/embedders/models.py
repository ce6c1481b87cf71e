"""Encoders as sentence-transformers loads them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pipeline.checkpoints import Kind, Place
from pipeline.devices import quiet
from pipeline.errors import ConfigError, line

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

log = logging.getLogger("corebound")
ADVICE = (
    "give the path of a folder that SentenceTransformer.save wrote, or an id of the Hub such as "
    "sentence-transformers/all-MiniLM-L6-v2"
)
ENCODER = Kind("embedder", "encoder", ADVICE, ("modules.json", "config.json"), owner="sentence-transformers")


def load(place: Place, static: bool, device: str, dtype: str, trust: bool) -> SentenceTransformer:
    """The encoder, ready to encode.

    Parameters
    ----------
    place : Place
    static : bool
        Whether a folder without modules.json is a static encoder, as model2vec writes them, or a transformer whose
        token vectors are averaged.
    device, dtype : str
    trust : bool
        Whether Python code of the repository may run.

    Raises
    ------
    ConfigError
        If these files are no encoder of that kind.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from sentence_transformers.util import load_file_path

    number = getattr(torch, dtype)
    with quiet():
        try:
            whole = load_file_path(place.where, "modules.json", revision=place.revision) is not None
            if static and not whole:
                tokens = StaticEmbedding.load(place.where, revision=place.revision)
                model = SentenceTransformer(modules=[tokens], device=device)
            else:
                model = SentenceTransformer(
                    place.where,
                    revision=place.revision,
                    device=device,
                    trust_remote_code=trust,
                    model_kwargs={"dtype": number},
                )
        except Exception as error:  # a broken file fails anywhere in three libraries
            kind = "a static encoder" if static else "a sentence encoder"
            raise ConfigError(f"{place.where} cannot be loaded as {kind} ({line(error)}); {ADVICE}.") from error
    if static and not isinstance(model[0], StaticEmbedding):
        raise ConfigError(f"{place.where} is no static encoder but a {type(model[0]).__name__}; use embedder=sentence.")
    if not static and not whole:
        log.warning("%s has no modules.json: its token vectors are averaged, which no one may have trained it for.",
                    place.where)  # fmt: skip
    # Static encoders come in the type of their file whatever is asked for; float16 sums of them lose digits.
    return model if model.dtype == number else model.to(number)
