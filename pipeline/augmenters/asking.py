"""What a model is asked for new rows, and the rows that its answers hold."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from datasets import Features

    from pipeline.endpoint.client import Messages
    from pipeline.sources.rows import Row

SHIPPED = Path(__file__).with_name("prompt.yaml")
KINDS = {"string": "string", "large_string": "string", "bool": "boolean"}


@dataclass(frozen=True)
class Prompt:
    """What a model is told; see ``prompt.yaml``."""

    system: str
    prompt: str
    border: str | None = None

    def messages(
        self, name: str, count: int, first: int, seeds: list[Row], other: str | None = None,
        beyond: list[Row] | None = None,
    ) -> Messages:  # fmt: skip
        """For ``count`` rows of the bin ``name``, from the ``first`` (from 1) on, like ``seeds``, all of one shape.

        With ``other``, for rows between that bin and it; ``beyond`` are rows of ``other``.
        """
        columns = ", ".join(f'"{column}"' for column in seeds[0])
        asked = (self.prompt if other is None else self.border or "").format(
            bin=name, count=count, first=first, last=first + count - 1, count_seeds=len(seeds), columns=columns,
            seeds=_lines(seeds), other=other, beyond=_lines(beyond or []),
        )  # fmt: skip
        return [{"role": "system", "content": self.system}, {"role": "user", "content": asked}]


def _lines(rows: list[Row]) -> str:
    return "\n".join(json.dumps(row, ensure_ascii=False, default=str) for row in rows)


def read(file: str | None, border: bool = False) -> Prompt:
    """That of a file, or the one that comes along; ``border``: whether it has to ask for rows between two bins, too.

    Raises
    ------
    ConfigError
        If it is not there, or shows no seeds, or not both sides of a border.
    """
    import yaml

    path = Path(file or SHIPPED)
    try:
        prompt = Prompt(**yaml.safe_load(path.read_text("utf-8")))
        shown = prompt.messages("<<bin>>", 7, 1, [{"<<column>>": "<<seed>>"}])[1]["content"]
        if "<<seed>>" not in shown or "<<column>>" not in shown:
            raise ValueError("it shows no {seeds}")
        if border or prompt.border is not None:
            rows = [{"<<column>>": "<<seed>>"}], "<<other>>", [{"<<column>>": "<<beyond>>"}]
            shown = prompt.messages("<<bin>>", 7, 1, *rows)[1]["content"]
            lacking = [what for what in ("seeds", "other", "beyond") if f"<<{what.removesuffix('s')}>>" not in shown]
            if lacking:
                raise ValueError(f"its border shows no {{{lacking[0]}}}")
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(
            f"augmenter.prompt={path} cannot be read: {' '.join(str(error).split())}; expected a YAML file."
        ) from error
    except (TypeError, KeyError, ValueError, AttributeError, IndexError) as error:
        raise ConfigError(
            f"augmenter.prompt={path} is no prompt ({error}); expected system, prompt with {{seeds}}, and for rows at "
            "borders a border with {seeds}, {other} and {beyond}; write it as pipeline/augmenters/prompt.yaml is."
        ) from error
    return prompt


def schema(features: Features, columns: list[str]) -> dict[str, Any]:
    """JSON schema of an answer: an object whose ``rows`` have these columns."""
    row = _object({column: _schema(features[column]) for column in columns})
    return _object({"rows": {"type": "array", "items": row}})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _schema(feature: Any) -> dict[str, Any]:
    if isinstance(feature, dict):
        return _object({name: _schema(one) for name, one in feature.items()})
    if hasattr(feature, "feature"):
        return {"type": "array", "items": _schema(feature.feature)}
    kind = str(getattr(feature, "dtype", "string"))
    number = "integer" if "int" in kind else "number" if "float" in kind else "string"
    return {"type": [KINDS.get(kind, number), "null"]}


def rows_of(said: str) -> list[Row]:
    """Objects that an answer holds: those of its ``rows``, of a list, or one a line, with words or a fence around them.

    Of an answer that was cut off, those that are whole.
    """
    found: list[Row] = []
    decoder, at = json.JSONDecoder(), said.find("{")
    while at >= 0:
        try:
            one, end = decoder.raw_decode(said, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            rows = one["rows"] if isinstance(one.get("rows"), list) else [one]
            found += [row for row in rows if isinstance(row, dict)]
        at = said.find("{", end)
    return found
