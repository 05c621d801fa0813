"""An appeal as the page under a story shows it: words, intervals with their amounts, where its link leads."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from membership import clock
from membership.appeals import metering, queries
from membership.appeals.metering import Meter
from membership.appeals.models import Appeal, Invitation
from membership.money import Money
from membership.newsroom.settings_rows import Amounts, NewsroomSettings
from membership.web import filters

INTERVALS = ("month", "year", "once")
"""In the order shown; the first is the one preselected."""


@dataclass(frozen=True)
class Amount:
    """A suggested amount: `value` as /support reads it, `label` as people do."""

    value: str
    label: str
    checked: bool = False
    hint: str = ""


@dataclass(frozen=True)
class IntervalChoice:
    """How often to give, and how much then."""

    value: str
    label: str
    checked: bool
    amounts: list[Amount]


@dataclass(frozen=True)
class InvitationLink:
    """The round that is being voted on now."""

    text: str
    url: str


@dataclass(frozen=True)
class Ask:
    """Everything the template of the appeal names; without an appeal only the invitation."""

    slot: str
    heading: str = ""
    paragraphs: list[str] = field(default_factory=list)
    highlight: str = ""
    intervals: list[IntervalChoice] = field(default_factory=list)
    currency: str = ""
    currency_symbol: str = ""
    invitation: InvitationLink | None = None

    @property
    def has_one_interval(self) -> bool:
        """Whether there is nothing to choose among intervals."""
        return len(self.intervals) == 1


def ask(
    session: Session, appeal: Appeal, newsroom: NewsroomSettings, *, slot: str, campaign: Meter | None = None
) -> Ask:
    """An appeal with its amounts, the newsroom's own where it names none.

    They are in the newsroom's first currency; while a campaign runs in its own, in which alone gifts count for it.
    """
    currency = campaign.goal.currency if campaign is not None else newsroom.default_currency
    return Ask(
        slot=slot,
        heading=appeal.heading,
        paragraphs=paragraphs(appeal.body),
        highlight=appeal.highlight,
        intervals=_intervals(appeal, newsroom, currency),
        currency=currency,
        currency_symbol=filters.symbol(currency, appeal.language),
        invitation=invitation(session, appeal.language),
    )


def quiet(session: Session, language: str) -> Ask:
    """What the quiet copy needs to know: only what is being voted on."""
    return Ask(slot="", invitation=invitation(session, language))


def paragraphs(body: str) -> list[str]:
    """The paragraphs of a text, parted by empty lines."""
    return [" ".join(part.split()) for part in body.replace("\r\n", "\n").split("\n\n") if part.strip()]


def invitation(session: Session, language: str) -> InvitationLink | None:
    """What the newsroom invites to vote on, in a language."""
    row = session.get(Invitation, language)
    return InvitationLink(row.text, row.path) if row else None


def running_campaign(session: Session, newsroom: NewsroomSettings, language: str) -> Meter | None:
    """How far the campaign is that runs now and has words in a language."""
    campaign = queries.running_campaign(session, language, clock.now())
    return metering.meter(campaign, newsroom, language) if campaign is not None else None


def suggested(amounts: Amounts, newsroom: NewsroomSettings, currency: str, interval: str) -> list[int]:
    """The suggested amounts of an appeal, in minor units; the newsroom's where the appeal names none.

    An amount that the newsroom no longer takes, since it has changed its limits, is not suggested.
    """
    named = amounts.get(currency, {}).get(interval, [])
    taken = [amount for amount in named if newsroom.takes(amount, currency, interval)]
    return taken or newsroom.suggested(currency, interval)


def intervals_of(appeal: Appeal) -> list[str]:
    """The intervals that an appeal offers, in the order shown; never none."""
    offered = {"month": appeal.asks_month, "year": appeal.asks_year, "once": appeal.asks_once}
    return [interval for interval in INTERVALS if offered[interval]]


def _intervals(appeal: Appeal, newsroom: NewsroomSettings, currency: str) -> list[IntervalChoice]:
    labels = {"month": _("Monthly"), "year": _("Yearly"), "once": _("Once")}
    offered = intervals_of(appeal)
    return [
        IntervalChoice(
            value=interval,
            label=labels[interval],
            checked=interval == offered[0],
            amounts=_amounts(
                suggested(appeal.suggested_amounts, newsroom, currency, interval), currency, appeal.language
            ),
        )
        for interval in offered
    ]


def _amounts(units: Sequence[int], currency: str, language: str) -> list[Amount]:
    """The amounts with the middle one preselected."""
    middle = (len(units) - 1) // 2
    return [
        Amount(
            value=Money(amount, currency).plain(),
            label=filters.money(Money(amount, currency), language, short=True),
            checked=place == middle,
        )
        for place, amount in enumerate(units)
    ]
