"""Signing in by a mailed link or a six-digit code: asked for here, used once, within fifteen minutes.

Whoever asks learns nothing about the address: with account, without, or blocked, the same rows are written, a mail
is rendered and the same answer given. A link shows a page and is used by a button on it, since mail scanners follow
links. A code counts only in the browser that asked. What is stored are hashes. See docs/signing-in.md.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.accounts import enrolling
from membership.accounts.errors import DeadCodeError, DeadLinkError, OtherBrowserError, WrongCodeError
from membership.accounts.models import Account, SignInSession, SignInToken, TokenPurpose
from membership.mail import outbox
from membership.mail.models import Priority
from membership.newsroom import budgets, settings_rows
from membership.newsroom.budgets import Limit
from membership.web import emails

LIFE = timedelta(minutes=15)
MOST_CODES = 5
KEPT = timedelta(days=1)  # so that a used link can be told from none while its mail is still read
SESSIONS_KEPT = timedelta(days=200)  # longer than any lives
PURPOSE = TokenPurpose.SIGN_IN

PER_ADDRESS = (Limit("sign_in_address_hour", 5, 3_600), Limit("sign_in_address_day", 10, 86_400))
PER_NETWORK = Limit("sign_in_network", 40, 3_600)
OVERALL = Limit("sign_in_overall", 5_000, 3_600)
CODES_PER_NETWORK = Limit("sign_in_codes_network", 100, 3_600)


@dataclass(frozen=True)
class IssuedToken:
    """What a mail carries; it is nowhere stored in clear."""

    token: str
    code: str
    expires_at: datetime


def hash_browser(browser: str) -> str:
    """What is stored of a browser's cookie."""
    return secrets.hash_token(browser, "browser")


def issue(
    session: Session,
    account: Account | None,
    *,
    browser: str = "",
    browser_hash: str = "",
    address: str = "",
    next_path: str = "",
) -> IssuedToken:
    """Make a link and a code; those made before for the account are void. The caller commits and mails them.

    `browser` is the random cookie of the asking browser (or `browser_hash` of it, where only that is known): only
    there can the code be typed. Without account the token opens nothing.
    """
    now = clock.now()
    issued = IssuedToken(secrets.new_token(), secrets.new_code(), now + LIFE)
    void_all(session, account.id if account is not None else 0)  # the same work for both
    asked_by = hash_browser(browser) if browser else browser_hash
    session.add(
        SignInToken(
            account_id=account.id if account is not None else None,
            purpose=PURPOSE,
            token_hash=secrets.hash_token(issued.token, PURPOSE),
            code_hash=_hash_code(issued.code, issued.expires_at),
            created_at=now,
            expires_at=issued.expires_at,
            address=account.email if account is not None else address,
            next_path=next_path,
            browser_hash=asked_by,
        )
    )
    session.flush()
    return issued


def ask(
    session: Session, email: str, *, browser: str, network: str, language: str, next_path: str = ""
) -> None:
    """Mail a link and a code to an address, or say there that no account has it. The caller commits.

    Over an address's budget nothing is mailed and the answer stays the same: links already mailed go on working.

    Raises:
        AddressError: `email` is not one plain address.
        BudgetSpentError: too many askings from this network, or from everywhere; commit all the same.
    """
    address = emails.canonical(email)
    index = secrets.blind_index(address)
    budgets.spend_asking(session, network, overall=OVERALL, per_network=PER_NETWORK)
    may_mail = budgets.may_spend(session, index, *PER_ADDRESS)
    account = enrolling.by_email(session, address)
    if account is not None and account.blocked_at is not None:
        account = None
    issued = issue(
        session, account if may_mail else None, browser=browser, address=address, next_path=next_path
    )
    if may_mail:
        _mail(session, account, address, issued, language)


def _mail(
    session: Session, account: Account | None, address: str, issued: IssuedToken, language: str
) -> None:
    known = account is not None
    day = clock.now().date().isoformat()
    mailed_in = account.language if account is not None else language
    prefix = "" if mailed_in == settings_rows.current(session).default_language else f"/{mailed_in}"
    outbox.queue(
        session,
        kind="accounts/sign_in" if known else "accounts/no_account",
        to=account.email if account is not None else address,
        language=mailed_in,
        dedupe_key=(
            f"sign_in:{secrets.hash_token(issued.token, 'mail')}"
            if known
            else f"no_account:{secrets.blind_index(address)}:{day}"
        ),
        context={
            "path": f"{prefix}/sign-in/{issued.token}",
            "code": issued.code,
            "minutes": int(LIFE.total_seconds() // 60),
        },
        priority=Priority.SIGN_IN,
        expires_at=issued.expires_at,
        account_id=account.id if account is not None else None,
    )


def find_link(session: Session, token: str) -> tuple[SignInToken, Account]:
    """The row and the account of a link that still opens. Reads only.

    Raises:
        DeadLinkError: it does not.
    """
    row = session.scalars(
        select(SignInToken).filter_by(token_hash=secrets.hash_token(token, PURPOSE), purpose=PURPOSE)
    ).one_or_none()
    if row is None or row.account_id is None or row.used_at or row.voided_at or row.expires_at <= clock.now():
        raise DeadLinkError
    account = session.get_one(Account, row.account_id)
    if account.blocked_at is not None:
        raise DeadLinkError
    return row, account


def use_link(session: Session, token: str, *, browser: str) -> tuple[SignInToken, Account]:
    """Use a link up, and give its row and the account that it signs in. The caller commits.

    Raises:
        DeadLinkError: it is used, expired, superseded or unknown.
        OtherBrowserError: it is for staff, and another browser asked for it; it stays usable there.
    """
    row, account = find_link(session, token)
    if is_bound_elsewhere(row, account, browser=browser):
        raise OtherBrowserError
    if not _use_up(session, row):
        raise DeadLinkError
    _prove(session, account)
    return row, account


def is_bound_elsewhere(row: SignInToken, account: Account, *, browser: str) -> bool:
    """Whether this browser may not use the link, since it is for staff and another one asked."""
    return account.role is not None and not (
        browser and hmac.compare_digest(row.browser_hash, hash_browser(browser))
    )


def awaited(session: Session, *, browser: str) -> SignInToken | None:
    """The newest asking of this browser, used up or not; None if there is none any more. Reads only."""
    if not browser:
        return None
    return session.scalars(
        select(SignInToken)
        .filter_by(browser_hash=hash_browser(browser), purpose=PURPOSE)
        .where(SignInToken.expires_at > clock.now())
        .order_by(SignInToken.id.desc())
        .limit(1)
    ).one_or_none()


def use_code(
    session: Session, code: str, *, browser: str = "", browser_hash: str = "", network: str = ""
) -> tuple[SignInToken, Account]:
    """Use up the code that this browser awaits, and give its row and account.

    The caller commits, also when this raises: each try is counted before it is compared, in one statement, so that
    a thousand at a time get no more than five.

    Raises:
        WrongCodeError: it is another code.
        DeadCodeError: none is awaited here: expired, used, superseded, or five wrong ones were typed.
        BudgetSpentError: too many tries from this network.
    """
    if network:
        budgets.spend(session, CODES_PER_NETWORK, network)
    asked_by = hash_browser(browser) if browser else browser_hash
    row_id = _count_try(session, asked_by) if asked_by else None
    if row_id is None:
        raise DeadCodeError
    row = session.get_one(SignInToken, row_id, populate_existing=True)
    typed = _hash_code("".join(code.split()), row.expires_at)
    if row.account_id is None or not hmac.compare_digest(typed, row.code_hash):
        raise WrongCodeError(MOST_CODES - row.tried_codes)
    account = session.get_one(Account, row.account_id)
    if account.blocked_at is not None or not _use_up(session, row):
        raise DeadCodeError
    _prove(session, account)
    return row, account


def void_all(session: Session, account_id: int) -> None:
    """Let no link or code of an account work any more. The caller commits."""
    session.execute(
        update(SignInToken)
        .where(
            SignInToken.account_id == account_id,
            SignInToken.used_at.is_(None),
            SignInToken.voided_at.is_(None),
            SignInToken.expires_at > clock.now(),
        )
        .values(voided_at=clock.now())
    )


def forget_old(session: Session) -> None:
    """Delete the rows of links that ended over a day ago, and of sessions long over. The caller commits."""
    now = clock.now()
    session.execute(delete(SignInToken).where(SignInToken.expires_at < now - KEPT))
    session.execute(delete(SignInSession).where(SignInSession.seen_at < now - SESSIONS_KEPT))


def _count_try(session: Session, browser_hash: str) -> int | None:
    now = clock.now()
    newest = (
        select(SignInToken.id)
        .where(SignInToken.browser_hash == browser_hash, SignInToken.purpose == PURPOSE)
        .order_by(SignInToken.id.desc())
        .limit(1)
    )
    return session.scalars(
        update(SignInToken)
        .where(
            SignInToken.id == newest.scalar_subquery(),
            SignInToken.used_at.is_(None),
            SignInToken.voided_at.is_(None),
            SignInToken.expires_at > now,
            SignInToken.tried_codes < MOST_CODES,
        )
        .values(tried_codes=SignInToken.tried_codes + 1)
        .returning(SignInToken.id)
    ).one_or_none()


def _use_up(session: Session, row: SignInToken) -> bool:
    """Whether it was this call that used the row up: of twenty at a time, one."""
    now = clock.now()
    used = session.scalars(
        update(SignInToken)
        .where(
            SignInToken.id == row.id,
            SignInToken.used_at.is_(None),
            SignInToken.voided_at.is_(None),
            SignInToken.expires_at > now,
        )
        .values(used_at=now)
        .returning(SignInToken.id)
    ).one_or_none()
    return used is not None


def _prove(session: Session, account: Account) -> None:
    """The mailbox has answered. Whatever was begun with this address before that ends: it may have been another's."""
    if account.proven_at is None:
        account.proven_at = clock.now()
        enrolling.end_sessions(session, account)


def _hash_code(code: str, expires_at: datetime) -> str:
    """Keyed, since a million codes are soon tried against a plain hash."""
    return secrets.blind_index(f"code:{expires_at.isoformat()}:{code}")
