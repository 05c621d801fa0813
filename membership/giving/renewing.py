"""When the charge after a paid period falls due: at its end, or later where payments are skipped or paused. No I/O."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from membership.giving.resting import LONGEST_MONTH, NEAR
from membership.giving.story import Story


@dataclass(frozen=True, slots=True)
class Due:
    """What follows a paid period: the stretches of skipped payments, and when the next charge falls due.

    `at` is None while a pause goes on whose end nothing has told yet.
    """

    skips: tuple[tuple[datetime, datetime], ...]
    at: datetime | None


def due_after(story: Story, paid_until: datetime) -> Due:
    """What follows the end of what is paid."""
    skips: list[tuple[datetime, datetime]] = []
    at: datetime | None = paid_until
    while at is not None:
        to = skipped_to(story, at)
        if to is not None:
            skips.append((at, to))
            at = to
        elif is_paused_at(story, at):
            at = _charged_again_at(story, at)
        else:
            break
    return Due(tuple(skips), at)


def skipped_to(story: Story, boundary: datetime) -> datetime | None:
    """The charge after the one due at a boundary, if that one is skipped: said so, or voided for it."""
    known = story.subscription
    if known is not None and known.skips_to is not None:
        ahead = known.skips_to - boundary
        if timedelta() < ahead <= LONGEST_MONTH:
            return known.skips_to
    voided = [
        invoice.period_ends_at
        for invoice in story.invoices
        if invoice.is_skipped
        and invoice.period_starts_at is not None
        and invoice.period_ends_at is not None
        and abs(invoice.period_starts_at - boundary) < NEAR
        and invoice.period_ends_at > boundary
    ]
    return min(voided, default=None)


def is_paused_at(story: Story, boundary: datetime) -> bool:
    """Whether a subscription was paused at an instant, as far as it was told."""
    before = [state for state in story.states if state.as_of <= boundary]
    if before and before[-1].is_paused:
        return True
    after = next((state for state in story.states if state.as_of > boundary), None)
    # Read later as paused, without an event that says since when: as of the end of what was paid.
    read_as_paused = after is not None and after.is_paused and after.event_id == ""
    return read_as_paused and story.mended_after(boundary) is None and story.failed_at(boundary) is None


def _charged_again_at(story: Story, boundary: datetime) -> datetime | None:
    """The first charge due after a pause that held at a boundary; None if it goes on."""
    is_over = iter(state for state in story.states if state.as_of > boundary and not state.is_paused)
    resumed = next(is_over, None)
    if resumed is None:
        return None
    since = max(boundary, resumed.as_of - timedelta(hours=1))
    billed = [
        invoice.period_starts_at
        for invoice in story.invoices
        if invoice.period_starts_at is not None
        and invoice.period_starts_at > boundary
        and invoice.period_starts_at >= since
        and invoice.amount_renewing > 0
        and (invoice.status != "void" or invoice.is_skipped)
    ]
    known = story.subscription
    if not billed and known is not None and known.period_ends_at is not None and known.period_ends_at > since:
        return known.period_ends_at
    return min(billed, default=None)
