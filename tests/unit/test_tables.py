"""Whatever goes into a table comes back as it was, through Parquet too."""

import pytest
from datasets import Dataset, Json, List, Value, load_dataset
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.sources.tables import TableWriter, Unstorable, table_of


def through(folder, *batches):
    writer = TableWriter(folder / "rows.arrow")
    for batch in batches:
        writer.add(table_of(batch))
    writer.close()
    dataset = Dataset.from_file(str(folder / "rows.arrow"))
    dataset.to_parquet(folder / "data" / "train.parquet")
    loaded = load_dataset(str(folder / "data"), split="train", cache_dir=str(folder / "hf"))
    assert loaded.features == dataset.features and list(loaded) == list(dataset)
    return loaded


def calls(**arguments):
    call = {"type": "function", "function": {"name": "f", "arguments": arguments}}
    return {"turns": [{"role": "user", "content": "a"}, {"role": "assistant", "content": None, "tool_calls": [call]}]}


PLAIN = {"turns": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "weight": 1}]}


def test_columns_of_one_kind_keep_plain_types(tmp_path):
    rows = [
        {"a": "x", "b": None, "c": [1], "d": {"e": 1.5}, "f": True},
        {"a": None, "b": 2, "c": [], "d": None, "f": False},
    ]
    loaded = through(tmp_path, rows[:1], rows[1:])
    assert list(loaded) == rows
    assert loaded.features["b"] == Value("int64") and loaded.features["c"] == List(Value("int64"))


def test_turns_that_lack_keys_get_null_and_stay_turns(tmp_path):
    loaded = through(tmp_path, [PLAIN], [calls(x=1)], [calls(x=2)])
    assert loaded.features["turns"].feature["role"] == Value("string")
    assert loaded[1]["turns"][1]["tool_calls"] == calls(x=1)["turns"][1]["tool_calls"]


@pytest.mark.parametrize("sizes", [(4,), (1, 3), (2, 2), (1, 1, 1, 1)])
def test_tool_calls_never_gain_arguments(tmp_path, sizes):
    rows = [calls(x=1), PLAIN, calls(y="one"), calls(x="one", z={})]
    batches, start = [], 0
    for size in sizes:
        batches.append(rows[start : start + size])
        start += size
    loaded = through(tmp_path, *batches)
    assert loaded.features["turns"] == Json()
    assert list(loaded) == rows


MIXES = {
    "text and list": ["a", ["b"], None],
    "text and number": ["a", 1],
    "whole and real": [1, 2.5],
    "truth and number": [True, 1],
    "empty object": [{}, None],
    "lists of mixed": [["a"], [1, {"b": 2}]],
    "list and object": [["a"], {"a": 1}],
    "deep": [{"a": [[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]}],
    "big": [2**63 - 1, "a"],
    "unicode": ["a\u2028\u0085é𝄞\x00", ["\\u0000"]],
}


@pytest.mark.parametrize("split", [True, False])
@pytest.mark.parametrize("name", MIXES)
def test_mixed_columns_come_back_as_json(tmp_path, name, split):
    rows = [{"value": value} for value in MIXES[name]]
    loaded = through(tmp_path, *([[row] for row in rows] if split else [rows]))
    assert [repr(row["value"]) for row in loaded] == [repr(row["value"]) for row in rows]


@pytest.mark.parametrize("value", [2**70, float("nan"), -(2**64)])
def test_what_cannot_come_back_is_refused(value):
    with pytest.raises(Unstorable, match="column 'a' holds a value that neither Arrow nor JSON") as error:
        table_of([{"a": "x"}, {"a": value}])
    assert error.value.position == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


def without_null(value):
    if isinstance(value, dict):
        return {key: without_null(item) for key, item in value.items() if item is not None}
    return [without_null(item) for item in value] if isinstance(value, list) else value


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(json_values, min_size=1, max_size=4), min_size=1, max_size=3))
def test_any_json_comes_back(tmp_path_factory, batches):
    folder = tmp_path_factory.mktemp("any")
    writer = TableWriter(folder / "rows.arrow")
    for batch in batches:
        writer.add(table_of([{"value": value} for value in batch]))
    writer.close()
    found = Dataset.from_file(str(folder / "rows.arrow"))["value"][:]
    # Objects of the first level may gain keys that are null, as in every Arrow struct.
    assert [without_null(value) for value in found] == [without_null(value) for batch in batches for value in batch]
