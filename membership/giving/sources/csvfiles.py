"""CSV as platforms and spreadsheets write it, row by row in little memory, however large the file is.

Tolerated are columns in any order and others beside them, `;`, `,` or tab between cells, a byte order mark, UTF-8,
UTF-16 with its mark, and Windows-1251 (which is said). What a platform guards against spreadsheets with an
apostrophe is read without it; a formula is never more than its text.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from membership.articles.sources.decoding import encoding_of
from membership.articles.sources.items import ImportFileError
from membership.giving.sources.members import Left, Member, RowError, Told

MOST_CELL = 100_000
_FORMULA = ("'=", "'+", "'-", "'@", "'\t", "'\r")

Cells = dict[str, str]


def encoding(file: Path) -> tuple[str, str]:
    """The encoding to read a file in, and a warning ("" if it is what it should be).

    Raises:
        ImportFileError: it is none that can be read, or too large.
    """
    return encoding_of(file)


def rows(file: Path, names: Mapping[str, str], needed: tuple[str, ...]) -> Iterator[tuple[int, Cells] | Left]:
    """The rows by our names for the columns (`names`: what a file may call each, in lower case), with their numbers.

    Raises:
        ImportFileError: it cannot be read, is no CSV (with the line), or lacks a needed column.
    """
    told, _warning = encoding(file)
    with file.open(encoding=told, newline="") as opened:
        separator = _separator(opened.readline().lstrip("\ufeff"), names)
        opened.seek(0)
        reader = csv.reader(opened, delimiter=separator, strict=True)
        header: list[str] = []
        try:
            for number, cells in enumerate(reader, start=1):
                if not header:
                    header = _header(cells, names, needed)
                elif any(cell.strip() for cell in cells):
                    yield _row(number, cells, header)
        except csv.Error as error:
            raise ImportFileError(f"The file is no CSV from line {reader.line_num} on: {error}.") from None
    if not header:
        raise ImportFileError("The file is empty.")


def _separator(line: str, names: Mapping[str, str]) -> str:
    """What stands between the cells: whichever makes most known columns of the first line."""
    return max(",;\t", key=lambda mark: sum(bool(name) for name in _names(line.split(mark), names)))


def _names(cells: list[str], names: Mapping[str, str]) -> list[str]:
    return [names.get(cell.lstrip("\ufeff").strip(" \t\r\n\u00a0\"'").casefold(), "") for cell in cells]


def _header(cells: list[str], names: Mapping[str, str], needed: tuple[str, ...]) -> list[str]:
    header = _names(cells, names)
    missing = [name for name in needed if name not in header]
    if missing:
        raise ImportFileError(
            f"The file has no column {', '.join(missing)}. Its first row must name the columns; "
            "export it anew and leave that row as it is."
        )
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise ImportFileError(f"The file has two columns for {', '.join(twice)}.")
    return header


def members_of(
    found: Iterable[tuple[int, Cells] | Left], read_one: Callable[[int, Cells], Member]
) -> Iterator[Told]:
    """The members that rows tell of, and the rows that are not taken: those that `read_one` raises RowError for."""
    for row in found:
        if isinstance(row, Left):
            yield row
            continue
        number, cells = row
        try:
            yield read_one(number, cells)
        except RowError as error:
            yield Left(number, str(error))


def _row(number: int, cells: list[str], header: list[str]) -> tuple[int, Cells] | Left:
    if any(cell.strip() for cell in cells[len(header) :]):
        return Left(number, "it has more cells than the first row names")
    known = {name: _cell(cell) for name, cell in zip(header, cells, strict=False) if name}
    if any("\0" in cell or len(cell) > MOST_CELL for cell in known.values()):
        return Left(number, "it holds what no text holds")
    return number, known


def _cell(cell: str) -> str:
    text = cell.strip(" \t\r\n\u00a0")
    return text[1:] if text.startswith(_FORMULA) else text
