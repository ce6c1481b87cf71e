"""Our card into one that is there: what others wrote in it stays."""

from __future__ import annotations

import re
from typing import Any

from pipeline.errors import ConfigError
from pipeline.report.card import BEGIN, END

KEPT = ("pretty_name", "license", "license_name", "license_link", "language", "task_categories")  # theirs before ours
JOINED = ("tags", "source_datasets")
OURS = ("size_categories",)


def merged(theirs: str, ours: str) -> str:
    """The card that both make.

    Of the YAML, theirs stays but for ``configs`` and ``dataset_info`` of the splits that we write, sizes, and tags,
    which are joined. Of the text, only what stands between our marks is replaced.

    Parameters
    ----------
    theirs, ours : str
        Whole cards.

    Raises
    ------
    ConfigError
        If a split that stays in a configuration has other columns than ours in the same.
    """
    from huggingface_hub import DatasetCard

    try:
        card, new = DatasetCard(theirs, ignore_metadata_errors=True), DatasetCard(ours)
    except ValueError as error:
        raise ConfigError(f"the card that is there cannot be read ({error}); mend its YAML, or remove it.") from error
    data: dict[str, Any] = card.data.to_dict()
    added = new.data.to_dict()
    for key, value in added.items():
        if key in JOINED:
            data[key] = [*dict.fromkeys([*_listed(data.get(key)), *_listed(value)])]
        elif key in OURS or (key in KEPT and key not in data):
            data[key] = value
    data["configs"], data["dataset_info"] = _configurations(data, added)
    marked = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    block = marked.search(new.text)
    assert block is not None, "our card has its marks"
    if marked.search(card.text):
        text = marked.sub(lambda _: block[0], card.text, count=1)
    else:
        text = f"{card.text.strip()}\n\n{block[0]}\n" if card.text.strip() else f"{block[0]}\n"
    return f"---\n{type(card.data)(**data).to_yaml()}\n---\n{text if text.startswith(chr(10)) else chr(10) + text}"


def _configurations(data: dict[str, Any], added: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """``configs`` and ``dataset_info`` of both."""
    configs = {one["config_name"]: one for one in _listed(data.get("configs"))}
    infos = {one.get("config_name", "default"): one for one in _listed(data.get("dataset_info"))}
    for one in _listed(added["configs"]):
        name = one["config_name"]
        _require_format(one, [other for other in configs.values() if other["config_name"] != name])
        written = {files["split"] for files in one["data_files"]}
        files = [f for f in _files(configs.get(name, {})) if f["split"] not in written]
        info = next(i for i in _listed(added["dataset_info"]) if i.get("config_name", "default") == name)
        info = {"config_name": name, **info}
        before = infos.get(name)
        if files and before is not None and before.get("features") != info.get("features"):
            raise ConfigError(
                f"configuration '{name}' has the split '{files[0]['split']}' with other columns than the rows to be "
                "pushed; splits of a configuration have the same; set sink.config_name to another."
            )
        if files and before is not None:
            info["splits"] = [s for s in before.get("splits", []) if s["name"] not in written] + info["splits"]
        if any(other == "default" or config.get("default") for other, config in configs.items() if other != name):
            one = {key: value for key, value in one.items() if key != "default"}
        if name == "default":  # by its name; load_dataset refuses two
            configs = {other: {k: v for k, v in c.items() if k != "default"} for other, c in configs.items()}
        configs[name] = {**configs.get(name, {}), **one, "data_files": [*files, *one["data_files"]]}
        infos[name] = info
    return list(configs.values()), list(infos.values())


def _require_format(config: dict[str, Any], others: list[dict[str, Any]]) -> None:
    """Refuse files of another format than those of other configurations: ``load_dataset`` reads all with one reader."""
    ours = _format(config)
    for other in others:
        if _format(other) not in (None, ours):
            raise ConfigError(
                f"configuration '{other['config_name']}' of the data set that is there holds {_format(other)} files, "
                f"but {ours} files would be pushed, and load_dataset reads only one format in a data set; set "
                "sink.files, or push to another sink.repo."
            )


def _format(config: dict[str, Any]) -> str | None:
    """``parquet``, ``json`` or the like, where the names of the files say."""
    names = [path for files in _files(config) for path in _listed(files.get("path"))]
    endings = {ending for name in names for ending in re.findall(r"[.](parquet|jsonl?|csv|arrow|txt)\b", name)}
    return endings.pop().replace("jsonl", "json") if len(endings) == 1 else None


def _files(config: dict[str, Any]) -> list[dict[str, Any]]:
    found = config.get("data_files", [])
    if isinstance(found, str):
        return [{"split": "train", "path": found}]
    return [one if isinstance(one, dict) else {"split": "train", "path": one} for one in found]


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]
