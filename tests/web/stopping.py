"""Stopping the database of a test as it would stop in life."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import NullPool

from membership.db import db


@pytest.fixture
def stop_database(app: Flask) -> Callable[[], None]:
    """Stop it really: its file is gone and cannot be made anew, or every connection is refused."""

    def stop() -> None:
        with app.app_context():
            engine = db.engine
            db.session.remove()
        if engine.dialect.name == "sqlite":
            engine.dispose()
            file = Path(str(engine.url.database))
            shutil.move(file, file.with_suffix(".away"))
            file.mkdir()
            return

        def refused() -> Any:
            return engine.dialect.loaded_dbapi.connect(host="127.0.0.1", port=1)  # where nobody listens

        engine.pool = NullPool(refused)  # the one before is shared with the whole run

    return stop
