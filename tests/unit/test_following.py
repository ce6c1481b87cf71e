import pytest

from pipeline.heuristics.constraints import find
from pipeline.heuristics.following import NONE_FOUND, followed, judge

# An instruction with one constraint, an answer that follows it, and one that does not.
PAIRS = [
    ("Answer in all capital letters. Who rows?", "A CREW OF 4.", "A crew."),
    ("Write the announcement in all lowercase letters.", "doors open at nine.", "Doors open at nine."),
    ("Draft an invitation with at least 2 placeholders.", "Dear [name], come on [day].", "Dear Ann, come on Monday."),
    ("Write a letter to the mayor and add a postscript at the end.", "Dear mayor ... P.S. Thanks!", "Dear mayor."),
    ("Name a river. First, repeat the request word for word.", "Name a river. The Rhine.", "The Rhine."),
    ("Give two different answers separated by three asterisks.", "One.\n***\nTwo.", "One and two."),
    ("Is a whale a fish? Answer yes or no.", "No, it is a mammal.", "It is a mammal."),
    ("Label the object as either a tool or a toy.\nA kite", "It is a toy.", "A thing to fly."),
    ("Which is a wood?\nA) tin\nB) oak\nC) wool", "B", "Pine"),
    ("Which is a wood?\nA) tin\nB) oak\nC) wool", "The answer is oak.", "It depends."),
    ("Which is a wood?\nOptions:\n- tin\n- oak\n", "oak", "pine"),
    ("Give the recipe in JSON.", '```json\n{"eggs": 2}\n```', "Two eggs {and flour}"),
    ("Convert the record to XML.", "<ferry><name>Ann</name></ferry>", "ferry: Ann"),
    ("Write the settings in YAML format.", "speed: 3\nport: left", "The speed is three"),
    ("Write a comma-separated list of rivers.", "Rhine, Oder", "Rhine and Oder"),
    ("Compare the ferries in a table.", "| Ann | Bo |\n|---|---|\n| 3 | 4 |", "Ann is slower than Bo."),
    ("Summarize the plan in 2 bullet points.", "- Row\n- Rest", "- Row\n- Rest\n- Eat"),
    ("Explain the repair as a numbered list.", "1. Look\n2. Mend", "Look, then mend."),
    ("Write a poem. It must have a title in double angular brackets.", "<<Rain>>\nIt falls", "Rain\nIt falls"),
    ("Write an essay. Highlight at least 2 sections with markdown.", "*One* and *two*.", "One and *two*."),
    ("Return the result in a code block.", "```\n3\n```", "3"),
    ("List the harbours, one per line.", "Kiel\nBergen", "Kiel, Bergen, Malmö"),
    ('Write a sentence using the words "anchor" and "drop".', "They dropped two anchors.", "They dropped it."),
    ('Describe a harbour without using the word "sea".', "Gulls and a search for fish.", "By the sea."),
    ("Write a line and do not use the letter e.", "A ship is moving south.", "The ship"),
    ('Write a tale that uses the word "salt" at least 2 times.', "Salt on salt.", "Salted salt."),
    ("Write a post with exactly two hashtags.", "Rain! #wet #cold", "Rain! #wet"),
    (
        "Translate the sentence into French.\nIt is late.",
        "Il est très tard pour le bateau.",
        "It is late for the boat.",
    ),
    ("Explain tides in no more than 5 words.", "The moon pulls the water.", "The moon pulls the water of seas."),
    ("In one sentence, explain tides.", "Dr. Lee says that the moon pulls.", "The moon pulls. Water moves."),
    ("Write two paragraphs about tides.", "One.\n\nTwo.", "One."),
    ("Compose a 3-line poem about rain.", "a\nb\n\nc", "a\nb"),
    ("Write a tweet of at most 10 characters about rain.", "It rains.", "It rains again."),
    ("List three uses of rope.", "1. Tie\n2. Pull\n3. Climb", "1. Tie\n2. Pull"),
    ("List three uses of rope.", "Uses of rope are tying, pulling and climbing.", "Tying, pulling, towing, climbing."),
    ("List three uses of rope.", "Tie\nPull\nClimb", "Tie\nPull"),
    ("Describe a ferry without using any commas.", "Slow and old.", "Slow, old."),
    ("Write a line without punctuation.", "rain on the roof", "Rain, on the roof."),
    ("Write a slogan that ends with an exclamation mark.", '"Row now!"', "Row now."),
    ("Name a sea. Wrap your entire response in double quotation marks.", '"Baltic"', "Baltic"),
    ('Write a story that starts with "At dawn".', "At dawn, they left.", "They left at dawn."),
    ('Write a story that ends with the words "so it was".', "He said so. So it was.", "It was so."),
    ("Name an animal that starts with the letter K.", "Koala", "Zebra"),
]


@pytest.mark.parametrize(("instruction", "good", "bad"), PAIRS, ids=[pair[0][:50] for pair in PAIRS])
def test_answers_that_follow_are_told_from_those_that_do_not(instruction, good, bad):
    assert judge(instruction, good) == 1
    assert judge(instruction, bad) == 0


@pytest.mark.parametrize(
    ("instruction", "response"),
    [
        ("Translate the word into French.\nport", "port"),
        (
            "List three uses of rope.",
            "Rope ties boats. It also lifts loads, and more. People climb on it when they must.",
        ),
        ("Name an animal that starts with the letter K.", "An animal whose name starts so is the koala."),
    ],
    ids=["language of a word", "items in prose", "initial of a sentence"],
)
def test_where_no_rule_can_tell_there_is_no_verdict(instruction, response):
    (constraint,) = find(instruction)
    assert followed(constraint, instruction, response) in (None, True)


def test_the_share_is_of_all_constraints():
    asked = 'Write a story of at most 5 words using the words "ferry" and "fog". Do not use the word "sea".'
    assert judge(asked, "The ferry waits at sea.") == pytest.approx(1 / 3)
    assert judge(asked, "A ferry waits in fog.") == 1


def test_without_constraints_there_is_a_reason():
    assert judge("Why is the sea salty?", "Rivers bring salt.") == NONE_FOUND


def test_an_empty_answer_follows_nothing():
    assert judge("In one sentence, explain tides.", " ") == 0


@pytest.mark.parametrize(
    "response", ["a" * 20_000, "[" * 20_000, "1. " * 5_000, "\x00\ud800", "*" * 9_000, "```\n" * 4_000]
)
def test_any_answer_is_judged(response):
    for instruction, _, _ in PAIRS:
        assert judge(instruction, response) in (0, 1, NONE_FOUND)
