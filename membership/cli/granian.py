"""How granian is told to serve us."""

import sys

OPTIONS = (
    "--interface=wsgi",
    "--http=1",  # what proxies speak to us; guessing the version of each connection costs time
    "--blocking-threads=8",
    "--backpressure=256",
    "--respawn-failed-workers",
    "--workers-kill-timeout=20",
)
APP = ("--factory", "membership.app:create_app")
ENVIRONMENT = {"MALLOC_ARENA_MAX": "1"}
"""How many heaps glibc keeps for a worker: with one for each thread it holds some 10 MiB that nobody uses."""


def command(*, host: str, port: int, workers: int) -> list[str]:
    """The words that serve the app here. Workers import the app alone, and none of our commands."""
    where = (f"--host={host}", f"--port={port}", f"--workers={workers}")
    return [sys.executable, "-m", "granian", *OPTIONS, *where, *APP]
