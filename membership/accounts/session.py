"""Who is signed in: a row for each browser, found by the random token in its cookie, through Flask-Login.

The cookie says nothing about the person; deleting the row signs out. Patrons stay for 180 days from their last
visit, staff for 12 hours from signing in. A session whose stamp is older than its account's has ended. `note_visit`
commits.
"""

from collections.abc import Callable
from datetime import timedelta

import flask_login
from flask import Flask, Response, after_this_request, g
from flask import session as cookie
from flask_login import LoginManager
from flask_wtf.csrf import generate_csrf
from sqlalchemy import delete, select
from sqlalchemy.orm import joinedload

from membership import clock, secrets
from membership.accounts import enrolling, signing_in
from membership.accounts.models import Account, SignInSession
from membership.db import db, writing

PATRONS_STAY = timedelta(days=180)
STAFF_STAY = timedelta(hours=12)
SEEN_AGAIN_AFTER = timedelta(days=1)
PURPOSE = "session"

on_sign_in: list[Callable[[Account, Response], None]] = []
"""Called with the account and the answer whenever somebody has signed in; features above add theirs."""

_manager = LoginManager()
_manager.session_protection = None  # it would keep a hash of the address and the browser in the cookie


class Visitor(flask_login.UserMixin):
    """What Flask-Login keeps of a signed-in browser: the token, its row, the account."""

    def __init__(self, token: str, row: SignInSession) -> None:
        self.token = token
        self.row = row
        self.account = row.account

    def get_id(self) -> str:
        """What stands in the cookie."""
        return self.token


def init_app(app: Flask) -> None:
    """Let `app` know who is signed in. Nothing is read before somebody asks.

    Flask-Login's own init_app would touch the session on every answer, public pages too, for a remember-me cookie
    that is not used here.
    """
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False  # `_seen` renews the cookie, on signed-in pages only
    app.extensions["login_manager"] = _manager
    app.jinja_env.globals["csrf_token"] = generate_csrf  # for forms of one button
    app.login_manager = _manager  # type: ignore[attr-defined]  # where Flask-Login looks for it


def current_account() -> Account | None:
    """The account that has signed in on this browser, or None."""
    visitor = current_visitor()
    return visitor.account if visitor else None


def signed_in_account() -> Account:
    """The account that is signed in, for views that let nobody else in.

    Raises:
        RuntimeError: nobody is signed in; the view is declared for others too.
    """
    account = current_account()
    if account is None:
        raise RuntimeError("this view is for who is signed in, and its declaration lets others in")
    return account


def current_visitor() -> Visitor | None:
    """The signed-in browser, or None."""
    visitor = flask_login.current_user
    return visitor._get_current_object() if visitor.is_authenticated else None  # noqa: SLF001 - of the proxy


def sign_in(account: Account) -> None:
    """Begin a new session for an account on this browser; one that was there ends. The caller commits.

    The hooks in `on_sign_in` are called with the answer.
    """
    _end_row()
    now = clock.now()
    token = secrets.new_token()
    row = SignInSession(
        token_hash=secrets.hash_token(token, PURPOSE),
        account=account,
        security_stamp=account.security_stamp,
        created_at=now,
        seen_at=now,
    )
    db.session.add(row)
    db.session.flush()
    cookie.clear()
    cookie.permanent = True
    flask_login.login_user(Visitor(token, row))
    cookie.pop("_id", None)
    account_id = account.id

    @after_this_request
    def tell(response: Response) -> Response:
        signed_in = db.session.get_one(Account, account_id)
        for hook in on_sign_in:
            hook(signed_in, response)
        return response


def sign_out() -> None:
    """End the session of this browser. The caller commits."""
    _end_row()
    flask_login.logout_user()
    cookie.clear()


def sign_out_everywhere(account: Account) -> None:
    """End every session and void every link of an account, this browser's too. The caller commits."""
    signing_in.void_all(db.session(), account.id)
    db.session.execute(delete(SignInSession).filter_by(account_id=account.id))
    enrolling.end_sessions(db.session(), account)
    sign_out()


def pass_second_factor() -> None:
    """Let this session through the staff's door, under a new token, since it may do more now. The caller commits."""
    visitor = current_visitor()
    if visitor is None:
        return
    visitor.row.proven_second_factor_at = clock.now()
    visitor.token = secrets.new_token()
    visitor.row.token_hash = secrets.hash_token(visitor.token, PURPOSE)
    cookie["_user_id"] = visitor.token


def note_visit(visitor: Visitor) -> None:
    """Write down, at most once a day, that the browser came back, and let its cookie live on from now."""
    row_id, now = visitor.row.id, clock.now()
    if visitor.row.seen_at > now - SEEN_AGAIN_AFTER:
        return
    with writing(db.session()):
        row = db.session.get(SignInSession, row_id)
        if row is not None:
            row.seen_at = now
        db.session.commit()
    g.pop("_login_user", None)
    cookie.modified = True


def forget_ended() -> None:
    """Clear the cookie of a session that has ended."""
    if "_user_id" in cookie:
        cookie.clear()


@_manager.user_loader  # type: ignore[untyped-decorator]  # Flask-Login ships no types
def load(token: str) -> Visitor | None:
    """The visitor of a cookie's token, or None if the session has ended. One query."""
    row = db.session.scalars(
        select(SignInSession)
        .filter_by(token_hash=secrets.hash_token(str(token), PURPOSE))
        .options(joinedload(SignInSession.account))
    ).one_or_none()
    if row is None or row.security_stamp != row.account.security_stamp or row.account.blocked_at:
        return None
    now = clock.now()
    ended = row.created_at + STAFF_STAY <= now if row.account.role else row.seen_at + PATRONS_STAY <= now
    return None if ended else Visitor(str(token), row)


def _end_row() -> None:
    token = cookie.get("_user_id")
    if token:
        db.session.execute(
            delete(SignInSession).filter_by(token_hash=secrets.hash_token(str(token), PURPOSE))
        )
