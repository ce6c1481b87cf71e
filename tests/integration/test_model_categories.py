"""Task categories by trained classifiers: tiny ones, written and loaded as any other."""

import json
import shutil

import joblib
import numpy as np
import pytest

from pipeline.bins.model import ModelCategory
from pipeline.bins.tasks import OTHER
from pipeline.cache import Cache
from pipeline.errors import ConfigError
from pipeline.executors import Processes, Serial
from pipeline.provenance import Stages
from pipeline.run import read
from tests.conftest import corebound, ledger_of, toy_config, write_jsonl
from tests.integration.tiny_checkpoints import write_checkpoints

ASKED = [f"{a} {b} {c}" for a in ("name", "what is", "why is") for b in ("a bird", "the sum", "it")
         for c in ("of two numbers", "that flies", "")]  # fmt: skip
CHAT = ["name a bird", "why is it", "what is the sum of two numbers", "three of them"]


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """With ``setfit``, an encoder and a logistic regression that setfit would have written."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from sklearn.linear_model import LogisticRegression

    folder = write_checkpoints(tmp_path_factory.mktemp("checkpoints"))
    transformer = Transformer(str(folder / "pair"))
    encoder = SentenceTransformer(modules=[transformer, Pooling(transformer.get_embedding_dimension())])
    encoder.save(str(folder / "setfit"))
    head = LogisticRegression().fit(encoder.encode(ASKED), [text.startswith("why") for text in ASKED])
    joblib.dump(head, folder / "setfit" / "model_head.pkl")
    (folder / "setfit" / "config_setfit.json").write_text(json.dumps({"labels": ["Fact", "Reason"]}))
    return folder


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    rows = [{"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": "a heron"}]}
            for text in ASKED]  # fmt: skip
    turns = [{"role": role, "content": text} for asked in CHAT for role, text in (("user", asked), ("assistant", "it"))]
    return read(toy_config(folder, [*rows, {"messages": turns}]), Stages(Cache(folder)))


def named(corpus, **settings):
    """Category of each row, by what is asked first; that of the chat under its turns."""
    found = ModelCategory(**settings).assign(corpus, Serial())
    said = corpus.texts.turns(0, len(corpus))["text"].to_pylist()
    first = [turns[0] if len(turns) == 2 else tuple(turns) for turns in said]
    return dict(zip(first, found.name[found.code].tolist(), strict=True))


def told(folder, texts):
    """Probabilities of the labels, by transformers itself."""
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    return np.stack([model(**tokenizer(t, return_tensors="pt")).logits.softmax(1)[0].detach().numpy() for t in texts])


def test_categories_are_the_likeliest_labels_and_chats_take_the_majority(checkpoints, corpus):
    labels = np.array(["bad", "fair", "good"])
    found = named(corpus, model=str(checkpoints / "graded"), confidence=0.0)
    likeliest = labels[told(checkpoints / "graded", ASKED).argmax(1)]
    assert [found[text] for text in ASKED] == likeliest.tolist()
    votes = labels[told(checkpoints / "graded", CHAT).argmax(1)].tolist()
    wanted = max(votes, key=lambda name: (votes.count(name), -votes.index(name)))
    assert next(name for said, name in found.items() if isinstance(said, tuple)) == wanted


def test_labels_get_names_and_what_is_unsure_is_other(checkpoints, corpus):
    path = str(checkpoints / "graded")
    found = named(corpus, model=path, confidence=0.0, labels={"bad": "poor", "fair": "poor"})
    assert set(found.values()) <= {"poor", "good"}
    chance = told(checkpoints / "graded", ASKED)
    unsure = {text for text, one in zip(ASKED, chance, strict=True) if one.max() < 0.6}
    found = named(corpus, model=path, confidence=0.6)
    assert {text for text in ASKED if found[text] == OTHER} == unsure and unsure
    both = named(corpus, model=path, confidence=0.6, labels={"bad": OTHER})
    assert {text for text in ASKED if both[text] == OTHER} == unsure | {t for t in ASKED if found[t] == "bad"}


def test_merged_labels_add_up_and_only_the_beginning_is_read(checkpoints, corpus):
    path, chance = str(checkpoints / "graded"), told(checkpoints / "graded", ASKED)
    found = named(corpus, model=path, confidence=0.0, labels={"bad": "poor", "fair": "poor"})
    assert [found[text] for text in ASKED] == np.where(chance[:, :2].sum(1) > chance[:, 2], "poor", "good").tolist()
    few = named(corpus, model=path, confidence=0.0, max_tokens=4)  # two words between the marks
    short = told(checkpoints / "graded", [" ".join(text.split()[:2]) for text in ASKED])
    assert [few[text] for text in ASKED] == np.array(["bad", "fair", "good"])[short.argmax(1)].tolist()


def test_a_head_of_setfit_that_was_trained_on_names_has_them_in_its_own_order(checkpoints, corpus, tmp_path):
    renamed = shutil.copytree(checkpoints / "setfit", tmp_path / "named")
    head = joblib.load(renamed / "model_head.pkl")
    head.classes_ = np.array(["A fact", "Z reason"])
    joblib.dump(head, renamed / "model_head.pkl")
    (renamed / "config_setfit.json").write_text(json.dumps({"labels": ["Z reason", "A fact"]}))
    plain = named(corpus, model=str(checkpoints / "setfit"), trust_remote_code=True, confidence=0.0)
    found = named(corpus, model=str(renamed), trust_remote_code=True, confidence=0.0)
    assert [found[text] for text in ASKED] == [{"Fact": "A fact", "Reason": "Z reason"}[plain[text]] for text in ASKED]


def test_a_decoder_classifies_too(checkpoints, corpus):
    found = named(corpus, model=str(checkpoints / "reward"), confidence=0.0)
    assert len(found) == len(corpus)


def test_a_folder_of_setfit_is_read_if_trusted(checkpoints, corpus):
    path = str(checkpoints / "setfit")
    with pytest.raises(ConfigError, match=r"model_head\.pkl, a pickle, .* add categorizer\.trust_remote_code=true"):
        named(corpus, model=path)
    found = named(corpus, model=path, trust_remote_code=True, confidence=0.0)
    assert np.mean([found[text] == ("Reason" if text.startswith("why") else "Fact") for text in ASKED]) > 0.9


def test_workers_change_nothing(checkpoints, corpus):
    one, two = (ModelCategory(model=str(checkpoints / "graded")).assign(corpus, how)
                for how in (Serial(), Processes(workers=2)))  # fmt: skip
    assert np.array_equal(one.code, two.code) and np.array_equal(one.name, two.name)


def test_what_is_no_classifier_is_said(checkpoints, corpus, tmp_path):
    (tmp_path / "empty").mkdir()
    unnamed = shutil.copytree(checkpoints / "setfit", tmp_path / "unnamed")
    (unnamed / "config_setfit.json").unlink()
    cases = [
        ({"model": str(tmp_path / "empty")}, r"without config.json or modules.json, so no model"),
        ({"model": str(checkpoints / "causal")}, "categorizer.model=.* is a LlamaForCausalLM"),
        ({"model": str(checkpoints / "graded"), "labels": {"great": "Math"}}, "names 'great'.* bad, fair, good"),
        ({"model": str(unnamed), "trust_remote_code": True}, "config_setfit.json names no labels"),
    ]
    for settings, said in cases:
        with pytest.raises(ConfigError, match=said):
            named(corpus, **settings)


def test_the_command_takes_quotas_of_its_categories(checkpoints, tmp_path):
    write_jsonl(tmp_path / "toy.jsonl", [{"instruction": text, "output": f"it is {i}"} for i, text in enumerate(ASKED)])
    words = ["source.path=toy.jsonl", "budget.rows=6", "sink.path=out", "categorizer=model", "categorizer.confidence=0",
             f"categorizer.model={checkpoints / 'graded'}", "categorizer.labels={bad: poor, fair: poor}"]  # fmt: skip
    refused = corebound(tmp_path, *words, "budget.floors.great=1", check=False)
    assert refused.returncode and "great" in refused.stderr and "poor" in refused.stderr
    corebound(tmp_path, *words, "budget.floors.good=2")
    kept = ledger_of(tmp_path / "out").query("decision == 'kept'")
    assert (kept.category == "good").sum() >= 2
