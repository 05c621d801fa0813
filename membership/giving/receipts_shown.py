"""A receipt as it is shown: what it said when it was issued, and what has become of the gift since."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from membership.giving import history, statements
from membership.giving.models import Interval, Payment, Receipt, ReceiptSource
from membership.giving.statements import Row
from membership.money import Money

_LABEL = re.compile(r"([0-9]{4})-([0-9]{1,9})")


@dataclass(frozen=True, kw_only=True)
class ReceiptView:
    """One receipt. `counts` is the gift less what went back; days are the newsroom's."""

    label: str
    language: str
    name: str
    money: Money
    covered_fee: Money
    interval: Interval | None  # None: the gift came outside of card payments
    method: str
    card_last4: str
    reference: str
    given_on: date
    issued_on: date
    issuer: str
    text: str
    replaces: str
    replaced_by: str
    canceled_on: date | None
    gone: Sequence[Row]

    @property
    def counts(self) -> Money:
        """What is left of the gift; nothing of it if the receipt was canceled and not replaced."""
        return Money(self.money.amount + sum(row.money.amount for row in self.gone), self.money.currency)


def by_label(session: Session, label: str) -> Receipt | None:
    """The receipt of a number as people write it ("2026-000042"), with its words; None if there is none."""
    written = _LABEL.fullmatch(label)
    if written is None:
        return None
    return session.scalars(
        select(Receipt)
        .filter_by(year=int(written[1]), number=int(written[2]))
        .options(joinedload(Receipt.text))
    ).one_or_none()


def labels_of(session: Session, source_keys: Sequence[str]) -> dict[str, str]:
    """The numbers of the receipts that stand for some gifts, by the gift's key."""
    found = select(Receipt).where(Receipt.source_key.in_(source_keys), Receipt.canceled_at.is_(None))
    return {receipt.source_key: receipt.label for receipt in session.scalars(found)}


def view_of(session: Session, receipt: Receipt, *, zone: ZoneInfo, name: str | None = None) -> ReceiptView:
    """A receipt (with its words loaded) for people; `name` stands in place of the giver's where it must be hidden."""
    paid = session.get(Payment, receipt.source_key) if receipt.source is ReceiptSource.PAYMENT else None
    line = history.lines_of(session, [paid])[0] if paid is not None else None
    before = session.get(Receipt, receipt.replaces_id) if receipt.replaces_id is not None else None
    after = session.scalars(select(Receipt).filter_by(replaces_id=receipt.id)).one_or_none()
    nothing = Money(0, receipt.currency)
    return ReceiptView(
        label=receipt.label,
        language=receipt.language,
        name=receipt.name if name is None else name,
        money=Money(receipt.amount, receipt.currency),
        covered_fee=line.covered_fee if line is not None else nothing,
        interval=line.interval if line is not None else None,
        method=line.method if line is not None else "",
        card_last4=line.card_last4 if line is not None else "",
        reference=receipt.source_key,
        given_on=receipt.given_on,
        issued_on=receipt.issued_at.astimezone(zone).date(),
        issuer=receipt.text.issuer,
        text=receipt.text.text,
        replaces=before.label if before is not None else "",
        replaced_by=after.label if after is not None else "",
        canceled_on=receipt.canceled_at.astimezone(zone).date() if receipt.canceled_at is not None else None,
        gone=statements.gone_of(session, receipt),
    )
