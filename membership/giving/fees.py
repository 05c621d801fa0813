"""What Stripe kept: balance transactions read in batches, newest first, until what is known begins."""

from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import func, or_, select, true
from sqlalchemy.orm import Session

from membership import clock, db
from membership.gateway import client, reading
from membership.gateway.client import Gateway, Json
from membership.gateway.errors import GatewayRefused, GatewayUnavailable
from membership.giving import applying, facts, parsing, storing
from membership.giving.fields import UnreadableObjectError
from membership.giving.models import ListRead
from membership.giving.stripe_states import MOVING

log = structlog.get_logger(__name__)
LOOK_BACK = timedelta(hours=1)
REACH = timedelta(days=2)
"""How far back a fee that is missing is looked for."""
TRANSACTIONS = storing.table_of(facts.BalanceTransaction)


def read(session: Session, gateway: Gateway | None = None) -> int:
    """Read the balance transactions that are not known yet; how many were new. Commits page by page.

    What Stripe cannot give now is read by the next round. It begins where the last whole one ended: pages come newest
    first, so that a round cut off leaves a gap below what it has read.
    """
    began, since = clock.now(), _since(session)
    session.rollback()
    filters: Json = {"created": {"gte": int((since - LOOK_BACK).timestamp())}} if since is not None else {}
    new = 0
    try:
        for page in reading.pages(gateway or client.current(), "balance_transaction", filters=filters):
            new += db.run_unit(session, partial(_keep, session, page.objects, page.as_of))
        db.run_unit(session, partial(read_until, session, began))
    except (GatewayUnavailable, GatewayRefused) as error:
        log.warning("fees_unread", reason=str(error))
    return new


def _keep(session: Session, objects: list[Json], as_of: datetime) -> int:
    """Keep a page of balance transactions, and what follows from them."""
    ids = [str(thing.get("id")) for thing in objects]
    known = set(session.scalars(select(TRANSACTIONS.c.id).where(TRANSACTIONS.c.id.in_(ids))))
    told = []
    for thing in objects:
        if thing.get("id") in known:
            continue
        try:
            told += parsing.from_object(thing, as_of)
        except UnreadableObjectError as error:
            log.exception("balance_transaction_unreadable", field=error.field)
    applied = applying.apply_facts(session, told)
    return len(applied.kept)


def _since(session: Session) -> datetime | None:
    """From when on to list: the end of the last whole pass; a little earlier where a fee is missing; None: ever.

    What is missing for longer than REACH will not come by this list; `membership reconcile` names it.
    """
    until = session.scalar(select(ListRead.until).filter_by(kind="balance_transaction"))
    unread = unread_since(session)
    return until if until is None or unread is None else min(until, max(unread, until - REACH))


def read_until(session: Session, until: datetime) -> None:
    """Remember that all balance transactions up to an instant are known. The caller commits."""
    row = session.get(ListRead, "balance_transaction")
    if row is None:
        session.add(ListRead(kind="balance_transaction", until=until))
    else:
        row.until = max(row.until, until)


def unread_since(session: Session) -> datetime | None:
    """Since when the fee of a payment or what a refund moved is not known; None where all are."""
    payments, refunds = storing.table_of(facts.Payment), storing.table_of(facts.Refund)
    known = select(TRANSACTIONS.c.id)
    oldest: list[datetime | None] = [
        session.scalar(
            select(func.min(table.c[at])).where(
                is_moving,
                ~known.where(
                    or_(
                        TRANSACTIONS.c.id == table.c.balance_transaction_id,
                        TRANSACTIONS.c.source_id == table.c.id,
                    )
                ).exists(),
            )
        )
        for table, at, is_moving in (
            (payments, "charged_at", true()),
            (refunds, "created", refunds.c.status.in_(MOVING)),
        )
    ]
    return min((at for at in oldest if at is not None), default=None)
