"""From a model's odds to probabilities: as much garbage as the corpus can have, and as it shows at these odds."""

from __future__ import annotations

import numpy as np

LIKELIEST = (0.2, 0.35, 0.5)  # shares of the copies of a kind, the most telling ones, that bound its prevalence
UNTOLD = 0.5  # where half of the copies lie: if more of the corpus does than of it could be garbage, nothing tells them


def prevalence(log_odds: np.ndarray, label: np.ndarray, expected: float) -> np.ndarray:
    """How much of the corpus may be garbage of each kind: float64[k], together at most one half.

    Where a share of the copies of a kind lie, its share of the corpus lies, too: what the corpus has there bounds it
    (Scott 2015, "A rate of convergence for mixture proportion estimation"), more narrowly the fewer good rows look
    alike. Good rows that do make the bounds too high, so together they count up to ``expected``, or as far as what was
    seen exceeds half of that. Where most of the corpus is no likelier to be good than the copies of a kind, as numbers
    in no order are none the worse for it, they say nothing, and what is expected of the kind stands.

    Parameters
    ----------
    log_odds : float64[m, k]
        Of each kind, against good rows and other kinds.
    label : int64[m]
        0 rows of the corpus, 1 to k copies of each kind.
    expected : float
        Share of garbage.
    """
    log_odds = np.round(log_odds, 6)  # texts that one model judges alike are equal, whatever was computed beside them
    real, kinds = log_odds[label == 0], log_odds.shape[1]
    bound, seen, untold = np.empty(kinds), np.empty(kinds), np.zeros(kinds, bool)
    for kind in range(kinds):
        own = log_odds[label == kind + 1, kind]
        limit = np.quantile(own, 1 - np.array(LIKELIEST))
        share, many = ((values[:, None] >= limit).sum(axis=0) for values in (own, real[:, kind]))
        share = share / len(own)
        seen[kind] = (many / share).min() / len(real)
        untold[kind] = many[-1] / share[-1] > UNTOLD * len(real)
        # One more and one standard deviation, as none among a few says little.
        bound[kind] = ((many + 1 + np.sqrt(many + 1)) / share).min() / len(real)
    seen[untold] = bound[untold] = expected / kinds
    most = min(max(expected, seen.sum() - expected / 2), 0.5)
    return bound * min(1, most / bound.sum())


def knots(log_odds: np.ndarray, label: np.ndarray, share: np.ndarray) -> np.ndarray:
    """A model's log odds, and there those of a row of the corpus to be garbage, to interpolate: float64[2, s].

    That is the density of garbage, of which the corpus has ``share``, beside that of the rest of the corpus, by centred
    isotonic regression (Oron and Flournoy 2017). The model itself knows of the corpus only what was thought to be good.

    Parameters
    ----------
    log_odds : float64[m]
        Of garbage of any kind.
    label : int64[m]
        0 rows of the corpus, 1 to k copies of each kind.
    share : float64[k]
        Of the corpus, of each kind.
    """
    from sklearn.isotonic import isotonic_regression

    mass = np.append(1, share)[label] / np.bincount(label)[label]
    at, place = np.unique(log_odds, return_inverse=True)
    total = np.bincount(place, mass)
    level = isotonic_regression(np.bincount(place, mass * (label > 0)) / total, sample_weight=total)
    block = np.cumsum(np.diff(level, prepend=level[0]) > 0)
    size = np.bincount(block, total)
    garbage = level[np.flatnonzero(np.diff(block, prepend=-1))] * size
    # Half a copy where there is none, which is at the lower end; half a row beside garbage where the corpus seems to
    # have nothing else, which is at the upper end, whose few rows are not to be doubted less than those before.
    one = np.append(1, share) / np.bincount(label)
    rest = np.maximum(size - 2 * garbage, one[0] / 2)
    odds = garbage / rest
    if len(odds) > 1:
        odds[0] = min(max(odds[0], one[1:].min() / 2 / rest[0]), odds[1])
    middle, odds = np.bincount(block, total * at) / size, np.log(np.maximum.accumulate(odds))
    if len(odds) > 1:
        # Copies of the kinds that are told most easily are far out; no less than the model is to be believed before.
        middle[-1] = min(middle[-1], middle[-2] + (odds[-1] - odds[-2]))
    return np.stack([middle, odds])
