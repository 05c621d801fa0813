"""The published list of a round's ballots as a CSV file, which is all that anybody needs to count it again.

    receipt,            first topic [id],  second topic [id], …      topics in the order in which they were proposed
    0a1b…,              1,                 0, …                      one line a ballot, sorted by receipt
    published tally,    24,                21, …
    published winners,  1,                 0, …

The sum of a column is the topic's votes; of equal columns the one further left wins. RFC 4180, UTF-8; a title that a
spreadsheet would take for a formula begins with an apostrophe.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from membership.topics import counting
from membership.topics.counting import Outcome
from membership.topics.tallying import PublishedBallot

TALLY = "published tally"
WINNERS = "published winners"
MOST_BYTES = 100_000_000
_HEADER = re.compile(r"(?s)(.*) \[([0-9a-z]{1,32})\]")


class BallotListError(ValueError):
    """A file is no list of ballots; says what is wrong with which line."""


@dataclass(frozen=True)
class BallotList:
    """A list as read from a file: titles by topic in the order of the columns, ballots, and the result it claims."""

    titles: dict[str, str]
    ballots: list[PublishedBallot]
    tally: dict[str, int]
    winners: frozenset[str]

    def count(self) -> Outcome:
        """Count the ballots by the rule of counting."""
        topics = list(self.titles)
        return counting.count(topics, [b.topics for b in self.ballots], winners=len(self.winners))

    def agrees_with(self, outcome: Outcome) -> bool:
        """Whether a count gives the result that the file claims."""
        return outcome.tally == self.tally and frozenset(outcome.winners) == self.winners


def write(
    titles: Mapping[str, str],
    ballots: Sequence[PublishedBallot],
    *,
    tally: Mapping[str, int],
    winners: Sequence[str],
) -> Iterator[str]:
    """The lines of the file, each with its line break; `titles` by public id, in the order of proposal."""
    yield _line(["receipt", *(f"{guarded(title)} [{topic}]" for topic, title in titles.items())])
    for ballot in ballots:
        yield _line([ballot.receipt, *("1" if topic in ballot.topics else "0" for topic in titles)])
    yield _line([TALLY, *(str(tally[topic]) for topic in titles)])
    yield _line([WINNERS, *("1" if topic in winners else "0" for topic in titles)])


def guarded(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def read(text: str) -> BallotList:
    """Read a list of ballots.

    Raises:
        BallotListError: it is none, is cut off, or has a line that cannot be right.
    """
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    if len(rows) < 3 or rows[0][:1] != ["receipt"]:
        raise BallotListError(
            'the first line must begin with "receipt", and the last two hold the published result'
        )
    titles = _titles(rows[0])
    width = len(titles) + 1
    for number, row in enumerate(rows, start=1):
        if len(row) != width:
            raise BallotListError(f"line {number} has {len(row)} cells, the first has {width}")
    if rows[-2][0] != TALLY or rows[-1][0] != WINNERS:
        raise BallotListError(f'the last two lines must be "{TALLY}" and "{WINNERS}"')
    ballots = [_ballot(row, list(titles), number) for number, row in enumerate(rows[1:-2], start=2)]
    if len({ballot.receipt for ballot in ballots}) != len(ballots):
        raise BallotListError("a receipt stands in it twice")
    tally = {topic: _number(cell, len(rows) - 1) for topic, cell in zip(titles, rows[-2][1:], strict=True)}
    winners = _ballot(rows[-1], list(titles), len(rows)).topics
    return BallotList(titles, ballots, tally, frozenset(winners))


def _titles(row: list[str]) -> dict[str, str]:
    titles: dict[str, str] = {}
    for cell in row[1:]:
        found = _HEADER.fullmatch(cell)
        if not found or found[2] in titles:
            raise BallotListError(
                "each column's heading must end in its topic's id in brackets, each id once"
            )
        titles[found[2]] = found[1].removeprefix("'")
    return titles


def _ballot(row: list[str], topics: list[str], number: int) -> PublishedBallot:
    if any(cell not in {"0", "1"} for cell in row[1:]):
        raise BallotListError(f"line {number} has a cell that is neither 0 nor 1")
    return PublishedBallot(row[0], tuple(t for t, cell in zip(topics, row[1:], strict=True) if cell == "1"))


def _number(cell: str, line: int) -> int:
    if not (cell.isascii() and cell.isdigit() and len(cell) < 12):
        raise BallotListError(f"line {line} has a cell that is no number of votes")
    return int(cell)


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()
