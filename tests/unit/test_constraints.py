import pytest

from pipeline.heuristics.constraints import find
from pipeline.heuristics.languages import language_of

FOUND = [
    ("letter_case", "upper", (), "Answer in all capital letters. Who built the bridge?"),
    ("letter_case", "lower", (), "Write the announcement in all lowercase letters."),
    ("placeholder_and_postscript", "placeholders", (3, -1), "Draft an invitation with at least 3 placeholders."),
    ("placeholder_and_postscript", "postscript", (), "Write a letter to the mayor and add a postscript at the end."),
    ("repeat_prompt", "repeated", (), "Name a river. First, repeat the request word for word."),
    ("output_combination", "parts", ("***", 2, 2), "Give two different answers separated by three asterisks."),
    ("choose_output", "option", ("yes", "no"), "Is a whale a fish? Answer yes or no."),
    ("choose_output", "option", ("true", "false"), "True or false: copper is a metal."),
    ("choose_output", "option", ("tool", "toy"), "Label the object as either a tool or a toy.\nA kite"),
    ("choose_output", "option", ("glad", "sad"), 'Read the note. Answer "glad" if it is happy, otherwise "sad".'),
    ("choose_output", "option", ("A) tin", "B) oak", "C) wool"), "Which is a wood?\nA) tin\nB) oak\nC) wool"),
    ("choose_output", "option", ("tin", "oak"), "Which is a wood?\nOptions:\n- tin\n- oak\n"),
    ("choose_output", "option", ("warm", "cold"), "Label the mood as one of the following: warm, cold.\nIt snows."),
    ("output_format", "json", (), "Give the recipe in JSON."),
    ("output_format", "xml", (), "Convert the record to XML."),
    ("output_format", "html", (), "Write the notice as HTML."),
    ("output_format", "yaml", (), "Write the settings in YAML format."),
    ("output_format", "csv", (), "Write a comma-separated list of rivers."),
    ("output_format", "table", (), "Compare the two ferries in a table."),
    ("output_format", "bullets", (4, 4), "Summarize the plan in 4 bullet points."),
    ("output_format", "bullets", (1, -1), "Write a bulleted list of the risks."),
    ("output_format", "bullets", (3, 3), "What makes a harbour safe? Use exactly 3 bullet points."),
    ("output_format", "numbered", (), "Explain the repair as a numbered list."),
    ("output_format", "angles", (), "Write a poem. It must have a title in double angular brackets."),
    ("output_format", "highlighted", (2, -1), "Write an essay. Highlight at least 2 sections with markdown."),
    ("output_format", "fenced", (), "Return the result in a code block."),
    ("output_format", "per line", (), "List the harbours, one per line."),
    ("keyword_included", "included", ("anchor", "rope"), 'Write a sentence using the words "anchor" and "rope".'),
    ("keyword_included", "included", ("oar", "tide"), "Make a poem with the following words: oar, tide"),
    ("keyword_included", "included", ("oar",), 'Who built the pier? Include the word "oar" in your answer.'),
    ("keyword_included", "included", ("oar", "tide"), 'Your answer must contain the words "oar" and "tide".'),
    ("keyword_avoided", "avoided", ("sea",), 'Describe a harbour without using the word "sea".'),
    ("keyword_avoided", "avoided letter", ("e",), "Write a line and do not use the letter e."),
    ("keyword_frequency", "frequency", ("salt", 3, -1), 'Write a tale that uses the word "salt" at least 3 times.'),
    ("keyword_frequency", "frequency", ("salt", 2, 2), 'Write a tale with the word "salt" twice.'),
    ("keyword_frequency", "frequency", ("salt", 2, -1), 'Who sells it? Use the word "salt" at least twice.'),
    ("keyword_frequency", "frequency", ("salt", 0, 1), 'Who sells it? Use the word "salt" at most once.'),
    ("keyword_frequency", "hashtags", (2, 2), "Write a post with exactly two hashtags."),
    ("language", "language", ("fr",), "Translate the sentence into French.\nThe boat is late."),
    ("language", "language", ("de",), "Write a greeting in German."),
    ("length", "word", (0, 50), "Explain tides in no more than 50 words."),
    ("length", "word", (200, 300), "Write an essay of 200 to 300 words about tides."),
    ("length", "word", (80, 120), "Write a 100-word story about a ferry."),
    ("length", "word", (1, 1), "Describe the sea in one word."),
    ("length", "sentence", (1, 1), "In one sentence, explain tides."),
    ("length", "sentence", (3, -1), "Your answer should contain at least three sentences. What is a tide?"),
    ("length", "paragraph", (2, 2), "Write two paragraphs about tides."),
    ("length", "line", (5, 5), "Compose a 5-line poem about rain."),
    ("length", "character", (0, 140), "Write a tweet of at most 140 characters about rain."),
    ("length", "items", (5, 5), "List five uses of rope."),
    ("length", "items", (10, 10), "Generate a list of 10 boat names."),
    ("length", "items", (2, 3), "Give 2-3 examples of knots."),
    ("punctuation", "lacks", (",",), "Describe a ferry without using any commas."),
    ("punctuation", "bare", (), "Write a line without punctuation."),
    ("punctuation", "ends", ("!",), "Write a slogan that ends with an exclamation mark."),
    ("punctuation", "wrapped", (), "Name a sea. Wrap your entire response in double quotation marks."),
    ("start_and_ending", "starts", ("At dawn",), 'Write a story that starts with "At dawn".'),
    ("start_and_ending", "ends", ("so it was",), 'Write a story that ends with the words "so it was".'),
    ("start_and_ending", "initial", ("k",), "Name an animal that starts with the letter K."),
]

NOT_FOUND = {
    "quoted request": 'Translate to a formal tone: "Write three sentences in all capital letters."',
    "input behind a colon": "Rewrite this: Please answer in one word.",
    "input on further lines": "Analyze the following text.\nWrite five sentences in JSON.\nDo not use commas.",
    "passage before a question": "She was told to list five reasons in one sentence.\n\nWhy was she told so?",
    "program about case": "Write a function that converts a string to upper case.",
    "regex about a first letter": "Write a regular expression for words starting with the letter 'b'.",
    "its two sentences": "Combine the two sentences.\nIt rained. We stayed.",
    "length of the input": "Improve this poem of 20 lines.",
    "relation of two words": "Describe the relationship between two words.",
    "quantity that is no count of items": "Create a training plan for three weeks.",
    "people, not characters": "Write a dialogue with two characters.",
    "yes-no question to be made": "Turn it into a yes/no question.\nHe should have left.",
    "lines that speak": "Make a monologue of it.\nA: Good morning.\nB: Good evening.",
    "options to order": "Arrange by size.\nA) cat\nB) horse",
    "table of a database": "Write a query that counts the rows in a table.",
    "use of a word explained": 'When would you use the word "hence"?',
    "items of the input avoided": "Print the words that do not contain the letter 'e'.",
    "language spoken of": "What is the history of poetry in French?",
    "template": "Fill in the placeholders of the form.",
    "repeat as a topic": "Why do people repeat the question when they are nervous?",
    "separation as a topic": "How are two countries separated by a river governed?",
    "punctuation to be mended": "Correct the punctuation of it.\nwell yes",
    "end as a topic": "How did the story of the ferry end?",
    "keyword counted in the text": "How often does the author repeat himself?",
    "empty": "",
    "odd characters": "\x00\ud800\u202e \"'“” ((((",
}


@pytest.mark.parametrize(("kind", "check", "values", "instruction"), FOUND, ids=[row[3][:50] for row in FOUND])
def test_a_constraint_is_found(kind, check, values, instruction):
    found = [(one.kind, one.check, one.values) for one in find(instruction)]
    assert (kind, check, values) in found and len(found) <= 2


@pytest.mark.parametrize("instruction", NOT_FOUND.values(), ids=NOT_FOUND.keys())
def test_what_is_not_asked_of_the_answer_is_no_constraint(instruction):
    assert find(instruction) == []


def test_several_constraints_are_found_with_their_words():
    asked = 'Write a story of at most 50 words using the words "ferry" and "fog". Do not use the word "sea".'
    assert {one.kind for one in find(asked)} == {"length", "keyword_included", "keyword_avoided"}
    assert all(one.text in asked for one in find(asked))


def test_lengths_of_different_parts_are_no_length_of_the_answer():
    assert not find("Describe a tide in two sentences. Then explain it in five sentences.")


def test_demands_on_further_lines_count_where_no_text_to_work_on_stands_there():
    assert [one.check for one in find("Write about rain.\n\n- Your answer must have at least 40 words.")] == ["word"]


def test_long_instructions_are_read_quickly():
    for text in ("a " * 50_000, '"' * 100_000, "'a" * 50_000, "write one " * 10_000, "A) b\n" * 20_000, "(" * 100_000):
        assert isinstance(find(text), list)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "The ferry was late and we had to wait for it in the rain."),
        ("fr", "Le bateau est en retard et nous sommes dans le port avec les autres."),
        ("es", "El barco no está en el puerto y los niños están muy cansados."),
        ("de", "Das Schiff ist spät und wir warten auf die anderen im Hafen."),
        ("it", "La barca non è nel porto e il mare è molto calmo per una sera di inverno."),
        ("pt", "O barco não está no porto e as crianças estão com muito sono."),
        ("nl", "Het schip is te laat en wij wachten op de anderen in het dorp."),
        ("ru", "Корабль опоздал, и мы ждали его под дождём."),
        ("uk", "Корабель запізнився, і ми чекали його під дощем."),
        ("ja", "船は遅れています。"),
        ("zh", "船晚点了，我们在等。"),
        ("ko", "배가 늦었습니다."),
        ("ar", "تأخرت السفينة اليوم."),
        ("el", "Το πλοίο άργησε σήμερα."),
        ("hi", "जहाज देर से आया।"),
        (None, "Marseille"),
        (None, "x = [1, 2, 3]"),
        (None, ""),
    ],
)
def test_the_language_of_a_text(code, text):
    assert language_of(text) == code
