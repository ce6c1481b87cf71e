from types import SimpleNamespace

import numpy as np
import pytest

from pipeline.embedders import chunks
from pipeline.embedders.chunks import unit
from pipeline.embedders.lsa import Lsa, LsaModel
from pipeline.errors import ConfigError
from pipeline.executors import Serial

TEXTS = [f"{a} {b} and {c}" for a in ("sort", "count", "join") for b in ("lists", "words") for c in ("go", "stop")]


def test_a_stored_model_embeds_later_rows_alike(tmp_path):
    model = LsaModel.fit(TEXTS, 5, 1000, seed=0)
    model.save(tmp_path)
    again = LsaModel.load(tmp_path)
    later = ["count lists and rest", "join words"]
    assert np.array_equal(model.transform(later), again.transform(later))
    assert not list(tmp_path.glob("*.pkl"))
    for path in tmp_path.glob("*.npy"):
        np.load(path, allow_pickle=False)


def test_the_sample_is_embedded_as_later_rows_are():
    model = LsaModel.fit(TEXTS, 5, 1000, seed=0)
    assert np.array_equal(model.sample, model.transform(TEXTS))


def test_rows_are_unit_or_blank():
    vectors = LsaModel.fit(TEXTS, 5, 1000, seed=0).transform([*TEXTS, "", "日本語"])
    assert np.allclose(np.linalg.norm(vectors[:-2], axis=1), 1, atol=1e-6)
    assert not vectors[-2:].any()
    assert vectors.dtype == np.float32


def test_near_texts_are_near():
    vectors = LsaModel.fit(TEXTS, 5, 1000, seed=0).transform(["sort lists and go", "sort lists and stop", "join words"])
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]


def test_nothing_to_embed_is_refused():
    with pytest.raises(ConfigError, match="no word or character n-gram"):
        LsaModel.fit(["", " "], 5, 1000, seed=0)


@pytest.mark.parametrize("sample", [1, 5, 7, 12])
def test_rows_within_and_beyond_the_sample_are_embedded_alike(tmp_path, sample, monkeypatch):
    """Chunks of 5 rows, of which one may lie on both sides of the end of the sample."""
    monkeypatch.setattr(chunks, "CHUNK", 5)
    texts = SimpleNamespace(read=lambda start, stop, text: TEXTS[start:stop])

    class Corpus(SimpleNamespace):
        def __len__(self):
            return len(TEXTS)

    Lsa(dimensions=4, sample=sample).embed(Corpus(texts=texts), "conversation", tmp_path, Serial(), 0)
    model = LsaModel.fit(TEXTS[:sample], 4, 50_000, 0)
    assert np.array_equal(np.load(tmp_path / "vectors.npy"), unit(model.transform(TEXTS)))
