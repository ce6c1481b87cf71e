"""Pieces of text, chunks on disk, and vectors that the user brings."""

import json
import subprocess
import sys

import numpy as np
import pytest
from datasets import Dataset

from pipeline.arrays import Embeddings
from pipeline.budget import Budget
from pipeline.cache import Cache, digest
from pipeline.embedders.chunks import NotFiniteError, fill
from pipeline.embedders.encoder import Encoder, cut
from pipeline.embedders.precomputed import Precomputed
from pipeline.errors import ConfigError, DataError
from pipeline.executors import Serial
from pipeline.filter import Filter
from pipeline.provenance import Stages
from pipeline.run import curate, read
from pipeline.sources import OnBadRow
from pipeline.sources.files import Files
from pipeline.sources.memory import Memory
from pipeline.sources.mix import Mix
from tests.conftest import toy_config, toy_rows, write_jsonl


def characters(text):
    return [(i, i + 1) for i in range(len(text))]


def test_pieces_are_cut_between_words():
    assert cut("one two three", characters("one two three"), 6) == ["one ", "two ", "three"]
    assert cut("one two", characters("one two"), 7) == ["one two"]


def test_a_word_longer_than_a_piece_is_cut_where_it_must_be():
    assert cut("abcdefgh ij", characters("abcdefgh ij"), 3) == ["abc", "def", "gh ", "ij"]
    assert cut("日本語東京", characters("日本語東京"), 2) == ["日本", "語東", "京"]


def test_pieces_are_the_whole_text_and_never_empty():
    text = "a  bb\n\nccc dddd " * 9
    for room in range(1, 20):
        pieces = cut(text, characters(text), room)
        assert "".join(pieces) == text
        assert all(0 < len(piece) <= room for piece in pieces)
    # A character of several tokens: all of them begin where it begins.
    assert cut("xy", [(0, 1), (0, 1), (0, 1), (1, 2)], 1) == ["x", "y"]


def test_a_piece_that_is_more_tokens_by_itself_is_cut_again():
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece

    # "abcdefgh" is three tokens; a piece that begins inside it is a token a letter.
    vocabulary = ["[UNK]", *"abcdefgh", *(f"##{letter}" for letter in "bcdefgh"), "##bcd", "##efgh"]
    encoder = Encoder.__new__(Encoder)
    encoder._tokenizer = Tokenizer(WordPiece({name: i for i, name in enumerate(vocabulary)}, unk_token="[UNK]"))
    encoder._prompt, encoder._marks, encoder._template, encoder.window = "", False, 0, 2
    assert cut("abcdefgh", [(0, 1), (1, 4), (4, 8)], 2) == ["abcd", "efgh"]
    pieces = encoder._pieces("abcdefgh", 2)
    assert "".join(pieces) == "abcdefgh"
    assert (encoder._count(pieces) <= 2).all()


def test_chunks_keep_vectors_and_which_rows_are_long(tmp_path):
    given = np.random.default_rng(0).normal(size=(10, 3))
    long = np.arange(10) % 3 == 0
    seen = []

    def encode(chunk):
        seen.append(chunk)
        return given[slice(*chunk)], long[slice(*chunk)]

    fill(tmp_path, 10, 3, encode, Serial(), 4)
    made = Embeddings.load(tmp_path)
    assert np.allclose(made.vectors, given / np.linalg.norm(given, axis=1, keepdims=True), atol=1e-6)
    assert np.array_equal(made.long, long)
    (tmp_path / "chunks.jsonl").write_text("0\n4\n8")  # the last line is half a line
    fill(tmp_path, 10, 3, lambda chunk: (encode(chunk)[0] * 0, ~long[slice(*chunk)]), Serial(), 4)
    assert seen[3:] == [(8, 10)]
    again = Embeddings.load(tmp_path)
    assert np.array_equal(again.vectors[:8], made.vectors[:8]) and not again.vectors[8:].any()
    assert again.long.tolist() == [*long[:8], *~long[8:]]


def test_a_vector_that_is_not_finite_stops_and_its_chunk_is_not_done(tmp_path):
    def encode(chunk):
        block = np.ones((chunk[1] - chunk[0], 2))
        block[1 if chunk[0] else 0, 1] = np.inf if chunk[0] else 1
        return block, np.zeros(len(block), bool)

    with pytest.raises(NotFiniteError) as caught:
        fill(tmp_path, 10, 2, encode, Serial(), 4)
    assert caught.value.row == 5
    assert (tmp_path / "chunks.jsonl").read_text() == "0\n"


def test_long_belongs_to_every_row():
    with pytest.raises(ValueError, match="long is"):
        Embeddings(np.ones((3, 2), np.float32), np.zeros(2, bool))


def corpus_of(folder, rows, **changes):
    return read(toy_config(folder / "cache", rows, **changes), Stages(Cache(folder / "cache")))


def embedded(folder, embedder, corpus):
    folder.mkdir(exist_ok=True)
    embedder.content(corpus, "conversation")
    embedder.embed(corpus, "conversation", folder, Serial(), 0)
    return Embeddings.load(folder)


def with_vectors(vectors, name="v"):
    return [{**row, name: vector} for row, vector in zip(toy_rows(), vectors, strict=True)]


@pytest.mark.parametrize("kind", ["memory", "file", "fixed", "float32"])
def test_a_column_of_vectors_belongs_to_its_rows(tmp_path, kind):
    from datasets import Features, List, Value

    given = np.random.default_rng(1).normal(size=(60, 5))
    rows = with_vectors(given.tolist())
    rows += [dict(row, v=[0.0] * 5) for row in rows[:1]]  # a copy: its own vector, or that of the one that stands
    if kind == "file":
        source = Files(path=str(write_jsonl(tmp_path / "a.jsonl", rows)))
    else:
        dataset = Dataset.from_list(rows)
        number = Value("float32" if kind == "float32" else "float64")
        length = 5 if kind == "fixed" else -1
        dataset = dataset.cast(Features({**dataset.features, "v": List(number, length=length)}))
        source = Memory(dataset=dataset)
    corpus = corpus_of(tmp_path, None, source=source)
    made = embedded(tmp_path / "e", Precomputed(column="v"), corpus)
    expected = np.array([row["v"] for row in rows])[corpus.index]
    expected /= np.where(expected.any(axis=1), np.linalg.norm(expected, axis=1), 1)[:, None]
    assert np.allclose(made.vectors, expected, atol=1e-6)
    assert not made.long.any()


def test_a_column_of_whole_numbers_is_read_in_blocks(tmp_path, monkeypatch):
    from pipeline.embedders import chunks

    monkeypatch.setattr(chunks, "CHUNK", 7)
    given = np.random.default_rng(1).integers(1, 9, (60, 3))
    corpus = corpus_of(tmp_path, with_vectors(given.tolist()))
    made = embedded(tmp_path / "e", Precomputed(column="v"), corpus)
    expected = given[corpus.index] / np.linalg.norm(given[corpus.index], axis=1, keepdims=True)
    assert np.allclose(made.vectors, expected, atol=1e-6)
    assert len((tmp_path / "e" / "chunks.jsonl").read_text().split()) == 9


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ([1.0, 2.0, 3.0], "dataset row 17 .from 0.: column 'v' holds 3 numbers; expected 2 as in dataset row"),
        ([], "dataset row 17 .from 0.: column 'v' holds 0 numbers; expected 2"),
        (None, "dataset row 17 .from 0.: column 'v' holds null; expected 2"),
        ([1.0, None], "the vector of dataset row 17 .from 0. holds nulls"),
        ([1.0, float("inf")], "the vector of dataset row 17 .from 0. holds nulls or is not finite"),
    ],
)
def test_a_wrong_vector_is_named(tmp_path, wrong, said):
    vectors = [[1.0, float(i)] for i in range(60)]
    vectors[17] = wrong
    corpus = corpus_of(tmp_path, with_vectors(vectors))
    assert corpus.index[0] != 17  # which says how many numbers there are
    with pytest.raises(DataError, match=said):
        embedded(tmp_path / "e", Precomputed(column="v"), corpus)


@pytest.mark.parametrize("values", [["a"] * 60, [1.5] * 60, [["a"]] * 60, [[True]] * 60, [[[1.0]]] * 60])
def test_a_column_that_holds_no_vectors_is_refused(tmp_path, values):
    corpus = corpus_of(tmp_path, with_vectors(values))
    with pytest.raises(DataError, match=r"dataset: column 'v' is .*; expected a list of numbers"):
        embedded(tmp_path / "e", Precomputed(column="v"), corpus)


def test_a_column_of_empty_lists_is_refused(tmp_path):
    dataset = Dataset.from_list(with_vectors([[1.0]] * 60)).map(lambda row: {"v": []})
    corpus = corpus_of(tmp_path, None, source=Memory(dataset=dataset))
    with pytest.raises(DataError, match="holds an empty list"):
        embedded(tmp_path / "e", Precomputed(column="v"), corpus)


def test_a_column_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="dataset has no column 'v'"):
        embedded(tmp_path / "e", Precomputed(column="v"), corpus_of(tmp_path, toy_rows()))


def test_vectors_come_from_exactly_one_place():
    with pytest.raises(ConfigError, match=r"neither of embedder.path and embedder.column"):
        Precomputed()
    with pytest.raises(ConfigError, match=r"both of embedder.path and embedder.column"):
        Precomputed(path="v.npy", column="v")


def test_a_file_with_a_vector_that_is_not_finite_names_the_row(tmp_path):
    given = np.ones((60, 2))
    given[41, 1] = np.nan
    np.save(tmp_path / "v.npy", given)
    with pytest.raises(DataError, match=r"v.npy: the vector of dataset row 41 .from 0. holds nulls or is not finite"):
        embedded(tmp_path / "e", Precomputed(path=str(tmp_path / "v.npy")), corpus_of(tmp_path, toy_rows()))


def test_other_vectors_in_the_column_are_another_key(tmp_path):
    keys = set()
    for number in (1.0, 2.0):
        corpus = corpus_of(tmp_path, with_vectors([[number, float(i)] for i in range(60)]))
        keys.add(digest(Precomputed(column="v").content(corpus, "conversation")))
    assert len(keys) == 2


def test_choosing_an_encoder_imports_none():
    code = "import sys, pipeline.config; print({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def own_vectors(run):
    """Share of rows whose vector is the one that was given for them."""
    corpus = run.space.corpus
    given = np.array(corpus.column("n"))
    return float((np.argmax(run.space.embeddings.vectors, axis=1) == given).mean())


@pytest.fixture
def numbered(tmp_path):
    """60 rows of growing length, each with a vector that says which row it is."""
    rows = [{"instruction": f"Row {i}: {'word ' * i}", "output": "yes", "n": i, "v": [float(i == j) for j in range(60)]}
            for i in range(60)]  # fmt: skip
    np.save(tmp_path / "v.npy", np.eye(60, dtype=np.float32))
    return rows


@pytest.mark.parametrize("by", ["path", "column"])
def test_vectors_stay_with_their_rows_whatever_is_filtered(tmp_path, numbered, by):
    embedder = Precomputed(path=str(tmp_path / "v.npy")) if by == "path" else Precomputed(column="v")
    for limits in (Filter(), Filter(max_tokens=40), Filter(min_tokens=41), Filter(min_tokens=10, max_tokens=50)):
        run = curate(toy_config(tmp_path / "cache", numbered, embedder=embedder, filter=limits, budget=Budget(rows=5)))
        assert own_vectors(run) == 1


@pytest.mark.parametrize("by", ["path", "column"])
def test_vectors_stay_with_their_rows_where_a_bad_row_moves(tmp_path, numbered, by):
    embedder = Precomputed(path=str(tmp_path / "w.npy")) if by == "path" else Precomputed(column="v")
    for bad in (0, 30, 60):
        lines = [json.dumps(row) for row in numbered]
        lines.insert(bad, "{bad")
        (tmp_path / "a.jsonl").write_text("\n".join(lines))
        np.save(tmp_path / "w.npy", np.insert(np.eye(60, dtype=np.float32), bad, 1, axis=0))
        source = Files(path=str(tmp_path / "a.jsonl"), on_bad_row=OnBadRow.skip)
        run = curate(toy_config(tmp_path / "cache", source=source, embedder=embedder, budget=Budget(rows=5)))
        assert own_vectors(run) == 1


def test_vectors_stay_with_their_rows_in_a_mix(tmp_path, numbered):
    for name, rows in {"a": numbered[:25], "b": [*numbered[20:], numbered[3]]}.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + "{bad\n")
    given = np.vstack([np.eye(60)[:25], np.ones((1, 60)), np.eye(60)[20:], np.eye(60)[3:4], np.ones((1, 60))])
    np.save(tmp_path / "v.npy", given.astype(np.float32))
    files = {name: Files(path=str(tmp_path / f"{name}.jsonl")) for name in "ab"}
    source = Mix(files=files, on_bad_row=OnBadRow.skip)
    for limits in (Filter(), Filter(max_tokens=40)):
        embedder = Precomputed(path=str(tmp_path / "v.npy"))
        config = toy_config(tmp_path / "cache", source=source, embedder=embedder, filter=limits, budget=Budget(rows=5))
        assert own_vectors(curate(config)) == 1


def test_one_file_of_vectors_counts_bad_rows(tmp_path, numbered):
    np.save(tmp_path / "w.npy", np.eye(61, dtype=np.float32))  # the same file, whichever row is bad
    for bad in (0, 30, 60):
        lines = [json.dumps(row) for row in numbered]
        lines.insert(bad, "{bad")
        (tmp_path / "a.jsonl").write_text("\n".join(lines))
        source = Files(path=str(tmp_path / "a.jsonl"), on_bad_row=OnBadRow.skip)
        embedder = Precomputed(path=str(tmp_path / "w.npy"))
        run = curate(toy_config(tmp_path / "cache", source=source, embedder=embedder, budget=Budget(rows=5)))
        number = np.array(run.space.corpus.column("n"))
        assert np.array_equal(np.argmax(run.space.embeddings.vectors, axis=1), number + (number >= bad))
