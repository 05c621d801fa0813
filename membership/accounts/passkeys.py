"""Passkeys of staff: a second factor that a look-alike site cannot ask for.

The challenge is kept in the session's row and good once. The site's own address is what a passkey belongs to.
"""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import webauthn
from sqlalchemy import exists, select, update
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from membership import clock
from membership.accounts.errors import SecondFactorError
from membership.accounts.models import Account, Passkey, SignInSession

MOST = 10


@dataclass(frozen=True)
class Site:
    """What passkeys belong to: this site's address and name."""

    base_url: str
    name: str

    @property
    def rp_id(self) -> str:
        """The host, as WebAuthn wants it."""
        return urlsplit(self.base_url).hostname or "localhost"


def of(session: Session, account: Account) -> list[Passkey]:
    """An account's passkeys, oldest first."""
    return list(session.scalars(select(Passkey).filter_by(account_id=account.id).order_by(Passkey.id)))


def any_of(session: Session, account: Account) -> bool:
    """Whether an account has a passkey."""
    return bool(session.scalar(select(exists().where(Passkey.account_id == account.id))))


def registration_options(session: Session, row: SignInSession, account: Account, site: Site) -> str:
    """What the browser is asked in order to make a passkey, as JSON; the challenge is kept. The caller commits."""
    options = webauthn.generate_registration_options(
        rp_id=site.rp_id,
        rp_name=site.name,
        user_id=account.public_id.encode(),
        user_name=account.email,
        user_display_name=account.display_name,
        exclude_credentials=_descriptors(session, account),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
    )
    row.challenge = bytes_to_base64url(options.challenge)
    return webauthn.options_to_json(options)


def register(
    session: Session,
    row: SignInSession,
    account: Account,
    site: Site,
    *,
    credential: dict[str, Any],
    name: str,
) -> Passkey:
    """Keep a passkey that the browser has made. The caller commits, also when this raises.

    Raises:
        SecondFactorError: it does not answer this session's challenge, or there are too many.
    """
    challenge = _take_challenge(session, row)
    if len(of(session, account)) >= MOST:
        raise SecondFactorError
    try:
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.base_url,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise SecondFactorError from error
    passkey = Passkey(
        account_id=account.id,
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        name=name,
        created_at=clock.now(),
    )
    session.add(passkey)
    session.flush()
    return passkey


def proof_options(session: Session, row: SignInSession, account: Account, site: Site) -> str:
    """What the browser is asked in order to use a passkey, as JSON; the challenge is kept. The caller commits."""
    options = webauthn.generate_authentication_options(
        rp_id=site.rp_id,
        allow_credentials=_descriptors(session, account),
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    row.challenge = bytes_to_base64url(options.challenge)
    return webauthn.options_to_json(options)


def prove(
    session: Session, row: SignInSession, account: Account, site: Site, *, credential: dict[str, Any]
) -> None:
    """Take the answer of a passkey. The caller commits, also when this raises.

    Raises:
        SecondFactorError: it is none of this account's, or does not answer this session's challenge.
    """
    challenge = _take_challenge(session, row)
    try:
        credential_id = base64url_to_bytes(str(credential["id"]))
        passkey = session.scalars(
            select(Passkey).filter_by(account_id=account.id, credential_id=credential_id).with_for_update()
        ).one()
        used = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.base_url,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
        )
    except (WebAuthnException, LookupError, ValueError, TypeError, InvalidRequestError) as error:
        raise SecondFactorError from error
    passkey.sign_count = used.new_sign_count


def parse(body: bytes) -> dict[str, Any]:
    """What the browser sent: a JSON object with `credential`, and `name` for a new passkey.

    Raises:
        SecondFactorError: it is none.
    """
    try:
        sent = json.loads(body)
    except ValueError as error:
        raise SecondFactorError from error
    if not isinstance(sent, dict) or not isinstance(sent.get("credential"), dict):
        raise SecondFactorError
    return sent


def _descriptors(session: Session, account: Account) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in of(session, account)]


def _take_challenge(session: Session, row: SignInSession) -> bytes:
    """The session's challenge, which is gone from then on: of two answers at a time, one finds it."""
    challenge = row.challenge
    taken = session.scalars(
        update(SignInSession)
        .where(
            SignInSession.id == row.id, SignInSession.challenge == challenge, SignInSession.challenge != ""
        )
        .values(challenge="")
        .returning(SignInSession.id)
    ).one_or_none()
    if taken is None:
        raise SecondFactorError
    return base64url_to_bytes(challenge)
