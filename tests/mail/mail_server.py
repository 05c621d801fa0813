"""A mail server on loopback for tests: takes what it is told to take, refuses the rest, or cuts the line."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class MailServer:
    """What the server was handed, and how it answers; `answers` maps a command to what is said instead of yes."""

    port: int = 0
    answers: dict[str, str] = field(
        default_factory=dict
    )  # "RCPT", "DATA", "." → "451 later"; "" cuts the line
    messages: list[str] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    pause: threading.Event | None = None  # held before a message is acknowledged

    @property
    def url(self) -> str:
        """The address for MEMBERSHIP_MAIL_URL."""
        return f"smtp://127.0.0.1:{self.port}?timeout=5"


class _Talk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        known: MailServer = self.server.known  # type: ignore[attr-defined]  # set below
        self._say("220 test")
        while line := self.rfile.readline().decode().strip():
            command = line.split(" ")[0].upper()
            if command == "DATA" and "DATA" not in known.answers:
                answer = self._take_message(known)
            else:
                answer = known.answers.get(line.upper(), known.answers.get(command, "250 yes"))
            if not answer:
                return
            if command == "RCPT" and answer.startswith("250"):
                known.recipients.append(line.partition(":")[2])
            self._say(answer)

    def _take_message(self, known: MailServer) -> str:
        self._say("354 go on")
        text = self._message()
        if known.pause is not None:
            known.pause.wait(10)
        answer = known.answers.get(".", "250 taken")
        if answer.startswith("250"):
            known.messages.append(text)
        return answer

    def _message(self) -> str:
        lines = []
        while (line := self.rfile.readline().decode()) not in {".\r\n", ""}:
            lines.append(line.removeprefix(".") if line.startswith("..") else line)
        return "".join(lines)

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mail_server(**answers: str) -> Iterator[MailServer]:
    """A server of this test's own; `mail_server(RCPT="550 no such mailbox")`."""
    known = MailServer(answers=answers)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Talk) as server:
        server.daemon_threads = True
        server.known = known  # type: ignore[attr-defined]  # handed to each talk
        known.port = server.server_address[1]
        running = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        running.start()
        try:
            yield known
        finally:
            server.shutdown()
            running.join()
