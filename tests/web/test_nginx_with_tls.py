"""The nginx recipe of a site with an address of https://: a real nginx speaks TLS, and leads there from http://."""

import http.client
import ssl
import subprocess
import time

import pytest

from membership.cli import deploying
from membership.web import page_store
from tests import servers
from tests.articles.stories import a_newsroom, a_story
from tests.web.test_behind_nginx import written

pytestmark = pytest.mark.one_engine


@pytest.fixture
def ports(settings_env):
    """Where nginx listens: plainly, and with TLS."""
    plain, tls = servers.free_port(), servers.free_port()
    settings_env["MEMBERSHIP_BASE_URL"] = f"https://localhost:{tls}"
    return plain, tls


def certify(openssl, folder):
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    words += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    words += ["-keyout", f"{folder}/privkey.pem", "-out", f"{folder}/fullchain.pem"]
    subprocess.run([openssl, *words], check=True, capture_output=True)


@pytest.fixture
def front(ports, app, session, tmp_path):
    """A running nginx with a certificate of its own; gives a function that asks it."""
    plain, tls = ports
    program, openssl = servers.binary("nginx", "/usr/sbin"), servers.binary("openssl")
    a_newsroom(session)
    a_story(session)
    page_store.render_ahead(session)
    certify(openssl, tmp_path)
    recipe = deploying.nginx(
        app.extensions["membership_settings"],
        deploying.headers(app),
        upstream=f"127.0.0.1:{servers.free_port()}",
        listen=f"127.0.0.1:{tls}",
        tls=deploying.Tls(tmp_path, redirects_from=f"127.0.0.1:{plain}"),
    )
    process = subprocess.Popen([program, "-c", str(written(tmp_path, recipe))], stderr=subprocess.PIPE)
    trust = ssl.create_default_context(cafile=f"{tmp_path}/fullchain.pem")

    def ask(path, *, secure=True):
        connection = (
            http.client.HTTPSConnection("localhost", tls, timeout=10, context=trust)
            if secure
            else http.client.HTTPConnection("127.0.0.1", plain, timeout=10)
        )
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer, body

    try:
        for _try in range(100):
            try:
                ask("/", secure=False)
                break
            except OSError:
                assert process.poll() is None, "nginx refuses the recipe"
                time.sleep(0.05)
        yield ask
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_a_stored_page_comes_by_tls_and_says_to_come_so_again(front, client, ports):
    answer, body = front("/articles/the-ferry")

    assert answer.status == 200
    assert body == client.get("/articles/the-ferry").data
    assert answer.getheader("Strict-Transport-Security") == "max-age=63072000; includeSubDomains"


def test_whoever_comes_without_tls_is_led_to_the_same_page_with_it(front, ports):
    answer, _body = front("/articles/the-ferry?a=b", secure=False)

    assert answer.status == 301
    assert answer.getheader("Location") == f"https://localhost:{ports[1]}/articles/the-ferry?a=b"
