"""What every test can ask for: an app with a database of its own, a clock that stands still, clients.

Each test gets a fresh SQLite file in WAL, or, with `--engine postgresql`, a database emptied between tests.
"""

import contextvars
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from flask import Flask, has_app_context
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from membership import clock as clock_module
from membership.app import create_app
from membership.db import Base, db
from membership.settings import Settings
from tests import quickness, servers

pytest_plugins = ["tests.cast", "tests.browser.chromium"]
# No test fails because the machine is slow; `make fuzz` looks further (it sets MEMBERSHIP_TEST_FUZZ).
PATIENT = hypothesis.settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
hypothesis.settings.register_profile("usual", PATIENT)
hypothesis.settings.register_profile("fuzz", PATIENT, max_examples=2_000)
hypothesis.settings.load_profile("fuzz" if os.environ.get("MEMBERSHIP_TEST_FUZZ") == "1" else "usual")

# Where `tmp_path` is, as pytest documents it.
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", quickness.folder())

ENGINE = {"engine_name", "postgres", "postgres_url"}
"""The fixtures through which a test learns which engine is under test; all that has a database stands on them."""
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def pytest_configure() -> None:
    """Let what tests start hear Ctrl-C, also where the run itself was started in the background and does not."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Choose the engine; both must pass."""
    parser.addoption(
        "--engine", choices=["sqlite", "postgresql"], default="sqlite", help="which database engine"
    )


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses among the marked
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks for no engine, itself or through its fixtures: it would do the very same with another one."""
    for item in items:
        if isinstance(item, pytest.Function) and not ENGINE.intersection(item.fixturenames):
            item.add_marker(pytest.mark.one_engine)


def pytest_collection_finish() -> None:
    """Begin the run with what `tests.quickness` shares and shortens."""
    quickness.share_routes()
    quickness.look_for_garbage_seldom()
    quickness.try_again_soon()


@pytest.fixture(scope="session")
def engine_name(request: pytest.FixtureRequest) -> str:
    """The engine under test."""
    return str(request.config.getoption("--engine"))


@pytest.fixture(scope="session")
def postgres(engine_name: str, worker_id: str) -> Iterator[Engine | None]:
    """A database of this worker's own with every table, or None on SQLite."""
    if engine_name != "postgresql":
        yield None
        return
    with servers.postgres(worker_id) as url:
        engine = create_engine(url)
        Base.metadata.create_all(engine)
        yield engine
        engine.dispose()


@pytest.fixture(scope="session")
def postgres_url(postgres: Engine | None) -> str | None:
    """The address of that database."""
    return postgres.url.render_as_string(hide_password=False) if postgres else None


@pytest.fixture
def settings_env(tmp_path: Path, postgres_url: str | None) -> dict[str, str]:
    """The environment the app is made from; a test may add to it before it asks for `app`."""
    return {
        "MEMBERSHIP_MODE": "test",
        "MEMBERSHIP_DATA_DIR": str(tmp_path),
        "MEMBERSHIP_DATABASE_URL": postgres_url or f"sqlite:///{tmp_path}/membership.db",
        "MEMBERSHIP_JOBS_URL": "memory://",
        "MEMBERSHIP_BASE_URL": "http://localhost",
    }


class _Apart:
    """Serves each request as a server would: with an application context (`g`, session) of its own.

    What the test itself has read is let go first, so that its open transaction keeps no request waiting.
    """

    def __init__(self, app: Callable[..., Any]) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if has_app_context():
            db.session.rollback()
        return contextvars.Context().run(self._app, environ, start_response)


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with every table and no row; each test copies it, which is quicker than making tables."""
    file = tmp_path_factory.mktemp("template") / "membership.db"
    engine = create_engine(f"sqlite:///{file}")
    Base.metadata.create_all(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return file


@pytest.fixture
def app(
    settings_env: dict[str, str], tmp_path: Path, empty_file: Path, postgres: Engine | None
) -> Iterator[Flask]:
    """The whole application on an empty database."""
    if settings_env["MEMBERSHIP_DATABASE_URL"].startswith("sqlite"):
        shutil.copyfile(empty_file, tmp_path / "membership.db")
    made = create_app(Settings.from_environment(settings_env))
    made.wsgi_app = _Apart(made.wsgi_app)  # type: ignore[method-assign]  # as Flask documents it
    quickness.share_templates(made)
    with made.app_context():
        quickness.share_statements(db.engine)
        if postgres:
            quickness.share_connections(db.engine, postgres)
    yield made
    with made.app_context():
        db.session.remove()
        if postgres:
            quickness.empty(postgres, Base.metadata)
        else:
            db.engine.dispose()


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A session of the app, within its context; commit what another request should see."""
    with app.app_context():
        yield db.session()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that nobody has signed in."""
    return app.test_client()


class Clock:
    """A clock that stands still at 2026-11-22 12:00 UTC until it is set or moved."""

    now = staticmethod(clock_module.now)
    set = staticmethod(clock_module.set_now)
    move: Callable[..., datetime] = staticmethod(clock_module.move)


@pytest.fixture(autouse=True)
def clock() -> Iterator[Clock]:
    """The clock, standing still."""
    clock_module.set_now(NOON)
    yield Clock()
    clock_module.set_now(None)
