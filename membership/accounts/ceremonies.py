"""The ceremonies of WebAuthn: a passkey is made, a passkey is used.

The challenge is kept in the session's row and good once. The library is imported here alone, and this module by the
views that need it: few workers ever do, and it is 7 MiB.
"""

from typing import Any

import webauthn
from sqlalchemy import select, update
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
from membership.accounts import passkeys
from membership.accounts.errors import SecondFactorError
from membership.accounts.models import Account, Passkey, SignInSession
from membership.accounts.passkeys import Site

MOST = 10


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
    if len(passkeys.of(session, account)) >= MOST:
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


def _descriptors(session: Session, account: Account) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in passkeys.of(session, account)
    ]


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
