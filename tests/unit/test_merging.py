"""What becomes of somebody's card when ours is merged into it."""

import pytest
import yaml

from pipeline.errors import ConfigError
from pipeline.report.card import BEGIN, END, MARK
from pipeline.report.merging import merged

OLD = "configs:\n- config_name: old\n  data_files: old.parquet\n"


def theirs(more="", text="Mine.\n"):
    return f"---\n{more or '{}'}\n---\n{text}"


def ours(*names, **more):
    """A card as we write it."""
    names = names or ("default",)
    configs = [
        {"config_name": name, "description": f"{MARK}, files 0",
         "data_files": [{"split": "train", "path": f"data/{name}/train-*.parquet"}]}
        for name in names
    ]  # fmt: skip
    infos = [{"config_name": name, "features": [], "splits": []} for name in names]
    data = {"pretty_name": "Ours", "tags": ["corebound"], "size_categories": ["n<1K"], **more,
            "configs": configs, "dataset_info": infos}  # fmt: skip
    return f"---\n{yaml.safe_dump(data)}---\n\n{BEGIN}\nWhat we say.\n{END}\n"


def yaml_of(card):
    return yaml.safe_load(card.split("---\n")[1])


def test_what_we_wrote_for_rows_that_are_replaced_goes_with_them():
    first, wrote = merged("", ours(license="cc-by-4.0", language=["en"], source_datasets=["you/a"]), {})
    second, wrote = merged(first, ours(pretty_name="Other", source_datasets=["you/b"]), wrote)
    data = yaml_of(second)
    assert data["pretty_name"] == "Other" and data["source_datasets"] == ["you/b"]
    assert "license" not in data and "language" not in data
    assert wrote == {"pretty_name": "Other", "tags": ["corebound"], "source_datasets": ["you/b"]}
    third, _ = merged(second, ours(license="mit"), wrote)
    assert yaml_of(third)["license"] == "mit" and "source_datasets" not in yaml_of(third)


def test_what_we_wrote_stays_while_other_rows_do():
    first, wrote = merged("", ours("a", license="cc-by-4.0", source_datasets=["you/a"]), {})
    second, wrote = merged(first, ours("b", source_datasets=["you/b"]), wrote)
    data = yaml_of(second)
    assert data["license"] == "cc-by-4.0" and data["source_datasets"] == ["you/a", "you/b"]
    assert wrote["license"] == "cc-by-4.0" and wrote["source_datasets"] == ["you/a", "you/b"]


def test_another_split_is_other_rows():
    first, wrote = merged("", ours(license="cc-by-4.0"), {})
    second, _ = merged(first.replace("split: train", "split: test"), ours(), wrote)
    assert yaml_of(second)["license"] == "cc-by-4.0"


def test_a_licence_is_not_put_over_rows_that_came_without_one():
    first, wrote = merged("", ours("a"), {})
    with pytest.raises(ConfigError, match="says license: nothing"):
        merged(first, ours("b", license="mit"), wrote)


def test_what_they_changed_in_our_card_is_theirs():
    first, wrote = merged("", ours(license="cc-by-4.0", language=["en"]), {})
    changed = first.replace("Ours", "Mine").replace("- corebound", "- corebound\n- toys")
    second, wrote = merged(changed, ours(license="cc-by-4.0"), wrote)
    data = yaml_of(second)
    assert data["pretty_name"] == "Mine" and data["tags"] == ["toys", "corebound"] and "language" not in data
    assert "pretty_name" not in wrote and wrote["tags"] == ["corebound"]


def test_a_card_that_is_somebody_elses_gets_no_name_however_often_we_push():
    card, wrote = theirs("tags: [toys]"), {}
    for _ in range(2):
        card, wrote = merged(card, ours(language=["en"], task_categories=["text-generation"]), wrote)
        data = yaml_of(card)
        assert not {"pretty_name", "language", "task_categories"} & data.keys() and data["tags"] == [
            "toys",
            "corebound",
        ]


@pytest.mark.parametrize(("more", "size"), [(OLD, "1M<n<10M"), ("", "n<1K")])
def test_sizes_are_ours_only_where_all_rows_are(more, size):
    card, _ = merged(theirs(f"{more}size_categories: [1M<n<10M]"), ours("picked"), {})
    assert yaml_of(card)["size_categories"] == [size]


@pytest.mark.parametrize(
    ("there", "pushed", "said"),
    [
        (OLD, {"license": "mit"}, "says license: nothing"),
        ("tags: [a]", {"license": "mit"}, "says license: nothing"),
        ("license: mit", {"license": "apache-2.0"}, "says license: mit, but the rows to be pushed are apache-2.0"),
        (
            "license: other\nlicense_name: a",
            {"license": "other", "license_name": "b", "license_link": "LICENSE"},
            r"says license: other \(a\), but the rows to be pushed are other \(b, LICENSE\)",
        ),
    ],
)
def test_rows_of_a_licence_that_is_not_stated_are_refused(there, pushed, said):
    with pytest.raises(ConfigError, match=said):
        merged(theirs(there), ours(**pushed), {})


def test_the_same_licence_is_not_refused():
    same = {"license": "other", "license_name": "a", "license_link": "LICENSE"}
    merged(theirs(yaml.safe_dump(same)), ours(**same), {})


def test_norwegian_is_no_falsehood():
    card, _ = merged(theirs("language: [no]"), ours(), {})
    assert yaml_of(card)["language"] == ["no"]


def test_our_audit_leaves_the_card_when_there_is_none_any_more():
    first, wrote = merged("", ours("default", "audit"), {})
    second, _ = merged(first, ours(), wrote)
    data = yaml_of(second)
    assert [one["config_name"] for one in data["configs"]] == ["default"]
    assert [one["config_name"] for one in data["dataset_info"]] == ["default"]


def test_between_our_marks_the_text_is_replaced_and_nowhere_else():
    text = f"Before.\n\nI say `{END}` here.\n{BEGIN}\nOld.\n{END}\nAfter, {BEGIN}.\n"
    card, _ = merged(theirs(text=text), ours(), {})
    assert card.endswith(text.replace("Old.", "What we say."))


@pytest.mark.parametrize("marks", [[BEGIN], [END], [END, BEGIN], [BEGIN, BEGIN, END], [BEGIN, END, BEGIN, END]])
def test_marks_that_are_no_pair_are_refused(marks):
    with pytest.raises(ConfigError, match="expected one of each, in this order, or none"):
        merged(theirs(text="".join(f"Mine.\n{mark}\n" for mark in marks)), ours(), {})


def test_the_only_configuration_that_is_there_stays_what_is_loaded_without_a_name():
    card, _ = merged(theirs(OLD), ours("picked"), {})
    found = {one["config_name"]: one.get("default", False) for one in yaml_of(card)["configs"]}
    assert found == {"old": True, "picked": False}
    with pytest.raises(ConfigError, match="'old' is what load_dataset gives"):
        merged(theirs(OLD), ours("default"), {})


def test_a_default_stays_one_when_it_is_pushed_again():
    card, wrote = merged("", ours("small"), {})
    for again in ("large", "small", "large", "small"):
        card, wrote = merged(card, ours(again), wrote)
    found = {one["config_name"]: one.get("default", False) for one in yaml_of(card)["configs"]}
    assert found == {"small": True, "large": False}


def test_what_is_said_of_the_only_configuration_gets_its_name():
    """`push_to_hub` of datasets leaves the name out, and could not push again beside others."""
    info = "configs:\n- config_name: default\n  data_files: data/train.parquet\ndataset_info:\n  features: []\n"
    card, _ = merged(theirs(info), ours("picked"), {})
    assert [one["config_name"] for one in yaml_of(card)["dataset_info"]] == ["default", "picked"]


def test_what_was_written_beside_rows_goes_with_them():
    from pipeline.report.card import BESIDE
    from pipeline.report.merging import goes

    def config(name, of="default", split="train"):
        said = f"{MARK}, {f'{BESIDE} {of}, ' if of else ''}files 0"
        return {"config_name": name, "description": said, "data_files": [{"split": split, "path": "x"}]}

    pushed = {"default": ["train"], "audit": ["train"]}
    assert goes(config("synthetic"), pushed) and goes(config("candidates"), pushed)
    assert goes(config("audit", of=None), pushed)
    assert not goes(config("synthetic"), {"small": ["train"]}), "another configuration's"
    assert goes(config("en-synthetic", "en"), {"en": ["train"]})
    assert not goes(config("en-synthetic", "en"), {"en-news": ["train"]})
    assert goes(config("synthetic", "a, b"), {"a": ["train"], "b": ["train"]})
    assert not goes(config("synthetic", "a, b"), {"a": ["train"]}), "b stays"
    assert not goes(config("synthetic", split="test"), pushed), "another split's"
    assert not goes(config("synthetic"), {**pushed, "synthetic": ["train"]}), "it is pushed anew"
    assert not goes(config("synthetic-1", of=None), pushed), "rows of a source of that name"
    assert not goes({**config("synthetic"), "description": "Mine."}, pushed)
