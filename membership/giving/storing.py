"""Facts in and out of their tables, by SQLAlchemy Core: a snapshot is merged with what is there, under a lock.

Each class of giving.facts has its table in giving.models; columns and fields bear the same names. What a table has
beyond its fact (whose a payment is, which patron a customer) is written by giving.recording.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import ColumnElement, Select, Table, bindparam, delete, exists, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from membership import secrets
from membership.db import Base
from membership.giving import facts, models, ordering
from membership.giving.facts import Fact, SubscriptionState
from membership.giving.models import Owner

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AT_ONCE = 500
FactT = TypeVar("FactT", bound=Fact)

TABLES: dict[type[Fact], type[Base]] = {
    facts.BalanceTransaction: models.BalanceTransaction,
    facts.CheckoutSession: models.CheckoutSession,
    facts.Customer: models.StripeCustomer,
    facts.Dispute: models.Dispute,
    facts.FailedCharge: models.FailedCharge,
    facts.Invoice: models.Invoice,
    facts.InvoicePayment: models.InvoicePayment,
    facts.Payment: models.Payment,
    facts.Refund: models.Refund,
    facts.Subscription: models.Subscription,
}


@dataclass(frozen=True, slots=True)
class Kept(Generic[FactT]):
    """What keeping a snapshot came to: the fact before (None: it is new) and after it."""

    before: FactT | None
    after: FactT


def table_of(kind: type[Fact]) -> Table:
    """The table of a kind of fact."""
    return cast("Table", TABLES[kind].__table__)


_COLUMNS = {
    kind: tuple(field.name for field in fields(kind) if field.name in model.__table__.c)
    for kind, model in TABLES.items()
}
_SELECTIONS: dict[type[Fact], Select[Any]] = {
    kind: select(*(model.__table__.c[name] for name in _COLUMNS[kind])) for kind, model in TABLES.items()
}
_BY_IDS = {
    kind: _SELECTIONS[kind].where(table_of(kind).c.id.in_(bindparam("ids", expanding=True)))
    for kind in TABLES
}
_BY_ID = {kind: _SELECTIONS[kind].where(table_of(kind).c.id == bindparam("id_")) for kind in TABLES}


STATES = cast("Table", models.SubscriptionState.__table__)
_ADD_STATE = {
    name: upsert(STATES).on_conflict_do_nothing().returning(STATES.c.as_of)
    for name, upsert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}
_STATE_NAMES = tuple(field.name for field in fields(SubscriptionState))
_STATE_SAYS = [
    name for name in _STATE_NAMES if name not in {"subscription_id", "as_of", "event_id", "is_restored"}
]
_STATE_BEFORE = (
    select(*(STATES.c[name] for name in _STATE_SAYS))
    .where(STATES.c.subscription_id == bindparam("subscription"), STATES.c.as_of <= bindparam("at"))
    .order_by(STATES.c.as_of.desc(), STATES.c.event_id.desc())
    .limit(1)
)


def columns_of(kind: type[Fact]) -> tuple[str, ...]:
    """The fields of a kind of fact that its table has; a table of what never changes has no version."""
    return _COLUMNS[kind]


def selection(kind: type[Fact]) -> Select[Any]:
    """A query for the rows of a kind of fact, to be narrowed; read it with `read`."""
    return _SELECTIONS[kind]


def read(
    session: Session, kind: type[FactT], query: Select[Any], params: dict[str, Any] | None = None
) -> list[FactT]:
    """The facts that a query made by `selection` finds."""
    rows = session.connection().execute(query, params or {}).mappings()
    if "as_of" in columns_of(kind):
        return [kind(**row) for row in rows]
    return [kind(as_of=EPOCH, **row) for row in rows]


def get(session: Session, kind: type[FactT], fact_id: str) -> FactT | None:
    """One fact by its id, or None."""
    row = session.connection().execute(_BY_ID[kind], {"id_": fact_id}).mappings().one_or_none()
    if row is None:
        return None
    return kind(**row) if "as_of" in columns_of(kind) else kind(as_of=EPOCH, **row)


class Known:
    """What is known of the objects that some facts are about, read at once. The caller holds their locks."""

    def __init__(self, session: Session, told: Iterable[Fact]) -> None:
        self._facts: dict[tuple[type[Fact], str], Fact] = {}
        ids: dict[type[Fact], set[str]] = defaultdict(set)
        for fact in told:
            ids[type(fact)].add(fact.id)
        for kind, wanted in ids.items():
            for start in range(0, len(wanted), AT_ONCE):
                part = sorted(wanted)[start : start + AT_ONCE]
                for found in read(session, kind, _BY_IDS[kind], {"ids": part}):
                    self.put(found)

    def get(self, like: FactT) -> FactT | None:
        """What is known of the object that a fact is about."""
        return cast("FactT | None", self._facts.get((type(like), like.id)))

    def put(self, fact: Fact) -> None:
        """Know a fact from now on."""
        self._facts[type(fact), fact.id] = fact


def keep(session: Session, fact: FactT, known: Known) -> Kept[FactT] | None:
    """Merge a snapshot with what is known of its object; None where it tells nothing new. The caller holds its lock."""
    kind = type(fact)
    before = known.get(fact)
    if before is None:
        session.connection().execute(insert(table_of(kind)), row_of(fact))
        known.put(fact)
        return Kept(None, fact)
    after = ordering.merge(before, fact)
    names = columns_of(kind)
    changes = {name: getattr(after, name) for name in names if getattr(after, name) != getattr(before, name)}
    if "as_of" not in names or not changes:
        return None
    if "email" in changes:
        changes["email_index"] = _email_index(after)
    table = table_of(kind)
    session.connection().execute(update(table).where(table.c.id == fact.id).values(changes))
    known.put(after)
    return None if changes.keys() <= Fact.VERSION else Kept(before, after)


def doubt(session: Session, told: Iterable[Fact]) -> None:
    """Let what is told next of these objects hold, whatever is known of them. The caller holds their locks.

    Flags and instants that are joined stay, as other events may have told them; what an event with two bodies told of a
    subscription's past goes. Facts that have no version never change.
    """
    for fact in told:
        kind = type(fact)
        if "as_of" in columns_of(kind):
            table, oldest = table_of(kind), {"terminal": 0, "state_rank": 0, "as_of": EPOCH}
            session.connection().execute(update(table).where(table.c.id == fact.id).values(oldest))
        if kind is facts.Subscription:
            is_doubtful = exists().where(models.Event.id == STATES.c.event_id, models.Event.has_conflict)
            session.connection().execute(
                delete(STATES).where(STATES.c.subscription_id == fact.id, is_doubtful)
            )


def confirm(session: Session, told: Iterable[Fact]) -> None:
    """Date what is known of objects at the later second at which snapshots say the same. The caller locks them."""
    groups: dict[tuple[type[Fact], datetime, str], list[str]] = defaultdict(list)
    for fact in told:
        if "as_of" not in columns_of(type(fact)):
            continue  # it never changes
        groups[type(fact), fact.as_of, fact.event_id].append(fact.id)
    for (kind, as_of, event_id), ids in groups.items():
        table = table_of(kind)
        for start in range(0, len(ids), AT_ONCE):
            these = table.c.id.in_(ids[start : start + AT_ONCE])
            session.connection().execute(update(table).where(these).values(as_of=as_of, event_id=event_id))


def row_of(fact: Fact) -> dict[str, Any]:
    """A new row for a fact, with what its table has beyond it as far as one fact can tell."""
    row = {name: getattr(fact, name) for name in columns_of(type(fact))}
    if isinstance(fact, facts.Payment):
        row |= {"owner": Owner.UNKNOWN, "settled_at": fact.succeeded_at or fact.charged_at}
    if isinstance(fact, facts.Customer):
        row["email_index"] = _email_index(fact)
    return row


def _email_index(fact: Fact) -> str:
    email = fact.email if isinstance(fact, facts.Customer) else None
    return secrets.blind_index(email.strip().lower()) if email else ""


def keep_state(session: Session, state: SubscriptionState) -> bool:
    """Remember what a subscription was at an instant; whether that is news.

    An event dates what it tells, so each is kept. A read only says that it is so: it is kept where that differs from
    what was told before.
    """
    values = {name: getattr(state, name) for name in _STATE_NAMES}
    connection = session.connection()
    if not state.event_id:
        before = connection.execute(
            _STATE_BEFORE, {"subscription": state.subscription_id, "at": state.as_of}
        ).first()
        if before is not None and all(getattr(before, name) == values[name] for name in _STATE_SAYS):
            return False
    return connection.execute(_ADD_STATE[connection.dialect.name], values).first() is not None


def lock(session: Session, keys: Iterable[str]) -> None:
    """Let other transactions that apply facts about the same things wait until this one ends.

    On SQLite every writing transaction excludes every other already.
    """
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        return
    for number in sorted({_number(key) for key in keys}):
        connection.execute(select(_advisory(number)))


def lock_shared(session: Session, key: str) -> None:
    """Let whoever takes `lock` of a key wait for this transaction, and the other way round; sharers do not wait."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock_shared(_number(key))))


def _advisory(number: int) -> ColumnElement[Any]:
    return func.pg_advisory_xact_lock(number)


def _number(key: str) -> int:
    digest = hashlib.blake2b(f"giving:{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)
