"""The card of a product: what it is, how it came about, how it compares."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.run import Run
    from pipeline.sinks.configurations import Written


def card(run: Run, about: dict[str, Any], configurations: dict[str, Written]) -> str:
    """Text of ``README.md``: YAML that tells ``load_dataset`` where the rows are, then prose and tables.

    Parameters
    ----------
    run : Run
    about : dict
        The content of ``run.json``.
    configurations : dict of str to Written
        By name.
    """
    from datasets import DatasetInfo
    from datasets.info import DatasetInfosDict
    from datasets.splits import SplitDict, SplitInfo
    from huggingface_hub import DatasetCardData

    data = DatasetCardData(
        tags=["corebound", "data-selection"],
        size_categories=_size(about["counts"]["kept"]),
        configs=[
            # The description tells one product from another that replaces it in the same folder: load_dataset caches
            # by what is said here, not by the files.
            {"config_name": name, "description": f"files {one.digest[:16]}",
             "data_files": [{"split": "train", "path": one.glob}]}
            for name, one in configurations.items()
        ],
    )  # fmt: skip
    DatasetInfosDict(
        {
            # Stated, so that a JSON Lines file whose first rows do not show every type is read right.
            name: DatasetInfo(
                features=one.features,
                splits=SplitDict({"train": SplitInfo("train", num_examples=one.rows, num_bytes=one.bytes)}),
                download_size=one.bytes,
                dataset_size=one.bytes,
                config_name=name,
            )
            for name, one in configurations.items()
        }
    ).to_dataset_card_data(data)
    counts, measured = about["counts"], about["measured"]
    names = ", ".join(run.space.corpus.names)
    lines = [
        "---", data.to_yaml(), "---", "",
        f"# A selection of {counts['kept']:,} rows from {names}", "",
        f"Selected by corebound {about['versions']['corebound']} out of {counts['read']:,} rows, "
        f"{counts['distinct']:,} of them distinct. Rows are unchanged; `ledger.parquet` says for every input row "
        "what became of it and why; `run.json` holds configuration, versions, hashes and times.", "",
        *_configurations(configurations),
        "## Sources", "",
        *_table(
            ["", "shape", "read", "bad", "excluded", "duplicates", "kept"],
            [[row["name"], row["shape"], *(f"{row[c]:,}" for c in ("read", "bad", "excluded", "duplicates", "kept"))]
             for row in about["sources"]],
        ), "",
        "## Funnel", "",
        *_table(["", "rows"], [[name, f"{count:,}"] for name, count in counts.items()]), "",
        f"## Kept by {run.config.budget.by}", "",
        *_table(
            ["", "rows", "kept", "core", "boundary", "set aside"],
            [[row["name"], *(f"{row[c]:,}" for c in ("rows", "kept", "core", "boundary", "set aside"))]
             for row in about["categories"]],
        ), "",
        "## Beside random subsets of the same cost", "",
        f"Coverage is the share of rows with a kept row at cosine {run.similarity:.3f} or more, in the vectors that "
        "the selection was made with; it says nothing of a model trained on it.", "",
        *_table(
            ["", "rows", "coverage", "mean cosine to nearest kept", "boundary kept", "core kept"],
            [[name, f"{m['rows']:,}", *(_cell(m[c]) for c in ("coverage", "similarity", "boundary", "core"))]
             for name, m in measured.items()],
        ), "",
        "## How to make it again", "",
        "```", about["command"], "```", "",
        "<details><summary>Resolved configuration</summary>", "",
        "```json", json.dumps(about["configuration"], indent=2, ensure_ascii=False), "```", "",
        "</details>", "",
    ]  # fmt: skip
    return "\n".join(lines)


def _configurations(configurations: dict[str, Written]) -> list[str]:
    if len(configurations) == 1:
        return []
    return [
        "The rows have several schemas, so each is a configuration: "
        + ", ".join(f"`load_dataset(path, {name!r})`" for name in configurations) + ".", "",
    ]  # fmt: skip


def _size(rows: int) -> str:
    bounds = [(10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M")]
    bounds += [(10**7, "1M<n<10M"), (10**8, "10M<n<100M")]
    return next((name for bound, name in bounds if rows < bound), "100M<n<1B")


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    def line(cells: list[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    return [line(head), line(["---"] + ["---:"] * (len(head) - 1)), *map(line, rows)]


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
