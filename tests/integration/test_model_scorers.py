"""Scores of real checkpoints: tiny ones with random weights, written and loaded as any other."""

import json
import shutil

import numpy as np
import pytest

from pipeline.bins.clusterers import SphericalKMeans
from pipeline.budget import Budget
from pipeline.devices import Dtype
from pipeline.errors import ConfigError
from pipeline.executors import Processes, Serial
from pipeline.run import curate, divide, embed, find_neighbours, prepare
from pipeline.scorers import load, modelled
from pipeline.scorers.classifier import OTHERS, REFUSED, SILENT, Regression, Reward
from pipeline.scorers.ifd import SHORT, UNASKED, Ifd
from pipeline.scorers.modelled import EMPTY, LONG, NO_NUMBER
from tests.conftest import corebound, ledger_of, toy_config, write_jsonl
from tests.integration.tiny_checkpoints import write_checkpoints


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    return write_checkpoints(tmp_path_factory.mktemp("checkpoints"))


def rows_of(*turns):
    """Rows of chats from their turns, the first a user's unless it names another."""
    return [{"messages": [{"role": role, "content": text} for role, text in row]} for row in turns]


ASKED = [
    [("user", f"what is the sum of {a} {b}"), ("assistant", f"it is {c} and {a}")]
    for a in ("two", "three", "them") for b in ("numbers", "bird", "heron") for c in ("the", "that", "why")
]  # fmt: skip
CHAT = [("user", "name a bird"), ("assistant", "a heron"), ("user", "why"), ("assistant", "it flies")]
SYSTEM = [("system", "name three"), ("user", "name a bird"), ("assistant", "a heron that flies")]


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    return space_of(tmp_path_factory.mktemp("space"), rows_of(*ASKED, CHAT, SYSTEM))


def space_of(folder, rows):
    from pipeline.arrays import Space

    config, corpus, stages = prepare(toy_config(folder, rows, budget=Budget(rows=1)))
    embeddings = embed(config, stages, corpus)
    bins = divide(config, stages, corpus, embeddings)
    return Space(corpus, embeddings, bins, find_neighbours(config, stages, embeddings, bins))


def said_of(space):
    """Turns of each row, in the order of ids."""
    turns = space.corpus.texts.turns(0, len(space)).to_pydict()
    return [list(zip(*row, strict=True)) for row in zip(turns["role"], turns["text"], strict=True)]


def loaded(folder, kind):
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    return tokenizer, getattr(transformers, kind).from_pretrained(folder).eval()


def test_a_reward_is_what_the_model_says_of_the_pair(checkpoints, space):
    tokenizer, model = loaded(checkpoints / "pair", "AutoModelForSequenceClassification")
    values, nulls = Reward(model=str(checkpoints / "pair")).score(space, Serial())
    assert not nulls
    for row, value in zip(said_of(space), values, strict=True):
        asked = "\n".join(text for role, text in row if role != 1)
        said = "\n".join(text for role, text in row if role == 1)
        logit = model(**tokenizer(asked, said, return_tensors="pt")).logits.item()
        assert value == pytest.approx(logit, abs=1e-4)


def test_a_reward_of_a_chat_model_reads_its_template(checkpoints, space):
    tokenizer, model = loaded(checkpoints / "reward", "AutoModelForSequenceClassification")
    values, _ = Reward(model=str(checkpoints / "reward"), batch_size=5).score(space, Serial())
    for row, value in zip(said_of(space), values, strict=True):
        names = ("user", "assistant", "system")
        text = "".join(f"<{names[role]}> {text} " for role, text in row)
        assert value == pytest.approx(model(**tokenizer(text, return_tensors="pt")).logits.item(), abs=1e-4)


def test_several_labels_give_the_expected_one_or_the_chance_of_one(checkpoints, space, tmp_path):
    path, starred = str(checkpoints / "graded"), shutil.copytree(checkpoints / "graded", tmp_path / "starred")
    config = json.loads((starred / "config.json").read_text())
    stars = {"0": "1 star", "1": "2 stars", "2": "3 stars"}
    (starred / "config.json").write_text(json.dumps({**config, "id2label": stars}))
    Reward(model=str(starred)).require()
    expected, _ = Reward(model=str(starred)).score(space, Serial())
    with pytest.raises(ConfigError, match=r"has the labels bad, fair, good; expected numbers that rise"):
        Reward(model=path).require()
    each = [Reward(model=path, label=label).score(space, Serial())[0] for label in ("bad", "fair", "good")]
    assert np.allclose(sum(each), 1, atol=1e-5) and np.ptp(each[0]) > 0.01
    assert np.allclose(expected, each[0] + 2 * each[1] + 3 * each[2], atol=1e-5)


def test_labels_that_do_not_exclude_each_other_have_chances_of_their_own(checkpoints, space):
    tokenizer, model = loaded(checkpoints / "several", "AutoModelForSequenceClassification")
    values, _ = Reward(model=str(checkpoints / "several"), label="fair").score(space, Serial())
    row = said_of(space)[0]
    asked = "\n".join(text for role, text in row if role != 1)
    said = "\n".join(text for role, text in row if role == 1)
    chance = model(**tokenizer(asked, said, return_tensors="pt")).logits.sigmoid()[0, 1].item()
    assert values[0] == pytest.approx(chance, abs=1e-4)


def test_positions_that_begin_behind_padding_leave_less_room(checkpoints, tmp_path):
    rows = rows_of(
        *ASKED, [("user", "the " * 59), ("assistant", "a heron")], [("user", "the " * 70), ("assistant", "it")]
    )
    space = space_of(tmp_path, rows)
    values, nulls = Reward(model=str(checkpoints / "roberta")).score(space, Serial())  # reads 62 of 64
    assert nulls == {LONG: 2} and np.isnan(values).sum() == 2
    values, nulls = Regression(model=str(checkpoints / "roberta")).score(space, Serial())
    assert not nulls and np.isfinite(values).all()


def test_fewer_tokens_are_read_where_a_setting_says_so(checkpoints, space):
    lengths = [sum(len(text.split()) for _, text in row) + 3 for row in said_of(space)]
    values, nulls = Reward(model=str(checkpoints / "pair"), max_tokens=12).score(space, Serial())
    assert np.isnan(values).tolist() == [length > 12 for length in lengths] and 0 < nulls[LONG] < len(space)


def test_difficulty_is_of_the_end_of_what_is_asked_and_the_mean_of_turns(checkpoints, space):
    tokenizer, model = loaded(checkpoints / "pair", "AutoModelForSequenceClassification")
    values, _ = Regression(model=str(checkpoints / "pair"), last=8).score(space, Serial())
    for row, value in zip(said_of(space), values, strict=True):
        ends = [" ".join(text.split()[-6:]) for role, text in row if role == 0]  # and [CLS] and [SEP]
        logits = [model(**tokenizer(text, return_tensors="pt")).logits.item() for text in ends]
        assert value == pytest.approx(np.mean(logits), abs=1e-4)


@pytest.mark.parametrize("name", ["causal", "chat"])
def test_ifd_is_the_perplexity_after_the_request_over_that_alone(checkpoints, space, name):
    import torch

    tokenizer, model = loaded(checkpoints / name, "AutoModelForCausalLM")
    values, nulls = Ifd(model=str(checkpoints / name)).score(space, Serial())
    assert not nulls and (values > 0).all()

    def losses(before, answer):
        ids = torch.tensor([tokenizer(before)["input_ids"] + answer])
        chance = model(ids).logits[0].log_softmax(-1)
        start = ids.shape[1] - len(answer) + 1
        return -sum(chance[at - 1, ids[0, at]].item() for at in range(start, ids.shape[1]))

    names = ("user", "assistant", "system")
    for row, value in zip(said_of(space), values, strict=True):
        after = alone = count = 0
        for at, (role, text) in enumerate(row):
            if role == 1:
                before = "\n".join(text for _, text in row[:at]) + "\n"
                if name == "chat":
                    before = "".join(f"<{names[role]}> {text} " for role, text in row[:at]) + "<assistant> "
                answer = tokenizer(text)["input_ids"]
                begin = "[CLS]" if tokenizer.bos_token else ""
                after, alone = after + losses(before, answer), alone + losses(begin, answer)
                count += len(answer) - 1
        assert value == pytest.approx(np.exp((after - alone) / count), rel=1e-3)


def test_what_cannot_be_judged_has_no_number_and_a_reason(checkpoints, tmp_path):
    asked, said = ("user", "name a bird"), ("assistant", "a heron")
    late = [asked, ("system", "name three"), said]
    twice = [asked, ("user", "why"), said]
    rows = rows_of(*ASKED, [asked, ("assistant", "  ")], [("user", "the " * 80), said], late, twice,
                   [("assistant", "it is a heron")], [asked, ("assistant", "heron")])  # fmt: skip
    space = space_of(tmp_path, rows)
    turns = said_of(space)
    where = {
        EMPTY: [row for row, one in enumerate(turns) if one[-1][1] == "  "],
        LONG: [row for row, one in enumerate(turns) if len(one[0][1]) > 200],
        OTHERS: [row for row, one in enumerate(turns) if len(one) == 3 and one[1][0] == 2],
        REFUSED: [row for row, one in enumerate(turns) if len(one) == 3 and one[1][0] == 0],
        UNASKED: [row for row, one in enumerate(turns) if len(one) == 1],
        SHORT: [row for row, one in enumerate(turns) if one[-1][1] == "heron"],
    }
    for scorer, reasons in (
        (Reward(model=str(checkpoints / "reward")), (EMPTY, LONG, OTHERS, REFUSED)),
        (Ifd(model=str(checkpoints / "chat")), (EMPTY, LONG, OTHERS, REFUSED, UNASKED, SHORT)),
    ):
        values, nulls = scorer.score(space, Serial())
        assert nulls == dict.fromkeys(reasons, 1)
        assert np.flatnonzero(np.isnan(values)).tolist() == sorted(row for reason in reasons for row in where[reason])
    values, nulls = Regression(model=str(checkpoints / "pair")).score(space, Serial())
    assert nulls == {SILENT: 1} and np.flatnonzero(np.isnan(values)).tolist() == where[UNASKED]


def test_a_model_that_gives_no_number_gives_none(checkpoints, space, tmp_path):
    from safetensors.torch import load_file, save_file

    broken = shutil.copytree(checkpoints / "pair", tmp_path / "broken")
    weights = load_file(broken / "model.safetensors")
    weights["classifier.bias"][:] = np.nan
    save_file(weights, broken / "model.safetensors", {"format": "pt"})
    values, nulls = Reward(model=str(broken)).score(space, Serial())
    assert np.isnan(values).all() and nulls == {NO_NUMBER: len(space)}


def test_workers_and_batches_change_no_more_than_last_digits(checkpoints, space):
    for scorer in (Reward, Ifd):
        path = str(checkpoints / ("reward" if scorer is Reward else "chat"))
        one, two = (scorer(model=path, batch_size=size).score(space, how)[0]
                    for size, how in ((1, Serial()), (7, Processes(workers=2))))  # fmt: skip
        assert np.allclose(one, two, rtol=1e-4)


def test_a_killed_run_goes_on_at_its_chunk(checkpoints, space, tmp_path, monkeypatch):
    monkeypatch.setattr(modelled, "CHUNK", 8)
    scorer, asked = Reward(model=str(checkpoints / "pair")), []

    class Dies(Serial):
        def map(self, function, items):
            for number, item in enumerate(items):
                if number == 2:
                    raise KeyboardInterrupt
                yield function(item)

    class DiesAtOnce(Serial):
        def map(self, function, items):
            raise KeyboardInterrupt
            yield

    class Counts(Serial):
        def map(self, function, items):
            asked.extend(items)
            yield from super().map(function, items)

    with pytest.raises(KeyboardInterrupt):
        scorer.fill(space, Dies(), tmp_path)
    with open(tmp_path / "chunks.jsonl", "a") as journal:
        journal.write('{"start": 16, "nu')  # the line that a kill cut
    with pytest.raises(KeyboardInterrupt):
        scorer.fill(space, DiesAtOnce(), tmp_path)
    scorer.fill(space, Counts(), tmp_path)
    assert [start for start, _ in asked] == list(range(16, len(space), 8))
    assert np.array_equal(load(tmp_path)[""][0], scorer.score(space, Serial())[0])


def test_what_is_no_model_for_this_is_said(checkpoints, space, tmp_path):
    from safetensors.torch import load_file, save_file

    (tmp_path / "empty").mkdir()
    config = json.loads((checkpoints / "pair" / "config.json").read_text())
    broken = shutil.copytree(checkpoints / "pair", tmp_path / "broken")
    (broken / "config.json").write_text(json.dumps({**config, "hidden_size": 33}))
    headless, both_ways = (shutil.copytree(checkpoints / name, tmp_path / name) for name in ("pair", "masked"))
    weights = load_file(headless / "model.safetensors")
    save_file({name: w for name, w in weights.items() if "classifier" not in name}, headless / "model.safetensors",
              {"format": "pt"})  # fmt: skip
    masked = json.loads((both_ways / "config.json").read_text())
    (both_ways / "config.json").write_text(json.dumps({**masked, "architectures": ["BertLMHeadModel"]}))
    cases = [
        (Reward(model=str(tmp_path / "empty")), r"scorers.quality.model=.* without config.json, so no model"),
        (Ifd(model="nobody/nothing"), "scorers.difficulty.model=nobody/nothing is no folder here, and the Hub does"),
        (Reward(model=str(checkpoints / "causal")), "quality.model=.* is a LlamaForCausalLM; give a folder"),
        (Reward(model=str(headless)), "has no weights for classifier.bias, so that part was never trained"),
        (Ifd(model=str(checkpoints / "reward")), "difficulty.model=.* is a LlamaForSequenceClassification; give"),
        (Ifd(model=str(both_ways)), "also reads what comes after a token"),
        (Reward(model=str(checkpoints / "several")), "gives each of bad, fair, good a probability of its own"),
        (Reward(model=str(checkpoints / "pair"), label="good"), "label=good, and .* gives one number"),
        (Reward(model=str(broken)), "scorers.quality.model=.*broken cannot be loaded"),
        (Reward(model=str(checkpoints / "graded"), label="great"), "label=great is no label .* bad, fair, good"),
        (Regression(model=str(checkpoints / "pair"), device="zork"), "scorers.difficulty.device=zork cannot be used"),
        (Ifd(model=str(checkpoints / "causal"), device="cpu", dtype=Dtype.float16), "difficulty.dtype=float16 on the"),
    ]
    for scorer, said in cases:
        with pytest.raises(ConfigError, match=said):
            scorer.require()
            scorer.score(space, Serial())
    for settings, said in (({"batch_size": 0}, "batch_size is 0"), ({"max_tokens": 1}, "max_tokens is 1")):
        with pytest.raises(ConfigError, match=rf"difficulty\.{said}"):
            Ifd(model="x", **settings)
    with pytest.raises(ConfigError, match=r"difficulty\.last is 0"):
        Regression(model="x", last=0)


def test_the_command_prefers_rows_that_models_call_good_and_hard(checkpoints, tmp_path):
    write_jsonl(tmp_path / "toy.jsonl", rows_of(*ASKED, CHAT))
    words = ["source.path=toy.jsonl", "budget.rows=5", "sink.path=out"]
    words += ["scorer@scorers.quality=reward", f"scorers.quality.model={checkpoints / 'reward'}"]
    words += ["scorer@scorers.difficulty=ifd", f"scorers.difficulty.model={checkpoints / 'chat'}"]
    corebound(tmp_path, *words)
    ledger = ledger_of(tmp_path / "out")
    assert ledger[["quality", "difficulty", "preference"]].notna().all().all()


def test_stages_are_kept_by_what_the_model_is(checkpoints, tmp_path):
    moved = shutil.copytree(checkpoints / "pair", tmp_path / "moved")
    rows = rows_of(*ASKED)
    keys = []
    for path in (checkpoints / "pair", moved, checkpoints / "graded"):
        scorers = {"quality": Reward(model=str(path), label="good" if path.name == "graded" else None)}
        keys.append(curate(toy_config(tmp_path / "cache", rows, scorers=scorers)).stages.key("score-quality"))
    assert keys[0] == keys[1] != keys[2]
    more = {"scorers": {"quality": Reward(model=str(moved))}, "clusterer": SphericalKMeans(size=3)}
    stages = curate(toy_config(tmp_path / "cache", rows, **more)).stages
    assert stages.key("score-quality") == keys[0]  # other clusters change nothing of what a model says of a text
