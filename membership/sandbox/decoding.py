"""Reading a form in Stripe's nested spelling: `items[0][price_data][currency]=eur&expand[]=customer`."""

import re
from urllib.parse import parse_qsl

from membership.sandbox.errors import ApiError
from membership.sandbox.objects import Object

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_PART = re.compile(r"\[([^\[\]]*)\]")

# More fields than any call has; a form this large is a mistake.
_MOST_FIELDS = 2_000


def decode(text: str) -> Object:
    """Give the mapping a form spells; lists are mappings by index until the parameter table says they are lists.

    Raises:
        ApiError: A name is not well formed, or a name is used both for a value and for a mapping.
    """
    fields = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    decoded: Object = {}
    for name, value in fields:
        found = _NAME.fullmatch(name)
        if found is None:
            raise ApiError(f"Invalid parameter name: {name}", param=name)
        path = [found[1], *_PART.findall(found[2])]
        _place(decoded, path, value, name)
    return decoded


def _place(decoded: Object, path: list[str], value: str, name: str) -> None:
    place = decoded
    for number, part in enumerate(path):
        key = str(len(place)) if part == "" else part
        if number == len(path) - 1:
            place[key] = value
            return
        below = place.setdefault(key, {})
        if not isinstance(below, dict):
            raise ApiError(f"Invalid object: {name} is also given as a plain value.", param=name)
        place = below
