"""A sandbox that holds whatever passes through it to Stripe's contract: requests, answers and events."""

import json
from typing import Any

from werkzeug.wrappers import Request, Response

from membership.sandbox.server import Sandbox
from tests.sandbox import contract


class Watched(Sandbox):
    """A sandbox that notes every request it took and every answer it gave which does not fit Stripe's contract."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._misfits: list[str] = []

    def answer_call(self, request: Request) -> Response:
        """Answer, and note what does not fit."""
        is_post = request.method == "POST"
        asked = request.get_data(as_text=True) if is_post else request.query_string.decode()
        response = super().answer_call(request)
        if response.status_code == 200 and contract.folder() is not None:
            found = contract.request_faults(request.method, request.path, asked)
            found += contract.answer_faults(request.method, request.path, json.loads(response.get_data()))
            self._misfits.extend(f"{request.method} {request.path} {fault}" for fault in found)
        return response

    def misfits(self) -> list[str]:
        """Everything that did not fit so far, events included; nothing where the contract is not at hand."""
        if contract.folder() is None:
            return []
        return self._misfits + [fault for event in self.events() for fault in contract.event_faults(event)]
