"""What Stripe kept: balance transactions read in batches, newest first, until what is known begins."""

from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from membership import db
from membership.gateway import client, reading
from membership.gateway.client import Gateway, Json
from membership.gateway.errors import GatewayRefused, GatewayUnavailable
from membership.giving import applying, facts, parsing, storing
from membership.giving.fields import UnreadableObjectError

log = structlog.get_logger(__name__)
LOOK_BACK = timedelta(hours=1)
TRANSACTIONS = storing.table_of(facts.BalanceTransaction)


def read(session: Session, gateway: Gateway | None = None) -> int:
    """Read the balance transactions that are not known yet; how many were new. Commits page by page.

    What Stripe cannot give now is read by the next round.
    """
    since = _since(session)
    session.rollback()
    filters: Json = {"created": {"gte": int((since - LOOK_BACK).timestamp())}} if since is not None else {}
    new = 0
    try:
        for page in reading.pages(gateway or client.current(), "balance_transaction", filters=filters):
            new += db.run_unit(session, partial(_keep, session, page.objects, page.as_of))
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
    """From when on to list: the newest that a list told (disputes tell theirs themselves), or the oldest missing."""
    newest: datetime | None = session.scalar(
        select(func.max(TRANSACTIONS.c.created)).where(TRANSACTIONS.c.type != "adjustment")
    )
    unread = unread_since(session)
    return min(newest, unread) if newest is not None and unread is not None else newest


def unread_since(session: Session) -> datetime | None:
    """Since when the fee of a payment or what a refund moved is not known; None where all are."""
    payments, refunds = storing.table_of(facts.Payment), storing.table_of(facts.Refund)
    known = select(TRANSACTIONS.c.id)
    oldest: list[datetime | None] = [
        session.scalar(
            select(func.min(table.c[at])).where(
                ~known.where(
                    or_(
                        TRANSACTIONS.c.id == table.c.balance_transaction_id,
                        TRANSACTIONS.c.source_id == table.c.id,
                    )
                ).exists()
            )
        )
        for table, at in ((payments, "charged_at"), (refunds, "created"))
    ]
    return min((at for at in oldest if at is not None), default=None)
