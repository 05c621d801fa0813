"""What every test's own application would work out again, worked out once for each process of the test run.

Nothing here changes what the application does: a template's code and a route's builder follow from their text alone.
"""

import gc
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Dialect, Engine, MetaData, text
from sqlalchemy.util import LRUCache
from stripe import HTTPClient
from werkzeug.routing import Rule

_ROOM = 2 * 1024**3
_ALLOCATIONS_BETWEEN_LOOKS = 50_000
_LEFT_BEHIND = 256 * 1024
_COMPILED = ("arguments", "_converters", "_trace", "_parts", "_build", "_build_unknown")
"""What `Rule.compile` sets (Werkzeug 3.1, `werkzeug/routing/rules.py`)."""


def folder() -> str:
    """Where tests keep their files: in memory, if the machine has a place of 2 GiB for that, else as usual.

    A file there is a file (SQLite's WAL and locks included), only not written to a disk, which no test could see.
    """
    memory = Path("/dev/shm")  # noqa: S108 - pytest makes a folder of its own in it
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free >= _ROOM:
        return str(memory)
    return tempfile.gettempdir()


class _Compiled(BytecodeCache):
    """The code of templates, by name and by the hash of what stands in them."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what was compiled before, if the template's text is the same."""
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self._codes[bucket.key, bucket.checksum] = bucket.code


_compiled = _Compiled()


def share_templates(app: Flask) -> None:
    """Let an application use templates as an earlier one has compiled them."""
    app.jinja_env.bytecode_cache = _compiled


def share_routes() -> None:
    """Let a route be compiled once: most of an application's making is the same 280 routes again.

    What compiling makes of a route follows from its text alone: our routes have no defaults, and our converters are
    the usual ones, which keep nothing.
    """
    compile_route = Rule.compile
    known: dict[tuple[str, bool | None], dict[str, Any]] = {}

    def compile_once(rule: Rule) -> None:
        if rule.defaults or rule.host or rule.subdomain:
            compile_route(rule)
            return
        key = (rule.rule, rule.merge_slashes)
        if key not in known:
            compile_route(rule)
            known[key] = {name: getattr(rule, name) for name in _COMPILED}
        vars(rule).update(known[key])

    Rule.compile = compile_once  # type: ignore[assignment, method-assign]  # it has no place for a cache of its own


_dialects: dict[str, Dialect] = {}
_statements: Any = LRUCache(20_000)


def share_statements(engine: Engine) -> None:
    """Let an engine use statements as an earlier one of its kind has compiled them.

    What is compiled is kept by statement and dialect; an engine of the same kind has the same dialect, once connected.
    """
    if engine.name not in _dialects:
        engine.connect().close()  # what the server can do is learned at the first connection
        _dialects[engine.name] = engine.dialect
    engine.dialect = _dialects[engine.name]
    engine._compiled_cache = _statements  # SQLAlchemy 2.1 offers one for each connection only


def share_connections(engine: Engine, known: Engine) -> None:
    """Let an engine use the open connections of another to the same server, and what that has prepared on them."""
    engine.pool.dispose()
    engine.pool = known.pool


def look_for_garbage_seldom() -> None:
    """Leave what is there once all tests are collected out of every look for garbage, and look less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS_BETWEEN_LOOKS, 20, 50)


def try_again_soon() -> None:
    """Let Stripe's client wait a moment, not half a second, before it repeats a call that failed.

    How often it repeats is what tests look at; what they would do meanwhile is nothing.
    """
    HTTPClient.INITIAL_DELAY = 0.02


def empty(engine: Engine, metadata: MetaData) -> None:
    """Empty every table of a PostgreSQL database and begin its numbers anew, touching only what has been used.

    TRUNCATE, which makes new files, takes ten times as long as deleting a few rows; what they leave is let go with it.
    """
    with engine.begin() as connection:
        used = connection.scalars(text(union_of_tables(metadata))).all()
        sizes = text("SELECT relname, pg_relation_size(oid) FROM pg_class WHERE relname = ANY(:used)")
        # Neither triggers nor foreign keys are asked: everything goes.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for name, size in connection.execute(sizes, {"used": used}).all():
            is_large = size > _LEFT_BEHIND
            connection.execute(
                text(f'TRUNCATE "{name}" CASCADE') if is_large else metadata.tables[name].delete()
            )
        numbers = (
            "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
        )
        for name in connection.scalars(text(numbers)).all():  # also those of rows that were rolled back
            connection.execute(text(f'ALTER SEQUENCE "{name}" RESTART'))


def union_of_tables(metadata: MetaData) -> str:
    """A query that gives the names of all tables with a row, on either engine."""
    return " UNION ALL ".join(
        f"SELECT '{table.name}' WHERE EXISTS (SELECT 1 FROM \"{table.name}\")"  # noqa: S608 - names of our own tables
        for table in metadata.sorted_tables
    )
