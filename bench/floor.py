"""The least that a program can do under granian: it gives one page's bytes with its headers, whatever is asked.

`bench.pages` serves it beside the site, with the same options, for what granian itself takes on this machine.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

BODY = Path(os.environ["BENCH_BODY"]).read_bytes()
HEADERS = [(name, value) for name, value in json.loads(os.environ["BENCH_HEADERS"])]


def app(_environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answer."""
    start_response("200 OK", HEADERS)
    return [BODY]
