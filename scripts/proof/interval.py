"""Means of few numbers, and how far they may be off."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import t


def bounds(each: pd.Series | np.ndarray) -> tuple[float, float, float]:
    """Mean, and its 95 % interval (Student's t); NaN of one number."""
    wide = t.ppf(0.975, len(each) - 1) * each.std(ddof=1) / np.sqrt(len(each)) if len(each) > 1 else np.nan
    mean = float(each.mean())
    return mean, mean - wide, mean + wide


def interval(each: pd.Series) -> str:
    """In points, with a sign; the mean alone of one number."""
    mean, low, high = bounds(each)
    return f"{mean:+.1f}" if np.isnan(low) else f"{mean:+.1f} ({low:+.1f} to {high:+.1f})"
