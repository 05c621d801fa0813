"""The nginx recipe, in a real nginx: stored pages as files, the cookie rule, and what happens when we are away."""

import gzip
import http.client
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from membership.articles import publishing, queries
from membership.articles.publishing import COMMAND
from membership.cli import deploying
from membership.newsroom import page_changes
from membership.web import page_store
from tests import servers
from tests.articles.stories import a_newsroom, a_story, an_appeal

pytestmark = pytest.mark.one_engine
ASKED: list[str] = []
NGINX_LOOKS_AGAIN_S = 1.1
"""The recipe lets nginx keep a file open for a second before it looks at it again."""


class Remembering(WSGIRequestHandler):
    """Notes what our own server was asked, instead of printing it."""

    def log_request(self, *_arguments: object) -> None:
        """Note the path."""
        ASKED.append(self.path)


class Front:
    """The site as readers reach it: nginx before a server of ours that can be stopped."""

    def __init__(self, port: int, stop: Callable[[], None]) -> None:
        self.port, self.stop_ours = port, stop

    def get(self, path: str, *, method: str = "GET", **headers: str) -> "Answer":
        """What readers are answered; `Accept_Encoding="gzip"` is a header."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            told = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers=told)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(), answer.getheader)
        finally:
            connection.close()


@dataclass(frozen=True)
class Answer:
    """An answer, read whole."""

    status: int
    body: bytes
    getheader: Callable[[str], str | None]


@pytest.fixture
def front(app, session, tmp_path):
    program = servers.binary("nginx", "/usr/sbin")
    a_newsroom(session)
    an_appeal(session)
    a_story(session)
    a_story(session, "Пором", language="uk")
    page_store.render_ahead(session)
    ours = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Remembering)
    thread = threading.Thread(target=ours.serve_forever)
    thread.start()
    port = servers.free_port()
    recipe = deploying.nginx(
        app.extensions["membership_settings"],
        deploying.headers(app),
        upstream=f"127.0.0.1:{ours.server_port}",
        listen=f"127.0.0.1:{port}",
    )
    process = subprocess.Popen([program, "-c", str(written(tmp_path, recipe))], stderr=subprocess.PIPE)

    def stop_ours():
        ours.shutdown()
        thread.join()
        ours.server_close()

    try:
        front = Front(port, stop_ours)
        wait_for(front, process)
        ASKED.clear()
        yield front
    finally:
        process.terminate()
        process.communicate(timeout=10)
        if thread.is_alive():
            stop_ours()


def written(folder: Path, recipe: str) -> Path:
    roots = {Path(tempfile.gettempdir()), Path(os.environ["PYTEST_DEBUG_TEMPROOT"])}
    for place in (folder, *(parent for parent in folder.parents if roots.intersection(parent.parents))):
        place.chmod(0o755)  # nginx drops its rights
    (folder / "site.conf").write_text(recipe)
    whole = (
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr;\n"
        "events { worker_connections 64; }\n"
        f"http {{ access_log off; include /etc/nginx/mime.types;\n"
        + "".join(
            f"{kind}_temp_path {folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        + f"include {folder}/site.conf; }}\n"
    )
    (folder / "nginx.conf").write_text(whole)
    return folder / "nginx.conf"


def wait_for(front, process):
    for _try in range(100):
        try:
            front.get("/live")
        except OSError:
            if process.poll() is not None:
                pytest.fail(process.stderr.read().decode())
            time.sleep(0.05)
        else:
            return
    pytest.fail("nginx does not answer")


def test_a_stored_page_comes_from_a_file_with_the_headers_it_always_has(front, client):
    ours, theirs = client.get("/articles/the-ferry"), front.get("/articles/the-ferry")

    assert ASKED == []
    assert theirs.status == 200
    assert theirs.body == ours.data
    for name, value in ours.headers.items():
        if name not in {"ETag", "Content-Length", "Vary"}:
            assert theirs.getheader(name) == value, name
    assert theirs.getheader("Vary") == "Accept-Encoding"


def test_it_is_compressed_and_not_sent_twice(front):
    packed = front.get("/articles/the-ferry", Accept_Encoding="gzip")
    plain = front.get("/articles/the-ferry")
    again = front.get("/articles/the-ferry", If_None_Match=plain.getheader("ETag"))

    assert gzip.decompress(packed.body) == plain.body
    assert packed.getheader("ETag") != plain.getheader("ETag")
    assert (again.status, again.body) == (304, b"")


COPIES = {
    "appeal=off": "quiet",
    "a=b; appeal=off; c=d": "quiet",
    "appeal=off2": "asking",
    "xappeal=off": "asking",
    "appeal=on": "asking",
    "session=appeal": "asking",
}


def test_exactly_one_cookie_chooses_the_quiet_copy(front):
    for cookie, copy in COPIES.items():
        answer = front.get("/articles/the-ferry", Cookie=cookie)

        assert f'data-kind="{copy}"'.encode() in answer.body, cookie
        assert ("private" in answer.getheader("Cache-Control")) == (copy == "quiet"), cookie
        assert (answer.getheader("Surrogate-Key") is None) == (copy == "quiet"), cookie
    assert ASKED == []


TYPES = {
    "/": "text/html",
    "/?utm_source=x": "text/html",
    "/uk/": "text/html",
    "/uk/articles/porom": "text/html",
    "/feed.xml": "application/atom+xml",
    "/uk/feed.xml": "application/atom+xml",
    "/sitemap.xml": "application/xml",
    "/robots.txt": "text/plain",
}


def test_every_kind_of_page_has_its_type(front):
    for path, kind in TYPES.items():
        assert front.get(path).getheader("Content-Type") == f"{kind}; charset=utf-8", path
    assert ASKED == []


NO_STORED_PAGES = {
    "/articles/the-ferry/": {404},
    "/articles/the-ferry/_page": {404},
    "/articles/the-ferry/_page.gz": {404},
    "/articles/the-ferry/_page.meta": {404},
    "/_page": {404},
    "/articles/%2e%2e/%2e%2e/membership.db": {400, 404},
    "/..%2fmembership.db": {400, 404},
    "/media/..%2fmembership.db": {400, 404},
    "/media/.membership.db": {404},
    "/search?q=ferry": {200},
    "/patron": {302, 303},
    "/staff": {302, 303},
}


def test_whatever_is_no_stored_page_is_asked_of_us_and_no_other_file_is_sent(front):
    for path, statuses in NO_STORED_PAGES.items():
        answer = front.get(path)

        assert answer.status in statuses, path
        assert b"SQLite format" not in answer.body, path
        assert "s-maxage" not in (answer.getheader("Cache-Control") or ""), path


def test_only_reading_is_answered_from_files(front):
    assert front.get("/articles/the-ferry", method="HEAD").status == 200
    assert ASKED == []
    assert front.get("/articles/the-ferry", method="POST").status in {403, 405}
    assert len(ASKED) == 1


def test_a_change_is_seen_within_a_second_of_the_renderers_look(front, session, app):
    (story,) = queries.latest(session, "en", limit=1)
    publishing.correct(session, story, "It was June.", by=COMMAND)
    session.commit()
    page_store.render_ahead(session)
    time.sleep(NGINX_LOOKS_AGAIN_S)
    assert b"It was June." in front.get("/articles/the-ferry").body
    assert ASKED == []

    page_changes.record(session, page_changes.EVERYTHING)
    session.commit()
    page_store.renderer().look()
    time.sleep(NGINX_LOOKS_AGAIN_S)
    assert front.get("/articles/the-ferry").status == 200
    assert ASKED == ["/articles/the-ferry"]  # made for whoever asks, and a file again
    time.sleep(NGINX_LOOKS_AGAIN_S)
    front.get("/articles/the-ferry")
    assert len(ASKED) == 1


FRAMES = {
    "/articles/the-ferry": "'none'",
    "/uk/articles/porom": "'none'",
    "/media/ferry.webp": "'none'",
    "/static/js/copy.js": "'none'",
    "/embed/appeal": "*",
    "/uk/embed/appeal": "*",
}


def test_e01_only_pages_made_for_it_may_be_framed_with_and_without_the_program(front, session, app):
    folder = app.extensions["membership_media"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ferry.webp").write_bytes(b"RIFF")

    def stop():
        page_changes.record(session, page_changes.EVERYTHING)
        session.commit()
        page_store.renderer().look()
        time.sleep(NGINX_LOOKS_AGAIN_S)
        front.stop_ours()

    for first in (lambda: None, stop):
        first()
        for path, framed_by in FRAMES.items():
            answer = front.get(path)
            assert answer.status == 200, path
            policy = answer.getheader("Content-Security-Policy")
            assert f"frame-ancestors {framed_by}" in policy.split("; "), path


@pytest.mark.parametrize("ending", ["", "/"])
def test_what_another_site_calls_a_story_reaches_us_as_it_is_written(front, session, ending):
    an_appeal(session, language="uk")

    answer = front.get(f"/uk/embed/appeal/at/2024/%d0%bf%d0%be%d1%80%d0%be%d0%bc{ending}")

    assert answer.status == 200
    assert answer.body == front.get("/uk/embed/appeal/porom").body != front.get("/uk/embed/appeal").body


def test_with_the_program_stopped_readers_go_on_reading(front, session):
    page_changes.record(session, page_changes.EVERYTHING)
    session.commit()
    page_store.renderer().look()
    time.sleep(NGINX_LOOKS_AGAIN_S)
    front.stop_ours()

    answer = front.get("/articles/the-ferry")
    assert answer.status == 200
    assert b"since May" in answer.body
    assert answer.getheader("Cache-Control") == "no-store"
    assert front.get("/articles/the-ferry", Cookie="appeal=off").body != answer.body
    assert front.get("/support").status == 502
    assert front.get("/articles/the-ferry", method="POST").status == 502
