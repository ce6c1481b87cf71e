import pytest

from pipeline.sources.conversation import SHAPES, BadRow, detect, fingerprint, is_unanswered, read, text_of

ALPACA, MESSAGES = SHAPES["alpaca"], SHAPES["messages"]


def test_one_conversation_has_one_id_in_either_shape():
    alpaca = read(ALPACA, {"instruction": "Add.", "input": "1 2", "output": "3", "source": "x"})
    messages = read(
        MESSAGES,
        {"messages": [{"role": "user", "content": "Add.\n\n1 2", "name": None}, {"role": "assistant", "content": "3"}]},
    )
    assert fingerprint(alpaca) == fingerprint(messages)


def test_ids_see_every_key_that_is_not_null():
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    weighted = [turns[0], {**turns[1], "weight": 0}]
    assert fingerprint(turns) != fingerprint(weighted)
    assert fingerprint({"a": {"b": None, "c": [1]}}) == fingerprint({"a": {"c": [1]}, "d": None})


def test_tool_calls_are_an_answer_and_are_embedded():
    call = {"function": {"name": "weather", "arguments": '{"city": "Rome"}'}}
    turns = read(
        MESSAGES,
        {
            "messages": [
                {"role": "system", "content": "You have tools."},
                {"role": "user", "content": "Weather in Rome?"},
                {"role": "assistant", "content": None, "tool_calls": [call]},
            ]
        },
    )
    assert not is_unanswered(turns)
    assert "weather" in text_of(turns)


def test_empty_answers_are_seen():
    assert is_unanswered(read(ALPACA, {"instruction": "Say nothing.", "output": " "}))
    assert is_unanswered(read(ALPACA, {"instruction": "Say nothing.", "output": None}))


def test_shape_is_what_most_first_rows_have():
    good = {"instruction": "a", "output": "b"}
    assert detect([{"instruction": "a"}, good, good]) is ALPACA
    assert detect([{"text": "a"}]) is None


@pytest.mark.parametrize(
    ("shape", "row", "says"),
    [
        (ALPACA, {"instruction": "a", "answer": "b"}, "no field 'output'; found instruction, answer"),
        (ALPACA, {"instruction": "a", "output": ["b"]}, "'output' holds a list; expected a string"),
        (ALPACA, {"instruction": " ", "input": "", "output": "b"}, "are empty"),
        (MESSAGES, {"messages": []}, "'messages' holds nothing"),
        (MESSAGES, {"messages": "hi"}, "'messages' holds str"),
        (MESSAGES, {"messages": ["hi"]}, "'messages[0]' holds str"),
        (MESSAGES, {"messages": [{"content": "hi"}]}, "'messages[0].role' holds"),
        (MESSAGES, {"messages": [{"role": "user"}]}, "'messages[0].content' is missing"),
        (MESSAGES, {"messages": [{"role": "user", "content": 3}]}, "'messages[0].content' holds a number"),
        (MESSAGES, {"messages": [{"role": "user", "content": "hi"}]}, "no assistant turn"),
    ],
)
def test_bad_rows_are_named(shape, row, says):
    with pytest.raises(BadRow) as error:
        read(shape, row)
    assert says in str(error.value)
