"""A patron who has signed in and looks after a gift of her own, as pages and Stripe see it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.models import Account as SignInAccount
from membership.giving.models import Subscription
from membership.mail.models import OutgoingMail
from tests.cast import SignedIn
from tests.giving.giver import give
from tests.giving.sandboxed import Account


@dataclass
class Giver:
    """A patron who has signed in, with a monthly gift of 5.00 EUR."""

    browser: FlaskClient
    subscription_id: str
    account: Account
    session: Session

    def do(self, what: str, **typed: str):
        """Open the page of an act and send its form."""
        page = self.browser.get(self.path(what))
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
        assert token is not None, page.text[-2000:]
        self.account.sandbox.advance(2)  # nobody does two things within one second
        return self.browser.post(self.path(what), data={"csrf_token": token.group(1), **typed})

    def path(self, what: str) -> str:
        """The address of an act."""
        return f"/patron/gifts/{self.subscription_id}/{what}"

    def page(self) -> str:
        """The patron's page as it is now."""
        return self.browser.get("/patron").text

    def at_stripe(self) -> dict[str, Any]:
        """The subscription at Stripe."""
        return dict(self.account.sandbox.get(self.subscription_id))

    def mails(self, kind: str) -> list[str]:
        """The subjects of the mails of a kind."""
        self.session.rollback()
        found = self.session.scalars(
            select(OutgoingMail).filter_by(kind=f"giving/{kind}").order_by(OutgoingMail.id)
        )
        return [mail.subject for mail in found]


def begin(
    account: Account,
    client: FlaskClient,
    session: Session,
    as_: SignedIn,
    hear: Callable[..., Any],
    **gift: str,
) -> Giver:
    """Olena, who has given so (amount, interval) and has signed in."""
    give(client, **gift)
    hear()
    olena = session.scalars(select(SignInAccount)).one()
    subscription_id = session.scalars(select(Subscription.id)).one()
    return Giver(as_(olena), subscription_id, account, session)


@pytest.fixture
def giver(account: Account, client, session, as_: SignedIn, hear) -> Giver:
    """Olena, who gives 5.00 EUR a month and has signed in."""
    return begin(account, client, session, as_, hear, amount="5", interval="month")


@pytest.fixture
def yearly_giver(account: Account, client, session, as_: SignedIn, hear) -> Giver:
    """Olena, who gives 60.00 EUR a year and has signed in."""
    return begin(account, client, session, as_, hear, amount="60", interval="year")
