"""The ways out: a mail server by SMTP, or a folder in which each mail is a file."""

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import parse_qs, unquote, urlsplit

from membership import clock
from membership.settings import LOOPBACK, Mode, Settings, SettingsError

TIMEOUT_S = 20


class UnreachableError(Exception):
    """The mail server cannot be reached or does not let us in; the other mails need not be tried now."""


class TemporaryRefusalError(Exception):
    """The server will not take this mail now (4xx, a cut connection); try again later."""


class PermanentRefusalError(Exception):
    """The server will never take this mail (5xx)."""


class Transport(Protocol):
    """Hands over messages; used as a context, which keeps one connection for several messages."""

    def __enter__(self) -> Self:
        """Begin; nothing is asked of the server yet."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what was opened."""
        ...

    def send(self, message: EmailMessage, recipient: str) -> None:
        """Hand over one message to one recipient.

        Raises:
            UnreachableError, TemporaryRefusalError, PermanentRefusalError: it was not taken.
        """
        ...


@dataclass
class SmtpTransport:
    """A mail server: STARTTLS where it is offered, demanded where a password is sent; or TLS from the start."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls_from_start: bool = False
    timeout_s: float = TIMEOUT_S
    _server: smtplib.SMTP | None = field(default=None, init=False, repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def send(self, message: EmailMessage, recipient: str) -> None:
        """Hand over by SMTP; see Transport.send."""
        server = self._server or self._connect()
        sender = str(message["From"].addresses[0].addr_spec)
        try:
            server.send_message(message, from_addr=sender, to_addrs=[recipient])
        except smtplib.SMTPRecipientsRefused as refused:
            code, text = next(iter(refused.recipients.values()))
            self._refused(code, text)
        except smtplib.SMTPResponseException as refused:
            self._refused(refused.smtp_code, refused.smtp_error)
        except (smtplib.SMTPException, OSError) as broken:
            self._close()
            raise TemporaryRefusalError(type(broken).__name__) from broken

    def _refused(self, code: int, text: bytes | str) -> None:
        self._close()  # the next mail begins afresh, whatever state the server is in
        words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        if 500 <= code < 600:
            raise PermanentRefusalError(f"{code} {words}")
        raise TemporaryRefusalError(f"{code} {words}")

    def _connect(self) -> smtplib.SMTP:
        try:
            self._server = self._opened()
        except (smtplib.SMTPException, OSError) as error:
            self._close()
            raise UnreachableError(f"{type(error).__name__}: {error}") from error
        return self._server

    def _opened(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.tls_from_start:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=self.timeout_s, context=context
            )
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=self.timeout_s)
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=context)
                server.ehlo()
            elif self.user and self.host not in LOOPBACK:
                server.close()
                raise smtplib.SMTPNotSupportedError(
                    "the server offers no STARTTLS, and a password would be sent"
                )
        if self.user:
            server.login(self.user, self.password)
        return server

    def _close(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        try:
            server.quit()
        except (smtplib.SMTPException, OSError):
            server.close()


@dataclass
class FolderTransport:
    """A folder: each mail is an `.eml` file that any mail program opens. For demos and tests."""

    folder: Path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def send(self, message: EmailMessage, recipient: str) -> None:
        """Write the file, whole or not at all; see Transport.send."""
        self.folder.mkdir(parents=True, exist_ok=True)
        unique = str(message["Message-ID"]).strip("<>").partition("@")[0]
        name = f"{clock.now():%Y%m%dT%H%M%S%f}-{unique}.eml"
        unfinished = self.folder / f".{name}"
        unfinished.write_bytes(bytes(message))
        unfinished.rename(self.folder / name)


@dataclass
class _Chosen:
    transport: Transport | None = None


_chosen = _Chosen()


def configure(settings: Settings) -> None:
    """Hand mails over as `settings.mail_url` says from now on.

    Raises:
        SettingsError: a demo or test would mail to the outside.
    """
    made = from_url(settings.mail_url)
    if settings.mode is not Mode.PRODUCTION and isinstance(made, SmtpTransport) and made.host not in LOOPBACK:
        raise SettingsError(
            ["MEMBERSHIP_MAIL_URL may only name this machine (127.0.0.1) or a folder in a demo or test."]
        )
    _chosen.transport = made


def from_url(url: str) -> Transport:
    """The transport of `smtp://user:password@host:587`, `smtps://host:465` or `file:///folder`.

    `?timeout=5` is in seconds.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        return FolderTransport(Path(unquote(parts.path)))
    tls_from_start = parts.scheme == "smtps"
    return SmtpTransport(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or (465 if tls_from_start else 587),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls_from_start=tls_from_start,
        timeout_s=float(parse_qs(parts.query).get("timeout", [str(TIMEOUT_S)])[0]),
    )


def current() -> Transport:
    """The transport in use.

    Raises:
        RuntimeError: `configure` has not been called.
    """
    if _chosen.transport is None:
        raise RuntimeError("mail.transport.configure has not been called")
    return _chosen.transport
