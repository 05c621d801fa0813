"""Campaigns: begun, changed and ended by staff; raised by giving; the pages that show the meter follow.

While gifts come in, pages are made anew at most every half minute, and only if the figure they show is another one.
Callers commit.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from membership import clock
from membership.appeals import managing, metering
from membership.appeals.errors import CampaignEndedError, SlugTakenError
from membership.appeals.models import Campaign
from membership.appeals.queries import campaign_by_slug
from membership.money import Money
from membership.newsroom import audit, due, settings_rows

COUNT = "campaign.count"
"""The due row that lets giving count a campaign from the books."""
BEGIN, END, METER = "campaign.begins", "campaign.ends", "campaign.meter"
METER_EVERY = 30
"""Seconds between two renewals of the pages that show a meter; what readers see is at most a minute old."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything staff decide about a campaign; `goal` is more than nothing, `[starts_at, ends_at)` not empty.

    `words` has, for each language in which it is shown, a title, a text (may be empty) and the thanks at the goal.
    """

    name: str
    goal: Money
    starts_at: datetime
    ends_at: datetime
    words: dict[str, dict[str, str]]


@dataclass(frozen=True)
class By:
    """The account that does it."""

    account_id: int
    name: str


def begin(session: Session, slug: str, plan: Plan, *, by: By) -> Campaign:
    """A new campaign; gifts whose links carried its slug before count too, as far as they lie within its dates.

    Raises:
        SlugTakenError: another campaign has this slug.
    """
    if campaign_by_slug(session, slug) is not None:
        raise SlugTakenError
    campaign = Campaign(
        slug=slug,
        name=plan.name,
        goal=plan.goal.amount,
        currency=plan.goal.currency,
        starts_at=plan.starts_at,
        ends_at=plan.ends_at,
        words=plan.words,
    )
    session.add(campaign)
    session.flush()
    _follow(session, campaign, "campaign.begun", by, plan.words.keys())
    return campaign


def change(session: Session, campaign: Campaign, plan: Plan, *, by: By) -> None:
    """What a campaign is from now on; with other dates or another currency it is counted anew."""
    languages = campaign.words.keys() | plan.words.keys()
    campaign.name, campaign.words = plan.name, plan.words
    campaign.goal, campaign.currency = plan.goal.amount, plan.goal.currency
    campaign.starts_at, campaign.ends_at = plan.starts_at, plan.ends_at
    _follow(session, campaign, "campaign.changed", by, languages)


def end(session: Session, campaign: Campaign, *, by: By) -> None:
    """End a campaign that runs, now; its meter is gone, and what comes later does not count.

    Raises:
        CampaignEndedError: it does not run.
    """
    now = clock.now()
    if not campaign.starts_at <= now < campaign.ends_at:
        raise CampaignEndedError
    campaign.ends_at = max(now, campaign.starts_at + timedelta(microseconds=1))
    _follow(session, campaign, "campaign.ended", by, campaign.words.keys())


def raise_to(session: Session, campaign: Campaign, total: int) -> None:
    """Write what a campaign has raised; where readers are told another figure, pages follow within half a minute."""
    goal = Money(campaign.goal, campaign.currency)
    told, campaign.raised = metering.figure(campaign.raised, goal), total
    session.flush()
    now = clock.now()
    if metering.figure(total, goal) == told or not campaign.starts_at <= now < campaign.ends_at:
        return
    seconds = int(now.timestamp())
    next_turn = now.replace(microsecond=0) + timedelta(seconds=METER_EVERY - seconds % METER_EVERY)
    due.at(session, next_turn, kind=METER, key=f"{campaign.slug}:{next_turn.timestamp():.0f}")


def _follow(session: Session, campaign: Campaign, action: str, by: By, languages: Collection[str]) -> None:
    """What every change of a campaign owes: the count, its beginning and end by the clock, pages, the trail."""
    now = clock.now()
    due.at(session, now, kind=COUNT, key=campaign.slug)
    for kind, at in ((BEGIN, campaign.starts_at), (END, campaign.ends_at)):
        if at > now:
            due.at(session, at, kind=kind, key=campaign.slug)
        else:
            due.cancel(session, kind=kind, key=campaign.slug)
    managing.renew_asking(session, languages)
    audit.write(
        session,
        action=action,
        subject=f"campaign:{campaign.slug}",
        actor_id=by.account_id,
        actor=by.name,
        details={"goal": campaign.goal, "currency": campaign.currency},
    )


@due.handler(BEGIN)
@due.handler(END)
@due.handler(METER)
def _renew(session: Session, key: str, _at: datetime) -> None:
    campaign = campaign_by_slug(session, key.partition(":")[0])
    if campaign is not None:
        offered = set(settings_rows.current(session).languages)
        managing.renew_asking(session, offered & campaign.words.keys())
