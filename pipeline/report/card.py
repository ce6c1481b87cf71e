"""The card of a product: what it is, how it came about, how it compares."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pipeline.report.thin import among_told, published, topup_told
from pipeline.sinks.configurations import AUDIT

if TYPE_CHECKING:
    from huggingface_hub import DatasetCardData

    from pipeline.run import Run
    from pipeline.sinks.configurations import Written

BEGIN, END = "<!-- corebound: begin -->", "<!-- corebound: end -->"  # between them the text is ours
MARK = "selected by corebound"  # begins what we say of a configuration
BESIDE = "what a model wrote beside"  # and which configurations
LONGEST = 100  # characters of a name
SHOWN = 30  # thin bins; the rest is in run.json
PAPERS = {
    "core-boundary resampling": "2509.19856",
    "LASER": "2505.22157",
    "LLM synthetic oversampling": "2406.03628",
    "latent-space long-tail sampling": "2509.15859",
}


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
    data = metadata(run, about, configurations)
    return "\n".join(["---", data.to_yaml(), "---", "", BEGIN, *body(run, about, configurations), END, ""])


def metadata(run: Run, about: dict[str, Any], configurations: dict[str, Written]) -> DatasetCardData:
    """The YAML; licence and language are those of the source's card, where it has one, and never made up."""
    from datasets import DatasetInfo
    from datasets.info import DatasetInfosDict
    from datasets.splits import SplitDict, SplitInfo
    from huggingface_hub import DatasetCardData

    inherited = run.config.source.described()
    first = next(iter(configurations))
    rows = ", ".join(name for name, one in configurations.items() if one.selected)
    entries = []
    for name, one in configurations.items():
        entry = {
            "config_name": name,
            # It tells one product from another that replaces it in the same folder: load_dataset caches by what is
            # said here, not by the files.
            "description": f"{MARK}, {'' if one.selected or name == AUDIT else f'{BESIDE} {rows}, '}files "
            + " ".join(shards.digest[:16] for shards in one.splits.values()),
            "data_files": [{"split": split, "path": shards.glob} for split, shards in one.splits.items()],
        }
        # Two kinds of rows have no default: whoever loads them says which.
        alone = name == first != "default" and sum(each.selected for each in configurations.values()) == 1
        entries.append({**entry, "default": True} if alone else entry)
    plain = all(one["shape"] == "text" for one in about["detected"])
    data = DatasetCardData(
        **{
            "task_categories": ["text-classification" if plain else "text-generation"],
            **inherited,
        },
        pretty_name=_short(f"Selection from {', '.join(run.space.corpus.names)}"),
        tags=["corebound", "data-selection", *(["synthetic"] if published(run, configurations) else [])],
        size_categories=[_size(about["counts"]["kept"])],
        configs=entries,
    )
    DatasetInfosDict(
        {
            # Stated, so that a JSON Lines file whose first rows do not show every type is read right.
            name: DatasetInfo(
                features=one.features,
                splits=SplitDict(
                    {
                        split: SplitInfo(split, num_examples=shards.rows, num_bytes=shards.bytes)
                        for split, shards in one.splits.items()
                    }
                ),
                download_size=(size := sum(shards.bytes for shards in one.splits.values())),
                dataset_size=size,
                config_name=name,
            )
            for name, one in configurations.items()
        }
    ).to_dataset_card_data(data)
    return data


def body(run: Run, about: dict[str, Any], configurations: dict[str, Written]) -> list[str]:
    """What a person reads, as lines of Markdown."""
    counts, measured = about["counts"], about["measured"]
    names = ", ".join(run.space.corpus.names)
    return [
        f"# A selection of {counts['kept']:,} rows from {names}{among_told(run, configurations)}", "",
        f"Selected by corebound {about['versions']['corebound']} out of {counts['read']:,} rows, "
        f"{counts['distinct']:,} of them distinct. {run.config.sink.changes()} "
        f"{'The configuration `audit` (`ledger.parquet`)' if 'audit' in configurations else '`ledger.parquet`'} says "
        "for every input row what became of it and why; `run.json` holds configuration, versions, hashes and times.",
        "",
        *_configurations(configurations),
        "![Rows that were dropped and kept, on the two directions in which their vectors differ most](map.svg)", "",
        "## Sources", "",
        *_table(
            ["", "shape", "read", "bad", "excluded", "duplicates", "kept"],
            [[row["name"], row["shape"], *(f"{row[c]:,}" for c in ("read", "bad", "excluded", "duplicates", "kept"))]
             for row in about["sources"]],
        ), "",
        *(f"- {line}" for line in about["read_from"]), "",
        "## Funnel", "",
        *_table(["", "rows"], [[name, f"{count:,}"] for name, count in counts.items()]), "",
        f"## Kept by {run.config.budget.by}", "",
        *_table(
            ["", "rows", "kept", "core", "boundary", "set aside"],
            [[row["name"], *(f"{row[c]:,}" for c in ("rows", "kept", "core", "boundary", "set aside"))]
             for row in about["categories"]],
        ), "",
        *_topup(run, about["top_up"], configurations),
        "## Beside random subsets of the same cost", "",
        f"Coverage is the share of rows with a kept row at cosine {run.similarity:.3f} or more.", "",
        *_table(
            ["", "rows", "coverage", "mean cosine to nearest kept", "boundary kept", "core kept"],
            [[name, f"{m['rows']:,}", *(_cell(m[c]) for c in ("coverage", "similarity", "boundary", "core"))]
             for name, m in measured.items()],
        ), "",
        "## Limits", "",
        "- Coverage is measured in the vectors that the selection was made with; it says nothing of a model trained on "
        "it.",
        "- Rows are chosen for how they are spread, not for being right: what was wrong, biased or private in the "
        "sources may be here too.",
        "- The noise guard knows words in no order, random characters, another language and cut-off answers, no other "
        "kind of garbage.",
        *(["- Rows with a `synthetic_id` are what a model wrote and rules let pass; nobody has read them."]
          if published(run, configurations) else []), "",
        "## How to make it again", "",
        "```", about["again"], "```", "",
        *_table(["", ""], [[f"`{name}`", f"`{value}`"] for name, value in
                           {"content of the sources": about["source_content"], "ids of kept rows": about["kept_ids"],
                            **about["versions"]}.items()]), "",
        "<details><summary>Resolved configuration</summary>", "",
        "```json", json.dumps(about["configuration"], indent=2, ensure_ascii=False), "```", "",
        "</details>", "",
        "## Method", "",
        "After " + ", ".join(f"[{name}](https://arxiv.org/abs/{number})" for name, number in PAPERS.items()) + ".", "",
    ]  # fmt: skip


def _configurations(configurations: dict[str, Written]) -> list[str]:
    rows = [
        name for name, one in configurations.items()
        if one.selected
    ]  # fmt: skip
    if len(rows) == 1:
        return []
    return [
        "The rows have several schemas, so each is a configuration: "
        + ", ".join(f"`load_dataset(path, {name!r})`" for name in rows) + ".", "",
    ]  # fmt: skip


def _topup(run: Run, rows: list[dict[str, Any]], configurations: dict[str, Written]) -> list[str]:
    if not rows:
        return []
    columns = ("kept", "target", "returned", "written", "short")
    return [
        "## Top-up of thin bins", "", *topup_told(run, configurations), "",
        *_table(["", "kept", "target", "given back", "written", "still short", "weight"],
                [[row["name"], *(f"{row[c]:,}" for c in columns), f"{row['weight']:.2f}"] for row in rows[:SHOWN]]), "",
    ]  # fmt: skip


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


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
