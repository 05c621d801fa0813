"""Finding what stands between an opening and its closing, in time that grows with the text and not with its square.

A pattern such as `<pre>.*?</pre>` looks through the rest of the text for each opening that is never closed. Here a
closing that was once not found is not looked for again.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

Instead = Callable[[re.Match[str], str], str | None]
"""What to put in the place of an opening, what is inside and its closing; None leaves them as they are."""


@dataclass
class Closings:
    """The closings of one text."""

    text: str
    _absent: set[re.Pattern[str]] = field(default_factory=set)

    def after(self, pattern: re.Pattern[str], place: int) -> re.Match[str] | None:
        """The first match at or after a place; places may only grow from one call to the next."""
        if pattern in self._absent:
            return None
        found = pattern.search(self.text, place)
        if found is None:
            self._absent.add(pattern)
        return found


def replace(text: str, opening: re.Pattern[str], closing: re.Pattern[str], instead: Instead) -> str:
    """A text with something else in the place of each opening that is closed. Neither pattern may look far."""
    parts: list[str] = []
    closings, done = Closings(text), 0
    while found := opening.search(text, done):
        end = closings.after(closing, found.end())
        if end is None:
            break
        other = instead(found, text[found.end() : end.start()])
        parts += [text[done : found.start()], text[found.start() : end.end()] if other is None else other]
        done = end.end()
    return "".join([*parts, text[done:]])
