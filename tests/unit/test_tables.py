"""Whatever goes into a table comes back as it was, through Parquet too."""

import pytest
from datasets import Dataset, Json, List, Value, load_dataset
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.sources.tables import RowWriter, Unstorable, table_of


def through(folder, *batches):
    writer = RowWriter(folder / "rows.arrow")
    for batch in batches:
        writer.add(batch)
    writer.close()
    dataset = Dataset.from_file(str(folder / "rows.arrow"))
    dataset.to_parquet(folder / "data" / "train.parquet")
    loaded = load_dataset(str(folder / "data"), split="train", cache_dir=str(folder / "hf"))
    assert loaded.features == dataset.features and list(loaded) == list(dataset)
    return loaded


def calls(**arguments):
    call = {"type": "function", "function": {"name": "f", "arguments": arguments}}
    return {"turns": [{"role": "user", "content": "a"}, {"role": "assistant", "content": None, "tool_calls": [call]}]}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


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
    "whole, real and text": [1, 2.5, "a"],
    "long fractions and text": [0.1257302165031433, "a", -1.7976931348623157e300, 0.007026815786957741, 3.1e-200],
    "null and list": [{"x": None, "y": 1}, ["a"]],
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
    assert loaded.features["value"] == Json()
    for got, row in zip(loaded, rows, strict=True):
        if isinstance(row["value"], float):  # datasets reads fractions in Json columns with 15 digits or so
            assert got["value"] == pytest.approx(row["value"], rel=1e-14, abs=0)
        else:
            assert repr(got["value"]) == repr(row["value"])


@pytest.mark.parametrize("split", [True, False])
@pytest.mark.parametrize(
    "values", [[1, 2.5], [[1], [2.5]], [{"x": 1}, {"x": 2.5}], [{"x": [{"y": 1}]}, {"x": [{"y": 2.5}]}]]
)
def test_whole_numbers_among_fractions_are_fractions(tmp_path, values, split):
    rows = [{"value": value} for value in values]
    loaded = through(tmp_path, *([[row] for row in rows] if split else [rows]))
    assert list(loaded) == rows and loaded.features["value"] != Json()


def test_objects_keyed_by_names_do_not_widen_each_other(tmp_path):
    rows = [{"meta": {f"k{i}": i}} for i in range(500)]
    loaded = through(tmp_path, *([row] for row in rows))
    assert loaded.features["meta"] == Json() and list(loaded) == rows


def test_keys_that_only_later_rows_lack_deep_down_make_json(tmp_path):
    rows = [{"a": [{"b": {"c": 1}}]}, {"a": [{"b": {"c": 1, "d": 2}}]}]
    assert list(through(tmp_path, rows[:1], rows[1:])) == rows


def test_what_cannot_come_back_together_is_named(tmp_path):
    writer = RowWriter(tmp_path / "rows.arrow")
    writer.add([{"a": 1.5}, {"a": float("nan")}])
    writer.add([{"a": "x"}])
    with pytest.raises(Unstorable) as error:
        writer.close()
    assert error.value.positions == [1]


def rows_through(folder, *batches):
    writer = RowWriter(folder / "rows.arrow")
    for batch in batches:
        writer.add(batch)
    writer.close()
    found = Dataset.from_file(str(folder / "rows.arrow"))
    return found.features, list(found)


BATCHES = [
    [{"c": [0.5]}, {"c": [2**60 + 1]}], [{"a": 1.5}, {"a": 1}, {"a": 2**60}], [{"m": {}}, {"m": {"a": 1}}, {"m": None}],
    [{"m": [{}]}, {"m": [{"a": {}}]}], [{"m": {"a": {}}}, {"m": {"a": {"b": 1}}}], [{"m": {}}, {"m": {}}],
]  # fmt: skip


@pytest.mark.parametrize("rows", BATCHES)
def test_it_does_not_matter_which_rows_come_together(tmp_path, rows):
    whole = rows_through(tmp_path, rows)
    assert whole == rows_through(tmp_path, *([row] for row in rows))
    assert whole == rows_through(tmp_path, rows[:1], rows[1:])
    back = rows_through(tmp_path, rows[::-1])
    assert (back[0], back[1][::-1]) == whole


@settings(max_examples=200, deadline=None)
@given(st.lists(json_values, min_size=2, max_size=6))
def test_it_never_matters_which_rows_come_together(tmp_path_factory, values):
    folder, rows = tmp_path_factory.mktemp("together"), [{"value": value} for value in values]
    assert rows_through(folder, rows) == rows_through(folder, *([row] for row in rows))


@pytest.mark.parametrize("value", [2**70, float("nan"), -(2**64), 5e-324])
def test_what_cannot_come_back_is_refused(value):
    with pytest.raises(Unstorable, match="comes back neither from Arrow nor from JSON") as error:
        table_of([{"a": "x"}, {"a": [0.1, {"b": value}]}, {"a": 2}, {"a": value}])
    assert error.value.positions == [1, 3] and f"holds {value}," in str(error.value)


@settings(max_examples=100, deadline=None)
@given(st.floats(1e-300, 1e300) | st.floats(-1e300, -1e-300))
def test_fractions_in_json_come_back_to_the_sixteenth_digit(value):
    from datasets.utils.json import ujson_loads

    text = table_of([{"a": "x"}, {"a": {"b": [value]}}])["a"][1].as_py()
    assert (ujson_loads(text) if isinstance(text, str) else text)["b"][0] == pytest.approx(value, rel=1e-15, abs=0)


def without_null(value):
    if isinstance(value, dict):
        return {key: without_null(item) for key, item in value.items() if item is not None}
    return [without_null(item) for item in value] if isinstance(value, list) else value


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(json_values, min_size=1, max_size=4), min_size=1, max_size=3))
def test_any_json_comes_back(tmp_path_factory, batches):
    folder = tmp_path_factory.mktemp("any")
    writer = RowWriter(folder / "rows.arrow")
    for batch in batches:
        writer.add([{"value": value} for value in batch])
    writer.close()
    found = Dataset.from_file(str(folder / "rows.arrow"))["value"][:]
    # Objects of the first level may gain keys that are null, as in every Arrow struct.
    assert [without_null(value) for value in found] == [without_null(value) for batch in batches for value in batch]


def arrow(path, rows, **features):
    from datasets import Features

    from pipeline.sources.arrow_tables import TableWriter

    kinds = {name: feature for name, feature in features.items()}
    return TableWriter(path), Dataset.from_list(rows, features=Features(kinds)).data.table


def test_tables_keep_their_types_and_may_lack_columns(tmp_path):
    from datasets import ClassLabel

    writer, first = arrow(tmp_path / "a.arrow", [{"a": 0}], a=ClassLabel(names=["no", "yes"]))
    _, second = arrow(tmp_path / "b.arrow", [{"a": 1, "b": "x"}], a=ClassLabel(names=["no", "yes"]), b=Value("string"))
    for number, table in enumerate((first, second)):
        writer.add(table, f"{number}.parquet")
    writer.close()
    found = Dataset.from_file(str(tmp_path / "a.arrow"))
    assert list(found) == [{"a": 0, "b": None}, {"a": 1, "b": "x"}]
    assert found.features["a"].names == ["no", "yes"]


@pytest.mark.parametrize("other", ["names", "type"])
def test_tables_of_other_types_are_refused(tmp_path, other):
    from datasets import ClassLabel

    from pipeline.errors import DataError

    writer, first = arrow(tmp_path / "a.arrow", [{"a": 0}], a=ClassLabel(names=["no", "yes"]))
    kind = ClassLabel(names=["yes", "no"]) if other == "names" else Value("float32")
    _, second = arrow(tmp_path / "b.arrow", [{"a": 1}], a=kind)
    writer.add(first, "a.parquet")
    with pytest.raises(
        DataError, match=r"b.parquet: column 'a' is .* here and ClassLabel.* in a.parquet; expected one"
    ):
        writer.add(second, "b.parquet")


def test_lists_that_are_empty_in_one_table_go_with_those_of_another(tmp_path):
    from datasets import Features

    from pipeline.sources.arrow_tables import TableWriter

    writer = TableWriter(tmp_path / "a.arrow")
    rows = [{"t": [], "m": [{"n": None}]}, {"t": ["x"], "m": [{"n": 1}]}, {"t": [], "m": []}]
    for kind, item, row in (("null", "null", rows[0]), ("string", "int64", rows[1]), ("null", "null", rows[2])):
        features = Features({"t": List(Value(kind)), "m": List({"n": Value(item)})})
        writer.add(Dataset.from_list([row], features=features).data.table, f"{kind}.parquet")
    writer.close()
    found = Dataset.from_file(str(tmp_path / "a.arrow"))
    assert list(found) == rows and found.features["t"] == List(Value("string"))
