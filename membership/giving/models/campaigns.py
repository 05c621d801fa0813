"""What each payment brought to a campaign: the rows that `appeals.Campaign.raised` is the sum of."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, CurrencyCode, MinorUnits


class CampaignCredit(Base):
    """A payment of ours that a campaign brought, renewals too: `kept` is its amount less what went back.

    Kept for every payment, whether it settled within the campaign's dates or not.
    """

    __tablename__ = "campaign_credit"
    __table_args__ = (
        CheckConstraint("currency = lower(currency)", name="currency_lower"),
        Index(None, "campaign", "currency", "settled_at"),
    )

    payment_id: Mapped[str] = mapped_column(ForeignKey("payment.id"), primary_key=True)
    campaign: Mapped[str] = mapped_column(String(64))  # its slug
    currency: Mapped[CurrencyCode]
    settled_at: Mapped[datetime]
    kept: Mapped[MinorUnits]
