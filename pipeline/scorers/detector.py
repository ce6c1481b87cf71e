"""Real or corrupted: a model of the texts of a corpus against corrupted copies of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipeline.scorers.calibration import knots, prevalence
from pipeline.scorers.corruptions import LANGUAGES, alphabet, corrupt
from pipeline.scorers.ngrams import TOKEN, count, measure

REPEATED = 3  # one in so many of the made copies is counted, so many times
KNOWN = 50  # for one text in so many, a copy of each of these kinds is counted
COUNTED = ("random", "foreign")
WORDS, CHARACTERS = 3, 8  # a text with fewer of both says nothing
FOLDS, COPIES = 3, 20  # of the texts that teach, for calibration; of a kind, without which it is not looked for
PRIOR = 0.05  # share of garbage that is expected before the corpus is looked at
# The rows that teach what is real may be garbage themselves. A stiff model, which follows no small group of rows, sorts
# out those that are likelier than 0.7 to be, at even odds; twice, then a supple one is fitted to the rest.
STIFF, SUPPLE, SUSPECT = 0.001, 0.03, np.log(0.7 / 0.3)


def enough(text: str) -> bool:
    """Whether there is anything to judge."""
    return len(text.strip()) >= CHARACTERS or len(TOKEN.findall(text)) >= WORDS


@dataclass(frozen=True)
class Detector:
    """What is common in texts, and a multinomial logistic model of their corruptions.

    Attributes
    ----------
    counts : uint16[2**BITS]
        In how many texts an n-gram occurs.
    total : int
        Texts that were counted.
    low, high : float64[f]
        Range of each feature; beyond it the model would extrapolate squares.
    centre, scale : float64[f]
    weights : float64[k, t]
        For real texts and each kind of corruption, of each term (`_terms`).
    knots : float64[2, s]
        Log odds by the weights, and by what the corpus has there (`calibration.knots`).
    """

    counts: np.ndarray
    total: int
    low: np.ndarray
    high: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    knots: np.ndarray

    @classmethod
    def fit(cls, heard: list[str], lessons: list[str], kinds: tuple[str, ...]) -> Detector:
        """Learn from texts of a corpus.

        Parameters
        ----------
        heard : list of str
            Whose n-grams are counted.
        lessons : list of str
            Other texts, which tell real from corrupted: a text must not be its own evidence. At least COPIES.
        kinds : tuple of str
            Corruptions to tell from real texts, of `KINDS`; ``foreign`` among them.
        """
        letters = alphabet(lessons)
        # Garbage that is in the corpus is counted too. So is some that is made, lest only the unheard-of be suspected.
        known = [copy for kind in COUNTED for copy in corrupt(heard[::KNOWN], kind, letters, LANGUAGES // 2)]
        made = [_copies(lessons, kind, letters) for kind in kinds]
        # Of another language some are counted more than once, lest whatever a corpus repeats be thought its own.
        again = list(made[kinds.index("foreign")].values())[::REPEATED]
        made = [copies for copies in made if len(copies) >= COPIES]  # of texts of one word, none is shuffled
        counts = count(heard + known + REPEATED * again)
        taught = [lessons, *(list(copies.values()) for copies in made)]
        samples = [measure(texts, counts, len(heard), np.zeros(len(texts), bool)) for texts in taught]
        features, label = np.concatenate(samples), np.repeat(np.arange(len(samples)), [len(one) for one in samples])
        low, high = np.percentile(features, [0.1, 99.9], axis=0)
        features = np.clip(features, low, high)
        centre, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-6)
        detector = cls(counts, len(heard), low, high, centre, scale, np.empty((0, 0)), np.empty((2, 0)))
        terms, teaches = detector._terms(features), np.ones(len(features), bool)
        for _ in range(2):
            suspicious = _logistic(terms[teaches], label[teaches], STIFF, 0.5)
            teaches = (label > 0) | (_log_odds(terms @ suspicious.T) < SUSPECT)
            teaches |= teaches[label == 0].sum() < COPIES
        supple = replace(detector, weights=_logistic(terms[teaches], label[teaches], SUPPLE, PRIOR))
        # Rows that a model has learnt from are told better than others: each, with its copies, is judged by one that
        # has not. The step keeps what is counted of the copies in all folds.
        row = np.concatenate([np.arange(len(lessons)), *(list(copies) for copies in made)])
        scores, fold = np.empty((len(terms), len(made) + 1)), row // REPEATED % FOLDS
        for number in range(FOLDS):
            others = teaches & (fold != number)
            weights = _logistic(terms[others], label[others], SUPPLE, PRIOR)
            scores[fold == number] = terms[fold == number] @ weights.T
        return supple._calibrated(scores, label)

    def probability(self, texts: list[str], counted: np.ndarray) -> np.ndarray:
        """float64[m], that each text is garbage; ``counted``: bool[m], whether it is among the counted ones."""
        terms = self._terms(measure(texts, np.asarray(self.counts), self.total, counted))
        return 1 / (1 + np.exp(-np.interp(_log_odds(terms @ self.weights.T), *self.knots)))

    def mapped(self, path: Path) -> Detector:
        """The same with its counts in a file, which workers map."""
        np.save(path.with_suffix(".npy"), self.counts)
        return replace(self, counts=np.load(path.with_suffix(".npy"), mmap_mode="r"))

    def _terms(self, features: np.ndarray) -> np.ndarray:
        """Standardised features, the products of any two, and 1: float64[m, t]."""
        x = (np.clip(features, self.low, self.high) - self.centre) / self.scale
        one, other = np.triu_indices(x.shape[1])
        return np.concatenate([x, x[:, one] * x[:, other], np.ones((len(x), 1))], axis=1)

    def _calibrated(self, scores: np.ndarray, label: np.ndarray) -> Detector:
        """The same for as much garbage of each kind as the corpus may have.

        Parameters
        ----------
        scores : float64[m, k]
            Of each text that teaches, by a model that has not learnt from it.
        label : int64[m]
            0 texts of the corpus, 1 to k - 1 copies of each kind.
        """
        others = (np.logaddexp.reduce(np.delete(scores, kind, axis=1), axis=1) for kind in range(1, scores.shape[1]))
        share = prevalence(scores[:, 1:] - np.stack(list(others), axis=1), label, PRIOR)
        expected = np.append(1 - PRIOR, np.full(len(share), PRIOR / len(share)))
        shift = np.log(np.append(1 - share.sum(), share) / expected)  # Bayes' rule
        weights = self.weights.copy()
        weights[:, -1] += shift  # the last term is 1
        return replace(self, weights=weights, knots=knots(_log_odds(scores + shift), label, share))


def _log_odds(scores: np.ndarray) -> np.ndarray:
    """Of garbage of any kind: float64[m]."""
    return np.logaddexp.reduce(scores[:, 1:], axis=1) - scores[:, 0]


def _copies(texts: list[str], kind: str, letters: list[str]) -> dict[int, str]:
    """Corrupted copies that are not what they were, with anything to judge, by the position of what they were."""
    made = zip(texts, corrupt(texts, kind, letters), strict=True)
    return {row: copy for row, (text, copy) in enumerate(made) if enough(copy) and copy.split() != text.split()}


def _logistic(terms: np.ndarray, label: np.ndarray, strength: float, prior: float) -> np.ndarray:
    """Weights float64[k, t] where garbage of all kinds together makes up ``prior``."""
    from sklearn.linear_model import LogisticRegression

    from pipeline.executors import one_thread

    share = np.bincount(label) / len(label)
    expected = np.full(len(share), prior / (len(share) - 1))
    expected[0] = 1 - prior
    with one_thread():
        head = LogisticRegression(C=strength, max_iter=400, tol=1e-5, fit_intercept=False)
        head.fit(terms, label, sample_weight=(expected / np.maximum(share, 1e-9))[label])
    # Of two classes scikit-learn keeps the difference.
    return head.coef_ if len(head.coef_) > 1 else np.concatenate([-head.coef_, head.coef_]) / 2
