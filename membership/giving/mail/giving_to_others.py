"""Mails about a membership for somebody else: to its giver, and to whom it is for."""

from datetime import datetime

from sqlalchemy.orm import Session

from membership.accounts import signing_in
from membership.giving import receipts_shown
from membership.giving.mail.addressing import account_of, prefix, queue
from membership.giving.models import Checkout, GiftMembership, Payment
from membership.mail import outbox
from membership.money import Money
from membership.patrons.models import Patron


def gift_bought(session: Session, *, patron: Patron, gift: GiftMembership, payment: Payment) -> None:
    """Thank the giver, with the way to her page and a code for the browser that paid."""
    account = account_of(session, patron)
    if account is None:
        return
    checkout = session.get_one(Checkout, gift.checkout_id)
    page = f"{prefix(session, patron.language)}/patron/memberships-given/{gift.public_id}"
    issued = signing_in.issue(session, account, browser_hash=checkout.browser_hash, next_path=page)
    queue(
        session,
        patron,
        kind="gift_bought",
        cause=payment.id,
        context={
            **_told(session, gift, patron.language),
            "amount": Money(payment.amount, payment.currency),
            "paid_at": payment.charged_at,
            "recipient_email": gift.recipient_email,
            "sign_in_path": f"/sign-in/{issued.token}",
            "sign_in_code": issued.code,
            "minutes": int(signing_in.LIFE.total_seconds() // 60),
            "receipt_label": receipts_shown.labels_of(session, [payment.id]).get(payment.id, ""),
        },
        about=f"patron:{patron.public_id}",
    )


def gift_membership(session: Session, *, gift: GiftMembership) -> None:
    """Bring somebody the membership that was bought for her, with the giver's message and the way to claim it."""
    _to_recipient(session, gift, "gift_membership", cause=gift.code_hash[:16])


def gift_unclaimed(session: Session, *, gift: GiftMembership) -> None:
    """Remind somebody that a membership waits for her, and until when."""
    _to_recipient(session, gift, "gift_unclaimed", cause=gift.public_id)


def gift_unclaimed_to_giver(session: Session, *, patron: Patron, gift: GiftMembership) -> None:
    """Tell the giver that nobody has claimed her gift yet, and until when somebody can."""
    queue(
        session,
        patron,
        kind="gift_unclaimed_to_giver",
        cause=gift.public_id,
        context=_told(session, gift, patron.language),
    )


def gift_ends(session: Session, *, patron: Patron, gift: GiftMembership, ends_at: datetime) -> None:
    """Tell a patron when the membership that she was given ends, and that nothing is charged."""
    queue(
        session,
        patron,
        kind="gift_ends",
        cause=f"{gift.public_id}:{ends_at:%Y%m%d}",
        context={**_told(session, gift, patron.language), "ends_at": ends_at, "support_path": "/support"},
    )


def _to_recipient(session: Session, gift: GiftMembership, kind: str, *, cause: str) -> None:
    outbox.queue(
        session,
        kind=f"giving/{kind}",
        to=gift.recipient_email,
        language=gift.language,
        dedupe_key=f"{kind}:{cause}",
        context=_told(session, gift, gift.language),
        subject_key=f"gift_membership:{gift.public_id}",
        expires_at=gift.claim_before,
    )


def _told(session: Session, gift: GiftMembership, language: str) -> dict[str, object]:
    """What every mail about such a membership says of it."""
    return {
        "months": gift.months,
        "recipient": gift.recipient_name,
        "giver": gift.giver_name,
        "message": gift.message,
        "claim_before": gift.claim_before,
        "mail_on": gift.mail_on,
        "prefix": prefix(session, language),
        "claim_path": f"/gifts/{gift.code}",
        "page_path": f"/patron/memberships-given/{gift.public_id}",
    }
