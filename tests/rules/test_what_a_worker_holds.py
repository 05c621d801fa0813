"""A web worker holds no library that only few of its requests, or none, would need."""

import subprocess
import sys

SELDOM = {
    "css_inline",
    "feedparser",
    "fontTools",
    "fpdf",
    "granian",
    "huey",
    "prometheus_client",
    "sentry_sdk",
    "webauthn",
    "membership.cli",
}


def test_the_app_is_imported_without_what_few_workers_need() -> None:
    told = "import sys, membership.app; print('\\n'.join(sys.modules))"
    imported = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout
    modules = set(imported.split())
    assert "membership.app" in modules
    assert not SELDOM & modules
