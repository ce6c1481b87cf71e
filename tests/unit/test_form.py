"""What a written row has to have in common with those that were shown."""

import pytest

from pipeline.augmenters.form import Form

OFFERED = [{"type": "function", "function": {"name": "add", "parameters": {"a": {"type": "number"}}}},
           {"type": "function", "function": {"name": "tell", "parameters": {}}}]  # fmt: skip


def chat(*turns, tools=OFFERED):
    return {"messages": [dict(zip(("role", "content"), turn, strict=False)) for turn in turns], "tools": tools}


def calling(name="add", arguments='{"a": 1}', role="assistant"):
    call = {"id": "1", "type": "function", "function": {"name": name, "arguments": arguments}}
    return chat(("user", "Add 1."), (role, None), ("tool", "1"), ("assistant", "It is 1.")) | {
        "messages": [{"role": "user", "content": "Add 1."}, {"role": role, "content": None, "tool_calls": [call]},
                     {"role": "tool", "content": "1"}, {"role": "assistant", "content": "It is 1."}]
    }  # fmt: skip


CHATS = Form.of([calling(), calling("tell", "{}"), chat(("user", "Hi."), ("assistant", "Hello."))])


@pytest.mark.parametrize(
    "row", [calling(arguments='{"b": [2]}'), calling("tell"), chat(("user", "x"), ("assistant", "y"))]
)
def test_rows_like_these_are_made_like_these(row):
    assert CHATS.has(row)


@pytest.mark.parametrize(
    "row",
    [
        calling(role="customer"),
        calling("subtract"),
        calling(arguments="{not json"),
        calling(arguments=None),
        chat(("user", "x"), ("assistant", "y"), ("user", "z")),
        chat(("user", "x"), ("assistant", ["y"])),
        chat(("user", "x"), ("assistant", "y"), tools="calculate"),
        chat(("user", "x"), ("assistant", "y"), tools=None),
        {"messages": [], "tools": OFFERED},
        {"messages": [{"content": "x"}, {"role": "assistant", "content": "y"}], "tools": OFFERED},
    ],
)
def test_rows_that_are_made_otherwise_are_told(row):
    assert not CHATS.has(row)


def test_kinds_of_values_are_those_that_were_shown():
    form = Form.of([{"instruction": "a", "input": "", "n": 1}, {"instruction": "b", "input": None, "n": 2.5}])
    assert form.has({"instruction": "c", "input": None, "n": 3})
    assert not form.has({"instruction": "c", "input": ["a", "x"], "n": 3})
    assert not form.has({"instruction": "c", "input": "", "n": "3"})
    assert not form.has({"instruction": None, "input": "", "n": 3})


def test_arguments_are_the_user_s_own():
    with_objects = [{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [
        {"function": {"name": "f", "arguments": {"city": city}}}]}]} for city in ("Rome", "Oslo")]  # fmt: skip
    other = {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [
        {"function": {"name": "f", "arguments": {"town": 3}}}]}]}  # fmt: skip
    assert Form.of(with_objects).has(other)


def test_what_a_schema_makes_a_server_say_is_not_said():
    turn = {"tool_calls": None, "tool_call_id": None, "name": None}
    said = {"messages": [{"role": "user", "content": "x"} | turn, {"role": "assistant", "content": "y"} | turn],
            "tools": OFFERED}  # fmt: skip
    assert CHATS.has(said)
    said["messages"][1] |= {
        "content": None,
        "tool_calls": [{"function": {"name": "add", "arguments": "{}"}, "id": None}],
    }
    assert not CHATS.has(said), "calls have an id"


def test_empty_and_null_are_one_where_rows_have_either():
    rows = [{"instruction": "a", "input": ""}, {"instruction": "b", "input": "c"}]
    assert Form.of(rows).has({"instruction": "d", "input": None})
    assert Form.of(rows[:1]).has({"instruction": "d", "input": None})
    assert Form.of(rows[:1]).has({"instruction": "d", "input": "e"})
    assert not Form.of(rows[1:]).has({"instruction": "d", "input": None})


def test_a_thousand_brackets_are_no_row():
    assert not CHATS.has(calling(arguments="[" * 200_000))
    assert not CHATS.has(chat(("user", "x"), ("assistant", "y"), tools="[" * 200_000))


@pytest.mark.parametrize("tools", [['{"name": "add"}'], ["add"], [], None])
def test_rows_are_made_as_they_are_themselves_however_they_offer(tools):
    row = calling() | {"tools": tools}
    assert Form.of([row]).has(row)
