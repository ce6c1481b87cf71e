"""Vectors and texts of any number, with the statistics of a real corpus."""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.arrays.texts import ASSISTANT, USER
from pipeline.embedders.chunks import unit
from pipeline.executors import one_thread

BLOCK = 65_536


def real(texts: list[str], dimensions: int) -> np.ndarray:
    """LSA vectors of texts: float32[n, d]."""
    from pipeline.embedders.lsa import LsaModel

    with one_thread():
        return LsaModel.fit(texts, dimensions, 20_000, 0).transform(texts)


def vectors(path: Path, n: int, like: np.ndarray, seed: int = 0) -> None:
    """Write float32[n, d]: each a row of a corpus, moved by half the difference of two others of its cluster.

    Clusters keep their places, their sizes in proportion, and their shapes. Where both others are the same row, in
    small clusters, a row of the corpus is written as it is.
    """
    import faiss

    random = np.random.default_rng(seed)
    k = max(2, int(len(like) ** 0.5))
    kmeans = faiss.Kmeans(like.shape[1], k, niter=10, seed=1, spherical=True, min_points_per_centroid=1)
    with one_thread():
        kmeans.train(like)
    cluster = (like @ kmeans.centroids.T).argmax(axis=1)
    member, size = np.argsort(cluster, kind="stable"), np.bincount(cluster, minlength=k)
    first = np.cumsum(size) - size
    written = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(n, like.shape[1]))
    for start in range(0, n, BLOCK):
        rows = random.integers(0, len(like), min(BLOCK, n - start))
        one, other = (
            like[member[first[cluster[rows]] + (random.random(len(rows)) * size[cluster[rows]]).astype(int)]]
            for _ in range(2)
        )
        written[start : start + len(rows)] = unit(like[rows] + (one - other) / 2)
    written.flush()


def numbered(path: Path, n: int) -> None:
    """Write the rows that vectors belong to, as JSON Lines: nothing but a number."""
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(f'{{"text": "row {number}"}}\n' for number in range(n))


def rows_of(files: list[Path]) -> list[dict[str, str]]:
    """What users say and what is answered, of all rows of files of any shape."""
    from pipeline.sources.files import Files
    from pipeline.sources.intake import Intake

    found = []
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            for _, batch in Intake(Path(folder), tables=False).take(Files(path=str(file))):
                for one in batch:
                    roles, texts = one.conversation.turns()
                    said = {
                        role: "\n".join(t for r, t in zip(roles, texts, strict=True) if r == role) for role in roles
                    }
                    found.append({"instruction": said.get(USER, ""), "output": said.get(ASSISTANT, "")})
            shutil.rmtree(Path(folder, "aside"))
    return found


def edited(path: Path, n: int, rows: list[dict[str, Any]], seed: int = 0) -> None:
    """Write n rows as JSON Lines: a corpus, and then copies of it, each with other words of its own rows in places."""
    draw = random.Random(seed)
    with open(path, "w", encoding="utf-8") as file:
        for number, row in zip(range(n), _again(rows), strict=False):
            file.write(json.dumps(row if number < len(rows) else _edit(row, rows, draw), ensure_ascii=False) + "\n")


def _again(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    while True:
        yield from rows


def _edit(row: dict[str, Any], rows: list[dict[str, Any]], draw: random.Random) -> dict[str, Any]:
    """One word in ten of each text replaced by one of another row's."""
    edited = {}
    for key, text in row.items():
        words = text.split(" ")
        for place in range(draw.randrange(10), len(words), 10):
            words[place] = draw.choice(draw.choice(rows)[key].split(" "))
        edited[key] = " ".join(words)
    return edited
