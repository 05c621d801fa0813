"""Imports a WordPress file and kills its own process, as the machine would, before the item of a name is taken."""

import os
import signal
import sys
from pathlib import Path

from membership.app import create_app
from membership.articles import importing
from membership.articles.importing import Options
from membership.db import db
from membership.settings import Settings


def die_at(name: str) -> None:
    """End like a process that is killed: nothing is cleaned up."""
    if name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)


app = create_app(Settings.from_environment(dict(os.environ)))
with app.app_context():
    file = Path(sys.argv[1])
    importing.import_file(
        db.session(), "wordpress", file, media_folder=file.parent / "media", options=Options(progress=die_at)
    )
