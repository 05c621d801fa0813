"""Takes patrons from a plain CSV, and kills its own process (signal 9) just before a commit, in the middle of the file.

Usage: python -m tests.giving.kill_while_moving_in FILE COMMIT INSTANT, with the app's environment. COMMIT is which one:
the first says that an import is at work, each one after it is of one batch. The clock stands still at INSTANT.
"""

import os
import signal
import sys
from datetime import datetime

from sqlalchemy import event as listening

from membership import clock
from membership.app import create_app
from membership.cli import membership
from membership.db import db
from membership.settings import Settings


def main(file: str, commit: int, instant: str) -> None:
    """Import the file, until that commit."""
    clock.set_now(datetime.fromisoformat(instant))
    app = create_app(Settings.from_environment(dict(os.environ)))
    with app.app_context():
        left = iter(range(commit - 1))

        @listening.listens_for(db.engine, "commit")
        def before(_connection: object) -> None:
            if next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

    app.test_cli_runner().invoke(membership, ["import", "patrons", "csv", file, "--platform", "Steady"])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
