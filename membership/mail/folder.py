"""Reading a folder of mails, as the demo's mailbox shows it."""

from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path

MOST = 200


@dataclass(frozen=True)
class Letter:
    """A mail that lies in the folder."""

    name: str  # of its file, without ".eml"
    subject: str
    to: str
    sender: str
    at: datetime
    text: str
    html: str


def letters(folder: Path) -> list[Letter]:
    """The newest mails of a folder, newest first; none where there is no folder."""
    files = sorted(folder.glob("[0-9]*.eml"), reverse=True)[:MOST] if folder.is_dir() else []
    return [_read(file) for file in files]


def letter(folder: Path, name: str) -> Letter | None:
    """One mail by its file's name, or None; no name leads out of the folder."""
    for file in folder.glob("[0-9]*.eml") if folder.is_dir() else ():
        if file.stem == name:
            return _read(file)
    return None


def _read(file: Path) -> Letter:
    message = message_from_bytes(file.read_bytes(), policy=default)
    return Letter(
        name=file.stem,
        subject=str(message["Subject"]),
        to=str(message["To"]),
        sender=str(message["From"]),
        at=parsedate_to_datetime(str(message["Date"])),
        text=_part(message, "plain"),
        html=_part(message, "html"),
    )


def _part(message: EmailMessage, subtype: str) -> str:
    part = message.get_body(preferencelist=(subtype,))
    return str(part.get_content()) if part is not None else ""
