"""Rows that fit a model's context, on disk, so that every process has the same."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

from sft import arms, corpora, language_model

PARTS = ("general", "pool", "held_out")


def prepare(chosen: dict[str, Any], place: Path, draft: Path) -> None:
    """Make the tokenizer, as a folder, and the file of the rows that fit the context, with their tokens, by part.

    Raises
    ------
    SystemExit
        If a file of a source is not there, or a source has no row in a part.
    """
    try:
        corpus = corpora.load(Path(chosen["data"]), chosen["sources"], chosen["general"], chosen["held_out"])
    except FileNotFoundError as error:
        raise SystemExit(f"{error.filename} is not there; expected a file of the sources; mend data.") from error
    if chosen["model"] == language_model.SMALL:
        language_model.make_tokenizer(corpus.general, chosen["small"]["vocabulary"], place)
    else:
        language_model.read_tokenizer(chosen["model"], chosen["revision"]).save_pretrained(place)
    tokenizer = language_model.read_tokenizer(str(place))
    found: dict[str, Any] = {"content": corpus.content(), "too_long": dict.fromkeys(chosen["sources"], 0)}
    for part in PARTS:
        fitting, counts = [], dict.fromkeys(chosen["sources"], 0)
        everything = getattr(corpus, part)
        for row, encoded in zip(everything, language_model.encode(everything, tokenizer), strict=True):
            most = chosen["held_out"] if part == "held_out" else chosen["largest"][part]
            found["too_long"][row["source"]] += len(encoded.ids) > chosen["context"]
            if len(encoded.ids) <= chosen["context"] and sum(encoded.said) and counts[row["source"]] < most:
                counts[row["source"]] += 1
                fitting.append(row | {"tokens": len(encoded.ids), "answer_tokens": sum(encoded.said)})
        if not all(counts.values()):
            empty = next(name for name, count in counts.items() if not count)
            raise SystemExit(
                f"sources: no row of {empty} is left for {part} in context={chosen['context']}; leave it out, or raise "
                "context, general or held_out."
            )
        found[part] = fitting
    with gzip.open(draft, "wt", encoding="utf-8") as file:
        json.dump(found, file)


def require_data(chosen: dict[str, Any]) -> None:
    """Refuse a folder that is not there.

    Raises
    ------
    SystemExit
    """
    if chosen["sources"] != ["docs"] and not Path(chosen["data"]).is_dir():
        raise SystemExit(f"data={chosen['data']} is no folder; name that of the sources, or take preset=smoke.")


def require_same(chosen: dict[str, Any]) -> None:
    """Refuse data that changed since the rows were chosen; on a machine without it, what was chosen is gone on with.

    Raises
    ------
    SystemExit
    """
    if Path(chosen["data"]).is_dir():
        now = corpora.load(Path(chosen["data"]), chosen["sources"], chosen["general"], chosen["held_out"]).content()
        if now != read(chosen["parts"])["content"]:
            raise SystemExit(f"data={chosen['data']} has changed since {chosen['parts']} was made of it; remove that.")


@cache
def read(parts: str) -> dict[str, Any]:
    """Rows ``{"messages", "source", "tokens", "answer_tokens"}`` of each part; how many were too long."""
    with gzip.open(Path(parts) / "rows.json.gz", "rt", encoding="utf-8") as file:
        return json.load(file)


def pool(parts: str, pair: int) -> list[dict[str, Any]]:
    """What a pair has to select from."""
    everything = read(parts)["pool"]
    return [everything[i] for i in arms.subsample(len(everything), pair)]
