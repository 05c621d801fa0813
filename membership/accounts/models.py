"""Who may sign in: accounts, their sign-in tokens, their sessions, their second factors."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from membership.db import Base, PublicId, RowId
from membership.secrets import Secret


class Role(StrEnum):
    """What a member of staff may do; each includes the one before it."""

    STAFF = "staff"  # reads reports, sees trials
    EDITOR = "editor"  # also writes articles, appeals, campaigns, topics, rounds; begins trials
    PUBLISHER = "publisher"  # also manages people and settings; refunds, with the right to see patrons


class Account(Base):
    """An e-mail address that may sign in: a patron's, a member of staff's, or both.

    Made for a patron when a first payment has settled; the address counts as proven from the first sign-in on
    (`proven_at`). `email_index` is the blind index of the canonical address and decides who is who.
    """

    __tablename__ = "account"
    __table_args__ = (CheckConstraint("role IS NOT NULL OR NOT sees_patrons", name="only_staff_see_patrons"),)

    id: Mapped[RowId] = mapped_column(init=False)
    public_id: Mapped[PublicId]
    email: Mapped[str] = mapped_column(Secret)
    email_index: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    name: Mapped[str] = mapped_column(Secret, default="")
    language: Mapped[str] = mapped_column(String(2), default="en")
    role: Mapped[Role | None] = mapped_column(default=None)
    sees_patrons: Mapped[bool] = mapped_column(default=False)
    proven_at: Mapped[datetime | None] = mapped_column(default=None)
    blocked_at: Mapped[datetime | None] = mapped_column(default=None)
    security_stamp: Mapped[int] = mapped_column(Integer, default=1)  # counts up: older sessions end
    totp_secret: Mapped[str | None] = mapped_column(Secret, default=None)
    totp_confirmed_at: Mapped[datetime | None] = mapped_column(default=None)
    totp_last_step: Mapped[int] = mapped_column(BigInteger, default=0)  # each code works once

    @property
    def display_name(self) -> str:
        """The name, or the part of the address before the @."""
        return self.name or self.email.partition("@")[0]

    def may(self, role: Role) -> bool:
        """Whether this account's role includes `role`."""
        order = list(Role)
        return self.role is not None and order.index(self.role) >= order.index(role)


class TokenPurpose(StrEnum):
    """What a mailed token may be used for, and nothing else."""

    SIGN_IN = "sign_in"
    CONFIRM_ADDRESS = "confirm_address"


class SignInToken(Base):
    """A mailed link and its six-digit code: one use of either consumes both. Only hashes are stored.

    One is made for an address without account too (`account_id` None): the same work, and the same answers to
    the codes typed after it, so that nobody learns who has an account.
    """

    __tablename__ = "sign_in_token"
    __table_args__ = (
        Index(None, "account_id", "expires_at"),
        Index(None, "browser_hash"),
        Index(None, "expires_at"),
    )

    id: Mapped[RowId] = mapped_column(init=False)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    purpose: Mapped[TokenPurpose]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    # As asked for; shown again to the asking browser alone.
    address: Mapped[str] = mapped_column(Secret, default="")
    # The page of this site to go to afterwards.
    next_path: Mapped[str] = mapped_column(String(500), default="")
    # The asking browser: the code works nowhere else, nor does a link for staff.
    browser_hash: Mapped[str] = mapped_column(String(64), default="")
    tried_codes: Mapped[int] = mapped_column(
        Integer, default=0
    )  # counted before they are compared; 5 at most
    used_at: Mapped[datetime | None] = mapped_column(default=None)
    # A newer one was asked for, or all sessions were ended.
    voided_at: Mapped[datetime | None] = mapped_column(default=None)


class SignInSession(Base):
    """One signed-in browser. The cookie holds a random token, the row its hash; deleting the row signs out."""

    __tablename__ = "sign_in_session"
    __table_args__ = (Index(None, "account_id"),)

    id: Mapped[RowId] = mapped_column(init=False)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account: Mapped[Account] = relationship(lazy="raise_on_sql")
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), init=False)
    security_stamp: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    proven_second_factor_at: Mapped[datetime | None] = mapped_column(default=None)
    challenge: Mapped[str] = mapped_column(String(128), default="")  # of the passkey being used; good once


class Passkey(Base):
    """A WebAuthn credential of a member of staff."""

    __tablename__ = "passkey"

    id: Mapped[RowId] = mapped_column(init=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]


class RecoveryCode(Base):
    """A single-use code for who lost the second factor; only its hash is stored."""

    __tablename__ = "recovery_code"

    id: Mapped[RowId] = mapped_column(init=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    used_at: Mapped[datetime | None] = mapped_column(default=None)


class AddressChange(Base):
    """Another address for an account, asked for by staff for its owner: good once the new mailbox has answered.

    Both links are kept as hashes only. The newest change of an account counts; the old mailbox can take a confirmed
    one back for a week.
    """

    __tablename__ = "address_change"
    __table_args__ = (Index(None, "account_id"),)

    id: Mapped[RowId] = mapped_column(init=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    old_email: Mapped[str] = mapped_column(Secret)
    new_email: Mapped[str] = mapped_column(Secret)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)  # mailed to the new address
    undo_hash: Mapped[str] = mapped_column(String(64), unique=True)  # mailed to the old one
    asked_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None] = mapped_column(default=None)
    undone_at: Mapped[datetime | None] = mapped_column(default=None)  # stopped before, or taken back after
    voided_at: Mapped[datetime | None] = mapped_column(default=None)  # a newer one was asked for
