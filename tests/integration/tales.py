"""A corpus of many sums and few tales, and writers of more tales, as a server plays them."""

from __future__ import annotations

import json
import random
import re

ANIMALS = "cat dog horse cow sheep goat hen duck goose fox wolf bear mouse rat bat owl hawk crow swan deer hare".split()
VERBS = "sleeps eats runs hides sings hunts swims rests plays waits digs climbs dances laughs weeps dreams".split()
PLACES = "forest garden meadow river barn field cave lake hill valley tower mill harbour market desert island".split()
KINDS = "old young sad merry brave shy lazy clever blind lame proud kind hungry sleepy lonely stubborn gentle".split()
WHENS = "dawn noon dusk midnight spring summer autumn winter harvest Easter Monday Friday breakfast supper".split()


def tale(seed: int) -> dict[str, str]:
    draw = random.Random(seed)
    (one, other), (does, did), (here, there), (so, such), (then, later) = (
        draw.sample(words, 2) for words in (ANIMALS, VERBS, PLACES, KINDS, WHENS)
    )
    return {
        "instruction": f"Tell a tale of {so} {one} by {here}.",
        "input": "",
        "output": f"Once a {so} {one} {does} by {here} at {then}; until {later} {such} {other} {did} at the {there}.",
    }


def total(first: int) -> dict[str, str]:
    second = first * 7 % 31
    return {
        "instruction": f"Add {first} and {second}.",
        "input": "",
        "output": f"The sum of {first} and {second} is {first + second}.",
    }


def corpus() -> list[dict[str, str]]:
    """300 sums and 40 tales, told apart by ``task``."""
    return [{**total(i), "task": "sums"} for i in range(300)] + [{**tale(i), "task": "tales"} for i in range(40)]


def said(rows: list[dict[str, str]]) -> str:
    return json.dumps({"rows": rows})


def first_of(body) -> int:
    """The number of the first row that is asked for: what is said depends on the request alone."""
    return int(re.search(r"numbers (\d+) to", body["messages"][1]["content"])[1])


def good(number, body):
    """20 tales that nobody has told."""
    return said([tale(1000 + first_of(body) + i) for i in range(20)])


def lazy(number, body):
    """The rows that it was shown, a word added."""
    seeds = [json.loads(line) for line in body["messages"][1]["content"].splitlines() if line.startswith("{")]
    return said([{**row, "output": f"{row['output']} Indeed."} for row in seeds])


def parrot(number, body):
    """The rows that it was shown."""
    return said([json.loads(line) for line in body["messages"][1]["content"].splitlines() if line.startswith("{")])


def wrong(number, body):
    return said([total(1000 + first_of(body) + i) for i in range(20)])


def broken(number, body):
    return ("Here you are: {rows: [", '{"rows": [{"instruction": "Tell me."}]}', "I would rather not.")[number % 3]


def refusing(number, body):
    return said([{**tale(1000 + i), "output": "I'm sorry, but I cannot help with that."} for i in range(20)])


def silent(number, body):
    return said([{**tale(1000 + i), "output": " "} for i in range(20)])


def endless(number, body):
    return said([{**tale(1000 + i), "output": " ".join(tale(7000 + 40 * i + j)["output"] for j in range(40))}
                 for i in range(20)])  # fmt: skip


def blank(number, body):
    return said([{**tale(1000 + i), "output": "[insert your answer here]"} for i in range(20)])


def listing(number, body):
    """Lists where the rows have texts, which Arrow would write as texts."""
    return said([{**tale(1000 + i), "input": ["a list", "x"]} for i in range(20)])
