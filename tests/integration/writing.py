"""Runs whose tales are written by a server, and what came of them."""

from collections import Counter

from datasets import Dataset

from tests.integration import tales
from tests.integration.chat_server import serving


def run_with(
    answer, kept_stages, tmp_path, chat=None, usage="counted", rows=None, column="task", synthetic="separate",
    format="rows", tokens=None, sink=None, config=None, **settings,
):  # fmt: skip
    """A run whose tales are written by a server, and that server."""
    from pipeline.augmenters.endpoint import Endpoint
    from pipeline.bins.categorizers import ColumnCategory
    from pipeline.bins.clusterers import SphericalKMeans
    from pipeline.budget import Budget
    from pipeline.config import Config, default_scorers
    from pipeline.embedders.lsa import Lsa
    from pipeline.endpoint.chat import Chat
    from pipeline.executors import Serial
    from pipeline.run import curate
    from pipeline.selectors.herding import Herding
    from pipeline.sinks.disk import Disk, RowFormat
    from pipeline.sinks.synthetic import Synthetic
    from pipeline.sources.memory import Memory

    with serving(answer) as server:
        server.usage = usage
        asked = {"model": "m", "url": server.url, "max_requests": 20, "answer_tokens": 4000, "tries": 2} | (chat or {})
        parts = dict(
            source=Memory(dataset=Dataset.from_list(rows or tales.corpus())), embedder=Lsa(), executor=Serial(),
            sink=Disk(
                path=str(tmp_path / "out"), synthetic=Synthetic(synthetic), format=RowFormat(format), **(sink or {})
            ),
            categorizer=ColumnCategory(column=column), clusterer=SphericalKMeans(), scorers=default_scorers(),
            selector=Herding(), budget=Budget(tokens=tokens) if tokens else Budget(rows=200), cache_dir=kept_stages,
            augmenter=Endpoint(chat=Chat(**asked), requests=str(tmp_path / "requests.sqlite"), power=0.2, **settings),
        )  # fmt: skip
        run = curate(Config(**(parts | (config or {}))))
    return run, server


def reasons(run):
    return Counter(one.reason for one in run.additions.candidates)


def tops(run):
    """Of the tales: rows kept, wanted, given back, written, short."""
    top = run.topup
    (at,) = [i for i, name in enumerate(top.name) if name == "tales"]
    return [int(values[at]) for values in (top.kept, top.target, top.returned, top.written, top.short)]


def command(url, folder, *words):
    return [
        "source.path=tales.jsonl", "categorizer=column", "categorizer.column=task", "budget.rows=200",
        "sink.path=topped", "augmenter=endpoint", "augmenter.power=0", "augmenter.count=4", "augmenter.chat.model=m",
        f"augmenter.chat.url={url}", "augmenter.chat.max_requests=60", "augmenter.chat.concurrency=2",
        f"cache_dir={folder}/cache", *words,
    ]  # fmt: skip
