"""The commands share the deliveries that giving's tests make."""

from tests.giving.conftest import take

__all__ = ["take"]
