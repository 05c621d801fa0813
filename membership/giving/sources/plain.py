"""A plain CSV of supporters from anywhere: email and paid_through, and if there are any name, platform and language."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from membership.giving.sources import csvfiles, members
from membership.giving.sources.csvfiles import Cells
from membership.giving.sources.members import Member, RowError, Told
from membership.web import languages

NAMES = {
    "email": "email",
    "e-mail": "email",
    "ел. пошта": "email",
    "paid_through": "paid_through",
    "paid through": "paid_through",
    "paid_until": "paid_through",
    "paid until": "paid_through",
    "сплачено до": "paid_through",
    "name": "name",
    "ім'я": "name",
    "ім’я": "name",
    "platform": "platform",
    "платформа": "platform",
    "language": "language",
    "мова": "language",
}
NEEDED = ("email", "paid_through")
MOST_PLATFORM = 40


def read(file: Path, platform: str) -> Iterator[Told]:
    """The supporters of the file, and the rows that are not taken; `platform` is that of rows that name none.

    Raises:
        ImportFileError: the file cannot be read.
    """
    return csvfiles.members_of(csvfiles.rows(file, NAMES, NEEDED), partial(_member, platform=platform))


def _member(number: int, cells: Cells, *, platform: str) -> Member:
    named = members.name(cells.get("platform", "")) or platform
    if not named:
        raise RowError("it names no platform: add a column platform, or say --platform NAME")
    if len(named) > MOST_PLATFORM:
        raise RowError(f"its platform has more than {MOST_PLATFORM} letters")
    language = cells.get("language", "").casefold()
    if language and language not in languages.AVAILABLE:
        raise RowError(f"its language is none of {', '.join(languages.AVAILABLE)}")
    paid_through = members.day(cells["paid_through"], "paid_through") if cells.get("paid_through") else None
    if paid_through is None:
        raise RowError("it does not say to which day it is paid")
    return Member(
        row=number,
        email=members.address(cells["email"]),
        name=members.name(cells.get("name", "")),
        language=language,
        platform=named,
        paid_through=paid_through,
    )
