"""The cast of the tests, and makers with defaults for whoever else a test needs.

Ada edits, Ben is staff, Pia publishes (and may see patrons), Cleo is an active monthly patron, Dov gave once two
years ago and has lapsed, Eve has an account and never gave. `as_(account)` is a browser in which the account has
signed in, for staff with the second factor.
"""

from datetime import datetime, timedelta
from itertools import count
from typing import Any, Protocol

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.accounts.models import Account, Role, SignInSession
from membership.patrons.models import Coverage, EndedBy, Patron, Source
from membership.web import emails

_numbers = count(1)
CSRF = "0" * 40


class SignedIn(Protocol):
    """What the fixture `as_` gives."""

    def __call__(self, account: Account, *, second_factor: bool = True) -> FlaskClient:
        """A browser in which the account has signed in."""
        ...


class SignedInBrowser(FlaskClient):
    """Sends with each form the token that the page would have had; `data={"csrf_token": ""}` leaves it out."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """Send a request."""
        data = kwargs.get("data")
        if (
            kwargs.get("method") == "POST"
            and "json" not in kwargs
            and (data is None or isinstance(data, dict))
        ):
            signed = URLSafeTimedSerializer(self.application.secret_key or "", salt="wtf-csrf-token").dumps(
                CSRF
            )
            kwargs["data"] = {"csrf_token": signed, **(data or {})}
        return super().open(*args, **kwargs)


def an_account(
    session: Session,
    *,
    name: str = "Somebody",
    email: str = "",
    role: Role | None = None,
    sees_patrons: bool = False,
    language: str = "en",
) -> Account:
    """An account whose address is proven; staff have their second factor. Committed."""
    address = emails.canonical(email or f"somebody-{next(_numbers)}@example.org")
    now = clock.now()
    account = Account(
        public_id=secrets.new_public_id(),
        email=address,
        email_index=secrets.blind_index(address),
        created_at=now,
        name=name,
        language=language,
        role=role,
        sees_patrons=sees_patrons,
        proven_at=now,
        totp_secret="JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP" if role else None,
        totp_confirmed_at=now if role else None,
    )
    session.add(account)
    session.commit()
    return account


def a_patron(
    session: Session, account: Account | None = None, *, name: str = "Patron", language: str = "en"
) -> Patron:
    """A patron without coverage, so neither active nor with a payment. Committed."""
    patron = Patron(
        public_id=secrets.new_public_id(),
        created_at=clock.now(),
        account=account,
        name=account.name if account else name,
        language=language,
    )
    session.add(patron)
    session.commit()
    return patron


def a_coverage(
    session: Session,
    patron: Patron,
    *,
    source: Source = Source.PAID,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    ended_by: EndedBy | None = None,
) -> Coverage:
    """A stretch in which the patron is covered: from ten days ago to twenty days on, unless said. Committed."""
    now = clock.now()
    coverage = Coverage(
        patron_id=patron.id,
        source=source,
        source_key=f"made_{next(_numbers)}",
        starts_at=starts_at or now - timedelta(days=10),
        ends_at=ends_at or now + timedelta(days=20),
        ended_by=ended_by,
    )
    session.add(coverage)
    session.commit()
    return coverage


def patron_of(session: Session, account: Account) -> Patron:
    """The patron that an account of the cast is."""
    return session.query(Patron).filter_by(account_id=account.id).one()


@pytest.fixture
def ada(session: Session) -> Account:
    """Ada, who edits."""
    return an_account(session, name="Ada Editor", email="ada@example.org", role=Role.EDITOR)


@pytest.fixture
def ben(session: Session) -> Account:
    """Ben, who is staff and reads reports."""
    return an_account(session, name="Ben Staff", email="ben@example.org", role=Role.STAFF)


@pytest.fixture
def pia(session: Session) -> Account:
    """Pia, who publishes and may see patrons."""
    return an_account(
        session, name="Pia Publisher", email="pia@example.org", role=Role.PUBLISHER, sees_patrons=True
    )


@pytest.fixture
def cleo(session: Session) -> Account:
    """Cleo, an active monthly patron."""
    account = an_account(session, name="Cleo Patron", email="cleo@example.org")
    a_coverage(session, a_patron(session, account))
    return account


@pytest.fixture
def dov(session: Session) -> Account:
    """Dov, who gave once two years ago and has lapsed."""
    account = an_account(session, name="Dov Once", email="dov@example.org")
    begun = clock.now() - timedelta(days=730)
    a_coverage(
        session,
        a_patron(session, account),
        source=Source.ONCE,
        starts_at=begun,
        ends_at=begun + timedelta(days=92),
    )
    return account


@pytest.fixture
def eve(session: Session) -> Account:
    """Eve, who has an account and never gave."""
    return an_account(session, name="Eve Reader", email="eve@example.org")


@pytest.fixture
def as_(app: Flask, session: Session) -> SignedIn:
    """A browser in which an account has signed in: `as_(cleo).get("/patron")`."""

    def signed_in(account: Account, *, second_factor: bool = True) -> FlaskClient:
        now = clock.now()
        token = secrets.new_token()
        session.add(
            SignInSession(
                token_hash=secrets.hash_token(token, "session"),
                account=account,
                security_stamp=account.security_stamp,
                created_at=now,
                seen_at=now,
                proven_second_factor_at=now if account.role and second_factor else None,
            )
        )
        session.commit()
        browser = SignedInBrowser(app, app.response_class, use_cookies=True)
        with browser.session_transaction() as cookie:
            cookie["_user_id"] = token
            cookie["_fresh"] = True
            cookie["csrf_token"] = CSRF
            cookie.permanent = True
        return browser

    return signed_in
