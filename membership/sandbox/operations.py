"""The table of what the API can do: one function for each method and path, registered where it is written."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from membership.sandbox.account import Account
from membership.sandbox.objects import Object


@dataclass(frozen=True)
class Call:
    """One request, its parameters checked and typed; `id` is the object in the path, if there is one."""

    operation: str
    id: str = ""
    params: Object = field(default_factory=dict)

    def __getitem__(self, name: str) -> object:
        return self.params[name]


_Function = Callable[[Account, Call], Object]
_TABLE: dict[str, _Function] = {}
_PATHS: list[tuple[re.Pattern[str], str]] = []


def operation(name: str) -> Callable[[_Function], _Function]:
    """Register the function behind an operation, named as in the parameter table: `GET /v1/customers/{id}`."""

    def register(function: _Function) -> _Function:
        method, path = name.split(" ")
        _TABLE[name] = function
        _PATHS.append((re.compile(re.escape(method) + " " + path.replace("{id}", "(?P<id>[^/]+)")), name))
        # A fixed last word ("search") must win over an id in the same place.
        _PATHS.sort(key=lambda entry: "{id}" in entry[1])
        return function

    return register


def served() -> list[str]:
    """Name every operation."""
    return sorted(_TABLE)


def recognise(method: str, path: str) -> tuple[str, str] | None:
    """Give the name of the operation and the id in the path, or nothing when there is no such operation."""
    wanted = f"{method} {path.rstrip('/')}"
    for pattern, name in _PATHS:
        found = pattern.fullmatch(wanted)
        if found is not None:
            return name, found.groupdict().get("id", "")
    return None


def perform(account: Account, call: Call) -> Object:
    """Do what a call asks, and give the object that answers it.

    Raises:
        ApiError: The call is refused.
    """
    return _TABLE[call.operation](account, call)
