import numpy as np
import pytest

from pipeline.embedders.lsa import LsaModel
from pipeline.errors import ConfigError

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
