"""Reports as CSV: RFC 4180, UTF-8 with a byte order mark, and no cell that a spreadsheet would run.

Text that could be read as a formula gets an apostrophe in front; numbers stay numbers, so -5.00 is -5.00
(OWASP ASVS 5.0, 1.2.10).
"""

import csv
import io
from collections.abc import Iterable, Sequence

from flask import Response

RISKY = tuple("=+-@\t\r\n\0＝＋－＠")
Cell = str | int


class Plain(str):
    """A cell that is a number already written, like "-5.00": never guarded."""

    __slots__ = ()


def guarded(cell: Cell) -> str:
    """A cell as text that no spreadsheet takes for a formula."""
    if isinstance(cell, int | Plain):
        return str(cell)
    stripped = cell.lstrip(" \"'\u00a0")
    return f"'{cell}" if cell.startswith(RISKY) or stripped.startswith(RISKY) else cell


def text_of(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """The whole file as text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    return out.getvalue()


def answer(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """The file as a download that no cache keeps."""
    response = Response("\ufeff" + text_of(header, rows), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
