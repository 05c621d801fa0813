"""The base of all tables, the engines, and the rule of who may write.

Models inherit from `Base` (typed, checked by mypy), not from Flask-SQLAlchemy's `db.Model`; `db` gives the
engines and the session. A session reads or writes: GET and HEAD read in deferred transactions and a flush of
changes in them is an error; everything else writes, and on SQLite its transactions begin IMMEDIATE, so that no
writer fails half-way because it began as a reader. On PostgreSQL both are READ COMMITTED.
`run_unit` commits a unit of work.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, TypeVar

from flask import g, has_app_context
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as BoundSession
from sqlalchemy import (
    DDL,
    JSON,
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Enum,
    FromClause,
    Integer,
    MetaData,
    String,
    Table,
    event,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeftError
from sqlalchemy.orm import DeclarativeBase, MappedAsDataclass, Session, mapped_column
from sqlalchemy.schema import ExecutableDDLElement
from sqlalchemy.types import TypeDecorator

BUSY_TIMEOUT_MS = 5_000
"""How long a SQLite writer waits for another before it gives up."""


@dataclass
class _Patience:
    busy_timeout_ms: int = BUSY_TIMEOUT_MS


_patience = _Patience()


def wait_longer(*, seconds: int) -> None:
    """Let this process wait so long for its turn to write to a SQLite file: for commands that nobody waits for.

    Holds for connections made from now on.
    """
    _patience.busy_timeout_ms = seconds * 1_000


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware in, aware (UTC) out, on both engines. A naive time is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn into UTC, without zone for SQLite, which keeps none."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive time cannot be stored; ask membership.clock.now()")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the instant in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _values(kind: type[StrEnum]) -> list[str]:
    return [member.value for member in kind]


MinorUnits = Annotated[int, mapped_column(BigInteger)]
"""Money in a currency's minor unit; the currency stands in a column beside it."""
CurrencyCode = Annotated[str, mapped_column(String(3))]
"""ISO 4217 in lower case, as Stripe writes it."""
RowId = Annotated[int, mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)]
"""The primary key of most tables: `id: Mapped[RowId] = mapped_column(init=False)`."""
PublicId = Annotated[str, mapped_column(String(32), unique=True)]
"""A random id that may stand in addresses (secrets.new_public_id)."""
JsonDict = dict[str, Any]


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True, eq=False, repr=False):
    """What every table inherits: named constraints, typed columns, checked calls.

    Rows are equal only to themselves, so they can be kept in sets; and they show no columns, so that no
    address reaches a log.
    """

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        datetime: UtcDateTime(),
        StrEnum: Enum(StrEnum, native_enum=False, create_constraint=True, values_callable=_values, length=32),
        JsonDict: JSON().with_variant(JSONB(), "postgresql"),
    }

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {getattr(self, 'id', None)}>"


GUARDS: dict[str, dict[str, list[str]]] = {}
"""The statements (triggers) that are made together with a table, by its name and the engine's dialect."""


def guard(table: FromClause, guards: dict[str, list[str]]) -> None:
    """Let statements (triggers) be made together with a table, by dialect; migrations/env.py writes them down too."""
    if not isinstance(table, Table):
        raise TypeError("only a table has triggers")
    GUARDS[table.name] = guards
    for dialect, statements in guards.items():
        for statement in statements:
            made: ExecutableDDLElement = DDL(statement)  # type: ignore[no-untyped-call]  # SQLAlchemy types it so
            event.listen(table, "after_create", made.execute_if(dialect=dialect))


def add_unless_there(session: Session, model: type[Base], **values: object) -> None:
    """Insert a row unless one with the same unique key is there, whoever else does the same. The caller commits."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(insert(model).values(**values).on_conflict_do_nothing())


_writing: ContextVar[bool] = ContextVar("writing", default=True)


REPLICA = "replica"
"""The name of the engine that reports may ask; there is one where the operator has named a replica."""


def ask_replica() -> None:
    """Let the rest of the present request ask the replica, if there is one. What was read before stays as it is."""
    if REPLICA in db.engines:
        g.asks_replica = True


class ReadOnlyError(Exception):
    """A change was about to be written by a request that may only read (GET or HEAD)."""


class UnitSession(BoundSession):
    """A session that reads or writes as the present unit of work does, and asks the replica where that is said."""

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:  # noqa: ANN401 - the parent's signature
        """The engine, as a writing view of it where this unit may write; the replica in a request that asks it."""
        if has_app_context() and "asks_replica" in g:
            return db.engines[REPLICA]
        bind = super().get_bind(*args, **kwargs)
        if _writing.get() and isinstance(bind, Engine):
            return _writing_view(bind)
        return bind


_views: dict[int, tuple[Engine, Engine]] = {}


def _writing_view(engine: Engine) -> Engine:
    """The same engine and pool, whose transactions begin IMMEDIATE on SQLite; one view an engine."""
    kept = _views.get(id(engine))
    if kept is None or kept[0] is not engine:
        kept = (engine, engine.execution_options(membership_writes=True))
        _views[id(engine)] = kept
    return kept[1]


def writing_engine() -> Engine:
    """The engine of the present app for transactions that write, for who needs no session of a request."""
    return _writing_view(db.engine)


db = SQLAlchemy(metadata=Base.metadata, session_options={"class_": UnitSession})


def begin_reading() -> Token[bool]:
    """Let the present request read only; give the token to `end_reading`."""
    return _writing.set(False)


def end_reading(token: Token[bool]) -> None:
    """Undo `begin_reading`."""
    _writing.reset(token)


@contextmanager
def writing(session: Session) -> Iterator[None]:
    """Write within a request that otherwise reads: what was read before is let go, the block commits itself."""
    session.rollback()
    token = _writing.set(True)
    try:
        yield
    finally:
        session.rollback()
        _writing.reset(token)


@contextmanager
def reading(session: Session) -> Iterator[None]:
    """Look something up within what otherwise writes, without waiting for a writer's turn; nothing may be pending."""
    token = _writing.set(False)
    try:
        yield
    finally:
        session.rollback()
        _writing.reset(token)


@event.listens_for(Session, "before_flush")
def _refuse_changes_while_reading(session: Session, _context: object, _instances: object) -> None:
    if not _writing.get() and (
        session.new or session.deleted or any(map(session.is_modified, session.dirty))
    ):
        raise ReadOnlyError("a GET or HEAD request changes nothing; use a POST, or db.writing")


@event.listens_for(Engine, "connect")
def _set_up_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - a driver's connection
    if not type(connection).__module__.startswith("sqlite3"):
        return
    connection.isolation_level = None  # we begin ourselves, below
    for pragma in (
        f"busy_timeout={_patience.busy_timeout_ms}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _begin_on_sqlite(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    writes = connection.get_execution_options().get("membership_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN DEFERRED")


Result = TypeVar("Result")
_SERIALIZATION = frozenset({"40001", "40P01"})


def run_unit(session: Session, unit: Callable[[], Result], *, tries: int = 3) -> Result:
    """Run a unit of work, commit it, and give its result; the whole of it again when the engine asks for that.

    The unit must take all it knows from the database inside it, since it may run up to `tries` times
    (a busy SQLite file, a deadlock or serialization failure of PostgreSQL).

    Raises:
        OperationalError: the engine still refuses after the last try.
    """
    for left in reversed(range(tries)):
        try:
            result = unit()
            session.commit()
        except OperationalError as error:
            session.rollback()
            if not left or not _may_be_repeated(error):
                raise
            time.sleep(0.05 * (tries - left))
        except BaseException:
            session.rollback()
            raise
        else:
            return result
    raise AssertionError("unreachable")


_PASSING_STATES = (
    "08",
    "40",
    "53",
    "57",
)  # connection, rollback, resources, operator: classes of PostgreSQL's
_PASSING_WORDS = ("is locked", "disk is full", "disk I/O error", "readonly database", "unable to open")


def is_passing(error: BaseException) -> bool:
    """Whether the engine, not what was asked of it, is at fault: busy, full, read-only, shutting down, gone."""
    if isinstance(error, NoConnectionLeftError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None) or ""
    is_out = error.connection_invalidated or state.startswith(_PASSING_STATES)
    return is_out or any(words in str(error.orig) for words in _PASSING_WORDS)


def _may_be_repeated(error: OperationalError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    return state in _SERIALIZATION or "database is locked" in str(error.orig)
