"""What every test's own application would work out again, worked out once for each process of the test run.

Nothing here changes what the application does: a template's code and a route's builder follow from their text alone.
"""

import gc
from typing import Any

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Engine, MetaData, text
from werkzeug.routing import Rule

_ALLOCATIONS_BETWEEN_LOOKS = 50_000
_COMPILED = ("arguments", "_converters", "_trace", "_parts", "_build", "_build_unknown")
"""What `Rule.compile` sets (Werkzeug 3.1, `werkzeug/routing/rules.py`)."""


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

    Rule.compile = compile_once  # type: ignore[method-assign]  # it has no place for a cache of its own


def look_for_garbage_seldom() -> None:
    """Leave what is there once all tests are collected out of every look for garbage, and look less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS_BETWEEN_LOOKS, 20, 50)


def empty(engine: Engine, metadata: MetaData) -> None:
    """Empty every table of a PostgreSQL database and begin its numbers anew, touching only what has been used."""
    with engine.begin() as connection:
        used = connection.scalars(text(_union_of_tables(metadata))).all()
        if used:
            names = ", ".join(f'"{name}"' for name in used)
            connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
        numbers = (
            "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
        )
        for name in connection.scalars(text(numbers)).all():  # also those of rows that were rolled back
            connection.execute(text(f'ALTER SEQUENCE "{name}" RESTART'))


def _union_of_tables(metadata: MetaData) -> str:
    """A query that gives the names of all tables with a row."""
    return " UNION ALL ".join(
        f"SELECT '{table.name}' WHERE EXISTS (SELECT 1 FROM \"{table.name}\")"  # noqa: S608 - names of our own tables
        for table in metadata.sorted_tables
    )
