"""What a patron hears while a renewal fails: on fixed days, and of the end, unless it is mended before."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from membership import clock
from membership.giving import deriving, gathering, mail, models
from membership.giving.coverage import Failing
from membership.giving.models import StripeCustomer
from membership.newsroom import due, settings_rows
from membership.patrons.models import Patron

NEWS_FOR = timedelta(days=7)
"""What happened longer ago is no news: a gap that is closed late mails nobody."""


def schedule(session: Session, failing: Failing, *, adopted_at: datetime | None) -> None:
    """Let the patron hear of a failed renewal on the days of FAILURE_DAYS, and of the end. The caller commits.

    Of a gift that came from elsewhere the days before it did are passed over: nobody is mailed for having been moved.
    """
    if failing.ends_at <= clock.now() - NEWS_FOR or not failing.invoice_id:
        return
    for day in mail.FAILURE_DAYS:
        at = failing.failed_at + timedelta(days=day)
        if at < failing.ends_at and (adopted_at is None or at > adopted_at):
            due.at(session, at, kind="giving.failing", key=f"{failing.invoice_id}:{day}")
    due.at(session, failing.ends_at, kind="giving.failing", key=f"{failing.invoice_id}:end")


@due.handler("giving.failing")
def write_of_failure(session: Session, key: str, at: datetime) -> None:
    """Write to a patron on one of the days after a renewal failed, unless it has been mended. The caller commits."""
    invoice_id, _, day = key.rpartition(":")
    invoice = session.get_one(models.Invoice, invoice_id)
    owner = session.get(StripeCustomer, invoice.customer_id)
    if owner is None or owner.patron_id is None or invoice.subscription_id is None:
        return
    patron = session.get_one(Patron, owner.patron_id)
    subscription = session.get_one(models.Subscription, invoice.subscription_id)
    if day == "end":
        if _was_ended_on_purpose(subscription):
            return
        if not _was_mended(session, invoice.customer_id, invoice_id, at):
            mail.membership_ended(session, patron=patron, subscription=subscription, ended_at=at)
        return
    failing = _failing(session, invoice.customer_id, invoice_id)
    if failing is not None and not _is_overtaken(failing, int(day)):
        mail.payment_failed(
            session,
            patron=patron,
            subscription=subscription,
            invoice=invoice,
            day=int(day),
            ends_at=failing.ends_at,
        )


def _was_ended_on_purpose(subscription: models.Subscription) -> bool:
    """Whether somebody ended it, who has had a mail of its own; not Stripe, for want of a payment."""
    ended = subscription.ended_at is not None
    return ended and subscription.cancel_reason in {"", "cancellation_requested"}


def _failing(session: Session, customer_id: str, invoice_id: str) -> Failing | None:
    grace_days = settings_rows.current(session).grace_days
    derived = deriving.derive(gathering.of_customers(session, [customer_id]), grace_days=grace_days)
    return next((failing for failing in derived.failing if failing.invoice_id == invoice_id), None)


def _was_mended(session: Session, customer_id: str, invoice_id: str, at: datetime) -> bool:
    failing = _failing(session, customer_id, invoice_id)
    return failing is None or failing.ends_at > at


def _is_overtaken(failing: Failing, day: int) -> bool:
    """Whether the next day to write has come too: then one mail is enough."""
    later = [other for other in mail.FAILURE_DAYS if other > day]
    return bool(later) and clock.now() >= failing.failed_at + timedelta(days=later[0])
