"""What conversation each shape of row stands for."""

import json

import pytest

from pipeline.sources.detection import Reader, detect
from pipeline.sources.fingerprint import fingerprint
from pipeline.sources.rows import BadRow
from pipeline.sources.shapes import SHAPES

ASKED, ANSWERED = {"role": "user", "content": "Add 1 and 2."}, {"role": "assistant", "content": "3"}
CALL = {"name": "add", "arguments": {"a": 1, "b": 2}}
CALLED = {"role": "assistant", "content": None, "tool_calls": [{"type": "function", "function": CALL}]}
FUNCTION = {"name": "add", "parameters": {"type": "object", "properties": {"a": {"default": None}}}}
TOOLS = [{"type": "function", "function": FUNCTION}]
SYSTEM = {"role": "system", "content": "Be brief."}

# Every spelling that a trainer reads, and the conversation it means.
ROWS = {
    "messages": ({"messages": [ASKED, ANSWERED]}, [ASKED, ANSWERED]),
    "messages with a system column": ({"messages": [ASKED, ANSWERED], "system": "Be brief."},
                                      [SYSTEM, ASKED, ANSWERED]),
    "messages of parts": (
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Add 1 "},
                                                   {"type": "text", "value": "and 2."}]},
                      {**ANSWERED, "loss_weight": 1.0}]},
        [ASKED, {**ANSWERED, "loss_weight": 1.0}],
    ),
    "messages that call": (
        {"messages": [SYSTEM, ASKED, CALLED, {"role": "tool", "content": "3"}, ANSWERED]},
        [SYSTEM, ASKED, CALLED, {"role": "tool", "content": "3"}, ANSWERED],
    ),
    "messages that call the old way": (
        {"messages": [ASKED, {"role": "assistant", "content": None, "function_call": CALL},
                      {"role": "function", "name": "add", "content": "3"}, ANSWERED]},
        [ASKED, CALLED, {"role": "tool", "name": "add", "content": "3"}, ANSWERED],
    ),
    "messages whose parts call": (
        {"messages": [ASKED, {"role": "assistant", "content": [{"type": "tool_call", "value": json.dumps(CALL)}]}]},
        [ASKED, CALLED],
    ),
    "parts that Arrow filled up": (
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Add 1 and 2.", "value": None}]},
                      {"role": "assistant",
                       "content": [{"type": "tool_call", "text": None, "value": json.dumps(CALL)}]}]},
        [ASKED, CALLED],
    ),
    "messages with an image": (
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "a.png"}},
                                                   {"type": "text", "text": "What is it?"}]}, ANSWERED]},
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "a.png"}},
                                      {"type": "text", "text": "What is it?"}]}, ANSWERED],
    ),
    "sharegpt": (
        {"conversations": [{"from": "system", "value": "Be brief."}, {"from": "human", "value": "Add 1 and 2."},
                           {"from": "function_call", "value": json.dumps(CALL)},
                           {"from": "observation", "value": "3"}, {"from": "gpt", "value": "3"}]},
        [SYSTEM, ASKED, CALLED, {"role": "tool", "content": "3"}, ANSWERED],
    ),
    "sharegpt with roles": ({"conversation": [ASKED, ANSWERED]}, [ASKED, ANSWERED]),
    "sharegpt with two calls": (
        {"conversations": [{"from": "human", "value": "Add 1 and 2."},
                           {"from": "function_call", "value": json.dumps([CALL, CALL])}]},
        [ASKED, {**CALLED, "tool_calls": CALLED["tool_calls"] * 2}],
    ),
    "alpaca": ({"instruction": "Add 1 and 2.", "input": "", "output": "3"}, [ASKED, ANSWERED]),
    "alpaca with input": ({"instruction": "Add", "input": "1 and 2.", "output": "3"},
                          [{"role": "user", "content": "Add\n\n1 and 2."}, ANSWERED]),
    "alpaca with several outputs": ({"instruction": "Add 1 and 2.", "output": ["3", "three"]},
                                    [ASKED, ANSWERED]),
    "alpaca with output and response": ({"instruction": "Add 1 and 2.", "output": None, "response": "3"},
                                        [ASKED, ANSWERED]),
    "alpaca with history": (
        {"instruction": "Add 1 and 2.", "output": "3", "history": [["Hi", "Hello"]], "system": "Be brief."},
        [SYSTEM, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}, ASKED, ANSWERED],
    ),
    "dolly": ({"instruction": "Add", "context": "1 and 2.", "response": "3", "category": "math"},
              [{"role": "user", "content": "Add\n\n1 and 2."}, ANSWERED]),
    "prompt and completion": ({"prompt": "Add 1 and 2.", "completion": "3"}, [ASKED, ANSWERED]),
    "prompt and completion as messages": ({"prompt": [SYSTEM, ASKED], "completion": [ANSWERED]},
                                          [SYSTEM, ASKED, ANSWERED]),
    "question and answer": ({"question": "Add 1 and 2.", "answer": "3"}, [ASKED, ANSWERED]),
    "preference": ({"prompt": "Add 1 and 2.", "chosen": "3", "rejected": "4"}, [ASKED, ANSWERED]),
    "preference of whole conversations": (
        {"prompt": "Add 1 and 2.", "chosen": [ASKED, ANSWERED], "rejected": [ASKED, ANSWERED]}, [ASKED, ANSWERED]
    ),
    "preference of messages": ({"chosen": [ASKED, ANSWERED], "rejected": [ASKED, {**ANSWERED, "content": "4"}]},
                               [ASKED, ANSWERED]),
    "preference of sharegpt": (
        {"conversations": [{"from": "human", "value": "Add 1 and 2."}], "chosen": {"from": "gpt", "value": "3"},
         "rejected": {"from": "gpt", "value": "4"}},
        [ASKED, ANSWERED],
    ),
    "messages as JSON": ({"messages": json.dumps([ASKED, ANSWERED])}, [ASKED, ANSWERED]),
    "preference of transcripts": (
        {"chosen": "\n\nHuman: Add 1 and 2.\n\nAssistant: 3", "rejected": "\n\nHuman: Add 1 and 2.\n\nAssistant: 4"},
        [ASKED, ANSWERED],
    ),
    "kto": ({"messages": [ASKED, ANSWERED], "label": True}, [ASKED, ANSWERED]),
    "natural instructions": ({"definition": "Add", "input": "1 and 2.", "output": ["3"]},
                             [{"role": "user", "content": "Add\n\n1 and 2."}, ANSWERED]),
    "natural instructions, raw": ({"Definition": ["Add"], "input": "1 and 2.", "output": "3", "Categories": ["Math"]},
                                  [{"role": "user", "content": "Add\n\n1 and 2."}, ANSWERED]),
    "self-instruct": ({"instruction": "Add 1 and 2.", "instances": [{"input": "", "output": "3"}]}, [ASKED, ANSWERED]),
    "text": ({"text": "Add 1 and 2.", "label": "math"}, [ASKED]),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_every_spelling_means_its_conversation(name):
    row, messages = ROWS[name]
    before = json.dumps(row)
    reader, _ = detect([row])
    assert reader.read(row).messages == messages
    assert json.dumps(row) == before  # the row itself is left alone
    assert not reader.read(row).unanswered
    # Arrow gives turns the keys that others have, as null; that changes nothing.
    laden = {key: [{"name": None, "weight": None, **turn} for turn in value] if key in ("messages", "conversations")
             and isinstance(value, list) else value for key, value in row.items()}  # fmt: skip
    assert reader.read(laden).id == reader.read(row).id


def test_every_shape_has_an_example():
    assert {detect([row])[0].shape.name for row, _ in ROWS.values()} == set(SHAPES)


def test_one_conversation_has_one_id_in_every_shape():
    judged = ("preference", "kto", "text", "alpaca with several")  # which say more than a conversation
    same = [n for n, (_, messages) in ROWS.items() if messages == [ASKED, ANSWERED] and not n.startswith(judged)]
    assert len(same) >= 8
    assert len({detect([ROWS[name][0]])[0].read(ROWS[name][0]).id for name in same}) == 1


def test_tools_are_tools_as_json_too():
    spellings = (TOOLS, json.dumps(TOOLS), [FUNCTION], json.dumps([FUNCTION]))
    rows = [{"messages": [ASKED, CALLED], "tools": tools} for tools in spellings]
    listed = {
        "messages": [{"role": "system", "content": [{"type": "tools", "value": json.dumps(TOOLS)}]}, ASKED, CALLED]
    }
    reader, _ = detect(rows)
    assert [reader.read(row).tools for row in [*rows, listed]] == [TOOLS] * 5
    assert reader.read(rows[0]).id == reader.read(rows[1]).id
    assert reader.read({"messages": [ASKED, CALLED], "tools": "[]"}).tools is None


def test_ids_see_every_key_that_is_not_null():
    reader, _ = detect([{"messages": [ASKED, ANSWERED]}])
    assert (
        reader.read({"messages": [ASKED, {**ANSWERED, "weight": 0}]}).id
        != reader.read({"messages": [ASKED, ANSWERED]}).id
    )
    assert fingerprint({"a": {"b": None, "c": [1]}}) == fingerprint({"a": {"c": [1]}, "d": None})
    # Rows that say opposite things of one conversation are no copies of each other.
    for row, other in (
        ({"messages": [ASKED, ANSWERED], "label": True}, {"messages": [ASKED, ANSWERED], "label": False}),
        ({"prompt": "a", "completion": "b", "label": True}, {"prompt": "a", "completion": "b", "label": False}),
        ({"prompt": "a", "chosen": "b", "rejected": "c"}, {"prompt": "a", "chosen": "b", "rejected": "d"}),
        ({"instruction": "a", "output": ["b", "c"]}, {"instruction": "a", "output": ["b", "d"]}),
        (
            {"definition": ["a", "b"], "input": "c", "output": "d"},
            {"definition": ["a", "x"], "input": "c", "output": "d"},
        ),
    ):
        reader, _ = detect([row])
        assert reader.read(row).id != reader.read(other).id
    text, _ = detect([{"text": "a", "label": 1}])
    assert text.read({"text": "a", "label": 1}).id != text.read({"text": "a", "label": 2}).id


def test_turns_are_told_apart():
    reader, _ = detect([{"messages": [SYSTEM, ASKED, CALLED]}])
    roles, texts = reader.read({"messages": [SYSTEM, ASKED, CALLED]}).turns()
    assert roles == [2, 0, 1] and texts[:2] == ["Be brief.", "Add 1 and 2."] and '"add"' in texts[2]


@pytest.mark.parametrize(
    "row",
    [
        {"instruction": "Say nothing.", "output": " "},
        {"instruction": "Say nothing.", "output": None},
        {"instruction": "Say nothing.", "output": []},
        {"messages": [ASKED, {"role": "assistant", "content": None}]},
        {"prompt": "Say nothing.", "completion": ""},
    ],
)
def test_empty_answers_are_seen(row):
    assert detect([row])[0].read(row).unanswered


def test_the_shape_is_what_most_first_rows_have_and_the_evidence_is_told():
    good = {"instruction": "a", "output": "b"}
    reader, evidence = detect([{"instruction": "a"}, good, good])
    assert reader.shape.name == "alpaca"
    assert evidence == "instruction, output in 2 of the first 3 rows"
    _, evidence = detect([{"question": "a", "answer": "b", "prompt": "c", "completion": "d"}])
    assert evidence.endswith("question_answer would fit too")


def test_columns_that_the_user_names_decide():
    row = {"question": "a", "answer": "b", "Q": "Add 1 and 2.", "A": "3"}
    reader, evidence = detect([row], columns={"instruction": "Q", "output": "A"})
    assert reader.read(row).messages == [ASKED, ANSWERED] and evidence.startswith("Q, A in 1")
    assert detect([row], name="text", columns={"text": "Q"})[0].read(row).messages == [ASKED]
    with pytest.raises(BadRow, match="no field 'A'; found Q; expected Q and A"):
        reader.read({"Q": "a"})
    with pytest.raises(
        BadRow, match=r"no column 'X', which source.columns names; its columns are 'question', 'answer', 'Q', 'A'"
    ):
        detect([row], columns={"question": "Q", "answer": "X"})
    with pytest.raises(BadRow, match="nearest is prompt_completion, which also needs completion or response"):
        detect([{"id": 1, "prompt": "a"}])
    with pytest.raises(BadRow, match="known are preference, messages"):
        detect([{"row": 1}])


@pytest.mark.parametrize(
    ("shape", "row", "says"),
    [
        ("alpaca", {"instruction": "a", "answer": "b"}, "no field 'output' or 'response'; found instruction, answer"),
        ("alpaca", {"instruction": "a", "output": 7}, "'output' holds a number; expected a string"),
        ("alpaca", {"instruction": "a", "output": ["b", 7]}, "'output' holds a list with a number in it"),
        ("alpaca", {"instruction": {"a": 1}, "output": "b"}, "'instruction' holds an object; expected a string"),
        ("alpaca", {"instruction": " ", "input": "", "output": "b"}, "'instruction' and 'input' are empty"),
        ("alpaca", {"instruction": "a", "output": "b", "history": [["a"]]}, "'history' holds something else"),
        ("messages", {"messages": []}, "'messages' holds an empty list"),
        ("messages", {"messages": None}, "'messages' holds null"),
        ("messages", {"messages": "hi"}, "'messages' holds a string; expected a list of turns"),
        ("messages", {"messages": [ASKED, {"role": "assistant", "content": None, "tool_calls": "add"}]},
         "'messages[1].tool_calls' holds a string; expected a list of calls"),
        ("messages", {"messages": "[hi]"}, "'messages' is not valid JSON (Expecting value: line 1 column 2 (char 1))"),
        ("messages", {"messages": ["hi"]}, "'messages[0]' holds a string; expected an object with role and content"),
        ("messages", {"messages": [{"content": "hi"}]}, "'messages[0].role' is missing"),
        ("messages", {"messages": [{"role": "user"}]}, "'messages[0].content' is missing; found role"),
        ("messages", {"messages": [{"role": "user", "content": 3}]}, "'messages[0].content' holds a number"),
        ("messages", {"messages": [ASKED]}, "no assistant turn to learn from; found user"),
        ("messages", {"messages": [ASKED, {"role": "assistant", "content": [{"type": "text"}]}]},
         "is a text part with null"),
        ("messages", {"messages": [ASKED, {"role": "assistant", "content": ["a"]}]}, "expected an object with a type"),
        ("messages", {"messages": [ASKED, {"role": "assistant", "content": [{"type": "tool_call", "value": "{"}]}]},
         "'messages[1].content[0].value' is not valid JSON"),
        ("sharegpt", {"conversations": [{"from": "human", "value": "a"}, {"from": "function_call", "value": "add"}]},
         "'conversations[1].value' is not valid JSON"),
        ("sharegpt", {"conversations": [{"from": "human", "value": "a"}]}, "no assistant turn"),
        ("prompt_completion", {"prompt": "", "completion": "b"}, "'prompt' is empty; expected a question"),
        ("prompt_completion", {"prompt": "a"}, "no field 'completion' or 'response'"),
        ("preference", {"chosen": "a", "rejected": "b"}, "no question: neither 'chosen' nor another column"),
        ("preference", {"prompt": "q", "chosen": None, "rejected": "b"}, "'chosen' holds null; expected an answer"),
        ("question_answer", {"question": "a", "answer": {"text": "b"}}, "'answer' holds an object"),
        ("sharegpt", {"conversations": [{"from": "human", "value": "a"},
                                        {"from": "function_call", "value": '{"n": %s}' % 2**70}]},
         "a whole number beyond 64 bits"),
        ("natural_instructions", {"definition": 3, "input": "a", "output": "b"}, "'definition' holds a number"),
        ("self_instruct", {"instruction": "a", "instances": []}, "'instances' holds no list of objects"),
        ("self_instruct", {"instruction": "a", "instances": [{"input": "b"}]},
         "an instance has no 'output'; found input"),
        ("text", {"text": "  "}, "'text' is empty"),
    ],
)  # fmt: skip
def test_bad_rows_are_named(shape, row, says):
    with pytest.raises(BadRow) as error:
        Reader(SHAPES[shape]).read(row)
    assert says in str(error.value)


def test_what_a_conversation_does_not_say_is_known():
    def unsaid(row):
        reader, _ = detect([row])
        return reader.unsaid(row, reader.read(row))

    assert unsaid({"messages": [ASKED, ANSWERED], "label": True, "id": 1}) == ["label", "id"]
    assert unsaid({"instruction": "a", "input": "b", "output": ["c", "d"], "response": "e"}) == ["output", "response"]
    assert unsaid({"prompt": "a", "chosen": "b", "rejected": "c", "instruction": "d"}) == ["rejected", "instruction"]
    assert unsaid({"instruction": "a", "input": "b", "chosen": "b", "rejected": "c"}) == ["rejected"]
    assert unsaid({"instruction": "a", "instances": [{"input": "", "output": "b"}]}) == []
    assert unsaid({"instruction": "a", "instances": [{"output": "b", "note": "c"}]}) == ["instances"]
    assert unsaid({"text": "a", "label": "b"}) == [] and unsaid({"text": "a", "label": 1}) == ["label"]


def test_nulls_inside_of_calls_and_tools_stay():
    call = {"type": "function", "function": {"name": "f", "arguments": {"limit": None}}}
    row = {
        "messages": [ASKED, {"role": "assistant", "content": None, "name": None, "tool_calls": [call]}],
        "tools": TOOLS,
    }
    read = detect([row])[0].read(row)
    assert read.messages[1] == {"role": "assistant", "content": None, "tool_calls": [call]} and read.tools == TOOLS
