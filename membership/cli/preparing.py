"""What the demonstration needs before its site can be opened: the schema, and the newsroom's content."""

from collections.abc import Mapping

from membership.app import create_app
from membership.cli import demonstration
from membership.cli.database import upgrade_schema
from membership.db import db
from membership.settings import Settings


def prepare(env: Mapping[str, str]) -> None:
    """Bring the schema up to date and, in an empty database, load the newsroom's content."""
    app = create_app(Settings.from_environment(env))
    with app.app_context():
        upgrade_schema()
        session = db.session()
        if not demonstration.is_set_up(session):
            demonstration.set_up(session, media_folder=app.extensions["membership_media"])
        db.session.remove()
        db.engine.dispose()
