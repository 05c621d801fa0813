"""Subscriptions that another program made at Stripe and that are ours now."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base


class Adoption(Base):
    """A subscription that was adopted, with its whole history; what bears our mark without such a row is not done."""

    __tablename__ = "adoption"

    subscription_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    source: Mapped[str] = mapped_column(String(16))  # of the import: "stripe", "ghost"
    read_at: Mapped[datetime]
