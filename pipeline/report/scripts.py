"""Writing systems of texts, by code point."""

from __future__ import annotations

import numpy as np

# First code points of the blocks in which these scripts have nearly all of their letters (Unicode 16, Blocks.txt);
# None: signs, digits and what belongs to no script alone.
BLOCKS: list[tuple[int, str | None]] = [
    (0x0000, None), (0x0041, "Latin"), (0x005B, None), (0x0061, "Latin"), (0x007B, None), (0x00C0, "Latin"),
    (0x0300, None), (0x0370, "Greek"), (0x0400, "Cyrillic"), (0x0530, "Armenian"), (0x0590, "Hebrew"),
    (0x0600, "Arabic"), (0x0700, None), (0x0900, "Devanagari"), (0x0980, "Bengali"), (0x0A00, "Gurmukhi"),
    (0x0A80, "Gujarati"), (0x0B00, None), (0x0B80, "Tamil"), (0x0C00, "Telugu"), (0x0C80, "Kannada"),
    (0x0D00, "Malayalam"), (0x0D80, "Sinhala"), (0x0E00, "Thai"), (0x0E80, "Lao"), (0x0F00, "Tibetan"),
    (0x1000, "Burmese"), (0x10A0, "Georgian"), (0x1100, "Hangul"), (0x1200, "Ethiopic"), (0x13A0, None),
    (0x1780, "Khmer"), (0x1800, None), (0x1E00, "Latin"), (0x1F00, "Greek"), (0x2000, None), (0x2E80, "Han"),
    (0x2FF0, None), (0x3040, "Kana"), (0x3100, None), (0x3130, "Hangul"), (0x3190, None), (0x31F0, "Kana"),
    (0x3200, None), (0x3400, "Han"), (0x4DC0, None), (0x4E00, "Han"), (0xA000, None), (0xAC00, "Hangul"),
    (0xD7B0, None), (0xF900, "Han"), (0xFB00, None), (0xFB1D, "Hebrew"), (0xFB50, "Arabic"), (0xFE00, None),
    (0xFE70, "Arabic"), (0xFEFF, None), (0xFF66, "Kana"), (0xFFA0, None), (0x20000, "Han"), (0x32000, None),
]  # fmt: skip
STARTS = np.array([start for start, _ in BLOCKS])
NAMES = sorted({name for _, name in BLOCKS if name})
CODES = np.array([NAMES.index(name) if name else len(NAMES) for _, name in BLOCKS])
NOTHING = "no letters"


def script_of(texts: list[str]) -> list[str]:
    """The script that most letters of each text are of, or `NOTHING`; Japanese where any are Kana."""
    lengths = np.array([len(text) for text in texts], np.int64)
    points = np.frombuffer("".join(texts).encode("utf-32-le", "replace"), np.uint32)
    script = CODES[np.searchsorted(STARTS, points, side="right") - 1]
    row = np.repeat(np.arange(len(texts)), lengths)
    letters = script < len(NAMES)
    flat = np.bincount(row[letters] * len(NAMES) + script[letters], minlength=len(texts) * len(NAMES))
    counts = flat.reshape(len(texts), len(NAMES))
    found = np.array([*NAMES, NOTHING], dtype=object)[np.where(counts.any(axis=1), counts.argmax(axis=1), len(NAMES))]
    found[(counts[:, NAMES.index("Kana")] > 0) & np.isin(found, ["Han", "Kana"])] = "Japanese"
    return found.tolist()
