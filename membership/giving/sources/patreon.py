"""Patreon's file of members (Audience, "Export CSV"): who is paid to which day.

The columns are those of Patreon's export of 2024 to 2026: Name, Email, Patron Status, Charge Frequency, Last Charge
Date, Last Charge Status, Next Charge Date, Access Expiration, Free Member, Free Trial; older files lack some.
"""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from membership.clock import add_months
from membership.giving.sources import csvfiles, members
from membership.giving.sources.csvfiles import Cells
from membership.giving.sources.members import Member, RowError, Told

PLATFORM = "Patreon"
NAMES = {
    "name": "Name",
    "email": "Email",
    "patron status": "Patron Status",
    "charge frequency": "Charge Frequency",
    "pledge frequency": "Charge Frequency",
    "last charge date": "Last Charge Date",
    "last charge status": "Last Charge Status",
    "next charge date": "Next Charge Date",
    "access expiration": "Access Expiration",
    "free member": "Free Member",
    "free trial": "Free Trial",
}
NEEDED = ("Email", "Patron Status")
_MONTHS = {"": 1, "monthly": 1, "month": 1, "annual": 12, "annually": 12, "yearly": 12, "year": 12}
_GONE = {
    "declined patron": "the last payment was declined on Patreon",
    "former patron": "the support on Patreon has ended",
}


def read(file: Path) -> Iterator[Told]:
    """The members of the file who are paid to some day, and the rows that are not taken.

    Raises:
        ImportFileError: the file cannot be read.
    """
    return csvfiles.members_of(csvfiles.rows(file, NAMES, NEEDED), _member)


def _member(number: int, cells: Cells) -> Member:
    status = cells["Patron Status"].casefold()
    if not status or members.is_yes(cells.get("Free Member", ""), "Free Member"):
        raise RowError("it is a free member's: nothing is paid")
    if status not in {"active patron", *_GONE}:
        raise RowError("its Patron Status is none that we know")
    if members.is_yes(cells.get("Free Trial", ""), "Free Trial"):
        raise RowError("it is a free trial: nothing is paid yet")
    paid_through = _paid_through(cells, is_active=status == "active patron")
    if paid_through is None:
        raise RowError(_GONE.get(status, "it does not say to which day it is paid"))
    return Member(
        row=number,
        email=members.address(cells["Email"]),
        name=members.name(cells.get("Name", "")),
        platform=PLATFORM,
        paid_through=paid_through,
    )


def _paid_through(cells: Cells, *, is_active: bool) -> date | None:
    """To which day is paid: to the end of the access; of an active patron to the next charge, else by the last one."""
    access = members.day(cells.get("Access Expiration", ""), "Access Expiration")
    if not is_active:
        return access
    ahead = members.day(cells.get("Next Charge Date", ""), "Next Charge Date") or _after_the_last(cells)
    return max(filter(None, (access, ahead)), default=None)


def _after_the_last(cells: Cells) -> date | None:
    last = members.day(cells.get("Last Charge Date", ""), "Last Charge Date")
    if last is None or cells.get("Last Charge Status", "").casefold() not in {"", "paid"}:
        return None
    months = _MONTHS.get(cells.get("Charge Frequency", "").casefold())
    if months is None:
        raise RowError("it is charged neither every month nor every year")
    return add_months(datetime(last.year, last.month, last.day), months).date()  # noqa: DTZ001 - a day, no instant
