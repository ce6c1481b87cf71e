"""How many written rows help: the share of what bins lack with which real rows that no one was shown are told best."""

from __future__ import annotations

import numpy as np

from pipeline.augmenters.acceptance import fit
from pipeline.augmenters.targets import FACTORS

ERRORS = 1.0  # standard errors that a gain has to have (Breiman et al. 1984, the rule of one standard error)
BEYOND = 0.5  # weight of a row beyond what its bin lacks (arXiv 2406.03628, the augmented part of the risk)


def weights(place: np.ndarray, lacking: np.ndarray, factor: float) -> np.ndarray:
    """What written rows weigh at a factor of what their bins lack: 1, beyond it 0.5, those not used 0: float64[m].

    Parameters
    ----------
    place : int64[m]
        Of a row among the accepted ones of its bin, from 0.
    lacking : int64[m]
        Rows that its bin lacks.
    factor : float
    """
    used = place < np.floor(factor * lacking + 0.5)
    return np.where(used, np.where(place < lacking, 1.0, BEYOND), 0.0)


def losses(
    real: tuple[np.ndarray, np.ndarray], made: tuple[np.ndarray, np.ndarray], held_out: tuple[np.ndarray, np.ndarray],
    place: np.ndarray, lacking: np.ndarray, most: float,
) -> dict[float, np.ndarray]:  # fmt: skip
    """For each factor, the loss of each held-out row (nats), by a head of real and written rows: float64[h].

    Parameters
    ----------
    real, made, held_out : (float32[..., d], int64[...])
        Unit vectors and bins.
    place, lacking : int64[m]
        See `weights`.
    most : float
        The largest factor.
    """
    found = {}
    for factor in (*(one for one in FACTORS if one < most), most):
        weight = weights(place, lacking, factor)
        used = weight > 0
        vectors = np.concatenate([real[0], made[0][used]])
        label = np.concatenate([real[1], made[1][used]])
        weight = np.concatenate([np.ones(len(real[1])), weight[used]])
        # Bins weigh alike, as class weights would have it: what rows add must be more than their number.
        head = fit(vectors, label, weight / np.bincount(label, weight)[label])
        found[factor] = _loss(head, *held_out)
    return found


def _loss(head: tuple[np.ndarray, ...], vectors: np.ndarray, label: np.ndarray) -> np.ndarray:
    from scipy.special import logsumexp

    classes, weights, offsets = head
    output = vectors @ weights.T + offsets
    return logsumexp(output, axis=1) - output[np.arange(len(label)), np.searchsorted(classes, label)]


def balanced(loss: np.ndarray, label: np.ndarray) -> float:
    """Mean over bins of the mean loss of their rows."""
    return float(np.mean([loss[label == bin].mean() for bin in np.unique(label)]))


def best(found: dict[float, np.ndarray], label: np.ndarray) -> float:
    """The factor of the least balanced loss; 0 unless that is better than none by `ERRORS` standard errors.

    Parameters
    ----------
    found : dict of float to float64[h]
    label : int64[h]
    """
    least = min(found, key=lambda factor: balanced(found[factor], label))
    gain = found[0.0] - found[least]
    bins = np.unique(label)
    spread = [
        gain[label == bin].var(ddof=1) / (label == bin).sum() if (label == bin).sum() > 1 else 0.0 for bin in bins
    ]
    error = float(np.sqrt(np.sum(spread))) / len(bins)
    return least if balanced(gain, label) > ERRORS * error else 0.0
