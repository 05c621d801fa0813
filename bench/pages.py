"""An article page from `membership serve` beside nginx with the same bytes, and nginx with our recipe.

The appeal for other sites is measured too: by its own address, and by that of an article which is not here.

Servers are kept to one core and wrk to another; rounds are interleaved, ratios are of one round, medians are printed.
CPU is user and system time of all processes of a server, per request; on a busy machine it is the steadier figure.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import figures, machine, sites
from membership.cli import deploying, granian

NGINX, RECIPE, FLOOR = sites.SITE + 1, sites.SITE + 2, sites.SITE + 3
CONNECTIONS = 32
LEAST_REQUESTS = {"plain": 0.55, "gzip": 0.65, "304": 0.65}
MOST_CPU, LEAST_RECIPE, MOST_P99_MS = 1.8, 0.95, 20
FRAMES = {"the appeal": "/embed/appeal", "of no article here": "/embed/appeal/at/2024/05/20/nowhere"}
LEAST_FRAMES = 5_000
"""Requests a second of the appeal on other sites (E10)."""


@dataclass(frozen=True)
class Case:
    """A representation asked of a server."""

    kind: str
    server: str
    port: int
    pid: int
    headers: tuple[str, ...] = ()
    path: str = sites.ARTICLE


@dataclass(frozen=True)
class Round:
    """What one round of one case gave."""

    requests_a_second: float
    cpu_us: float
    p99_ms: float


def main(words: list[str] | None = None) -> int:
    """Measure and print."""
    return figures.command("pages", __doc__, measure, words, options)


def options(parser: argparse.ArgumentParser) -> None:
    """How long to measure."""
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of each case in each round")


def measure(given: argparse.Namespace, table: figures.Table) -> None:
    """All cases in turn, as often as asked."""
    machine.need("nginx", "wrk", "taskset")
    table.say(f"  {given.rounds} interleaved rounds of {given.seconds} s, {CONNECTIONS} connections")
    with (
        sites.prepared() as site,
        sites.serving(site, core=machine.SERVER_CORE) as ours,
        nginx(site) as front,
        floor(site) as least,
    ):
        cases = [*cases_of("granian", sites.SITE, ours.pid), *cases_of("nginx", NGINX, front.pid)]
        cases += [Case(kind, "granian", sites.SITE, ours.pid, path=path) for kind, path in FRAMES.items()]
        cases.append(Case("plain", "recipe", RECIPE, front.pid))
        cases.append(Case("plain", "floor", FLOOR, least.pid))
        rounds: dict[Case, list[Round]] = {case: [] for case in cases}
        for _round in range(given.rounds):
            for case in cases:
                rounds[case].append(a_round(case, given.seconds))
    show({(case.server, case.kind): told for case, told in rounds.items()}, table)


def cases_of(server: str, port: int, pid: int) -> Iterator[Case]:
    """Plain, compressed, and not changed."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{sites.ARTICLE}", timeout=10) as answer:
        tag = answer.headers["ETag"]
    yield Case("plain", server, port, pid)
    yield Case("gzip", server, port, pid, ("Accept-Encoding: gzip",))
    yield Case("304", server, port, pid, (f"If-None-Match: {tag}",))


def a_round(case: Case, seconds: int) -> Round:
    """One run of wrk against one case.

    Raises:
        RuntimeError: it met errors, or answers other than those asked for.
    """
    words = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
    for header in case.headers:
        words += ["-H", header]
    before = machine.cpu_seconds(case.pid)
    printed = subprocess.run(
        machine.pinned(machine.LOAD_CORE, [*words, f"http://127.0.0.1:{case.port}{case.path}"]),
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 60,
    ).stdout
    spent = machine.cpu_seconds(case.pid) - before
    if "Non-2xx" in printed and case.kind != "304":
        raise RuntimeError(printed)
    number = int(found(r"(\d+) requests in", printed))
    p99, unit = re.search(r"99%\s+([0-9.]+)(us|ms|s)", printed).groups()  # type: ignore[union-attr]  # wrk always says it
    milliseconds = float(p99) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
    return Round(float(found(r"Requests/sec:\s+([0-9.]+)", printed)), 1e6 * spent / number, milliseconds)


def found(pattern: str, text: str) -> str:
    """What a pattern's group has found.

    Raises:
        RuntimeError: nothing.
    """
    match = re.search(pattern, text)
    if match is None:
        raise RuntimeError(f"wrk did not say {pattern}: {text}")
    return match.group(1)


def show(rounds: dict[tuple[str, str], list[Round]], table: figures.Table) -> None:
    """Every case as it is, then beside nginx."""
    for (server, kind), told in rounds.items():
        rate, cpu = (
            statistics.median(values)
            for values in zip(*((r.requests_a_second, r.cpu_us) for r in told), strict=True)
        )
        table.say(f"  {server + ', ' + kind:<58}{rate:>10,.0f} /s   {cpu:>8.1f} us of CPU")
    for kind, least in LEAST_REQUESTS.items():
        mine, theirs = rounds["granian", kind], rounds["nginx", kind]
        table.add(
            f"granian beside nginx, {kind}: requests a second",
            ratio(mine, theirs, "requests_a_second"),
            least=least,
        )
        table.add(
            f"granian beside nginx, {kind}: CPU of a request", ratio(mine, theirs, "cpu_us"), most=MOST_CPU
        )
    p99 = statistics.median(r.p99_ms for r in rounds["granian", "plain"])
    table.add(f"granian, plain: 99 of 100 answers, {CONNECTIONS} connections", p99, "ms", most=MOST_P99_MS)
    for kind in FRAMES:
        rate = statistics.median(r.requests_a_second for r in rounds["granian", kind])
        table.add(f"granian, {kind} in a frame", rate, "/s", least=LEAST_FRAMES)
    recipe, plain = rounds["recipe", "plain"], rounds["nginx", "plain"]
    table.add(
        "our recipe beside nginx: requests a second",
        ratio(recipe, plain, "requests_a_second"),
        least=LEAST_RECIPE,
    )
    table.add("our recipe beside nginx: CPU of a request", ratio(recipe, plain, "cpu_us"))
    smallest, ours = rounds["floor", "plain"], rounds["granian", "plain"]
    table.add(
        "a program of three lines under granian beside nginx: requests",
        ratio(smallest, plain, "requests_a_second"),
    )
    table.add("the same: CPU of a request", ratio(smallest, plain, "cpu_us"))
    table.add("ours beside that program: requests a second", ratio(ours, smallest, "requests_a_second"))


def ratio(mine: list[Round], theirs: list[Round], what: str) -> float:
    """The median of the rounds' own ratios: both sides of each met the same machine."""
    each: list[float] = [getattr(m, what) / getattr(t, what) for m, t in zip(mine, theirs, strict=True)]
    return statistics.median(each)


@contextmanager
def nginx(site: sites.Prepared) -> Iterator["subprocess.Popen[bytes]"]:
    """One nginx: the same bytes as files of its own, and our recipe before the site."""
    recipe = deploying.nginx(
        site.app.extensions["membership_settings"],
        deploying.headers(site.app),
        upstream=f"127.0.0.1:{sites.SITE}",
        listen=f"127.0.0.1:{RECIPE}",
    )
    (site.folder / "site.conf").write_text(recipe)
    stored = site.folder / "data/pages/asking" / sites.ARTICLE.lstrip("/")
    root = site.folder / "root" / sites.ARTICLE.lstrip("/")
    root.parent.mkdir(parents=True)
    root.write_bytes((stored / "_page").read_bytes())
    root.with_name(f"{root.name}.gz").write_bytes((stored / "_page.gz").read_bytes())
    whole = configuration(
        site.folder,
        f"server {{ listen 127.0.0.1:{NGINX}; root {site.folder}/root; default_type text/html; gzip_static on; }}",
        f"include {site.folder}/site.conf;",
    )
    words = machine.pinned(machine.SERVER_CORE, [str(machine.program("nginx")), "-c", str(whole)])
    url = f"http://127.0.0.1:{NGINX}{sites.ARTICLE}"
    with machine.running(words, dict(os.environ), url=url) as process:
        yield process


@contextmanager
def floor(site: sites.Prepared) -> Iterator["subprocess.Popen[bytes]"]:
    """A program of three lines with the article's bytes and headers, under granian with our options."""
    with urllib.request.urlopen(f"{site.url}{sites.ARTICLE}", timeout=10) as answer:  # noqa: S310 - loopback
        (site.folder / "body").write_bytes(answer.read())
        own = [(name.lower(), value) for name, value in answer.headers.items()]
    told = json.dumps([(name, value) for name, value in own if name not in {"date", "server", "connection"}])
    env = {**os.environ, "BENCH_BODY": str(site.folder / "body"), "BENCH_HEADERS": told}
    where = (f"--port={FLOOR}", f"--workers={sites.WORKERS}", "--no-log")
    words = [sys.executable, "-m", "granian", *granian.OPTIONS, *where, "bench.floor:app"]
    with machine.running(
        machine.pinned(machine.SERVER_CORE, words), env, url=f"http://127.0.0.1:{FLOOR}/"
    ) as process:
        yield process


def configuration(folder: Path, *servers: str) -> Path:
    """A whole nginx configuration with these servers in it, that writes into `folder` alone."""
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr;\n"
        "events { worker_connections 512; }\n"
        "http { access_log off; sendfile on; keepalive_requests 1000000; include /etc/nginx/mime.types;\n"
        f"{places}{chr(10).join(servers)} }}\n"
    )
    return file


if __name__ == "__main__":
    sys.exit(main())
