"""Our card into one that is there: what others wrote in it stays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pipeline import hub
from pipeline.errors import ConfigError
from pipeline.report.card import BEGIN, BESIDE, END, MARK
from pipeline.sinks.configurations import AUDIT
from pipeline.sinks.patterns import files_of, listed

if TYPE_CHECKING:
    from huggingface_hub import DatasetCard

KEPT = ("pretty_name", "license", "license_name", "license_link", "language", "task_categories")  # theirs before ours
JOINED = ("tags", "source_datasets")
SIZES = "size_categories"  # ours where all rows are


def merged(theirs: str, ours: str, wrote: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The card that both make, and which values of its YAML we wrote.

    Of the YAML, theirs stays but for ``configs`` and ``dataset_info`` of the splits that we write, sizes, and tags,
    which are joined. What we wrote for rows that are replaced goes with them. Of the text, only what stands between
    our marks is replaced.

    Parameters
    ----------
    theirs, ours : str
        Whole cards; theirs may be empty.
    wrote : dict
        What this returned for the push before.

    Raises
    ------
    ConfigError
        If theirs cannot be read, says another licence, or names a split with other columns or another default than can
        stand beside ours.
    """
    new = _read(ours)
    added = new.data.to_dict()
    if not theirs:
        return ours, {key: added[key] for key in (*KEPT, *JOINED) if key in added}
    card = _read(theirs)
    data = card.data.to_dict()
    others = _others(data, added)
    made = any(key in wrote for key in KEPT)  # a card of which we wrote none of these is somebody else's whole
    mine = {key for key in KEPT if key in wrote and data.get(key) == wrote[key]}
    if not others:
        data = {key: value for key, value in data.items() if key not in mine}
    _require_licence(data, added, alone=made and not others)
    if made:
        absent = {key: added[key] for key in KEPT if key in added and key not in data}
        data, mine = {**data, **absent}, mine | absent.keys()
    written = {key: data[key] for key in KEPT if key in mine and key in data}
    for key in JOINED:
        before = listed(data.get(key))
        own = [value for value in listed(wrote.get(key)) if value in before]
        stay = before if others else [value for value in before if value not in own]
        joined = list(dict.fromkeys([*stay, *listed(added.get(key))]))
        data = {**data, key: joined or None}
        written[key] = [value for value in joined if value in own or value not in before]
    if not others:
        data[SIZES] = added[SIZES]
    data["configs"], data["dataset_info"] = _configurations(data, added)
    block = new.text.strip()
    outside = parted(card.text)
    if outside is not None:
        text = f"{outside[0]}{block}\n{outside[1]}"
    else:
        text = f"{card.text.strip()}\n\n{block}\n" if card.text.strip() else f"{block}\n"
    text = text if text.startswith("\n") else f"\n{text}"
    return f"---\n{type(card.data)(**data).to_yaml()}\n---\n{text}", written


def parted(text: str) -> tuple[str, str] | None:
    """What stands before and after our marks, each a line of its own, or None where there are none.

    Raises
    ------
    ConfigError
        If they are not one pair, so that what is ours cannot be told.
    """
    lines = text.splitlines(keepends=True)
    begins, ends = ([at for at, line in enumerate(lines) if line.strip() == mark] for mark in (BEGIN, END))
    if not begins and not ends:
        return None
    if len(begins) == len(ends) == 1 and begins < ends:
        return "".join(lines[: begins[0]]), "".join(lines[ends[0] + 1 :])
    raise ConfigError(
        f"the card that is there (README.md) has {len(begins)} lines '{BEGIN}' and {len(ends)} lines '{END}'; expected "
        "one of each, in this order, or none; mend it there, or push to another sink.repo."
    )


def configs_of(card: str) -> dict[str, dict[str, Any]]:
    """Configurations that a card names."""
    found = listed(_read(card).data.to_dict().get("configs")) if card else []
    if not all(isinstance(one, dict) and isinstance(one.get("config_name"), str) for one in found):
        raise ConfigError("the card that is there has configs without a config_name; mend its YAML.")
    return {one["config_name"]: one for one in found}


def is_marked(config: dict[str, Any]) -> bool:
    """Whether a configuration of a card is ours."""
    return str(config.get("description", "")).startswith(MARK)


def goes(config: dict[str, Any], written: Mapping[str, Iterable[str]]) -> bool:
    """Whether a configuration that is there goes with a push: the ledger, and what was written beside replaced rows.

    Parameters
    ----------
    config : dict
        As the card has it.
    written : mapping of str to iterable of str
        Splits of each configuration that is pushed.
    """
    name = config["config_name"]
    if name == AUDIT:
        return is_marked(config)
    said = re.match(rf"{MARK}, {BESIDE} (.*), files ", str(config.get("description", "")))
    splits = {files.get("split") for files in files_of(config)}
    replaced = said and all(splits <= set(written.get(one, ())) for one in said[1].split(", "))
    return bool(replaced) and name not in written


def _read(card: str) -> DatasetCard:
    from yaml import YAMLError

    try:
        return hub.card_of(card)
    except (ValueError, YAMLError) as error:
        said = " ".join(str(error).split())[:200]
        raise ConfigError(f"the card that is there cannot be read ({said}); mend its YAML, or remove it.") from error


def _others(data: dict[str, Any], added: dict[str, Any]) -> bool:
    """Whether rows stay beside those that are written."""
    ours = {one["config_name"]: {files["split"] for files in one["data_files"]} for one in added["configs"]}
    for one in listed(data.get("configs")):
        name = one["config_name"]
        stays = name not in ours or any(files.get("split") not in ours[name] for files in files_of(one))
        if stays and not goes(one, ours):
            return True
    return False


def _require_licence(data: dict[str, Any], added: dict[str, Any], alone: bool) -> None:
    """Refuse rows of a licence that the card does not state; rows that are alone in it bring theirs."""
    theirs, ours = _licences(data), _licences(added)
    if set(ours) <= set(theirs) or (alone and not theirs):
        return
    mend = "state both there, as a list" if theirs else "state that there"
    raise ConfigError(
        f"the card that is there says license: {', '.join(theirs) or 'nothing'}, but the rows to be pushed are "
        f"{', '.join(ours)}; {mend}, or push to another sink.repo."
    )


def _licences(data: dict[str, Any]) -> list[str]:
    """Names of licences; ``other`` is not one, without what it is called and where it stands."""
    said = ", ".join(str(data[key]) for key in ("license_name", "license_link") if data.get(key))
    return [f"other ({said})" if name == "other" and said else str(name) for name in listed(data.get("license"))]


def _configurations(data: dict[str, Any], added: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """``configs`` and ``dataset_info`` of both."""
    configs = {one["config_name"]: one for one in listed(data.get("configs"))}
    infos = {one.get("config_name", "default"): one for one in listed(data.get("dataset_info"))}
    pushed = {one["config_name"]: {files["split"] for files in one["data_files"]} for one in listed(added["configs"])}
    for name in [name for name, one in configs.items() if goes(one, pushed)]:  # of the push before
        del configs[name]
        infos.pop(name, None)
    if len(configs) == 1 and "default" not in configs:  # what load_dataset gives without a name, which others would end
        next(iter(configs.values()))["default"] = True
    for one in listed(added["configs"]):
        name, there = one["config_name"], configs.get(one["config_name"], {})
        others = {other: config for other, config in configs.items() if other != name}
        if name == "default":  # by its name; load_dataset refuses two
            for other in [config for config in others.values() if config.get("default")]:
                if not is_marked(other):
                    raise ConfigError(
                        f"configuration '{other['config_name']}' is what load_dataset gives of the data set that is "
                        "there when no name is said, which 'default' would take from it; set sink.config_name."
                    )
                del other["default"]
        if others:  # what is the default stays it
            kept = {"default": True} if there.get("default") else {}
            one = {key: value for key, value in one.items() if key != "default"} | kept
        written = {files["split"] for files in one["data_files"]}
        files = [f for f in files_of(there) if f["split"] not in written]
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
    # The only one's may be without a name, with which `push_to_hub` could not go on.
    return list(configs.values()), [{"config_name": name, **info} for name, info in infos.items()]
