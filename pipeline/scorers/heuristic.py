"""Quality by rules, offline: what a rule of each kind says of an answer, routed by category [LASER]."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from pipeline.arrays.texts import ASSISTANT, USER
from pipeline.progress import track
from pipeline.scorers import Scorer, Verdicts

if TYPE_CHECKING:
    from pipeline.arrays import Space, Texts
    from pipeline.executors import Executor

BLOCK = 256
RULES = ("refusal", "truncation", "repetition", "echo", "language", "constraints", "code", "arithmetic", "answer")
LENGTH = "length"  # a part too, but of a row among those of its category
PROSE = ("refusal", "truncation", "repetition", "echo", "language", LENGTH)
# Categories of `categorizer=tasks`; any other has all rules that look for what they judge.
ROUTES = {
    "Math": ("refusal", "repetition", "language", LENGTH, "constraints", "arithmetic", "answer"),
    "Coding": ("refusal", "repetition", LENGTH, "code"),
    "Generation": (*PROSE, "constraints"),
    "Brainstorming": (*PROSE, "constraints"),
    "Factual QA": (*PROSE, "constraints"),
    "Reasoning": (*PROSE, "constraints", "arithmetic"),
    "Extraction": tuple(rule for rule in (*PROSE, "constraints") if rule != "echo"),  # an answer is in the request
}
REST = (*PROSE, "constraints", "code", "arithmetic")
EMPTY, ELSEWHERE = "empty answer", "not asked of its category"
CODE = "code, which ends as it likes"
FEWEST = 20  # rows of a category that say what length is usual there
ALONE = "nothing but its length to judge"
UNUSUAL = "too few rows in its category to know their lengths"
SHORT, LONG = 10, 99  # percentiles of length in a category between which a length is right


@dataclass(kw_only=True)
class Heuristic(Scorer):
    """Product of what rules say of an answer, each in [0, 1], 1 where all is well. Which rules depends on the category.

    The parts have columns of their own: ``refusal`` and boilerplate, ``truncation``, ``repetition``, ``echo`` of the
    request, ``language`` (that of the request), ``length`` (1 from the 10th to the 99th percentile of the category,
    down to 0.5 at its ends), ``constraints`` followed of those that the request states, ``code`` that parses,
    ``arithmetic`` that is right, a final ``answer`` of a mathematical task. A rule that finds nothing to judge gives no
    verdict, and takes no part in the product (arXiv 2505.22157, section 3.3, has models in the place of rules). In a
    chat each request is looked at with its answer, and a part is the mean over these; length is that of all answers.
    """

    version: ClassVar[int] = 4  # raised with any change of rules or routes

    def require(self) -> None:
        from pipeline.heuristics.grammars import require

        require()

    def identity(self) -> dict[str, Any]:
        from pipeline.heuristics.grammars import MODULES

        # The parser of Python comes with Python, those of other languages as packages.
        modules = sorted({"tree_sitter", *(module for module, _ in MODULES.values())})
        parsers = {module: version(module.replace("_", "-")) for module in modules if find_spec(module)}
        return {**super().identity(), "python": sys.version_info[:2], "parsers": parsers}

    def of_new(self, texts: Texts, category: np.ndarray) -> np.ndarray:
        """Product of the rules, but of lengths, for rows that are not of the corpus: float64[m], NaN for no verdict.

        Parameters
        ----------
        texts : Texts
        category : str[m]
        """
        names, code = np.unique(category, return_inverse=True)
        routes = [ROUTES.get(str(name), REST) for name in names]
        values, _, _ = _judge(texts, routes, code, (0, len(code)))
        return product(values.T.astype(np.float32))  # as those of the corpus are kept

    def score(self, space: Space, executor: Executor) -> Verdicts:
        return self.parts(space, executor)[""]

    def parts(self, space: Space, executor: Executor) -> dict[str, Verdicts]:
        n, bins = len(space), space.bins
        routes = [ROUTES.get(str(name), REST) for name in bins.category_name]
        blocks = [(start, min(start + BLOCK, n)) for start in range(0, n, BLOCK)]
        found = executor.map(partial(_judge, space.corpus.texts, routes, bins.category), blocks)
        steps = [stop - start for start, stop in blocks]
        values, lengths, reasons = [], [], {name: Counter() for name in RULES}
        for judged, words, why in track(found, "quality", "rows", total=n, step=steps):
            values.append(judged)
            lengths.append(words)
            for name, counts in why.items():
                reasons[name].update(counts)
        columns = dict(zip(RULES, np.concatenate(values).T, strict=True))
        words = np.concatenate(lengths)
        columns[LENGTH] = _fit(words, bins.category)
        few = int((np.isnan(columns[LENGTH]) & (words > 0)).sum())
        reasons[LENGTH] = Counter({EMPTY: int((words == 0).sum()), UNUSUAL: few})
        judged = ~np.isnan(np.stack([columns[name] for name in RULES])).all(axis=0)
        whole = np.where(judged, product(list(columns.values())), np.nan)
        none = Counter({EMPTY: int((words == 0).sum()), ALONE: int((~judged & (words > 0)).sum())})
        whole = {"": (whole.astype(np.float32), _counted(none))}
        return whole | {name: (value.astype(np.float32), _counted(reasons[name])) for name, value in columns.items()}


def product(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Of the verdicts that there are: float64[n]; NaN where there is none."""
    values = np.stack(parts)
    return np.where(np.isnan(values).all(axis=0), np.nan, np.nanprod(values, axis=0))


def _rules() -> dict[str, Callable[[str, str], float | str]]:
    from pipeline.heuristics import arithmetic, code, echo, following, languages, refusals, repetition, truncation

    judges = [one.judge for one in (refusals, truncation, repetition, echo, languages, following, code, arithmetic)]
    return dict(zip(RULES, [*judges, arithmetic.final_answer], strict=True))


def _counted(reasons: Counter) -> dict[str, int]:
    return {reason: count for reason, count in sorted(reasons.items()) if count}


def _judge(
    texts: Texts, routes: list[tuple[str, ...]], category: np.ndarray, block: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, dict[str, Counter]]:
    """Verdicts of the rules, float64[b, r], words of the answers, int64[b], and how often there was none, and why."""
    rules, turns = _rules(), texts.turns(*block).to_pydict()
    values = np.full((len(turns["role"]), len(RULES)), np.nan)
    reasons, words = {name: Counter() for name in RULES}, []
    cut, parsed = RULES.index("truncation"), RULES.index("code")
    for row, (roles, said, code_) in enumerate(zip(*turns.values(), category[slice(*block)], strict=True)):
        answered = [pair for pair in exchanges(roles, said) if pair[1].strip()]
        words.append(sum(len(response.split()) for _, response in answered))
        for column, (name, rule) in enumerate(rules.items()):
            if name not in routes[code_] and answered:
                reasons[name][ELSEWHERE] += 1
                continue
            verdicts = [rule(*pair) for pair in answered] or [EMPTY]
            numbers = [verdict for verdict in verdicts if not isinstance(verdict, str)]
            if numbers:
                values[row, column] = np.mean(numbers)
            else:
                reasons[name][verdicts[0]] += 1
        if not np.isnan(values[row, parsed]) and not np.isnan(values[row, cut]):
            values[row, cut] = np.nan
            reasons["truncation"][CODE] += 1
    return values, np.array(words, np.int64), reasons


def exchanges(roles: list[int], said: list[str]) -> Iterator[tuple[str, str]]:
    """What is asked and what is answered, time after time: user turns, and the assistant's up to the next of these.

    Turns of others are left out: what a system or a tool says is no request.
    """
    asked: list[str] = []
    answered: list[str] = []
    for role, text in zip(roles, said, strict=True):
        if role == ASSISTANT:
            answered.append(text)
        elif role == USER:
            if answered:
                yield "\n".join(asked), "\n".join(answered)
                asked, answered = [], []
            asked.append(text)
    if answered:
        yield "\n".join(asked), "\n".join(answered)


def _fit(words: np.ndarray, category: np.ndarray) -> np.ndarray:
    """How well the length of each answer fits those of its category: float64[n], NaN for empty ones and in small
    categories."""
    fit = np.full(len(words), np.nan)
    for code_ in np.unique(category):
        rows = np.flatnonzero((category == code_) & (words > 0))
        if len(rows) < FEWEST:
            continue
        own = words[rows].astype(np.float64)
        low, high = np.percentile(own, [SHORT, LONG])
        fit[rows] = np.where(own < low, 0.5 + 0.5 * own / max(low, 1), np.where(own > high, 0.5 + 0.5 * high / own, 1))
    return fit
