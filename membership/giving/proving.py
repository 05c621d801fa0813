"""That a person sits before a form, shown without asking anybody else: by a little work, or by a code in a mailbox.

The work is to find a number that, hashed with the form's own key, begins with WORK_BITS zero bits: a second for one
browser, hours for thousands of tries. Where no script runs, a six-digit code goes to the typed address instead. Nothing
is stored for it: challenge and code follow from the form's key, signed.
"""

import hashlib
import re
from datetime import timedelta

from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.mail import outbox
from membership.mail.models import Priority
from membership.newsroom import budgets
from membership.newsroom.budgets import Limit

WORK_BITS = 16
LIFE = timedelta(hours=2)
CODE_TRIES = Limit("checkout_code_tries", 5, 3_600)
CODES_PER_ADDRESS = Limit("checkout_codes_address", 5, 3_600)
CODES_PER_NETWORK = Limit("checkout_codes_network", 20, 3_600)
_CHALLENGE = re.compile(r"(?P<at>[0-9]{1,12})\.(?P<signature>[0-9a-f]{20})", re.ASCII)
_PROOF = re.compile(r"[0-9]{1,12}", re.ASCII)


def challenge_for(form_key: str) -> str:
    """A challenge that holds for this form alone, and for two hours."""
    at = int(clock.now().timestamp())
    return f"{at}.{secrets.sign_short(f'{form_key}:{at}', 'challenge')}"


def is_challenge(challenge: str, form_key: str) -> bool:
    """Whether a challenge is ours, made for this form, and not too old."""
    match = _CHALLENGE.fullmatch(challenge)
    if match is None or not secrets.is_signed(f"{form_key}:{match['at']}", match["signature"], "challenge"):
        return False
    age = int(clock.now().timestamp()) - int(match["at"])
    return 0 <= age <= int(LIFE.total_seconds())


def is_worked(challenge: str, form_key: str, proof: str) -> bool:
    """Whether the work of a challenge has been done."""
    if not _PROOF.fullmatch(proof) or not is_challenge(challenge, form_key):
        return False
    digest = hashlib.sha256(f"{challenge}:{form_key}:{proof}".encode()).digest()
    return int.from_bytes(digest, "big") >> (256 - WORK_BITS) == 0


def is_code(session: Session, *, typed: str, challenge: str, form_key: str, email: str) -> bool:
    """Whether a typed code is the one that was mailed. Counts the try; the caller commits, also when refused.

    Raises:
        BudgetSpentError: too many codes were tried for this address.
    """
    budgets.spend(session, CODE_TRIES, secrets.blind_index(email))
    given = typed.replace(" ", "")
    if not is_challenge(challenge, form_key) or len(given) != 6 or not given.isascii():
        return False
    code = _code(challenge, form_key, email)
    return secrets.is_signed(code, secrets.sign_short(given, "typed code"), "typed code")


def mail_code(
    session: Session, *, challenge: str, form_key: str, email: str, network: str, language: str
) -> None:
    """Mail the code of a form to the address typed in it, once. The caller commits, also when refused.

    Raises:
        BudgetSpentError: too many codes were asked for from this network or for this address.
    """
    key = f"checkout_code:{secrets.hash_token(f'{challenge}:{form_key}:{email}', 'mail')}"
    budgets.spend(session, CODES_PER_NETWORK, network)
    budgets.spend(session, CODES_PER_ADDRESS, secrets.blind_index(email))
    outbox.queue(
        session,
        kind="giving/checkout_code",
        to=email,
        language=language,
        dedupe_key=key,
        context={"code": _code(challenge, form_key, email), "hours": int(LIFE.total_seconds() // 3600)},
        priority=Priority.SIGN_IN,
        expires_at=clock.now() + LIFE,
    )


def _code(challenge: str, form_key: str, email: str) -> str:
    signed = secrets.sign_short(f"{challenge}:{form_key}:{email}", "checkout code")
    return f"{int(signed, 16) % 1_000_000:06d}"
