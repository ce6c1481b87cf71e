"""One long-tailed part of a set under every method, and the margin head on clusters of the mix."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf
from proof import space
from proof.fingerprint import fingerprint

from pipeline.embedders.lsa import Lsa
from pipeline.executors import Serial, one_thread
from pipeline.filter import Filter
from pipeline.run import divide, embed, prepare
from pipeline.scorers.head import Balance, Head, balanced_accuracy
from pipeline.sources.mix import Mix
from tails import sets
from tails.heads import CHOSEN, LATENTS, METHODS, REAL, Method, best, recalls, with_latents

LARGE = (50, 100)  # imbalances that the claim is about
FEW_SHOT = 20  # rows, of which a class has fewer
MIX = Path(__file__).parents[3] / "configs" / "experiment" / "mix.yaml"
HEADS = {
    REAL: Head(),
    "class weights": Head(balance=Balance.weights),
    "logit adjustment": Head(balance=Balance.logits),
    **{name: Head(latent=kind) for name, kind in LATENTS.items()},
}
SAMPLE = 15_000  # rows of the mix: weak penalties take many steps on all of them
PENALTIES = (10.0, 1000.0)  # C of the margin head: as by default, and weaker


def judge(path: Path, name: str, imbalance: float, repeat: int, chosen: dict[str, Any]) -> list[dict[str, Any]]:
    """Every method, its C chosen inside the training rows; at large imbalances more and fewer latents, too."""
    tail = sets.long_tailed(path, imbalance, repeat)
    rows, found, inner = (tail.vectors, tail.label), [], {}

    def add(method: Method, amount: float) -> None:
        started, C = time.perf_counter(), inner[method.name][0]
        said = method.fit(rows, C, repeat)(tail.test)
        told = recalls(tail.truth, said, len(tail.size))
        parts = {group: float(np.nanmean(told[classes])) for group, classes in tail.groups().items()}
        shots = told[tail.size < FEW_SHOT]
        found.append(
            {"set": name, "imbalance": imbalance, "repeat": repeat, "method": method.name, "amount": amount, "C": C,
             "balanced": float(np.nanmean(told)), **parts,
             "few_shot": float(np.nanmean(shots)) if len(shots) else float("nan"),
             "few_shot_classes": len(shots), "rows": len(tail.label), "seconds": time.perf_counter() - started,
             "reached": float(tail.size.max() / tail.size[tail.size > 0].min())}
        )  # fmt: skip

    for method in METHODS:
        inner[method.name] = best(method, rows, chosen["C"], chosen["inner"], repeat)
        add(method, 1.0)
    for latents, amount in product(LATENTS, chosen["amounts"] if imbalance in LARGE else ()):
        add(with_latents(latents, amount), amount)
    choice = max(LATENTS, key=lambda method: inner[method][1])
    same = next(one for one in found if one["method"] == choice and one["amount"] == 1)
    return [*found, same | {"method": CHOSEN, "choice": choice}]


def mix() -> Mix:
    """The sources of ``experiment=mix``."""
    return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Mix), OmegaConf.load(MIX).source))


def content() -> str:
    """Short hash of the files of the mix."""
    return fingerprint([part.content() for part in mix().files.values()])


def judge_mix(repeat: int, folder: Path) -> list[dict[str, Any]]:
    """Balanced accuracy of the margin head on the clusters of the mix, with latents of each kind and without."""
    config = space.configure([{"text": "none"}], Lsa(), folder, repeat)
    with one_thread():
        config, corpus, stages = prepare(replace(config, source=mix()))
        corpus = Filter().apply(corpus, np.arange(min(SAMPLE, len(corpus))))  # by their hashes, so at random
        embeddings = embed(config, stages, corpus)
        bins = divide(config, stages, corpus, embeddings)
        found = []
        for (name, head), C in product(HEADS.items(), PENALTIES):
            margin = replace(head, C=C).margins(embeddings, bins, Serial())
            accuracy = {of: balanced_accuracy(margin, bins, rare) for of, rare in (("all", False), ("rare", True))}
            found.append(
                {"set": "mix", "repeat": repeat, "head": name, "C": C, **accuracy, "rows": len(corpus),
                 "clusters": len(bins.sizes)}
            )  # fmt: skip
    return found
