"""An outbox row as the message that a mail server takes: one recipient, fixed headers, text first."""

from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from typing import Any

from membership.mail.models import OutgoingMail, Priority
from membership.mail.rendering import one_line
from membership.newsroom.settings_rows import NewsroomSettings


class _Policy(EmailPolicy):
    """Folds a subject or a sender's name that is not ASCII so that no blank is lost where a line ends.

    Python's own folding may leave a blank between two encoded words, which readers must drop by RFC 2047, 6.2 (seen
    in 3.11.7). Header, which is older, encodes the blanks with their words.
    """

    def fold(self, name: str, value: Any) -> str:  # noqa: ANN401 - email's own signature
        """The header as lines."""
        if value.isascii() or name not in {"Subject", "From"}:
            return str(super().fold(name, value))
        address = value.addresses[0] if name == "From" else None
        words = address.display_name if address is not None else value
        lines = f"{name}: {Header(words, 'utf-8', header_name=name).encode(linesep=self.linesep)}"
        return f"{lines}{self.linesep}" + (f" <{address.addr_spec}>{self.linesep}" if address else "")

    def fold_binary(self, name: str, value: Any) -> bytes:  # noqa: ANN401 - email's own signature
        """The header as bytes."""
        return self.fold(name, value).encode("ascii")


POLICY = _Policy(linesep=SMTP.linesep, raise_on_defect=SMTP.raise_on_defect)


def message_of(mail: OutgoingMail, newsroom: NewsroomSettings) -> EmailMessage:
    """The message; whatever people typed can fill a header, but never begin another."""
    message = EmailMessage(policy=POLICY)
    message["Message-ID"] = mail.message_id
    message["Date"] = mail.queued_at
    message["From"] = Address(one_line(newsroom.name), addr_spec=newsroom.contact_email)
    message["To"] = Address(addr_spec=mail.recipient)
    message["Subject"] = one_line(mail.subject)
    message["Auto-Submitted"] = "auto-generated"
    if mail.priority is Priority.BULK:
        message["Precedence"] = "bulk"
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = (
        mail.language
    )  # last: a message that becomes multipart hands such headers down
    return message
