"""An outbox row as the message that a mail server takes: one recipient, fixed headers, text first."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from membership.mail.models import OutgoingMail, Priority
from membership.mail.rendering import one_line
from membership.newsroom.settings_rows import NewsroomSettings


def message_of(mail: OutgoingMail, newsroom: NewsroomSettings) -> EmailMessage:
    """The message; whatever people typed can fill a header, but never begin another."""
    message = EmailMessage(policy=SMTP)
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
