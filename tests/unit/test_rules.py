"""What rules say of answers as prose: refusals, truncation, repetition, echo, language."""

import pytest

from pipeline.heuristics import echo, languages, refusals, repetition, truncation

ASK = "Describe the life of bees in a few sentences."
BEES = "Bees live in colonies. Each colony has one queen. The workers gather nectar and feed the young."


@pytest.mark.parametrize(
    ("response", "verdict"),
    [
        (BEES, 1),
        ("I'm sorry, but I can't help with that request.", 0),
        ("I am an AI and I cannot browse the internet.", 0),
        ("As an AI language model, I would say that bees are useful. They make honey.", 0.5),
        ("Bees are useful. I hope this helps!", 0.5),
        ("Dear [insert name], bees are useful.", 0.5),
        ("Sorry, the bees said, we cannot dance today.", 1),
        ("I can't help but notice how the bees dance.", 1),
        ("I cannot see the stars tonight, she whispered.", 1),
        ("If no input is given, the function returns None.", 1),
        ("Please provide the text that you want me to look at.", 0),
        ("", 1),
    ],
)
def test_refusals_and_boilerplate(response, verdict):
    assert refusals.judge(ASK, response) == verdict


def test_what_was_asked_for_is_no_boilerplate():
    assert refusals.judge("Write a letter that ends with 'I hope this helps'.", "Dear Ann, I hope this helps.") == 1
    assert refusals.judge("Write an email to my team.", "Dear [team], let me know if you have any questions.") == 1


@pytest.mark.parametrize(
    "response",
    [
        BEES,
        "He said: “Bees sleep.”",
        "1. Honey\n2. Wax\n3. Pollen",
        "Three things:\n- honey.\n- wax.\n- pollen.",
        "48 + 24 = 72 clips in all.\n#### 72",
        "```python\nprint(1)\n```",
        "蜂は眠る。",
        '{"bees": ["queen", "worker"], "count": 2, "where": "in the hive", "since": "spring", "kept by": "Ann"}',
        "SELECT name FROM bees WHERE age > 3;",
        "Here are three ideas:\n- honey\n- wax",
        "Dear Ann,\nthe bees are well.\nBest regards,\nBob",
        "The bees are back! We are all so happy about it #bees",
        "Much is known of bees. See https://example.com/bees",
        "The bees are back! We are all so happy about it 🐝",
        "Roses are red,\nviolets are blue,\nsugar is sweet,\nand so are you",
    ],
)
def test_whole_answers_are_whole(response):
    assert truncation.judge(ASK, response) > 0.9


@pytest.mark.parametrize(
    "response",
    [
        BEES[: len(BEES) // 2],
        "Bees live in colonies. Each colony has one queen, and",
        "Bees live in colonies, and the workers gather the",
        "```python\nprint(1)",
        "Bees live in colonies. Each (as is known",
        "Bees live in colonies.\nEach colony has one queen.\nThe workers gath",
    ],
)
def test_answers_that_stop_in_the_middle_are_not(response):
    assert truncation.judge(ASK, response) <= 0.1


@pytest.mark.parametrize("response", ["Paris", "42", "the queen bee", ""])
def test_of_a_label_nobody_knows_whether_it_is_whole(response):
    assert truncation.judge(ASK, response) == truncation.NO_END


def test_an_answer_given_twice_is_half_new():
    assert repetition.judge(ASK, BEES) == 1
    assert repetition.judge(ASK, f"{BEES} {BEES}") == pytest.approx(0.55, abs=0.06)
    assert repetition.judge(ASK, "bee bee bee bee") == 0.25
    assert repetition.judge(ASK, " ".join(["bee"] * 100)) < 0.02
    assert repetition.judge(ASK, "Bees") == repetition.SHORT


def test_a_request_said_again_is_no_answer():
    assert echo.judge(ASK, ASK) == 0
    assert echo.judge(ASK, BEES) == 1
    assert 0.5 < echo.judge(ASK, f"{ASK} {BEES}") < 0.9
    assert echo.judge("Bees?", BEES) == echo.SHORT


@pytest.mark.parametrize("response", ["red, green, blue", "2, 4, 6", "1 + 1 = 2", "a | b\n--- | ---\n1 | 2"])
def test_marks_are_no_words_that_are_repeated(response):
    assert repetition.judge(ASK, response) in (repetition.SHORT, 1)


def test_the_text_that_is_worked_on_may_be_repeated():
    assert echo.judge(f"Correct the grammar of the text below.\n{BEES}", BEES) == 1
    given = "Fix the grammar of this sentence: He go to school by the old bus every morning."
    assert echo.judge(given, "He goes to school by the old bus every morning.") == 1


@pytest.mark.parametrize(
    ("instruction", "response", "verdict"),
    [
        (ASK, BEES, 1),
        (ASK, "Die Bienen leben in einem Volk, und die Arbeiterinnen sammeln den Nektar für die Jungen.", 0),
        ("Beschreibe das Leben der Bienen und was sie im Winter machen.", BEES, 0),
        ("Translate into German: the bees are in the garden.", "Die Bienen sind in dem Garten.", languages.ASKED_FOR),
        (ASK, "Honey", languages.UNKNOWN),
    ],
)  # fmt: skip
def test_answers_are_in_the_language_of_the_request(instruction, response, verdict):
    assert languages.judge(instruction, response) == verdict


@pytest.mark.parametrize("rule", [refusals, truncation, repetition, echo, languages], ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("text", ["", " \n\t", "\0\ud7ff🐝" * 50, "(" * 5000, "a " * 60_000], ids=range(5))
def test_no_text_breaks_a_rule(rule, text):
    for instruction, response in ((text, BEES), (ASK, text), (text, text)):
        verdict = rule.judge(instruction, response)
        assert isinstance(verdict, str) or 0 <= verdict <= 1
