"""What an operator decides about the machine; what a newsroom decides is rows (newsroom.settings_rows).

Every value comes from the environment or a `.env` file, prefix `MEMBERSHIP_`. All are checked together
when the program starts: each fault is one line, an unknown name is a fault, and nothing starts with one.
"""

import os
import secrets as randomness
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from dotenv import dotenv_values

PREFIX = "MEMBERSHIP_"
SANDBOX_KEY = "sk_test_sandbox"
SANDBOX_WEBHOOK_SECRET = "whsec_sandbox"  # noqa: S105 - the stand-in's, public and worthless
DATABASES = ("sqlite:///", "postgresql://", "postgresql+psycopg://")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Mode(StrEnum):
    """How the program runs; demo and test make up what production must be told."""

    PRODUCTION = "production"
    DEMO = "demo"
    TEST = "test"


class SettingsError(Exception):
    """Settings are missing or wrong; `faults` has one sentence for each, with what to do."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings, checked. Each field's environment name is its own in capitals after `MEMBERSHIP_`."""

    mode: Mode = Mode.PRODUCTION
    data_dir: Path = Path("instance")  # database, stored pages, media, mail
    database_url: str = ""  # empty: SQLite in data_dir
    reports_database_url: str = ""  # a replica for reports; empty: the database itself
    secret_key: str = field(default="", repr=False)  # signs sessions and links
    field_keys: tuple[str, ...] = field(default=(), repr=False)  # newest first; encrypt names and addresses
    base_url: str = "http://127.0.0.1:8000"  # how readers reach the site, without a slash at the end
    stripe_secret_key: str = field(default="", repr=False)
    stripe_webhook_secrets: tuple[str, ...] = field(default=(), repr=False)  # several while one is rotated
    stripe_api_base: str = ""  # loopback only: a sandbox or proxy; empty: Stripe itself
    stripe_live: bool = False  # a live key is refused without
    mail_url: str = ""  # smtp://user:password@host:587, or file:///folder
    jobs_url: str = ""  # empty: SQLite in data_dir; redis://…; postgresql://…
    limits_url: str = "memory://"  # redis://… when there is more than one process
    trusted_proxies: int = 0  # how many proxies in front may be believed about the client's address
    clock_file: Path | None = None  # the sandbox's clock
    purge_url: str = ""  # called when a stored page changes, for a CDN
    sentry_dsn: str = field(default="", repr=False)  # where errors are reported; needs the extra `sentry`

    @property
    def is_live(self) -> bool:
        """Whether real money moves."""
        return self.stripe_secret_key.startswith(("sk_live_", "rk_live_"))

    @property
    def uses_sandbox(self) -> bool:
        """Whether Stripe is the stand-in on this machine."""
        return bool(self.stripe_api_base)

    @classmethod
    def from_environment(cls, env: Mapping[str, str] | None = None) -> "Settings":
        """The settings that the environment (and, where none is given, a `.env` file here) tells.

        Raises:
            SettingsError: with every fault found, not only the first.
        """
        if env is None:
            env = {**{k: v or "" for k, v in dotenv_values(".env").items()}, **os.environ}
        told = {
            name.removeprefix(PREFIX).lower(): value
            for name, value in env.items()
            if name.startswith(PREFIX) and not name.startswith(PREFIX + "TEST_")
        }
        values, faults = _read(told)
        if not faults:
            values, faults = _complete(values)
        if faults:
            raise SettingsError(faults)
        return cls(**values)


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _flag(text: str) -> bool:
    if text not in {"0", "1", ""}:
        raise ValueError("is 1 or 0")
    return text == "1"


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > 10:
        raise ValueError("is a whole number from 0 to 10")
    return int(text)


def _mode(text: str) -> Mode:
    try:
        return Mode(text)
    except ValueError:
        raise ValueError("is one of " + ", ".join(Mode)) from None


_READERS: dict[str, Callable[[str], object]] = {
    "mode": _mode,
    "data_dir": Path,
    "field_keys": _list,
    "stripe_webhook_secrets": _list,
    "stripe_live": _flag,
    "trusted_proxies": _count,
    "clock_file": lambda text: Path(text) if text else None,
    "base_url": lambda text: text.rstrip("/"),
    "stripe_api_base": lambda text: text.rstrip("/"),
}


def _read(told: dict[str, str]) -> tuple[dict[str, Any], list[str]]:
    known = {f.name for f in fields(Settings)}
    faults = [
        f"{PREFIX}{name.upper()} is not a setting. Remove it, or see docs/operating.md for the names."
        for name in sorted(told.keys() - known)
    ]
    values: dict[str, Any] = {}
    for name in known & told.keys():
        try:
            values[name] = _READERS.get(name, str)(told[name])
        except ValueError as error:
            faults.append(f"{PREFIX}{name.upper()} {error}.")
    return values, sorted(faults)


def _complete(values: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Fill what demo and test make up, and check what belongs together."""
    mode = values.get("mode", Mode.PRODUCTION)
    data_dir = values.get("data_dir", Path("instance"))
    assert isinstance(data_dir, Path)  # noqa: S101 - _read has just made it one
    data_dir = data_dir.absolute()
    values["data_dir"] = data_dir
    if mode is not Mode.PRODUCTION:
        made = {
            "stripe_secret_key": SANDBOX_KEY,
            "stripe_webhook_secrets": (SANDBOX_WEBHOOK_SECRET,),
            "stripe_api_base": "http://127.0.0.1:12111",
            "mail_url": f"file://{data_dir}/mail",
            **_kept_secrets(data_dir, keep=mode is Mode.DEMO),
        }
        values = made | {name: value for name, value in values.items() if value not in ("", ())}
    values["database_url"] = values.get("database_url") or f"sqlite:///{data_dir}/membership.db"
    values["jobs_url"] = values.get("jobs_url") or f"sqlite:///{data_dir}/jobs.db"
    return values, _faults(Settings(**values))


def _kept_secrets(data_dir: Path, *, keep: bool) -> dict[str, Any]:
    """Random keys of a demo, kept beside its data so that a second start can read them."""
    file = data_dir / "demo-keys"
    if keep and file.exists():
        secret_key, field_key = file.read_text().split()
    else:
        secret_key, field_key = randomness.token_urlsafe(48), Fernet.generate_key().decode()
    if keep and not file.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{secret_key}\n{field_key}\n")
        file.chmod(0o600)
    return {"secret_key": secret_key, "field_keys": (field_key,)}


def _faults(settings: Settings) -> list[str]:
    checks = (_secret_faults, _stripe_faults, _address_faults, _service_faults)
    return [fault for check in checks for fault in check(settings)]


def _secret_faults(settings: Settings) -> list[str]:
    faults = []
    if len(settings.secret_key) < 32:
        faults.append(
            "MEMBERSHIP_SECRET_KEY must be set to at least 32 random characters: "
            "python -c 'import secrets; print(secrets.token_urlsafe(48))'."
        )
    if not settings.field_keys or not all(_is_field_key(key) for key in settings.field_keys):
        faults.append(
            "MEMBERSHIP_FIELD_KEYS must be one or more keys, newest first, made by: python -c "
            "'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'."
        )
    return faults


def _is_field_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


def _stripe_faults(settings: Settings) -> list[str]:
    faults = []
    if not settings.stripe_secret_key.startswith(("sk_test_", "rk_test_", "sk_live_", "rk_live_")):
        faults.append(
            "MEMBERSHIP_STRIPE_SECRET_KEY must be set to a secret or restricted key of Stripe (sk_test_…)."
        )
    if settings.is_live and not settings.stripe_live:
        faults.append(
            "MEMBERSHIP_STRIPE_SECRET_KEY is a live key: set MEMBERSHIP_STRIPE_LIVE=1 if real money is meant."
        )
    if not settings.stripe_webhook_secrets or any(
        not secret.startswith("whsec_") for secret in settings.stripe_webhook_secrets
    ):
        faults.append(
            "MEMBERSHIP_STRIPE_WEBHOOK_SECRETS must be set to the endpoint's signing secret (whsec_…)."
        )
    if settings.stripe_api_base and urlsplit(settings.stripe_api_base).hostname not in LOOPBACK:
        faults.append(
            "MEMBERSHIP_STRIPE_API_BASE may only be an address of this machine (127.0.0.1); leave it out for Stripe."
        )
    if settings.stripe_api_base and settings.is_live:
        faults.append("MEMBERSHIP_STRIPE_API_BASE must be left out with a live key.")
    if settings.clock_file and not settings.stripe_api_base:
        faults.append("MEMBERSHIP_CLOCK_FILE moves the clock and is for the sandbox only: leave it out.")
    return faults


def _address_faults(settings: Settings) -> list[str]:
    faults = []
    base = urlsplit(settings.base_url)
    if base.scheme not in {"http", "https"} or not base.hostname or base.path or base.query:
        faults.append("MEMBERSHIP_BASE_URL must be like https://news.example, without a path.")
    elif settings.mode is Mode.PRODUCTION and base.scheme != "https" and base.hostname not in LOOPBACK:
        faults.append("MEMBERSHIP_BASE_URL must begin with https:// in production.")
    purge = urlsplit(settings.purge_url)
    if (
        settings.purge_url
        and purge.scheme != "https"
        and not (purge.scheme == "http" and purge.hostname in LOOPBACK)
    ):
        faults.append("MEMBERSHIP_PURGE_URL must begin with https://, or be of this machine (127.0.0.1).")
    return faults


def _service_faults(settings: Settings) -> list[str]:
    faults = []
    if not settings.mail_url.startswith(("smtp://", "smtps://", "file://")):
        faults.append(
            "MEMBERSHIP_MAIL_URL must be set, like smtp://user:password@host:587 or file:///var/mail-out."
        )
    if not settings.database_url.startswith(DATABASES):
        faults.append("MEMBERSHIP_DATABASE_URL must begin with sqlite:/// or postgresql://.")
    if not settings.jobs_url.startswith(("sqlite:///", "redis://", "postgresql://", "memory://")):
        faults.append("MEMBERSHIP_JOBS_URL must begin with sqlite:///, redis:// or postgresql://.")
    if settings.reports_database_url and not settings.reports_database_url.startswith(DATABASES):
        faults.append("MEMBERSHIP_REPORTS_DATABASE_URL must begin with sqlite:/// or postgresql://.")
    if settings.sentry_dsn and find_spec("sentry_sdk") is None:
        faults.append("MEMBERSHIP_SENTRY_DSN needs a package that is not installed: pip install sentry-sdk.")
    if settings.sentry_dsn and urlsplit(settings.sentry_dsn).username is None:
        faults.append("MEMBERSHIP_SENTRY_DSN must be like https://key@errors.example/1.")
    if not settings.limits_url.startswith(("memory://", "redis://")):
        faults.append("MEMBERSHIP_LIMITS_URL must begin with memory:// or redis://.")
    return faults
