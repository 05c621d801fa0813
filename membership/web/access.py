"""Who may enter each route, declared on the view itself; what is not declared is refused.

    @bp.get("/staff/payments")
    @access.staff(Role.EDITOR)
    @access.sees_patrons
    def index(): ...

`web` only keeps the declaration; `accounts.guards` enforces it before every request, and a test walks the URL
map for routes without one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])
_MARK = "__membership_access__"


class Entry(StrEnum):
    """Who a route lets in, before what the view itself checks."""

    PUBLIC = "public"  # anybody; the answer never depends on who is signed in
    MACHINE = "machine"  # another program, which the view checks by itself (Stripe's signature)
    SIGNED_IN = "signed_in"
    STAFF = "staff"


@dataclass(frozen=True)
class Access:
    """What a route demands."""

    entry: Entry
    role: str = ""  # least role for Entry.STAFF: staff, editor or publisher
    sees_patrons: bool = False  # also the right of its own to see patrons' records
    writes_on_get: bool = False  # a GET that owes a row (the thank-you page, audited reading)
    crosses_sites: bool = False  # takes posts from other origins (webhooks only)
    shows_again: bool = (
        False  # a form so long to write that it is shown again where its sender was signed out
    )


def of(view: Callable[..., Any] | None) -> Access | None:
    """The declaration of a view function, or None."""
    return getattr(view, _MARK, None)


def public(view: View) -> View:
    """Anybody may enter."""
    return _declare(view, Access(Entry.PUBLIC))


def machine(view: View) -> View:
    """Another program enters; the view itself checks its signature, and posts may come from anywhere."""
    return _declare(view, Access(Entry.MACHINE, crosses_sites=True))


def signed_in(view: View) -> View:
    """Whoever has signed in may enter; others are sent to sign in and come back."""
    return _declare(view, Access(Entry.SIGNED_IN))


def staff(role: str = "staff") -> Callable[[View], View]:
    """Staff with at least this role (staff < editor < publisher) and a second factor may enter."""

    def declare(view: View) -> View:
        return _declare(view, Access(Entry.STAFF, role=role))

    return declare


def sees_patrons(view: View) -> View:
    """Staff also need the right to see patrons. Stands above (is applied after) `staff`."""
    declared = of(view)
    if declared is None or declared.entry is not Entry.STAFF:
        raise TypeError("sees_patrons goes above a staff declaration")
    return _declare(view, replace(declared, sees_patrons=True))


def writes_on_get(view: View) -> View:
    """A GET that writes a row it owes (an audit entry, the thank-you page). Stands above the declaration."""
    declared = of(view)
    if declared is None:
        raise TypeError("writes_on_get goes above a declaration of who may enter")
    return _declare(view, replace(declared, writes_on_get=True))


def shows_again(view: View) -> View:
    """What is sent here after the session has ended is shown again, to be sent anew. Stands above the declaration."""
    declared = of(view)
    if declared is None:
        raise TypeError("shows_again goes above a declaration of who may enter")
    return _declare(view, replace(declared, shows_again=True))


def _declare(view: View, access: Access) -> View:
    setattr(view, _MARK, access)
    return view
