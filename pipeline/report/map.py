"""A map of the corpus: dropped rows and kept ones, on the two directions in which its vectors differ most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays import BOUNDARY, CORE

if TYPE_CHECKING:
    from pipeline.run import Run

SHOWN = 2000  # rows: those whose ids come first, which is a sample that depends on no order
WIDE, HIGH, LEGEND = 720, 440, 28  # pixels
COLOURS = {"dropped": "#c4c9cf", "kept, other": "#228833", "kept, core": "#4477aa", "kept, boundary": "#ee7733"}


def draw(run: Run) -> str:
    """The map as SVG, which readers of Markdown show and no library is needed for."""
    vectors = np.asarray(run.space.embeddings.vectors[:SHOWN], np.float64)
    at = project(vectors)
    kept, region = run.selection.kept[:SHOWN], run.scores.region[:SHOWN]
    groups = {
        "dropped": ~kept,
        "kept, other": kept & (region != CORE) & (region != BOUNDARY),
        "kept, core": kept & (region == CORE),
        "kept, boundary": kept & (region == BOUNDARY),
    }
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH + LEGEND}" font-family="sans-serif" '
        'font-size="13">',
        f"<title>{len(vectors)} rows on the two directions in which their vectors differ most</title>",
        f'<rect width="{WIDE}" height="{HIGH + LEGEND}" fill="#ffffff"/>',
    ]
    left = 12
    for name, here in groups.items():
        if not here.any():
            continue
        size = 2 if name == "dropped" else 3
        points = "".join(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{size}"/>' for x, y in at[here])
        parts.append(f'<g fill="{COLOURS[name]}" fill-opacity="0.8">{points}</g>')
        parts.append(f'<circle cx="{left}" cy="{HIGH + 14}" r="5" fill="{COLOURS[name]}"/>')
        parts.append(f'<text x="{left + 10}" y="{HIGH + 18}" fill="#222222">{name} ({here.sum()})</text>')
        left += 170
    return "\n".join([*parts, "</svg>", ""])


def project(vectors: np.ndarray) -> np.ndarray:
    """Positions in pixels: float64[n, 2], by principal components, of which the larger end is positive."""
    centred = vectors - vectors.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    at = np.zeros((len(vectors), 2))
    for column, direction in enumerate(directions.T[::-1][:2]):
        along = centred @ direction
        at[:, column] = along * (1 if abs(along.max()) >= abs(along.min()) else -1)
    low, high = at.min(axis=0), at.max(axis=0)
    margin = 10
    return margin + (at - low) / np.maximum(high - low, 1e-12) * ([WIDE, HIGH] - np.float64(2 * margin))
