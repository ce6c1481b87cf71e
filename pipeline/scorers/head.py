"""Head: distance to the nearest surface of a linear classifier of the clusters, which has not seen the row."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from pipeline.augmenters.latent import Latent, draw
from pipeline.errors import ConfigError
from pipeline.progress import track
from pipeline.scorers import Scorer, Verdicts
from pipeline.scorers.margin import ALL

if TYPE_CHECKING:
    from pipeline.arrays import Bins, Embeddings, Space
    from pipeline.executors import Executor

log = logging.getLogger("corebound")
BLOCK = 2048  # rows of one product
LESSONS = 50_000  # real rows of all heads, at most: what they take grows with their number times the clusters
# Of the mean loss of all rows: a looser one calls a head finished before it has learnt a cluster of few rows.
TOLERANCE = 1e-5
SAME = 0.01  # of the distance between the weights of a cluster and of its most different rival: less is no surface
RARE = 0.5  # of the mean size of a cluster, below which it is rare

Balance = StrEnum("Balance", ["none", "weights", "logits"])


@dataclass(kw_only=True)
class Head(Scorer):
    """Out-of-fold distance to the nearest surface of a multinomial logistic head (METHOD, section 4).

    In place of ``margin``, as ``scorer@scorers.margin=head``: means say where clusters are, a head where they meet.
    Negative is on the wrong side. It takes far longer than ``margin`` where there are thousands of clusters.

    Parameters
    ----------
    latent : Latent
        Synthetic vectors that rare clusters get while the head learns: ``kde``, ``shared``, ``gaussian``,
        ``calibrated`` (`pipeline.augmenters.latent`), or ``none``.
    amount : float
        How many: of what a cluster lacks, among the rows that a head learns from, to have as many as the largest.
    balance : Balance
        What else is done for rare clusters, at no cost: ``weights``, their rows weigh more; ``logits``, the shares of
        clusters are taken out of the offsets (Menon et al. 2021, "Long-tail learning via logit adjustment"); or
        ``none``.
    rows : int
        Of a cluster, at most, that the heads learn from; fewer where all, latents aside, would be more than 50,000.
    folds : int
        Heads; each judges the rows that it has not learnt from.
    C : float
        Inverse of the penalty on the head's weights.
    """

    version: ClassVar[int] = 2  # heads learn to the end

    latent: Latent = Latent.none
    amount: float = 1.0
    balance: Balance = Balance.none
    rows: int = 200
    folds: int = 3
    C: float = 10.0

    def __post_init__(self) -> None:
        if not self.amount > 0:
            raise ConfigError(f"scorers.margin.amount is {self.amount}; expected a share above 0; mend it.")
        if self.rows < 2:
            raise ConfigError(f"scorers.margin.rows is {self.rows}; expected 2 or more; mend it.")
        if self.folds < 2:
            raise ConfigError(f"scorers.margin.folds is {self.folds}; expected 2 or more; mend it.")
        if not self.C > 0:
            raise ConfigError(f"scorers.margin.C is {self.C}; expected a number above 0; mend it.")

    def score(self, space: Space, executor: Executor) -> Verdicts:
        bins, blank = space.bins, space.embeddings.blank
        values = self.margins(space.embeddings, bins, executor)
        _say(values, bins)
        null, lonely = np.isnan(values), bins.sizes[bins.cluster] == 1
        nulls = {
            "no known term in its text": int(blank.sum()),
            "alone in its cluster": int((null & lonely & ~blank).sum()),
            "no surface to another cluster": int((null & ~lonely & ~blank).sum()),
        }
        return values, {reason: count for reason, count in nulls.items() if count}

    def margins(self, embeddings: Embeddings, bins: Bins, executor: Executor) -> np.ndarray:
        """float32[n], of bins that may be classes as well; NaN without a verdict."""
        vectors, blank = embeddings.vectors, embeddings.blank
        values, fold = np.full(len(vectors), np.nan, np.float32), np.full(len(vectors), -1)
        lessons, most = [], max(2, min(self.rows, LESSONS // len(bins.sizes)))
        for rows in bins.members:
            known = rows[~blank[rows]]
            if len(known) > 1:
                # Rows are in the order of their hashes: the first are a random sample, and folds are random parts.
                fold[known] = np.arange(len(known)) % self.folds
                lessons.append(known[:most])
        if len(lessons) < 2:
            return values
        taught = np.concatenate(lessons)
        tasks = [(taught[fold[taught] != number], number) for number in range(self.folds)]
        heads = executor.map(partial(self._fit, vectors, bins.cluster), tasks)
        for number, head in enumerate(track(heads, "head", "folds", total=self.folds)):
            judged = np.flatnonzero(fold == number)
            blocks = [judged[start : start + BLOCK] for start in range(0, len(judged), BLOCK)]
            found = executor.map(partial(_margins, vectors, bins, *head), blocks)
            for rows, margin in zip(blocks, found, strict=True):
                values[rows] = margin
        return values

    def _fit(
        self, vectors: np.ndarray, cluster: np.ndarray, task: tuple[np.ndarray, int]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Clusters int64[c] that a fold has, and their weights float32[c, d] and offsets float32[c]."""
        from sklearn.linear_model import LogisticRegression

        rows, number = task
        classes, label = np.unique(cluster[rows], return_inverse=True)
        made, of = draw(self.latent, vectors[rows], label, self.amount, seed=number)
        weighted, label = "balanced" if self.balance == Balance.weights else None, np.concatenate([label, of])
        head = LogisticRegression(C=self.C, max_iter=3000, tol=TOLERANCE, class_weight=weighted)
        head.fit(np.concatenate([vectors[rows], made]), label)
        weights, offsets = head.coef_, head.intercept_
        if len(classes) == 2:  # scikit-learn has one row of weights, for the second class
            weights, offsets = np.concatenate([-weights, weights]) / 2, np.concatenate([-offsets, offsets]) / 2
        if self.balance == Balance.logits:
            offsets = offsets - np.log(np.bincount(label) / len(label))
        return classes, weights.astype(np.float32), offsets.astype(np.float32)


def _margins(
    vectors: np.ndarray, bins: Bins, classes: np.ndarray, weights: np.ndarray, offsets: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    """min over r of (z_o - z_r) / |w_o - w_r| for rows of cluster o, z a head's outputs: float64[m].

    Rivals are all clusters of up to 256, of more the 128 nearest; not those whose weights hardly differ, as with rows
    that are the same.
    """
    place = np.full(len(bins.sizes), -1)
    place[classes] = np.arange(len(classes))
    own = place[bins.cluster[rows]]
    output = (vectors[rows] @ weights.T + offsets).astype(np.float64)
    weights, margin = weights.astype(np.float64), np.full(len(rows), np.inf)
    for cluster in np.unique(own):
        at = np.flatnonzero(own == cluster)
        rivals = np.delete(np.arange(len(classes)), cluster)
        if len(classes) > ALL:
            rivals = place[bins.nearby[classes[cluster]]]
            rivals = rivals[rivals >= 0]
        gap = np.linalg.norm(weights[rivals] - weights[cluster], axis=1)
        differs = gap > SAME * gap.max(initial=0)
        distance = (output[at, cluster, None] - output[np.ix_(at, rivals[differs])]) / gap[differs]
        margin[at] = distance.min(axis=1, initial=np.inf)
    return np.where(np.isfinite(margin), margin, np.nan)


def balanced_accuracy(values: np.ndarray, bins: Bins, rare: bool) -> float:
    """Mean over clusters, or over rare ones, of the share of their judged rows that are on their own side; or NaN."""
    judged = ~np.isnan(values)
    many = np.bincount(bins.cluster[judged], minlength=len(bins.sizes))
    right = np.bincount(bins.cluster[judged], values[judged] > 0, minlength=len(bins.sizes))
    wanted = (many > 0) & ((bins.sizes < RARE * bins.sizes.mean()) | (not rare))
    return float((right[wanted] / many[wanted]).mean()) if wanted.any() else float("nan")


def _say(values: np.ndarray, bins: Bins) -> None:
    everyone, rare = balanced_accuracy(values, bins, rare=False), balanced_accuracy(values, bins, rare=True)
    if not np.isnan(everyone):
        said = "" if np.isnan(rare) else f", {100 * rare:.1f} % in rare clusters"
        log.info("the head puts %.1f %% of the rows of a cluster on its side%s", 100 * everyone, said)
