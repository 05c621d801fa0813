"""What waits for somebody at the desk: each feature says it through a provider that the factory registers."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from membership.accounts.models import Account

TONES = ("bad", "warn", "info", "good", "plain")
"""How urgent a task is, most urgent first; also the kinds of a badge."""


@dataclass(frozen=True)
class Task:
    """One line of the desk: what waits, how much of it, and where it is dealt with."""

    title: str
    count: int
    url: str
    tone: str = "plain"


Provider = Callable[[Session, Account], Iterable[Mapping[str, Any]]]
_providers: list[Provider] = []


def register(provider: Provider) -> None:
    """Let `provider(session, account)` put mappings {title, count, url, tone} on the desk.

    It is called for every opening of the desk: few, indexed queries, and nothing that the account may not see.
    A count of 0 is left out.
    """
    if provider not in _providers:
        _providers.append(provider)


def waiting(session: Session, account: Account) -> list[Task]:
    """Everything that waits and that this account may deal with, most urgent first."""
    tasks = [Task(**told) for provider in _providers for told in provider(session, account)]
    return sorted((task for task in tasks if task.count), key=lambda task: TONES.index(task.tone))
