"""What the browser tests stand on: the whole demonstration as real processes, and the system's Chromium.

The site, the sandbox and the worker run as a newcomer runs them (`membership demo`), with a short history, once for
each worker of the test run, which share the loading. Nothing is reached but this machine.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Unpack

import pytest
from playwright.sync_api import Browser

from tests.browser.live import Site, copy_demonstration, loaded_demonstration, running_demonstration
from tests.browser.visiting import Visitor, Wishes

NewVisitor = Callable[..., Visitor]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is a browser test and has its own engine.

    What needs no demonstration stands in the middle, where the second of two workers begins while the first loads it.
    """
    here = Path(__file__).parent
    for item in items:
        if here in Path(item.path).parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.one_engine)
    walks = [item for item in items if item.get_closest_marker("browser")]
    waiting = [item for item in walks if "site" in getattr(item, "fixturenames", ())]
    ready = [item for item in walks if item not in waiting]
    half = len(walks) // 2
    others = [item for item in items if item not in walks]
    items[:] = [*others, *waiting[:half], *ready, *waiting[half:]]


@pytest.fixture(autouse=True)
def clock() -> None:
    """The machine's own clock: processes and browser must agree on the time."""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Site]:
    """The demonstration, running and loaded with the history of some dozens of patrons."""
    own = tmp_path_factory.getbasetemp()
    folder = tmp_path_factory.mktemp("demonstration")
    copy_demonstration(loaded_demonstration(own if worker_id == "master" else own.parent), folder)
    with running_demonstration(folder) as running:
        yield running


@pytest.fixture
def visitor(chromium: Browser, site: Site) -> Iterator[NewVisitor]:
    """Makes browsers that have never been here: `visitor(width=360, scripts=False)`; each is watched."""
    made: list[Visitor] = []

    def make(**wishes: Unpack[Wishes]) -> Visitor:
        made.append(Visitor.arrive(chromium, site, **wishes))
        return made[-1]

    yield make
    for one in made:
        one.leave()
