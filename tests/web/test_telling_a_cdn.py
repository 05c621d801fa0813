"""A CDN in front: what it may keep says so, and it is told of each change once every process has heard of it."""

import json
import re
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from membership.articles import publishing
from membership.articles.publishing import COMMAND
from membership.cli import deploying
from membership.newsroom import page_changes
from membership.web import page_purging, page_store
from membership.web.page_purging import Purger
from tests.articles.stories import a_newsroom, a_story, an_appeal


@pytest.fixture(autouse=True)
def newsroom(cdn, settings_env, session):
    a_newsroom(session)


def eventually(true, seconds=10):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def cdn(settings_env):
    """A CDN's door: what it was told, and the statuses it answers with, in turn (200 after them)."""
    told: list[dict[str, object]] = []
    statuses: list[int] = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self):
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(statuses.pop(0) if statuses else 200)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()

        def log_message(self, *_arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings_env["MEMBERSHIP_PURGE_URL"] = f"http://127.0.0.1:{server.server_port}/purge"
    yield settings_env["MEMBERSHIP_PURGE_URL"], told, statuses
    server.shutdown()
    thread.join()
    server.server_close()


def sent(purger, told, count):
    return eventually(lambda: purger.send_due() or len(told) >= count, 5)


def test_a_cdn_is_told_once_of_what_changed_in_a_moment(cdn):
    url, told, _statuses = cdn
    purger = Purger(url, base_url="https://news.example")
    purger.tell(["/articles/ferry"], everything=False)
    purger.tell(["/", "/articles/ferry"], everything=False)
    purger.send_due()
    assert told == []  # not before every process has heard of it

    assert sent(purger, told, 1)
    assert told == [
        {
            "everything": False,
            "keys": ["/articles/ferry", "/"],
            "urls": ["https://news.example/articles/ferry", "https://news.example/"],
        }
    ]
    purger.send_due()
    assert len(told) == 1


@pytest.mark.parametrize("status", [503, 302])
def test_a_cdn_that_does_not_take_it_is_told_again(cdn, status, monkeypatch):
    url, told, statuses = cdn
    monkeypatch.setattr(page_purging, "PAUSES_S", (0.1, 0.1))
    statuses += [status, status]
    purger = Purger(url, base_url="https://news.example")
    purger.tell([], everything=True)

    assert sent(purger, told, 3)
    assert told[-1] == {"everything": True, "keys": ["pages"], "urls": []}


@pytest.fixture
def told_to_operators(app, tmp_path):
    """What `membership deploy-files` writes about a CDN."""
    done = app.test_cli_runner().invoke(deploying.deploy_files, [str(tmp_path / "front")])
    assert done.exit_code == 0, done.output
    return (tmp_path / "front" / "CDN.md").read_text()


def test_what_operators_are_told_of_purging_is_what_is_sent(cdn, told_to_operators):
    url, told, _statuses = cdn
    (example,) = re.findall(r'`(\{"everything".*?\})`', told_to_operators, re.DOTALL)
    written = json.loads(example)
    base_url = written["urls"][0].removesuffix(written["keys"][0])
    purger = Purger(url, base_url=base_url)
    purger.tell(written["keys"], everything=False)

    assert sent(purger, told, 1)
    assert told == [written]


def test_what_operators_are_told_of_keys_and_of_the_cookie_is_so(app, session, told_to_operators):
    an_appeal(session)
    a_story(session)
    client, pages = app.test_client(use_cookies=False), {}
    for cookie in ("", "appeal=off", "other=1"):
        headers = {"Cookie": cookie} if cookie else {}
        pages[cookie] = client.get("/articles/the-ferry", headers=headers)
    text = " ".join(told_to_operators.split())

    assert (
        "`Cookie` header has `appeal=off` must pass the cache by. No other cookie changes a stored page"
        in text
    )
    assert pages["appeal=off"].data != pages[""].data
    assert "no-store" in pages["appeal=off"].headers["Cache-Control"]
    assert pages["other=1"].data == pages[""].data
    assert "Each stored page says its keys in `Surrogate-Key`: its path, and `pages`." in text
    assert pages[""].headers["Surrogate-Key"].split() == ["pages", "/articles/the-ferry"]
    assert "five minutes, and a day when we cannot be reached" in text
    assert {"s-maxage=300", "stale-if-error=86400"} <= set(pages[""].headers["Cache-Control"].split(", "))


def test_what_caches_may_keep_names_its_keys(session, client):
    a_story(session)
    answer = client.get("/articles/the-ferry")
    assert answer.headers["Surrogate-Key"] == "pages /articles/the-ferry"

    client.set_cookie("appeal", "off")
    assert "Surrogate-Key" not in client.get("/articles/the-ferry").headers


@contextmanager
def a_worker():
    """This machine's renderer, as the worker runs it."""
    renderer, stop = page_store.renderer(), threading.Event()
    thread = threading.Thread(target=renderer.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        renderer.nudge()
        thread.join(timeout=10)


def test_what_is_published_or_changed_is_told_by_the_worker_itself(cdn, session, client):
    _url, told, _statuses = cdn
    story = a_story(session)
    page_store.render_ahead(session)
    with a_worker():
        publishing.correct(session, story, "It was June.", by=COMMAND)
        session.commit()
        assert eventually(lambda: told)
        assert "/articles/the-ferry" in told[0]["keys"]
        assert "http://localhost/articles/the-ferry" in told[0]["urls"]
        assert not told[0]["everything"]
        assert b"It was June." in client.get("/articles/the-ferry").data

        page_changes.record(session, page_changes.EVERYTHING)
        session.commit()
        assert eventually(lambda: len(told) > 1)
        assert told[1] == {"everything": True, "keys": ["pages"], "urls": []}
