"""Filling thin bins with rows that a model writes: asking, checking, and keeping as much as helps."""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays import Additions
from pipeline.augmenters import asking, size
from pipeline.augmenters.acceptance import Gate
from pipeline.augmenters.endpoint import Focus
from pipeline.augmenters.plans import Plan, along_borders, columns_of, plan, rows_shown
from pipeline.augmenters.seeds import JUDGING, divided
from pipeline.augmenters.writing import Writer
from pipeline.bins.categorizers import ColumnCategory
from pipeline.endpoint.store import Store, default_requests
from pipeline.errors import EndpointError
from pipeline.scorers.heuristic import RULES, Heuristic, product
from pipeline.tokens import BYTES

if TYPE_CHECKING:
    from pipeline.arrays import Scores, Selection, Space, TopUp
    from pipeline.augmenters.endpoint import Endpoint
    from pipeline.config import Config
    from pipeline.provenance import Stages

log = logging.getLogger("corebound")
UNUSED, UNHELPFUL = "more than is needed", "passed, but did not help"
TRIED = 4  # requests of a bin whose length tells that of all
NAMED = 5  # borders


def write(
    own: Endpoint, config: Config, stages: Stages, space: Space, scores: Scores, selection: Selection, topup: TopUp
) -> tuple[TopUp, Additions | None]:
    """Ask for what bins lack, check what is said, and keep as much as helps; see `Augmenter.write`."""
    plans = plan(topup, space, scores, selection, own.largest, own.slack, own.count, config.seed)
    prompt = asking.read(own.prompt, border=own.focus != Focus.thin)
    held = _held_out(plans, config.seed, selection, topup)
    if plans and not len(held):
        log.warning("augmenter: no bin has %d rows, so that some could judge whether new ones help; thin bins get "
                    "weight alone.", JUDGING)  # fmt: skip
        return topup, None
    if own.focus != Focus.thin:
        plans = along_borders(plans, held, topup, space, scores, selection, whole=own.focus == Focus.both)
    _foretell(own, plans, prompt, space)
    if not plans or own.plan_only:
        return topup, None
    kept = np.flatnonzero(selection.kept)
    gate = Gate(
        {bytes(one) for one in space.corpus.ids}, np.asarray(space.embeddings.vectors[kept]), topup.bin[kept],
        ~np.isin(kept, held), space.corpus.bytes[kept], _by_rules(config, scores, kept), own.likeness, own.overlap,
    )  # fmt: skip
    meter = own.chat.meter()
    try:
        with (
            stages.timed("write"),
            closing(Store(Path(own.requests).expanduser() if own.requests else default_requests())) as store,
        ):
            writer = Writer(
                own.chat, prompt, own.count, own.shown, own.slack, own.least, gate, config, space, store,
                meter, _label(own, config),
            )  # fmt: skip
            writer.write(plans)
    finally:
        log.info("augmenter: %s asked: %s", own.chat.model, meter)
    for reason, count in writer.failed.items():
        log.warning("augmenter: %s requests have no answer: %s.", f"{count:,}", reason)
    if writer.failed and not writer.candidates:
        raise EndpointError(
            f"{own.chat.model} answered none of {writer.failed.total()} requests ({next(iter(writer.failed))}); "
            "expected an OpenAI-compatible server and caps that allow a request; see that it runs, and run again."
        )
    tokens = (sum(tokens) for tokens in zip(*writer.answers, strict=True)) if writer.answers else (0, 0)
    before = "{:,} + {:,} tokens in all answers, those of earlier runs included".format(*tokens)
    additions = Additions(own.chat.model, writer.candidates, spent=f"{meter}; {before}")
    return _sized(own, additions, writer.vectors, held, config, space, selection, topup)


def _foretell(own: Endpoint, plans: list[Plan], prompt: asking.Prompt, space: Space) -> None:
    """Say what is asked for, from which rows, and what that may take."""
    requests = tokens = 0
    for one in plans:
        columns = columns_of(space.corpus, one.source, one.file)
        turns = list(islice(one.turns(own.shown), min(one.requests, TRIED)))
        asked = [prompt.messages(one.name, own.count, 1, **rows_shown(space.corpus, turn, columns)) for turn in turns]
        requests += one.requests
        size = sum(len(message["content"].encode()) for messages in asked for message in messages)
        tokens += one.requests * size // (BYTES * len(turns))
        log.info("augmenter: %s wants %s rows, in at most %s requests that show %d of %d rows (%d boundary) of %s%s; "
                 "%d others judge",
                 one.name, f"{one.wanted:,}", f"{one.requests:,}", len(turns[0].rows), len(one.shown),
                 one.boundary.sum(), space.corpus.names[one.source], _bordering(one), len(one.held_out))  # fmt: skip
        answer = own.count * int(space.corpus.bytes[one.shown].mean()) // BYTES
        if answer > own.chat.answer_tokens:
            log.warning("augmenter: %d rows of %s are some %s tokens, and an answer ends at %s; lower augmenter.count, "
                        "or raise augmenter.chat.answer_tokens.", own.count, one.name, f"{answer:,}",
                        f"{own.chat.answer_tokens:,}")  # fmt: skip
    if plans:
        most = requests * own.chat.answer_tokens
        cost = own.chat.meter().price(tokens, most)
        log.info("augmenter: %s is asked at most %s times, with about %s tokens and at most %s in answers%s",
                 own.chat.model, f"{requests:,}", f"{tokens:,}", f"{most:,}",
                 f", cost {cost:,.2f}" if cost else "")  # fmt: skip
        # Before it is sent a request counts a token a byte, and its whole answer.
        needed = {"max_requests": requests, "max_tokens": tokens * BYTES + most}
        low = [name for name, all_of_it in needed.items() if all_of_it > (getattr(own.chat, name) or all_of_it)]
        if low:
            log.warning("augmenter: augmenter.chat.%s=%s may end this early; expected up to %s, as a request reserves "
                        "all that it may take until it is answered; raise it to be sure.", low[0],
                        f"{getattr(own.chat, low[0]):,}", f"{needed[low[0]]:,}")  # fmt: skip


def _bordering(plan: Plan) -> str:
    """How many of its boundary rows lie beside which other bins."""
    if not plan.borders:
        return ""
    beside = ", ".join(f"{one.other} {len(one.own)}" for one in plan.borders[:NAMED])
    return f"{', and' if plan.whole else ','} along borders with {beside}{' and others' * (len(plan.borders) > NAMED)}"


def _sized(
    own: Endpoint, additions: Additions, vectors: dict[int, np.ndarray], held: np.ndarray, config: Config, space: Space,
    selection: Selection, topup: TopUp,
) -> tuple[TopUp, Additions]:  # fmt: skip
    """As many of the accepted rows as help; of the others it is said that they do not."""
    if not vectors:
        return topup, additions
    candidates, count, place = list(additions.candidates), Counter(), []
    bin = np.array([candidates[at].bin for at in vectors])
    for one in bin.tolist():
        place.append(count[one])
        count[one] += 1
    real = np.setdiff1d(np.flatnonzero(selection.kept), held)
    of = space.embeddings.vectors
    label, lacking = topup.bin[held], topup.short[bin]
    losses = size.losses(
        (of[real], topup.bin[real]), (np.stack(list(vectors.values())), bin), (of[held], label), np.array(place),
        lacking, own.largest,
    )  # fmt: skip
    factor = size.best(losses, label)
    weight = size.weights(np.array(place), lacking, factor)
    for at, weighs, number in zip(vectors, weight.tolist(), place, strict=True):
        why = UNUSED if number >= own.largest * topup.short[candidates[at].bin] else UNHELPFUL
        candidates[at] = replace(candidates[at], weight=weighs, **({} if weighs else {"reason": why}))
    if not factor:
        log.warning("augmenter: real rows are not told better with the written ones; none of these is kept.")
    balanced = {each: size.balanced(loss, label) for each, loss in losses.items()}
    additions = replace(additions, candidates=candidates, factor=factor, losses=balanced)
    if getattr(config.sink, "synthetic", None) == "none":
        return topup, additions  # nobody gets them, so real rows weigh what they did
    bins = len(topup.name)
    written, weighs = np.bincount(bin[weight > 0], minlength=bins), np.bincount(bin, weight, minlength=bins)
    return topup.with_written(written, weighs, own.most), additions


def _label(own: Endpoint, config: Config) -> str | None:
    """The column that says the bin of a row, where one does."""
    by = config.budget.by if own.shares or config.budget.shares else own.by
    if by == "category":
        return config.categorizer.column if isinstance(config.categorizer, ColumnCategory) else None
    return None if by in ("cluster", "source") else by


def _by_rules(config: Config, scores: Scores, rows: np.ndarray) -> np.ndarray:
    """What rules say of rows, but of their lengths: float64[m]; NaN where no rules are asked."""
    if not isinstance(config.scorers.get("quality"), Heuristic):
        return np.full(len(rows), np.nan)
    return product([scores.columns[f"quality_{rule}"][rows] for rule in RULES])


def _held_out(plans: list[Plan], seed: int, selection: Selection, topup: TopUp) -> np.ndarray:
    """Rows that no model was shown, of all bins that have enough: int64[m]."""
    found = [one.held_out for one in plans]
    for bin in sorted(set(range(len(topup.name))) - {one.bin for one in plans}):
        rows = np.flatnonzero(selection.kept & (topup.bin == bin))
        found.append(divided(rows, seed, bin)[1])
    return np.sort(np.concatenate([*found, np.empty(0, np.int64)]))
