"""The demonstration newsroom, prepared in a folder and served as production serves it."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory

from cryptography.fernet import Fernet
from flask import Flask

from bench import machine
from membership.app import create_app
from membership.articles import picturing
from membership.cli import demonstration
from membership.cli.database import upgrade_schema
from membership.cli.demo import SHOWN_ARTICLE, environment
from membership.db import db
from membership.settings import Settings
from membership.web import page_store

SITE = 8190
"""The port of the site; NGINX and what stands beside it take the next ones."""
ARTICLE = f"/articles/{SHOWN_ARTICLE}"
WORKERS = 2


@dataclass
class Prepared:
    """A site that can be served: its settings as an environment, and an application that has them."""

    env: dict[str, str]
    app: Flask
    folder: Path

    @property
    def url(self) -> str:
        """Where it is served."""
        return f"http://127.0.0.1:{SITE}"


@contextmanager
def prepared(*, base_url: str | None = None, with_picture_sizes: bool = False) -> Iterator[Prepared]:
    """The demonstration's content with every page stored, in a folder of its own.

    With `base_url` it has the settings of a production of that address; none of them is of use to anybody.
    The sizes of pictures, which the worker makes, take a minute and matter only to browsers.
    """
    with TemporaryDirectory(prefix="membership-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx drops its rights
        data = folder / "data"
        data.mkdir()
        env = environment(data, port=SITE, sandbox_port=SITE + 9)
        if base_url:
            env = as_in_production(env, base_url)
        app = create_app(Settings.from_environment(env))
        with app.app_context():
            upgrade_schema()
            demonstration.set_up(db.session(), media_folder=app.extensions["membership_media"])
            if with_picture_sizes:
                picturing.make_sizes(db.session(), app.extensions["membership_media"])
            page_store.render_ahead(db.session())
            try:
                yield Prepared(env, app, folder)
            finally:
                db.session.remove()
                db.engine.dispose()


def as_in_production(env: dict[str, str], base_url: str) -> dict[str, str]:
    """The same data with a production's settings: no sandbox, so that pages name Stripe's own hosts alone."""
    left_out = ("MEMBERSHIP_STRIPE_API_BASE", "MEMBERSHIP_CLOCK_FILE")
    return {name: value for name, value in env.items() if name not in left_out} | {
        "MEMBERSHIP_MODE": "production",
        "MEMBERSHIP_BASE_URL": base_url,
        "MEMBERSHIP_SECRET_KEY": secrets.token_hex(32),
        "MEMBERSHIP_FIELD_KEYS": Fernet.generate_key().decode(),
        "MEMBERSHIP_STRIPE_SECRET_KEY": "sk_test_nobodys",
        "MEMBERSHIP_STRIPE_WEBHOOK_SECRETS": "whsec_nobodys",
        "MEMBERSHIP_MAIL_URL": f"file://{env['MEMBERSHIP_DATA_DIR']}/mail",
    }


@contextmanager
def serving(site: Prepared, *, core: int | None = None) -> Iterator["Popen[bytes]"]:
    """`membership serve` with two workers, kept to one core if asked."""
    words = machine.ours("serve", "--port", str(SITE), "--workers", str(WORKERS))
    words = words if core is None else machine.pinned(core, words)
    with machine.running(words, site.env, url=f"{site.url}/live") as process:
        yield process
