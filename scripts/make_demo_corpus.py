"""Make a corpus of real instruction rows out of the documentation of installed packages: no download, no chance."""

from __future__ import annotations

import argparse
import ast
import gc
import hashlib
import json
import re
import sys
import sysconfig
import textwrap
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec, resolve_name
from itertools import count
from operator import itemgetter
from pathlib import Path

HOMES = dict(numpy="NumPy", sklearn="scikit-learn", scipy="SciPy", pandas="pandas", datasets="datasets")
# Not for users, or rows of one kind by the hundred, or documented at run time.
SKIPPED = set("core compat externals common distutils f2py typing ma packaged_modules pytables tkinter idlelib".split())
# Percent; skewed on purpose: in collections of instructions too, a few tasks make up most of the rows.
MIX = dict(parameter=32, summary=20, example=12, lookup=11, code=9, signature=7, returns=6, raises=3)
TEMPLATES = {
    "parameter": ("What does the parameter `{item}` of {name} mean?", "What should I pass to {name} as `{item}`?",
                  "Explain the argument `{item}` of {name}.", "Document `{item}` of the {kind} of {home} below."),
    "summary": ("What does {name} do?", "Describe {name} in a sentence.", "What is {name}, a {kind} of {home}?"),
    "example": ("Show how to use {name}.", "Give an example of {name} from {home}.", "How is {name} used?"),
    "lookup": ("Which {kind} of {home} fits this description?", "Name the {kind} of {home} that is described below.",
               "I need a {kind} of {home} that does the following. What is it called?"),
    "code": ("Implement this function in Python.", "Complete the function below.", "Write the body of this function."),
    "signature": ("Write the signature of {name}.", "Which arguments does {name} take?", "How is {name} declared?"),
    "returns": ("What does {name} return?", "Describe the return value of {name}.", "What do I get from {name}?"),
    "raises": ("Which exceptions does {name} raise?", "When does {name} fail?", "Which errors can {name} end in?"),
}  # fmt: skip


@dataclass
class Item:
    """A documented definition in module ``home``; ``code`` is its source without the docstring."""

    kind: str
    home: str
    name: str
    doc: str
    head: str
    code: str = ""
    members: list[Item] = field(default_factory=list)


@dataclass
class Module:
    """What a file defines and passes on."""

    package: bool = True  # whether it is an __init__.py
    items: dict[str, Item] = field(default_factory=dict)
    imports: list[tuple[str, str, str]] = field(default_factory=list)  # module, name there, name here
    listed: set[str] = field(default_factory=set)  # its __all__


def item(node: ast.AST, lines: list[str], home: str, function: str = "function") -> Item | None:
    """The definition, or None where it is private, undocumented or documented only at run time."""
    if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
        return None
    doc, marks = ast.get_docstring(node) or "", " ".join(map(ast.unparse, node.decorator_list))
    if not doc or re.search(r"%\(\w+\)s|\$\{", doc) or re.search(r"overload|property|setter|doc\(|Append|Subst", marks):
        return None
    if isinstance(node, ast.ClassDef):
        starts = [n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
        head = "\n    ".join([f"class {node.name}:", *(f"def __init__({ast.unparse(n.args)}):" for n in starts)])
        members = [found for part in node.body if (found := item(part, lines, home, "method"))]
        return Item("class", home, node.name, doc, head, members=members)
    head = f"def {node.name}({ast.unparse(node.args)}){f' -> {ast.unparse(node.returns)}' if node.returns else ''}:"
    body = "\n".join(lines[node.body[0].end_lineno : node.end_lineno]).strip("\n")
    code = textwrap.dedent("\n".join([*lines[node.lineno - 1 : node.body[0].lineno - 1], body]))
    whole = 1 <= body.count("\n") < 24 and not re.search(r"NotImplemented|super\(\)", body)
    return Item(function, home, node.name, doc, head, code * whole)


def parse(path: Path, name: str) -> Module:
    """Read one file and forget its syntax tree, which is many times its size."""
    module, text = Module(path.stem == "__init__"), path.read_text("utf-8", errors="replace")
    lines, waiting = text.splitlines(), ast.parse(text).body[::-1]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If | ast.Try):
            waiting += (node.body + node.orelse)[::-1]
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * (node.level and node.level + (not module.package)) + (node.module or ""), name)
            module.imports += [(base, alias.name, alias.asname or alias.name) for alias in node.names]
        elif found := item(node, lines, name):
            module.items[found.name] = found
        elif "__all__" in lines[node.lineno - 1]:
            module.listed |= {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}
    return module


def read(package: str) -> dict[str, Module]:
    """Modules of a package, or of the standard library (""); none of a package that is not installed."""
    spec = find_spec(package) if package else None
    tops = [Path(folder) for folder in spec.submodule_search_locations] if spec else []
    if not package:
        tops = [Path(sysconfig.get_path("stdlib"), name) for name in sorted(sys.stdlib_module_names - SKIPPED)]
    modules = {}
    for top in tops:
        for path in sorted(top.rglob("*.py")) if top.is_dir() else [top.with_suffix(".py")]:
            parts = [part for part in path.relative_to(top.parent).with_suffix("").parts if part != "__init__"]
            if path.is_file() and not {"tests", "test"} & set(parts):
                modules[".".join(parts)] = parse(path, ".".join(parts))
    return modules


def offered(modules: dict[str, Module], name: str, known: dict[str, dict[str, Item]]) -> dict[str, Item]:
    """Everything that a module defines or imports from its own package."""
    if name not in known:
        known[name], module = {}, modules.get(name, Module())
        for base, wanted, new in module.imports:
            found = meant(modules, base, known) if wanted == "*" else offered(modules, base, known)
            known[name] |= found if wanted == "*" else {new: found[wanted]} if wanted in found else {}
        known[name] |= module.items
    return known[name]


def meant(modules: dict[str, Module], name: str, known: dict[str, dict[str, Item]]) -> dict[str, Item]:
    """Those of them that others are meant to use."""
    found, module = offered(modules, name, known), modules.get(name, Module())
    listed = {key: value for key, value in found.items() if key in module.listed}
    return listed or {key: value for key, value in found.items() if module.package or value.home == name}


def public(modules: dict[str, Module]) -> Iterator[tuple[str, Item]]:
    """Every public definition, under the shortest name by which users reach it."""
    known, names = {}, {}
    for module in sorted(modules, key=lambda name: (name.count("."), name)):
        if not any(part.startswith("_") or part in SKIPPED for part in module.split(".")):
            for key, found in meant(modules, module, known).items():
                names.setdefault(id(found), (f"{module}.{key}", found))
    for name, found in names.values():
        yield name, found
        yield from ((f"{name}.{member.name}", member) for member in found.members)


def sections(doc: str) -> dict[str, str]:
    """Text of each numpydoc (or Google) section."""
    google = r"^(Args|Returns|Raises|Example):\n((?: +.*\n|\n)+)"
    doc = re.sub(google, r"\1\n---\n\2Rest\n---\n", f"{doc}\n", flags=re.MULTILINE)
    _, *parts = re.split(r"^(\w[\w ]*)\n-{3,}[ ]*$", doc, flags=re.MULTILINE)
    return {title: textwrap.dedent(text).strip() for title, text in zip(parts[::2], parts[1::2], strict=True)}


def entries(section: str) -> Iterator[tuple[str, str, str]]:
    """Name, type and text of each entry of a section: ``name : type`` or ``name (type): text``."""
    for entry in re.split(r"\n(?=\S)", section):
        head, _, text = entry.partition("\n")
        google = re.fullmatch(r"([^\s(]+) \((.+?)\):\s*(.*)", head) or re.fullmatch(r"(\S+?)():+\s*(.*)", head)
        name, kind, more = google.groups() if google else (*(*head.split(" : "), "")[:2], "")
        yield prose(name), prose(kind), prose(f"{more}\n{textwrap.dedent(text)}")


def prose(text: str) -> str:
    """Paragraphs without line breaks, and without what only a documentation builder understands."""
    text = re.sub(r"^( *)\.\. [\w:-]+::.*(\n *$|\n\1 +.*)*", "", text, flags=re.MULTILINE)
    text = re.sub(r":[\w:+-]+:`[~!]?([^`<]+?)(\s*<[^`>]*>)?`", r"`\1`", text.replace("``", "`").replace("::\n", ":\n"))
    text = re.sub(r"\s?\[\w+\]_", "", re.sub(r"`([^`<]+?)\s*<[^`>]*>`_+", r"\1", text))
    blocks = [block.rstrip() for block in re.split(r"\n\s*\n", textwrap.dedent(text).strip("\n"))]
    laid_out = re.compile(r"^(\s|[-*+|>=] |>>>|\d\.|={3})", re.MULTILINE)
    return "\n\n".join(block if laid_out.search(block) else " ".join(block.split()) for block in blocks if block)


def answers(name: str, found: Item) -> Iterator[tuple[str, str, str, str]]:
    """Task, parameter, input and output of every row that a definition gives."""
    doc, summary = sections(found.doc), prose(found.doc.split("\n\n")[0])
    if re.fullmatch(r"(?!.*->)[A-Z`].{25,250}", summary):
        yield "summary", "", "", summary if summary[-1] in ".!?:" else f"{summary}."
        if found.kind != "method":  # of methods too many are described alike
            yield "lookup", "", summary, name
    if len(found.head) > 40:
        yield "signature", "", "", found.head
    for parameter, kind, text in entries(doc.get("Parameters", doc.get("Args", ""))):
        if re.fullmatch(r"[a-z]\w*", parameter) and len(text) > 30:
            yield "parameter", parameter, found.head, f"`{parameter}` ({kind}): {text}" if kind else text
    for task in ("Returns", "Raises"):
        told = list(entries(doc.get(task, "")))
        if all(text for *_, text in told):
            yield task.lower(), "", "", "\n".join(f"{n} ({k}): {t}" if k else f"{n}: {t}" for n, k, t in told)
    example = re.sub(r"\s*# doctest:.*", "", doc.get("Examples", doc.get("Example", "")))
    if example.count(">>>") > 1 and ".. " not in example:
        yield "example", "", "", example
    if found.code and len(found.doc) > 60:
        yield "code", "", f'{found.head}\n    """{textwrap.indent(found.doc, "    ").strip()}\n    """', found.code


def rows() -> Iterator[tuple[int, dict[str, str]]]:
    """Every row that the installed packages give, and a number that stands in for chance."""
    for package, home in {**HOMES, "": "the standard library"}.items():
        for name, found in public(read(package)):
            for task, parameter, given, output in answers(name, found):
                chance = int(hashlib.sha256(f"{task} {name} {parameter}".encode()).hexdigest(), 16)
                template = TEMPLATES[task][chance % len(TEMPLATES[task])]
                text = template.format(name=f"`{name}`", kind=found.kind, home=home, item=parameter)
                row = {"instruction": text, "input": given * ("{name}" not in template), "output": output}
                if output.strip() and len(output) <= 3_000 and len(given) <= 1_500:
                    yield chance, row | {"task": task, "package": package or "python"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path, metavar="OUT.jsonl")
    parser.add_argument("--rows", type=int, default=5_000)
    wanted = parser.parse_args()
    gc.disable()  # syntax trees are many small objects: collecting doubles the time and frees nothing
    warnings.simplefilter("ignore")  # of other people's code
    # Tasks take turns in proportion to MIX, so that a smaller corpus is the beginning of a larger one.
    turn = {task: count(1) for task in MIX}
    queue = [(next(turn[row["task"]]) / MIX[row["task"]], row) for _, row in sorted(rows(), key=itemgetter(0))]
    chosen = [row for _, row in sorted(queue, key=itemgetter(0))[: wanted.rows]]
    wanted.path.parent.mkdir(parents=True, exist_ok=True)
    draft = wanted.path.with_name(f".{wanted.path.name}.draft")
    draft.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in chosen), "utf-8")
    draft.replace(wanted.path)
    counts = ", ".join(f"{task} {many:,}" for task, many in Counter(r["task"] for r in chosen).most_common())
    print(f"{len(chosen):,} rows ({counts}): {wanted.path}")


if __name__ == "__main__":
    main()
