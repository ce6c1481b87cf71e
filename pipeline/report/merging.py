"""Our card into one that is there: what others wrote in it stays."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pipeline.errors import ConfigError
from pipeline.report.card import BEGIN, END, MARK

if TYPE_CHECKING:
    from huggingface_hub import DatasetCard

KEPT = ("pretty_name", "license", "license_name", "license_link", "language", "task_categories")  # theirs before ours
JOINED = ("tags", "source_datasets")
SIZES = ("size_categories",)  # ours where all rows are


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
        If theirs cannot be read, says another licence, or names a split with other columns, another format or another
        default than can stand beside ours.
    """
    card, new = _read(theirs), _read(ours)
    data, added = card.data.to_dict(), new.data.to_dict()
    theirs_says, ours_says = (listed(one.get("license")) for one in (data, added))
    others = configs_of(theirs).keys() - {one["config_name"] for one in added["configs"]}
    if (theirs_says or others) and not set(ours_says) <= set(theirs_says):
        raise ConfigError(
            f"the card that is there says license: {', '.join(theirs_says) or 'nothing'}, but the rows to be pushed "
            f"are {', '.join(ours_says)}; state both there, as a list, or push to another sink.repo."
        )
    for key, value in added.items():
        if key in JOINED:
            data[key] = [*dict.fromkeys([*listed(data.get(key)), *listed(value)])]
        elif (key in SIZES and not others) or (key in KEPT and key not in data):
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


def configs_of(card: str) -> dict[str, dict[str, Any]]:
    """Configurations that a card names."""
    found = listed(_read(card).data.to_dict().get("configs")) if card else []
    if not all(isinstance(one, dict) and isinstance(one.get("config_name"), str) for one in found):
        raise ConfigError("the card that is there has configs without a config_name; mend its YAML.")
    return {one["config_name"]: one for one in found}


def patterns_of(config: dict[str, Any]) -> list[str]:
    """Patterns of the files that a configuration reads."""
    folder = f"{config['data_dir'].strip('/')}/" if isinstance(config.get("data_dir"), str) else ""
    found = [f"{folder}{path}" for files in _files(config) for path in listed(files.get("path"))]
    return found or ([f"{folder}**"] if folder else [])


def matches(name: str, pattern: str) -> bool:
    """Whether a pattern of a card reads a file: ``**`` crosses folders, ``*`` does not."""
    parts = re.split(r"(\*\*/?|\*|\?)", pattern)
    means = {"**": ".*", "**/": "(.*/)?", "*": "[^/]*", "?": "[^/]"}
    return re.fullmatch("".join(means.get(part, re.escape(part)) for part in parts), name) is not None


def _read(card: str) -> DatasetCard:
    from huggingface_hub import DatasetCard
    from yaml import YAMLError

    try:
        return DatasetCard(card, ignore_metadata_errors=True)
    except (ValueError, YAMLError) as error:
        said = " ".join(str(error).split())[:200]
        raise ConfigError(f"the card that is there cannot be read ({said}); mend its YAML, or remove it.") from error


def _configurations(data: dict[str, Any], added: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """``configs`` and ``dataset_info`` of both."""
    configs = {one["config_name"]: one for one in listed(data.get("configs"))}
    infos = {one.get("config_name", "default"): one for one in listed(data.get("dataset_info"))}
    for one in listed(added["configs"]):
        name, there = one["config_name"], configs.get(one["config_name"], {})
        others = {other: config for other, config in configs.items() if other != name}
        _require_format(one, list(others.values()))
        if name == "default":  # by its name; load_dataset refuses two
            for other in [config for config in others.values() if config.get("default")]:
                if not str(other.get("description", "")).startswith(MARK):
                    raise ConfigError(
                        f"configuration '{other['config_name']}' is the default of the data set that is there, and "
                        "load_dataset refuses two; set sink.config_name, or take that away from it in the card."
                    )
                del other["default"]
        if others:
            one = {key: value for key, value in one.items() if key != "default"}
        written = {files["split"] for files in one["data_files"]}
        files = [f for f in _files(there) if f["split"] not in written]
        info = next(i for i in listed(added["dataset_info"]) if i.get("config_name", "default") == name)
        info, before = {"config_name": name, **info}, infos.pop(name, None)
        if files and before is not None:
            if before.get("features") != info.get("features"):
                raise ConfigError(
                    f"configuration '{name}' has the split '{files[0]['split']}' with other columns than the rows to "
                    "be pushed; splits of a configuration have the same; set sink.config_name to another."
                )
            info["splits"] = [s for s in before.get("splits", []) if s["name"] not in written] + info["splits"]
        # How splits are read that stay is left as it is; of splits that nothing was said of, nothing is said.
        configs[name] = {**(there if files else {}), **one, "data_files": [*files, *one["data_files"]]}
        if before is not None or not files:
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
    names = [path for files in _files(config) for path in listed(files.get("path"))]
    endings = {ending for name in names for ending in re.findall(r"[.](parquet|jsonl?|csv|arrow|txt)\b", name)}
    return endings.pop().replace("jsonl", "json") if len(endings) == 1 else None


def _files(config: dict[str, Any]) -> list[dict[str, Any]]:
    found = config.get("data_files", [])
    if isinstance(found, str):
        return [{"split": "train", "path": found}]
    return [one if isinstance(one, dict) else {"split": "train", "path": one} for one in found]


def listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]
