"""`python -m bench`: Stripe's deliveries, an article page beside nginx with the same bytes, a change in an archive.

Server and load generator are pinned to one core each; rounds are interleaved and medians compared. Needs nginx and wrk
(Debian's packages); what is missing is said, and the exit code is then 2.
"""

import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from bench import archive, webhooks
from membership.app import create_app
from membership.cli import demonstration, deploying
from membership.cli.database import upgrade_schema
from membership.cli.demo import environment
from membership.db import db
from membership.settings import Settings
from membership.web import page_store

ROUNDS, SECONDS, CONNECTIONS = 4, 4, 32
SITE, NGINX, RECIPE = 8190, 8191, 8193
ARTICLE = f"/articles/{demonstration.SHOWN_ARTICLE}"


def main() -> int:
    """Measure and print; 0 if measured, 2 if a program is missing."""
    webhooks.main([])
    print()
    missing = [name for name in ("nginx", "wrk", "taskset") if shutil.which(name) is None]
    if missing:
        print(
            f"Install {', '.join(missing)} to measure (Debian: nginx-light wrk util-linux).", file=sys.stderr
        )
        return 2
    print(f"Python {platform.python_version()}, granian {version('granian')}, {os.cpu_count()} cores,")
    print(f"{ROUNDS} interleaved rounds of {SECONDS} s, {CONNECTIONS} connections, SQLite, medians\n")
    with tempfile.TemporaryDirectory(prefix="membership-bench-") as folder:
        Path(folder).chmod(0o755)
        with site(Path(folder) / "data") as recipe:
            plain = fetch(SITE)
            with nginx(Path(folder), plain, recipe):
                compare(len(plain))
    print()
    archive.main([])
    return 0


def compare(size: int) -> None:
    """Print requests a second of both, and the ratio."""
    cases = {"nginx, the same bytes": NGINX, "granian, stored page": SITE, "nginx, our recipe": RECIPE}
    results: dict[str, list[float]] = {name: [] for name in cases}
    for _round in range(ROUNDS):
        for name, port in cases.items():
            results[name].append(requests_a_second(port))
    medians = {name: statistics.median(values) for name, values in results.items()}
    base = medians["nginx, the same bytes"]
    print(f"{'case':<24}{'requests/s':>12}{'ratio':>8}   (bars: granian >= 0.55, recipe >= 0.95)")
    for name, value in medians.items():
        print(f"{name:<24}{value:>12,.0f}{value / base:>8.2f}")
    print(f"\narticle page, uncompressed HTML: {size:,} bytes (bar for page, sheets and face: 60 KB)")


def requests_a_second(port: int) -> float:
    """What wrk counts against one server."""
    words = [
        "taskset",
        "-c",
        "1",
        "wrk",
        "-t1",
        f"-c{CONNECTIONS}",
        f"-d{SECONDS}s",
        f"http://127.0.0.1:{port}{ARTICLE}",
    ]
    printed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s+([0-9.]+)", printed)
    return float(found.group(1)) if found else 0.0


def fetch(port: int) -> bytes:
    """The article's bytes."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{ARTICLE}", timeout=10) as answer:
        body: bytes = answer.read()
    return body


@contextmanager
def site(folder: Path) -> Iterator[str]:
    """The product with its demonstration content, on one core; gives the nginx recipe for it."""
    folder.mkdir()
    env = environment(folder, port=SITE, sandbox_port=SITE + 9)
    app = create_app(Settings.from_environment(env))
    with app.app_context():
        upgrade_schema()
        demonstration.set_up(db.session(), media_folder=app.extensions["membership_media"])
        page_store.render_ahead(db.session())
        recipe = deploying.nginx(
            app.extensions["membership_settings"],
            deploying.headers(app),
            upstream=f"127.0.0.1:{SITE}",
            listen=f"127.0.0.1:{RECIPE}",
        )
        db.session.remove()
        db.engine.dispose()
    words = [
        "taskset",
        "-c",
        "0",
        sys.executable,
        "-m",
        "membership",
        "serve",
        "--port",
        str(SITE),
        "--workers",
        "2",
    ]
    with running(words, SITE, env):
        yield recipe


@contextmanager
def nginx(folder: Path, body: bytes, recipe: str) -> Iterator[None]:
    """Nginx with the same bytes as a file, and with our recipe before the site, on the same core."""
    (folder / "site.conf").write_text(recipe)
    root = folder / "root"
    (root / "articles").mkdir(parents=True)
    (root / ARTICLE.lstrip("/")).write_bytes(body)
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log /dev/null;\n"
        "events { worker_connections 512; }\n"
        f"http {{ access_log off; sendfile on; keepalive_requests 1000000; default_type text/html;\n"
        f"  server {{ listen 127.0.0.1:{NGINX}; root {root}; }}\n  include {folder}/site.conf; }}\n"
    )
    with running(["taskset", "-c", "0", "nginx", "-c", str(config)], NGINX, dict(os.environ)):
        yield


@contextmanager
def running(words: list[str], port: int, env: dict[str, str]) -> Iterator[None]:
    """A server while the block runs."""
    process = subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _try in range(200):
            try:
                fetch(port)
                break
            except OSError:
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


if __name__ == "__main__":
    sys.exit(main())
