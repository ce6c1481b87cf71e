"""Rows that a language model wrote, as configurations: those that are kept, and all of them with their verdicts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pipeline.errors import ConfigError
from pipeline.sinks.configurations import names_of

if TYPE_CHECKING:
    from datasets import Dataset

    from pipeline.run import Run

SYNTHETIC, CANDIDATES = "synthetic", "candidates"
TOLD = ("id", "parents", "generator", "prompt", "bin", "sample_weight")  # behind `synthetic_`, but for the weight


def tables(run: Run) -> dict[str, Dataset]:
    """By the name of the configuration; none where none was written.

    ``synthetic`` (``synthetic-NAME`` where rows have the columns of several sources): the kept rows in the columns of
    their source, and ``synthetic_id`` (``synthetic-`` and a hash, which no real row has), ``synthetic_parents`` (ids of
    the rows that the model was shown), ``synthetic_generator``, ``synthetic_prompt`` (hash of the request),
    ``synthetic_bin`` and ``sample_weight``. ``candidates``: every row that was written, as JSON, and what became of it.

    Raises
    ------
    ConfigError
        If rows have one of these columns already.
    """
    from datasets import Dataset, Features, List, Value

    corpus, topup, additions = run.space.corpus, run.topup, run.additions
    if topup is None or additions is None:
        return {}
    text = Value("string")
    told = Features(
        {f"synthetic_{name}": text for name in TOLD[:-1]}
        | {"synthetic_parents": List(text), "sample_weight": Value("float64")}
    )
    found = {}
    accepted = additions.accepted
    sources = sorted({one.source for one in accepted})
    names = names_of([[corpus.names[source]] for source in sources]) if len(sources) > 1 else [""]
    for source, name in zip(sources, names, strict=False):
        features = corpus.tables[source].features
        taken = [column for column in told if column in features]
        if taken:
            raise ConfigError(
                f"written rows get a column '{taken[0]}', which the rows of {corpus.names[source]} have already; "
                "rename or remove that, or set sink.synthetic=none."
            )
        found[f"{SYNTHETIC}-{name}" if name else SYNTHETIC] = Dataset.from_list(
            [
                {column: one.row.get(column) for column in features}
                | {
                    "synthetic_id": f"synthetic-{one.id}",
                    "synthetic_parents": one.parents,
                    "synthetic_generator": additions.generator,
                    "synthetic_prompt": one.prompt,
                    "synthetic_bin": str(topup.name[one.bin]),
                    "sample_weight": one.weight,
                }
                for one in accepted
                if one.source == source
            ],
            features=Features({**features, **told}),
        )
    if additions.candidates:
        found[CANDIDATES] = Dataset.from_list(
            [
                {
                    "bin": str(topup.name[one.bin]),
                    "reason": one.reason,
                    "row": None if one.row is None else json.dumps(one.row, ensure_ascii=False, default=str),
                    "id": f"synthetic-{one.id}" if one.id else None,
                    "parents": one.parents,
                    "generator": additions.generator,
                    "prompt": one.prompt,
                }
                for one in additions.candidates
            ],
            features=Features({name: List(text) if name == "parents" else text for name in
                               ("bin", "reason", "row", "id", "parents", "generator", "prompt")}),
        )  # fmt: skip
    return found
