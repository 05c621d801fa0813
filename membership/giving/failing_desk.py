"""What staff see of renewals that fail: who, why, what is tried next, what was mailed, and what is at stake."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.giving import declines, staff_queries
from membership.giving.mail import failing as failing_mails
from membership.giving.models import FailedCharge, Interval, InvoicePayment
from membership.giving.staff_queries import FailingRow
from membership.mail.models import MailState, OutgoingMail
from membership.money import Money

_LEFT = frozenset({MailState.SENT, MailState.SENDING, MailState.QUEUED})


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """One renewal that is not paid."""

    row: FailingRow
    why: str
    asks_bank: bool  # the bank wants to ask the patron first
    mailed_at: list[datetime]
    has_bounced: bool  # the newest mail did not arrive
    ends_at: datetime  # of grace: from then on the patron is no longer one


@dataclass(frozen=True, kw_only=True)
class Stake:
    """What is at stake in one currency: how many gifts, what is open, and what they give a month."""

    gifts: int
    open: Money
    twelfths: int
    monthly: Money  # rounded half up for print; `twelfths` is exact


def troubles(session: Session, *, grace_days: int) -> list[Trouble]:
    """Every renewal that fails, the oldest first."""
    rows = staff_queries.failing(session)
    failed = _newest_failures(session, [row.invoice.id for row in rows])
    mails = _mails(session, [row.invoice.id for row in rows])
    return [_trouble(row, failed.get(row.invoice.id), mails[row.invoice.id], grace_days) for row in rows]


def _trouble(
    row: FailingRow, charge: FailedCharge | None, mails: Sequence[OutgoingMail], grace_days: int
) -> Trouble:
    asks_bank = row.invoice.action_required_at is not None
    code, decline_code = (charge.code, charge.decline_code) if charge is not None else ("", "")
    return Trouble(
        row=row,
        why=declines.reason("authentication_required" if asks_bank else code, decline_code),
        asks_bank=asks_bank,
        mailed_at=[mail.sent_at or mail.queued_at for mail in mails if mail.state in _LEFT],
        has_bounced=bool(mails) and mails[-1].has_failed,
        ends_at=row.failed_at + timedelta(days=grace_days),
    )


def _newest_failures(session: Session, invoice_ids: Sequence[str]) -> dict[str, FailedCharge]:
    """The last refused charge for each of these bills."""
    found = session.execute(
        select(InvoicePayment.invoice_id, FailedCharge)
        .join(FailedCharge, FailedCharge.payment_intent_id == InvoicePayment.payment_intent_id)
        .where(InvoicePayment.invoice_id.in_(invoice_ids))
        .order_by(FailedCharge.failed_at, FailedCharge.id)
    )
    return {invoice_id: charge for invoice_id, charge in found}  # noqa: C416 - a row is no pair to a dict


def _mails(session: Session, invoice_ids: Sequence[str]) -> dict[str, list[OutgoingMail]]:
    keys = {failing_mails.about(invoice_id): invoice_id for invoice_id in invoice_ids}
    found = session.scalars(
        select(OutgoingMail).where(OutgoingMail.subject_key.in_(keys)).order_by(OutgoingMail.id)
    )
    told: dict[str, list[OutgoingMail]] = defaultdict(list)
    for mail in found:
        told[keys[mail.subject_key]].append(mail)
    return told


def stakes(found: Sequence[Trouble]) -> list[Stake]:
    """What is at stake, a line for each currency; currencies are never added."""
    by_currency: dict[str, list[FailingRow]] = defaultdict(list)
    for trouble in found:
        by_currency[trouble.row.invoice.currency].append(trouble.row)
    return [_stake(currency, rows) for currency, rows in sorted(by_currency.items())]


def _stake(currency: str, rows: Sequence[FailingRow]) -> Stake:
    subscriptions = {row.subscription.id: row.subscription for row in rows}
    twelfths = sum(
        subscription.amount * (12 if subscription.interval is Interval.MONTH else 1)
        for subscription in subscriptions.values()
    )
    return Stake(
        gifts=len(subscriptions),
        open=Money(sum(row.invoice.amount_due for row in rows), currency),
        twelfths=twelfths,
        monthly=Money((twelfths + 6) // 12, currency),
    )
