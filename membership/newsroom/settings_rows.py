"""What a newsroom decides about itself, kept as rows and edited by a publisher.

`current(session)` gives all of it, typed, with defaults for what was never set. Amounts are in minor units of
their currency. `change` validates and writes; the caller commits and, since readers see most of it, all stored
pages are made anew.
"""

from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.money import STRIPE_LARGEST, STRIPE_SMALLEST
from membership.newsroom import page_changes
from membership.newsroom.models import Setting

Amounts = dict[str, dict[str, list[int]]]  # currency → interval → minor units, ascending


def _suggested() -> Amounts:
    return {
        "eur": {"month": [300, 500, 1000], "year": [3600, 6000, 12000], "once": [1000, 2500, 5000]},
        "uah": {
            "month": [10000, 20000, 50000],
            "year": [100000, 200000, 500000],
            "once": [20000, 50000, 100000],
        },
        "usd": {"month": [300, 500, 1000], "year": [3600, 6000, 12000], "once": [1000, 2500, 5000]},
    }


def _smallest() -> dict[str, dict[str, int]]:
    return {
        "eur": {"month": 100, "year": 1000, "once": 200},
        "uah": {"month": 5000, "year": 50000, "once": 5000},
        "usd": {"month": 100, "year": 1000, "once": 200},
    }


def _fees() -> dict[str, dict[str, str | int]]:
    """The fee schedule by currency: `rate` as an exact fraction, `fixed` in minor units (Stripe's EEA standard)."""
    return {
        "eur": {"rate": "15/1000", "fixed": 25},
        "uah": {"rate": "325/10000", "fixed": 1000},
        "usd": {"rate": "29/1000", "fixed": 30},
    }


LARGEST_IN_SMALLEST = 10_000
LARGEST_ONLINE = STRIPE_LARGEST * 9 // 10
"""In minor units: what Stripe takes at most, less room for a fee that is covered."""


@dataclass(frozen=True, kw_only=True)
class NewsroomSettings:
    """Everything a newsroom decides. Field names are the rows' names."""

    name: str = "Our newsroom"
    names: dict[str, str] = field(default_factory=dict)  # language → the name there, where it differs
    tagline: str = ""
    taglines: dict[str, str] = field(default_factory=dict)
    about: dict[str, str] = field(default_factory=dict)  # language → Markdown
    logo: str = ""  # a name below /media/
    color: str = "#9b2335"  # its hue is that of links, buttons and lines
    contact_email: str = "desk@example.org"
    time_zone: str = "Europe/Kyiv"
    default_language: str = "en"
    languages: list[str] = field(default_factory=lambda: ["en", "uk"])
    sections: list[dict[str, str]] = field(default_factory=list)  # {"slug", "en", "uk", …} in order
    default_currency: str = "eur"
    currencies: list[str] = field(default_factory=lambda: ["eur", "uah", "usd"])
    suggested_amounts: Amounts = field(default_factory=_suggested)
    smallest_gifts: dict[str, dict[str, int]] = field(default_factory=_smallest)
    largest_gifts: dict[str, int] = field(default_factory=dict)  # currency → minor units
    fee_schedule: dict[str, dict[str, str | int]] = field(default_factory=_fees)
    grace_days: int = 30
    votes_per_patron: int = 3
    not_now_days: int = 30
    quiet_days: int = 180  # how long a settled gift keeps the appeal away
    smallest_published_round: int = 10  # ballots; below it only winner and turnout are public
    receipt_text: dict[str, str] = field(default_factory=dict)  # language → legal text
    transparency_text: dict[str, str] = field(default_factory=dict)
    paused_checkouts: bool = False

    @property
    def zone(self) -> ZoneInfo:
        """The newsroom's time zone; its days and months are counted in it."""
        return ZoneInfo(self.time_zone)

    def in_language(self, language: str) -> "NewsroomSettings":
        """The same settings with name and tagline as readers of a language know them."""
        name, tagline = self.names.get(language, self.name), self.taglines.get(language, self.tagline)
        return replace(self, name=name, tagline=tagline)

    @property
    def logo_url(self) -> str:
        """Where the logo is, or "" without one."""
        return f"/media/{self.logo}" if self.logo else ""

    def fee_rate(self, currency: str) -> tuple[Fraction, int]:
        """The usual card fee in a currency: the rate, and the fixed part in minor units."""
        schedule = self.fee_schedule.get(currency, {"rate": "29/1000", "fixed": 0})
        return Fraction(str(schedule["rate"])), int(schedule["fixed"])

    def smallest(self, currency: str, interval: str) -> int:
        """The smallest gift taken, in minor units of `currency` (interval: once, month, year).

        Never less than Stripe charges, whatever was decided.
        """
        decided = self.smallest_gifts.get(currency, {}).get(interval, 100)
        return max(decided, STRIPE_SMALLEST.get(currency, 1))

    def largest(self, currency: str) -> int:
        """The largest gift taken online, in minor units of `currency`; the fee that may be covered comes on top.

        Where the newsroom has not decided: 10,000 of its smallest monthly gifts, whatever the currency is worth.
        """
        decided = self.largest_gifts.get(currency) or LARGEST_IN_SMALLEST * self.smallest(currency, "month")
        return min(decided, LARGEST_ONLINE)

    def takes(self, amount: int, currency: str, interval: str) -> bool:
        """Whether a gift of so many minor units is neither too small nor too large."""
        return self.smallest(currency, interval) <= amount <= self.largest(currency)

    def suggested(self, currency: str, interval: str) -> list[int]:
        """The suggested amounts, in minor units of `currency`, ascending."""
        return self.suggested_amounts.get(currency, {}).get(interval, [])

    def section_name(self, slug: str, language: str) -> str:
        """A section's name in a language; the slug itself if it has none."""
        for section in self.sections:
            if section["slug"] == slug:
                return section.get(language) or section.get(self.default_language) or slug
        return slug


class UnknownSettingError(KeyError):
    """There is no newsroom setting of this name."""


def current(session: Session) -> NewsroomSettings:
    """All settings as they are now; one query."""
    known = {f.name for f in fields(NewsroomSettings)}
    rows = session.execute(select(Setting.name, Setting.value)).all()
    return NewsroomSettings(**{name: value["value"] for name, value in rows if name in known})


def change(session: Session, changes: dict[str, Any]) -> None:
    """Set some settings; stored pages are made anew. The caller commits and writes the audit entry.

    Raises:
        UnknownSettingError: for a name that is no setting; nothing is changed.
    """
    unknown = changes.keys() - {f.name for f in fields(NewsroomSettings)}
    if unknown:
        raise UnknownSettingError(", ".join(sorted(unknown)))
    for name, value in changes.items():
        row = session.get(Setting, name)
        if row is None:
            session.add(Setting(name=name, value={"value": value}))
        else:
            row.value = {"value": value}
    page_changes.record(session, page_changes.EVERYTHING)
