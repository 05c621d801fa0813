"""What a patron hears when a gift ends, rests, goes on after either, or changes its interval or amount."""

from sqlalchemy.orm import Session

from membership.giving import care_records, mail, models, replacements, resting
from membership.giving.facts import Subscription
from membership.money import Money
from membership.patrons.models import Patron


def is_end(before: Subscription, after: Subscription) -> bool:
    """Whether a subscription that went on has ended or is set to end."""
    went_on = before.cancel_at is None and before.ended_at is None
    return went_on and (after.cancel_at is not None or after.ended_at is not None)


def tell(session: Session, patron: Patron, before: Subscription, after: Subscription) -> None:
    """Confirm an end, its undoing, a rest, another interval or another amount of a subscription. The caller commits."""
    row = session.get_one(models.Subscription, after.id)
    if is_end(before, after):
        heir = replacements.is_replaced(session, row.id)
        if heir is not None:
            mail.gift_replaced(session, patron=patron, old=row, new=heir)
        elif after.cancel_reason in {"", "cancellation_requested"}:
            act = care_records.explaining(session, row.id, "ends_at", after.cancel_at or after.ended_at)
            mail.gift_canceled(session, patron=patron, subscription=row, act=act)
    elif before.cancel_at is not None and after.cancel_at is None and after.ended_at is None:
        canceled_at = before.canceled_at or before.as_of
        act = care_records.explaining(session, row.id, "ends_at", None)
        mail.gift_resumed(session, patron=patron, subscription=row, canceled_at=canceled_at, act=act)
    elif _tell_of_rest(session, patron, before, after):
        return
    elif before.amount != after.amount and after.ended_at is None:
        told = Money(before.amount, before.currency)
        act = care_records.explaining(session, row.id, "amount", after.amount)
        mail.amount_changed(session, patron=patron, subscription=row, before=told, act=act)


def _tell_of_rest(session: Session, patron: Patron, before: Subscription, after: Subscription) -> bool:
    """Confirm a rest, its early end, or another interval; whether there was one to confirm."""
    if after.ended_at is not None:
        return False
    row = session.get_one(models.Subscription, after.id)
    if after.is_paused and (not before.is_paused or before.resumes_at != after.resumes_at):
        resumes_at = care_records.written(after.resumes_at)
        act = care_records.explaining(session, row.id, "resumes_at", resumes_at)
        mail.gift_paused(session, patron=patron, subscription=row, act=act)
    elif after.skips_to is not None and before.skips_to != after.skips_to:
        skips_at = care_records.written(after.period_ends_at)
        act = care_records.explaining(session, row.id, "skips_at", skips_at)
        mail.payment_skipped(session, patron=patron, subscription=row, act=act)
    elif _goes_on_early(before, after):
        field, value = ("is_paused", False) if before.is_paused else ("skips_at", None)
        act = care_records.explaining(session, row.id, field, value)
        mail.gift_resumed(session, patron=patron, subscription=row, canceled_at=before.as_of, act=act)
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
