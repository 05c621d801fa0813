"""Stopping the database of a test as it would stop in life."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from membership.db import db


@pytest.fixture
def stop_database(app: Flask) -> Iterator[Callable[[], None]]:
    """Stop it really: its file is gone and cannot be made anew, or every connection is refused."""
    undo: list[Callable[[], None]] = []

    def stop() -> None:
        with app.app_context():
            engine = db.engine
            db.session.remove()
            engine.dispose()
        if engine.dialect.name == "sqlite":
            file = Path(str(engine.url.database))
            shutil.move(file, file.with_suffix(".away"))
            file.mkdir()
            return
        event.listen(engine, "do_connect", refuse)
        undo.append(lambda: event.remove(engine, "do_connect", refuse))

    def refuse(_dialect: Any, _record: Any, _arguments: Any, parameters: dict[str, Any]) -> None:
        parameters["port"] = 1

    yield stop
    for step in undo:
        step()
