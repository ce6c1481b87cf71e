"""What a judge is told, and what its answers are worth."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.endpoint.client import Messages
from pipeline.errors import ConfigError

SHIPPED = Path(__file__).with_name("rubric.yaml")
NONSENSE, OUTSIDE = "the judge gives no score", "the judge's score is outside the scale"
SCORE = re.compile(r'"score"\s*:\s*"?\s*(-?\d+(?:\.\d+)?)\s*(?:/\s*\d+)?"?\s*[,}]')


@dataclass(frozen=True)
class Rubric:
    """What a judge is told, and the scale of its scores; see ``rubric.yaml``."""

    low: float
    high: float
    system: str
    prompt: str
    criteria: dict[str, str]

    def messages(self, category: str, instruction: str, response: str) -> Messages:
        criteria = self.criteria.get(category, self.criteria["default"])
        asked = self.prompt.format(criteria=criteria, instruction=instruction, response=response)
        return [{"role": "system", "content": self.system}, {"role": "user", "content": asked}]

    def require_whole(self) -> None:
        """Refuse a rubric that lacks something.

        Raises
        ------
        ValueError, TypeError, KeyError, AttributeError, IndexError
        """
        texts = [self.system, self.prompt, *self.criteria.values()]
        if not all(isinstance(text, str) and text.strip() for text in texts):
            raise ValueError("a text of it is empty or no text")
        if not self.low < self.high:
            raise ValueError("low is not below high")
        marks = "<<what is asked>>", "<<what is answered>>"
        shown = self.messages("", *marks)[1]["content"]
        if not all(mark in shown for mark in marks):
            raise ValueError("its prompt shows no {instruction} or no {response}")

    def score(self, said: str) -> float | str:
        """The score in [0, 1] that an answer holds, or why there is none."""
        found = SCORE.findall(said)
        if len(set(found)) != 1:  # none, or several that differ
            return NONSENSE
        number = float(found[0])
        return (number - self.low) / (self.high - self.low) if self.low <= number <= self.high else OUTSIDE


def read(file: str | None) -> Rubric:
    """That of a file, or the one that comes along.

    Raises
    ------
    ConfigError
        If it is not there, or lacks a part.
    """
    import yaml

    path = Path(file or SHIPPED)
    where = f"scorers.quality.rubric={path}"
    try:
        rubric = Rubric(**yaml.safe_load(path.read_text("utf-8")))
        rubric.require_whole()
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{where} cannot be read: {' '.join(str(error).split())}; expected a YAML file.") from error
    except (TypeError, KeyError, ValueError, AttributeError, IndexError) as error:
        raise ConfigError(
            f"{where} is no rubric ({error}); expected low, high, system, prompt with {{criteria}}, {{instruction}} "
            "and {response}, and criteria with a default; write it as pipeline/scorers/rubric.yaml is."
        ) from error
    return rubric
