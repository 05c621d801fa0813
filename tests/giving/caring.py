"""A patron who looks after a gift straight from mails, without signing in."""

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from membership.giving.models import CareActKind, Subscription
from membership.mail.models import OutgoingMail
from tests.giving.giver import give
from tests.giving.sandboxed import Account

LINK = re.compile(r"http://localhost((?:/uk)?/care/[\w-]+)")


@dataclass
class Carer:
    """Olena, who gives 5.00 EUR a month, reads our mails and never signs in."""

    browser: FlaskClient
    account: Account
    session: Session
    subscription_id: str
    read: list[int] = field(default_factory=list)

    def mails(self, kind: str = "") -> list[OutgoingMail]:
        """All mails (of a kind), oldest first."""
        self.session.rollback()
        query = select(OutgoingMail).order_by(OutgoingMail.id)
        return list(self.session.scalars(query.filter_by(kind=f"giving/{kind}") if kind else query))

    def links(self, kind: str = "", which: int = -1) -> list[str]:
        """The care links of a mail (by default the newest of its kind), as they stand in its text."""
        return LINK.findall(self.mails(kind)[which].text)

    def at_stripe(self) -> dict[str, Any]:
        """The subscription at Stripe."""
        return dict(self.account.sandbox.get(self.subscription_id))

    def amount(self) -> int:
        """What Stripe will charge, in cents."""
        return int(self.at_stripe()["items"]["data"][0]["price"]["unit_amount"])

    def do(self, path: str, act: CareActKind | str, **typed: str) -> TestResponse:
        """Open a link and press the button of an act."""
        assert self.browser.get(path).status_code == 200
        self.account.sandbox.advance(2)  # nobody does two things within one second
        return self.browser.post(path, data={"act": str(act), **typed})


@pytest.fixture
def carer(account: Account, client: FlaskClient, session: Session, hear: Any) -> Carer:
    """Olena, after her first gift."""
    return carer_of(account, client, session, hear, amount="5", interval="month")


def carer_of(account: Account, client: FlaskClient, session: Session, hear: Any, **gift: str) -> Carer:
    """Somebody who has just begun to give so (amount, interval)."""
    give(client, **gift)
    hear()
    client.delete_cookie("asking")
    subscription_id = session.scalars(select(Subscription.id)).one()
    return Carer(client, account, session, subscription_id)
