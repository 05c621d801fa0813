"""MDN's HTTP Observatory over TLS: the front page and an article, behind nginx with the generated recipe.

nginx has a certificate made for this run, which the Observatory is told to trust; it looks at this machine's ports
with the package's own retriever, tests and grades. What it would read of the public internet (the list of hosts that
browsers always open by TLS) is left empty, so no credit comes from there.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import figures, machine, packages, pages, sites
from membership.cli import deploying

PACKAGE, VERSION = "@mdn/mdn-http-observatory", "1.4.8"
PLAIN, TLS = sites.SITE + 3, sites.SITE + 4
LEAST_SCORE = 120
SCRIPT = Path(__file__).with_suffix(".mjs")


def main(words: list[str] | None = None) -> int:
    """Measure and print."""
    return figures.command("observatory", __doc__, measure, words)


def measure(_given: argparse.Namespace, table: figures.Table) -> None:
    """Grade two pages."""
    machine.need("nginx", "openssl")
    folder = packages.installed(PACKAGE, VERSION, with_scripts=False)
    known = folder / "node_modules" / PACKAGE / "conf/hsts-preload.json"
    known.write_text("{}")
    script = Path(shutil.copy(SCRIPT, folder))
    base_url = f"https://localhost:{TLS}"
    with sites.prepared(base_url=base_url) as site, sites.serving(site), nginx(site) as certificate:
        for name, path in {"front page": "/", "article": sites.ARTICLE}.items():
            told = scan(script, path, certificate)
            marks = [f"{test['name']} {test['modifier']:+}" for test in told["tests"] if test["modifier"]]
            table.say(f"  {name}: {told['grade']}; {', '.join(marks)}")
            table.say(f"    not passed: {[t['name'] for t in told['tests'] if not t['pass']] or 'none'}")
            table.add(f"score of the {name}", told["score"], least=LEAST_SCORE)


def scan(script: Path, path: str, certificate: Path) -> dict[str, Any]:
    """What the Observatory says of a page."""
    told = subprocess.run(
        ["node", str(script), "localhost", str(PLAIN), str(TLS), path],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ | {"NODE_EXTRA_CA_CERTS": str(certificate)},
    )
    if told.returncode:
        raise RuntimeError(told.stderr[-500:])
    found: dict[str, Any] = json.loads(told.stdout)
    return found


@contextmanager
def nginx(site: sites.Prepared) -> Iterator[Path]:
    """Run nginx with our recipe and a certificate of its own; gives that certificate."""
    key, certificate = site.folder / "privkey.pem", site.folder / "fullchain.pem"
    words = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    words += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(words, check=True, capture_output=True)
    recipe = deploying.nginx(
        site.app.extensions["membership_settings"],
        deploying.headers(site.app),
        upstream=f"127.0.0.1:{sites.SITE}",
        listen=f"127.0.0.1:{TLS}",
        tls=deploying.Tls(site.folder, redirects_from=f"127.0.0.1:{PLAIN}"),
    )
    (site.folder / "site.conf").write_text(recipe)
    whole = pages.configuration(site.folder, f"include {site.folder}/site.conf;")
    # Its plain port leads to TLS with a certificate that nobody here trusts yet: knock at the door alone.
    with machine.running([str(machine.program("nginx")), "-c", str(whole)], dict(os.environ)) as process:
        machine.wait_for_port(PLAIN, process)
        yield certificate


if __name__ == "__main__":
    sys.exit(main())
