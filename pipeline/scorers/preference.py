"""Preference: good and hard rows first [LASER]."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from pipeline.component import Component
from pipeline.errors import ConfigError

NAME = "preference"  # of its column


@dataclass(kw_only=True)
class Preference(Component):
    """Product of two scores, each clipped to its percentiles and scaled to [0, 1] (arXiv 2505.22157, section 3.4).

    Scaled over all rows at once, whatever their source, so that rows of different sources can be compared.

    Parameters
    ----------
    quality, difficulty : str
        Scorers whose columns are multiplied; there is no preference where one of them is off.
    low, high : float
        Percentiles to which a score is clipped.
    """

    quality: str = "quality"
    difficulty: str = "difficulty"
    low: float = 1
    high: float = 99

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high <= 100:
            raise ConfigError(
                f"preference.low={self.low} and preference.high={self.high}; expected percentiles from 0 to 100, low "
                "below high; mend them."
            )

    def columns(self, scorers: Collection[str]) -> list[str]:
        """The column that it adds to those of some scorers, if any."""
        return [NAME] if {self.quality, self.difficulty} <= set(scorers) else []

    def combine(self, columns: dict[str, np.ndarray]) -> tuple[np.ndarray, dict[str, int]] | None:
        """The preference of each row, float32[n], and reasons for none; nothing where a scorer is off."""
        if not self.columns(columns):
            return None
        quality, difficulty = columns[self.quality], columns[self.difficulty]
        values = self._scaled(quality) * self._scaled(difficulty)
        bad, easy = np.isnan(quality), np.isnan(difficulty)
        names = (f"no {self.quality}", f"no {self.difficulty}", f"no {self.quality} and no {self.difficulty}")
        counts = (int((bad & ~easy).sum()), int((easy & ~bad).sum()), int((bad & easy).sum()))
        return values.astype(np.float32), {name: count for name, count in zip(names, counts, strict=True) if count}

    def _scaled(self, values: np.ndarray) -> np.ndarray:
        if np.isnan(values).all():
            return np.full(len(values), np.nan)
        low, high = np.nanpercentile(values, [self.low, self.high]).astype(np.float64)
        if high <= low:  # all alike: nobody is preferred for it
            return np.where(np.isnan(values), np.nan, 1.0)
        return np.clip((values - low) / (high - low), 0, 1)
