"""What a patron hears when a gift is paused, skips a payment, goes on after either, or changes its interval."""

from sqlalchemy.orm import Session

from membership.giving import mail, models, resting
from membership.giving.facts import Subscription
from membership.money import Money
from membership.patrons.models import Patron


def tell(session: Session, patron: Patron, before: Subscription, after: Subscription) -> bool:
    """Confirm a rest, its early end, or another interval; whether there was one to confirm. The caller commits."""
    if after.ended_at is not None:
        return False
    row = session.get_one(models.Subscription, after.id)
    if after.is_paused and (not before.is_paused or before.resumes_at != after.resumes_at):
        mail.gift_paused(session, patron=patron, subscription=row)
    elif after.skips_to is not None and before.skips_to != after.skips_to:
        mail.payment_skipped(session, patron=patron, subscription=row)
    elif _goes_on_early(before, after):
        mail.gift_resumed(session, patron=patron, subscription=row, canceled_at=before.as_of)
    elif before.interval is not after.interval:
        was = Money(before.amount, before.currency)
        mail.interval_changed(session, patron=patron, subscription=row, before=was, was=before.interval)
    else:
        return False
    return True


def _goes_on_early(before: Subscription, after: Subscription) -> bool:
    """Whether somebody ended a rest; one that is over by itself was announced, and a receipt follows."""
    if before.is_paused and not after.is_paused:
        return before.resumes_at is None or after.as_of < resting.collects_again_at(before.resumes_at)
    if before.skips_to is not None and after.skips_to is None and not after.is_paused:
        return after.period_ends_at is not None and after.period_ends_at < before.skips_to
    return False
