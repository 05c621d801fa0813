"""`python -m bench`: every figure of this product that has a bar, measured on this machine; `make bench` runs it.

Each part can be run by itself, as `python -m bench.pages`, and has --help. Exit code 0: all bars hold; 1: one is
missed; 2: the machine lacks a program, which is named; the other parts are measured all the same.
"""

import argparse
import sys
from collections.abc import Callable

from bench import archive, figures, forged, lighthouse, memory, observatory, pages, starting, webhooks, weight

PARTS: dict[str, Callable[[list[str]], int]] = {
    "pages": pages.main,
    "weight": weight.main,
    "memory": memory.main,
    "starting": starting.main,
    "archive": archive.main,
    "webhooks": webhooks.main,
    "forged": forged.main,
    "lighthouse": lighthouse.main,
    "observatory": observatory.main,
}
ELSEWHERE = """\
Not measured here, since every test run holds it: no fault of axe, of the HTML checker, no request to others, no cookie
and no console error on any page, phone, desktop and dark: pytest tests/browser/test_every_page.py
"""


def main() -> int:
    """Run the parts that are asked for; the worst of their exit codes."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, epilog="Example: python -m bench pages weight"
    )
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="all of them unless named")
    wanted = parser.parse_args().parts or list(PARTS)
    codes = {}
    for name in wanted:
        try:
            codes[name] = PARTS[name]([])
        except (OSError, RuntimeError) as error:
            print(f"bench.{name} could not be measured: {error}", file=sys.stderr)
            codes[name] = figures.MISSING
    print(ELSEWHERE)
    print(", ".join(f"{name}: {WORDS[code]}" for name, code in codes.items()))
    return max(codes.values())


WORDS = {
    figures.MEASURED: "holds",
    figures.MISSED: "a bar is missed",
    figures.MISSING: "not measured",
}


if __name__ == "__main__":
    sys.exit(main())
