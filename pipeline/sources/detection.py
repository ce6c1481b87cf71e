"""Which shape the rows of a file have, told from the first of them, and reading rows as that shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.sources.conversation import Conversation
from pipeline.sources.rows import BadRow, Row
from pipeline.sources.shapes import SHAPES, Names, Shape

LOOK_AHEAD = 100


@dataclass(frozen=True)
class Reader:
    """A shape, and which columns it is read from.

    Attributes
    ----------
    shape : Shape
    columns : dict of str to str
        What the user says: the shape's column -> the row's.
    """

    shape: Shape
    columns: Mapping[str, str] = field(default_factory=dict)

    def read(self, row: Row) -> Conversation:
        """The conversation of a row.

        Raises
        ------
        BadRow
            If a required column is missing or holds something else than the shape says.
        """
        view: Row = {}
        for names in (*self.shape.required, *self.shape.optional):
            found = self.column(row, names)
            if found is not None:
                view[names[0]] = row[found]
            elif names in self.shape.required:
                wanted = self.columns.get(names[0], " or ".join(f"'{name}'" for name in names).strip("'"))
                raise BadRow(
                    f"no field '{wanted}'; found {', '.join(row) or 'nothing'}; expected "
                    f"{' and '.join(self.columns.get(n[0], n[0]) for n in self.shape.required)}, as in the other rows"
                )
        return self.shape.build(view)

    def column(self, row: Row, names: Names) -> str | None:
        """Which column of a row is read for one of the shape's; the first that holds something."""
        if names[0] in self.columns:
            name = self.columns[names[0]]
            return name if name in row else None
        there = [name for name in names if name in row]
        return next((name for name in there if row[name] not in (None, "", [])), there[0] if there else None)

    def unsaid(self, row: Row, said: Conversation) -> list[str]:
        """Columns of a row that its conversation does not say whole."""
        every = (*self.shape.required, *self.shape.optional)
        whole = {self.column(row, names) for names in every if names[0] not in said.unsaid}
        return [column for column in row if column not in whole]

    def used(self, row: Row) -> list[str]:
        """Columns of a row that the conversation is made of, in the order of the row."""
        used = {self.column(row, names) for names in (*self.shape.required, *self.shape.optional)}
        return [column for column in row if column in used]


def detect(rows: list[Row], name: str | None = None, columns: Mapping[str, str] | None = None) -> tuple[Reader, str]:
    """The shape that most of the given rows have, and the evidence for it.

    Parameters
    ----------
    rows : list of dict
        The first of a file.
    name : str, optional
        The shape that the user names.
    columns : dict of str to str, optional
        What the user says of columns; only shapes that have all of them come into question.

    Raises
    ------
    BadRow
        Where none fits.
    """
    columns = dict(columns or {})
    possible = [s for s in SHAPES.values() if (name is None or s.name == name) and set(columns) <= set(s.columns)]
    readers = [Reader(shape, columns) for shape in possible]
    absent = [column for column in columns.values() if not any(column in row for row in rows)]
    if absent:
        found = ", ".join(f"'{column[:40]}'" for column in list(rows[0])[:12]) or "none"
        raise BadRow(f"no column '{absent[0]}', which source.columns names; its columns are {found}; name one of them")
    hits = [sum(_fits(reader, row) for row in rows) for reader in readers]
    if not any(hits):
        raise BadRow(_unknown(rows[0], readers))
    best = max(range(len(hits)), key=lambda number: hits[number])  # the first of equals: shapes stand in that order
    reader = readers[best]
    example = next(row for row in rows if _fits(reader, row))
    others = [r.shape.name for r, hit in zip(readers, hits, strict=True) if hit == hits[best] and r is not reader]
    evidence = f"{', '.join(reader.used(example))} in {hits[best]:,} of the first {len(rows):,} rows"
    if others and name is None:
        evidence += f"; {' and '.join(others)} would fit too"
    return reader, evidence


def _unknown(row: Row, readers: list[Reader]) -> str:
    """Why rows like this one cannot be read, and what to say of them."""
    found = ", ".join(f"'{column[:40]}'" for column in list(row)[:12]) or "none"
    lacks = [[names for names in r.shape.required if r.column(row, names) is None] for r in readers]
    near = [number for number, reader in enumerate(readers) if len(lacks[number]) < len(reader.shape.required)]
    if near or len(readers) == 1:
        best = min(near or [0], key=lambda number: len(lacks[number]))
        wanted = " and ".join(" or ".join(readers[best].columns.get(n, n) for n in names) for names in lacks[best])
        nearest = f"{'nearest is ' if len(readers) > 1 else ''}{readers[best].shape.name}, which also needs {wanted}"
    else:
        nearest = f"known are {', '.join(reader.shape.name for reader in readers)}"
    advice = "name their columns, as in source.columns={instruction: ..., output: ...}, or {text: ...} for texts alone"
    if any(isinstance(value, list) for value in row.values()):
        advice += "; if one of the columns holds the rows, name it in source.field"
    return f"rows with the columns {found} have no known shape ({nearest}); {advice}"


def _fits(reader: Reader, row: Row) -> bool:
    return all(reader.column(row, names) is not None for names in reader.shape.required)
