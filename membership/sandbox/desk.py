"""The sandbox's own first page: what the account holds, and the levers as buttons."""

import json
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from membership.sandbox import pages
from membership.sandbox.events import public
from membership.sandbox.objects import Object

if TYPE_CHECKING:
    from membership.sandbox.control import Control

_ROWS = 50


def index(control: "Control", _request: Request) -> Response:
    """Show the time, the counts, the newest events and charges, and the levers."""
    account = control.account
    with account.lock:
        control.catch_up()
        counts = dict(account.store.counts())
        charges = [_charge_row(row) for row in account.store.find("charge", 8)]
        events = account.store.find("event", 15)
        pending = len(account.queue.pending())
    return pages.page(
        "desk",
        now=control.now(),
        offset=control.clock.offset,
        counts=counts,
        charges=charges,
        events=events,
        pending=pending,
        deliveries=control.deliveries.log[-8:][::-1],
        webhook_url=control.deliveries.url,
    )


def _charge_row(charge: Object) -> Object:
    return {**charge, "written": pages.amount_written(charge["amount"], charge["currency"])}


def kind(control: "Control", request: Request, wanted: str) -> Response:
    """List the newest objects of a kind."""
    start = request.args.get("before", "")
    account = control.account
    with account.lock:
        place = account.store.place(start) if start else None
        rows = account.store.select(
            "object = ? AND (created, number) < (?, ?)",
            (wanted, *(place or (2**62, 0))),
            order="created DESC, number DESC",
            limit=_ROWS,
        )
    return pages.page("kind", kind=wanted, rows=[_row(row) for row in rows], is_full=len(rows) == _ROWS)


def _row(thing: Object) -> Object:
    amount = next(
        (thing[name] for name in ("amount", "total", "amount_total") if thing.get(name) is not None), None
    )
    currency = thing.get("currency")
    return {
        "id": thing["id"],
        "created": thing.get("created") or 0,
        "told": thing.get("status") or thing.get("type") or thing.get("email") or thing.get("name") or "",
        "amount": pages.amount_written(amount, currency) if isinstance(amount, int) and currency else "",
    }


def thing(control: "Control", _request: Request, wanted: str) -> Response:
    """Show one object as JSON."""
    found = public(control.get(wanted))
    return pages.page("thing", thing=found, text=json.dumps(found, indent=2, ensure_ascii=False))
