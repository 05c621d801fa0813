"""A bank's file of gifts, read strictly: what is not plainly one gift is not taken, and the reason is named. No I/O.

Columns by name, in any order: date, amount, currency, payer, reference, and if there are any, email and fee.
Tolerated are `;`, `,` and tab between cells, a decimal comma, a byte order mark, UTF-8, UTF-16 with
its mark, and Windows-1251.
Amounts are read by the grammar of membership.money; a day is 2026-11-22 or 22.11.2026, since 11/12/2026 is two days.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from membership import money
from membership.giving.offline_words import EARLIEST, MOST_PAYER, MOST_REFERENCE, read_fee, reference_key
from membership.money import AmountError, AmountFault, Money
from membership.web import emails

MOST_BYTES = 256 * 1024
MOST_ROWS = 500
MOST_CELL = 300
NEEDED = ("date", "amount", "currency", "payer", "reference")
NAMES = {
    "date": "date",
    "дата": "date",
    "amount": "amount",
    "сума": "amount",
    "currency": "currency",
    "валюта": "currency",
    "payer": "payer",
    "платник": "payer",
    "reference": "reference",
    "референс": "reference",
    "email": "email",
    "e-mail": "email",
    "ел. пошта": "email",
    "fee": "fee",
    "комісія": "fee",
}
"""What a bank may call the columns, in English and Ukrainian."""
_ISO_DAY = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})", re.ASCII)
_DOTTED_DAY = re.compile(r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>[0-9]{4})", re.ASCII)


class FileFault(StrEnum):
    """Why a whole file cannot be read."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TOO_MANY_ROWS = "too_many_rows"
    NOT_TEXT = "not_text"
    NOT_CSV = "not_csv"
    NO_COLUMNS = "no_columns"


class RowFault(StrEnum):
    """Why a row is not taken."""

    CELLS = "cells"
    DATE = "date"
    DATE_AHEAD = "date_ahead"
    DATE_LONG_AGO = "date_long_ago"
    AMOUNT = "amount"
    CURRENCY = "currency"
    PAYER = "payer"
    REFERENCE = "reference"
    REFERENCE_TWICE = "reference_twice"
    EMAIL = "email"
    FEE = "fee"


class FileError(ValueError):
    """The file cannot be read; `missing` names columns that it lacks, `line` where it breaks."""

    def __init__(self, fault: FileFault, *, missing: tuple[str, ...] = (), line: int = 0) -> None:
        super().__init__(fault.value)
        self.fault = fault
        self.missing = missing
        self.line = line


@dataclass(kw_only=True)
class Row:
    """One line of the file: what it says as text, what was understood, and what is wrong with it."""

    line: int
    cells: dict[str, str]
    faults: list[RowFault] = field(default_factory=list)
    amount_fault: AmountFault | None = None
    received_on: date | None = None
    money: Money | None = None
    fee: int = 0
    payer: str = ""
    reference: str = ""
    email: str = ""

    @property
    def is_good(self) -> bool:
        """Whether it can be taken."""
        return not self.faults


def decode(data: bytes) -> str:
    """The text of a file.

    Raises:
        FileError: it is empty, too large, or no text.
    """
    if not data.strip():
        raise FileError(FileFault.EMPTY)
    if len(data) > MOST_BYTES:
        raise FileError(FileFault.TOO_LARGE)
    codecs = ("utf-16",) if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "cp1251")
    for codec in codecs:
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise FileError(FileFault.NOT_TEXT)


def read(text: str, *, currencies: Collection[str], today: date) -> list[Row]:
    """The rows of a file, good and bad ones, in its order; empty lines left out.

    Raises:
        FileError: it is no CSV, has no such columns, or too many rows.
    """
    header, lines = _table(text)
    rows = [_row(line, cells, header, currencies, today) for line, cells in lines]
    keys = Counter(reference_key(row.reference) for row in rows if row.reference)
    for row in rows:
        if row.reference and keys[reference_key(row.reference)] > 1:
            row.faults.append(RowFault.REFERENCE_TWICE)
    return rows


def _table(text: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The columns by our names, and the lines that hold something, each with its number."""
    separator = _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    lines: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append((reader.line_num, cells))
            if len(lines) > MOST_ROWS + 1:
                raise FileError(FileFault.TOO_MANY_ROWS)
    except csv.Error:
        raise FileError(FileFault.NOT_CSV, line=reader.line_num) from None
    header = _names(lines[0][1]) if lines else []
    missing = tuple(name for name in NEEDED if header.count(name) != 1)
    if missing:
        raise FileError(FileFault.NO_COLUMNS, missing=missing)
    if len(lines) == 1:
        raise FileError(FileFault.EMPTY)
    return header, lines[1:]


def _separator(text: str) -> str:
    """What stands between the cells: whichever makes most known columns of the first line."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(";,\t", key=lambda mark: sum(bool(name) for name in _names(first.split(mark))))


def _names(cells: list[str]) -> list[str]:
    return [NAMES.get(cell.strip(" \t\u00a0\"'").casefold(), "") for cell in cells]


def _row(line: int, cells: list[str], header: list[str], currencies: Collection[str], today: date) -> Row:
    """One line, understood as far as it can be."""
    known = {name: cell.strip(" \t\u00a0") for name, cell in zip(header, cells, strict=False) if name}
    row = Row(line=line, cells={name: known.get(name, "")[:MOST_CELL] for name in (*NEEDED, "email", "fee")})
    if len(cells) != len(header) and any(cell.strip() for cell in cells[len(header) :]):
        row.faults.append(RowFault.CELLS)
        return row
    _read_day(row, known.get("date", ""), today)
    _read_amount(row, known, currencies)
    _read_words(row, known)
    return row


def _read_day(row: Row, typed: str, today: date) -> None:
    match = _ISO_DAY.fullmatch(typed) or _DOTTED_DAY.fullmatch(typed)
    try:
        day = date(int(match["year"]), int(match["month"]), int(match["day"])) if match else None
    except ValueError:
        day = None
    if day is None:
        row.faults.append(RowFault.DATE)
    elif day > today:
        row.faults.append(RowFault.DATE_AHEAD)
    elif day < EARLIEST:
        row.faults.append(RowFault.DATE_LONG_AGO)
    else:
        row.received_on = day


def _read_amount(row: Row, known: dict[str, str], currencies: Collection[str]) -> None:
    currency = known.get("currency", "").lower()
    if currency not in currencies:
        row.faults.append(RowFault.CURRENCY)
        return
    try:
        row.money = money.parse(known.get("amount", ""), currency)
    except AmountError as error:
        row.faults.append(RowFault.AMOUNT)
        row.amount_fault = error.fault
        return
    try:
        row.fee = read_fee(known.get("fee", ""), row.money)
    except ValueError:
        row.faults.append(RowFault.FEE)


def _read_words(row: Row, known: dict[str, str]) -> None:
    row.payer, row.reference = known.get("payer", ""), known.get("reference", "")
    if not 0 < len(row.payer) <= MOST_PAYER or not row.payer.isprintable():
        row.faults.append(RowFault.PAYER)
    if not 0 < len(row.reference) <= MOST_REFERENCE or not row.reference.isprintable():
        row.faults.append(RowFault.REFERENCE)
        row.reference = ""
    typed = known.get("email", "")
    if typed:
        try:
            row.email = emails.canonical(typed)
        except emails.AddressError:
            row.faults.append(RowFault.EMAIL)
