"""The factory: settings, extensions, features, staff, errors; one line each."""

from flask import Blueprint, Flask
from jinja2 import StrictUndefined

from membership import clock, jobs, paths, secrets
from membership.accounts import guards
from membership.accounts import routes as accounts
from membership.accounts import session as sign_in_sessions
from membership.accounts import staff_routes as staff_accounts
from membership.appeals import counting
from membership.appeals import routes as appeals
from membership.appeals import staff_routes as staff_appeals
from membership.articles import addresses
from membership.articles import routes as articles
from membership.articles import staff_routes as staff_articles
from membership.db import REPLICA, db
from membership.gateway import client as gateway
from membership.giving import door
from membership.giving import routes as giving
from membership.giving import staff_routes as staff_giving
from membership.mail import outbox
from membership.mail import routes as mail
from membership.newsroom import page_changes, present
from membership.patrons import routes as patrons
from membership.patrons import staff_routes as staff_patrons
from membership.reports import staff_routes as staff_reports
from membership.settings import Settings
from membership.site import errors, frames
from membership.site import routes as site
from membership.staff import audit_routes as staff_audit
from membership.staff import mail_routes as staff_mail
from membership.staff import people_routes as staff_people
from membership.staff import routes as desk
from membership.staff import settings_routes as staff_settings
from membership.topics import routes as topics
from membership.topics import staff_routes as staff_topics
from membership.web import (
    assets,
    filters,
    headers,
    languages,
    limits,
    logs,
    nul,
    origin,
    page_store,
    sheets,
    units,
)

MOST_BODY_BYTES = 20 * 1024 * 1024


def create_app(settings: Settings | None = None) -> Flask:
    """The whole application, ready to serve; settings come from the environment unless given.

    Raises:
        SettingsError: a setting is missing or wrong.
    """
    settings = settings or Settings.from_environment()
    app = Flask("membership", template_folder=str(paths.TEMPLATES), static_folder=str(paths.STATIC))
    _configure(app, settings)
    clock.follow(settings.clock_file)
    secrets.configure(field_keys=settings.field_keys, secret_key=settings.secret_key)
    jobs.configure(settings.jobs_url)
    outbox.configure(settings)
    gateway.configure(settings)
    logs.init_app(app, errors_to=settings.sentry_dsn)
    db.init_app(app)
    units.init_app(app)
    origin.init_app(app)
    nul.init_app(app)
    headers.init_app(app)
    limits.init_app(app)
    assets.init_app(app)
    sheets.init_app(app)
    present.init_app(app)
    counting.init_app(app)
    languages.init_app(app, chosen=present.chosen_languages)
    filters.init_app(app)
    sign_in_sessions.init_app(app)
    guards.init_app(app)
    errors.init_app(app)
    frames.init_app(app)
    for feature in (site, mail, accounts, patrons, appeals, articles, giving, topics):
        app.register_blueprint(feature.bp)
    app.register_blueprint(_staff_blueprint())
    door.init_app(app)
    page_store.init_app(
        app, folder=settings.data_dir / "pages", changes=page_changes, known=addresses.known_to_readers
    )
    return app


def _configure(app: Flask, settings: Settings) -> None:
    secure = settings.base_url.startswith("https://")
    app.extensions["membership_settings"] = settings
    app.extensions["membership_media"] = settings.data_dir / "media"
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_BINDS={REPLICA: replica} if (replica := settings.reports_database_url) else {},
        SQLALCHEMY_ENGINE_OPTIONS={"hide_parameters": True},  # an error's text could hold an address
        BASE_URL=settings.base_url,
        STRIPE_API_BASE=settings.stripe_api_base,
        LIMITS_URL=settings.limits_url,
        TRUSTED_PROXIES=settings.trusted_proxies,
        MAX_CONTENT_LENGTH=MOST_BODY_BYTES,
        MAX_FORM_PARTS=1_000,
        SESSION_COOKIE_NAME="__Host-session" if secure else "session",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        PERMANENT_SESSION_LIFETIME=180 * 24 * 3600,
        TESTING=settings.mode == "test",
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def _staff_blueprint() -> Blueprint:
    """All pages below /staff; who may enter each is declared on it and enforced by accounts.guards."""
    parent = Blueprint("staff", __name__, url_prefix="/staff")
    for feature in (
        desk,
        staff_accounts,
        staff_patrons,
        staff_appeals,
        staff_articles,
        staff_giving,
        staff_topics,
        staff_reports,
        staff_people,
        staff_settings,
        staff_audit,
        staff_mail,
    ):
        parent.register_blueprint(feature.bp)
    return parent
