"""What an import says at its end: rows and subscriptions not taken, by reason; what came in; totals before and after.

Nothing in it is an address or a name.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import click

from membership.giving.sources.members import Left
from membership.giving.totals import Totals
from membership.money import Money


@dataclass
class Report:
    """What is said at the end: what came in, what was not taken, the totals before and after."""

    before: Totals
    after: Totals
    lines: list[str] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


def show(report: Report, *, is_dry: bool) -> None:
    """Write a report to the terminal: what was not taken and why, what was, the totals before and after."""
    if report.left:
        click.echo("Not taken:")
    for reason, names in _by_reason(report.left).items():
        click.echo(f"  {reason}: {_listed(names)}")
    for line in report.lines:
        click.echo(line)
    rows = [
        ("", "before", "after"),
        ("active patrons", str(report.before.patrons), str(report.after.patrons)),
        ("of them paying elsewhere", str(report.before.elsewhere), str(report.after.elsewhere)),
    ]
    for currency in sorted({*report.before.recurring, *report.after.recurring}):
        told = [money({currency: t.recurring.get(currency, 0)}) for t in (report.before, report.after)]
        rows.append((f"recurring a month, {currency.upper()}", told[0], told[1]))
    for name, before, after in rows:
        click.echo(f"{name:<28}{before:>16}{after:>16}")
    if is_dry:
        click.echo("This was a dry run: nothing was changed.")


def _by_reason(left: list[Left]) -> dict[str, list[int | str]]:
    found: dict[str, list[int | str]] = defaultdict(list)
    for one in left:
        found[one.reason].append(one.name)
    return found


def _listed(names: list[int | str]) -> str:
    """Ids as they are; rows in order, those that follow each other as one: "rows 2-40, 42"."""
    rows = sorted({name for name in names if isinstance(name, int)})
    parts: list[tuple[int, int]] = []
    for row in rows:
        if parts and parts[-1][1] == row - 1:
            parts[-1] = (parts[-1][0], row)
        else:
            parts.append((row, row))
    told = [f"{first}" if first == last else f"{first}-{last}" for first, last in parts]
    told += [name for name in names if isinstance(name, str)]
    word = "" if not rows else "row " if len(rows) == 1 else "rows "
    return word + ", ".join(told)


def money(twelfths: Mapping[str, int]) -> str:
    """Twelfths a month as amounts, rounded half up to the minor unit."""
    told = [
        f"{Money((value + 6) // 12, currency).plain()} {currency.upper()}"
        for currency, value in sorted(twelfths.items())
    ]
    return " and ".join(told)
