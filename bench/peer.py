"""dj-stripe beside us, in the same run: installed into a virtual environment that is thrown away afterwards.

It is no dependency of the project, and is installed only when asked for. It gets the renewals' `invoice.paid` of the
same gifts, signed, through its own view in one process, on a SQLite file in WAL with synchronous FULL; customers,
prices and products are known to it from the first invoices. What it would ask of Stripe is answered from a dictionary.
It mirrors the whole invoice and applies at once, so this compares the jobs as shipped, not equal rows.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.deliveries import Json, renamed

PACKAGES = ("dj-stripe==2.11.0", "Django>=5.2,<5.3")
SCRIPT = Path(__file__).with_name("peer_process.py")


@dataclass(frozen=True)
class Measured:
    """What one round of the peer came to."""

    a_second: float
    a_processor_second: float


class Peer:
    """dj-stripe in a folder of its own."""

    def __init__(self, folder: Path, events: list[Json]) -> None:
        self._folder, self._events = folder, events
        folder.mkdir()
        subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
        self._python = str(folder / "venv" / "bin" / "python")
        install = [self._python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES]
        subprocess.run(install, check=True, stderr=subprocess.DEVNULL)
        self.versions = self._ask("--versions")["versions"]

    def a_round(self, number: int) -> Measured:
        """Deliver the renewals' invoices to a fresh database.

        Raises:
            RuntimeError: not all of them were processed.
        """
        events = [renamed(event, number) for event in self._events]
        paid = [event for event in events if event["type"] == "invoice.paid"]
        first = [event for event in paid if _reason(event) == "subscription_create"]
        renewals = [event for event in paid if _reason(event) != "subscription_create"]
        told = {"known": first, "measured": renewals, "objects": _objects(events)}
        (self._folder / "deliveries.json").write_text(json.dumps(told))
        found = self._ask(str(self._folder))
        if found["processed"] != len(paid):
            raise RuntimeError(f"the peer processed {found['processed']} of {len(paid)} events")
        return Measured(found["a_second"], found["a_processor_second"])

    def _ask(self, *words: str) -> Json:
        printed = subprocess.run(
            [self._python, str(SCRIPT), *words], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ).stdout
        found: Json = json.loads(printed)
        return found


def _reason(event: Json) -> str:
    return str(event["data"]["object"].get("billing_reason"))


def _objects(events: Iterable[Json]) -> dict[str, Json]:
    """Each object as it was told of last."""
    return {event["data"]["object"]["id"]: event["data"]["object"] for event in events}
