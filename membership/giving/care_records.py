"""What is done to a gift for somebody who has not signed in: a row before the call, that the mail about it can undo.

`snapshot` is what undoing restores. The mail follows from the facts (telling): `explaining` finds the act that made
them, so that there is one mail, and it comes also when Stripe's answer was lost and its event told.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.db import JsonDict
from membership.giving.gifts import Gift
from membership.giving.models import CareAct, CareActKind

EXPLAINS_FOR = timedelta(days=1)
"""What happens to a gift later than this is not the doing of an act whose answer was lost."""

_RESTS = frozenset({"is_paused", "resumes_at", "skips_at"})


def snapshot(gift: Gift) -> JsonDict:
    """A gift as an act finds it: amounts in minor units of `currency`, instants in ISO 8601, None for none."""
    return {
        "amount": gift.money.amount,
        "covered_fee": gift.covered_fee.amount,
        "currency": gift.money.currency,
        "interval": gift.interval.value,
        "ends_at": written(gift.ends_at),
        "is_paused": gift.is_paused,
        "resumes_at": written(gift.resumes_at),
        "skips_at": written(gift.skips_at),
        "next_charge_at": written(gift.next_charge_at),
    }


def written(at: datetime | None) -> str | None:
    """An instant as a snapshot has it."""
    return at.isoformat() if at is not None else None


def read(at: str | None) -> datetime | None:
    """An instant of a snapshot."""
    return datetime.fromisoformat(at) if at else None


def begin(
    session: Session,
    gift: Gift,
    kind: CareActKind,
    changes: JsonDict,
    *,
    link_hash: str = "",
    undoes_id: int | None = None,
) -> CareAct:
    """Write down what is about to be done; `changes` are the fields of `snapshot` that will differ.

    Without link it is staff who does it. The caller commits.
    """
    before = snapshot(gift)
    act = CareAct(
        public_id=secrets.new_public_id(),
        subscription_id=gift.id,
        kind=kind,
        began_at=clock.now(),
        before=before,
        wanted={**before, **changes},
        link_hash=link_hash,
        by_staff=not link_hash,
        undoes_id=undoes_id,
    )
    session.add(act)
    session.flush()
    return act


def of_link(session: Session, link_hash: str) -> CareAct | None:
    """What a link was used for last, or None."""
    return session.scalars(
        select(CareAct).filter_by(link_hash=link_hash).order_by(CareAct.id.desc()).limit(1)
    ).one_or_none()


def explaining(session: Session, subscription_id: str, field: str, value: object) -> CareAct | None:
    """The act of which the patron has not heard that let a `field` of the gift become `value`; None if there is none.

    For `ends_at` it counts whether there is an end, since Stripe says which instant it is.
    """
    acts = session.scalars(
        select(CareAct)
        .where(
            CareAct.subscription_id == subscription_id,
            CareAct.told_at.is_(None),
            CareAct.began_at > clock.now() - EXPLAINS_FOR,
        )
        .order_by(CareAct.id.desc())
    )
    return next((act for act in acts if _explains(act, field, value)), None)


def _explains(act: CareAct, field: str, value: object) -> bool:
    before, wanted = act.before[field], act.wanted[field]
    if field == "ends_at":
        return (before is None) != (wanted is None) and (wanted is None) == (value is None)
    return bool(before != wanted and wanted == value)


def changed_fields(act: CareAct) -> list[str]:
    """Which fields of `snapshot` an act changed."""
    return [field for field, before in act.before.items() if act.wanted[field] != before]


def is_as_left(act: CareAct, gift: Gift) -> bool:
    """Whether a gift is still as an act left it, in all that the act changed: only then can it be undone.

    A rest can be put back, or taken back, only until the charge that was due before it has come.
    """
    now, changed = snapshot(gift), changed_fields(act)
    if gift.has_ended or (not _RESTS.isdisjoint(changed) and not _can_rest_again(act, gift)):
        return False
    return all(_same(field, now[field], act.wanted[field]) for field in changed)


def _can_rest_again(act: CareAct, gift: Gift) -> bool:
    due_at = read(act.before["skips_at"] or act.before["next_charge_at"] or act.before["resumes_at"])
    is_sound = gift.ends_at is None and not gift.is_failing
    return is_sound and due_at is not None and due_at > clock.now() and _is_next_charge(act, gift)


def _is_next_charge(act: CareAct, gift: Gift) -> bool:
    return bool(act.wanted["next_charge_at"] == written(gift.next_charge_at))


def _same(field: str, one: object, other: object) -> bool:
    return (one is None) == (other is None) if field in {"ends_at", "next_charge_at"} else one == other
