"""Lists: newest first, a page at a time, filtered by column and by when things were made.

Source: https://docs.stripe.com/api/pagination
"""

from membership.sandbox.account import Account
from membership.sandbox.errors import ApiError, NotFoundError
from membership.sandbox.objects import Object, listed
from membership.sandbox.operations import Call

_BOUNDS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_MOST = 100


def page(account: Account, call: Call, kind: str, /, **filters: object) -> Object:
    """Give one page of the objects of a kind; a filter of None is no filter.

    A filter is a column and its value, a list of values for any of them, or `where="…"` for a condition of its own.
    """
    conditions: list[str] = ["object = ?"]
    values: list[object] = [kind]
    for column, value in filters.items():
        _add(conditions, values, column, value)
    _add_created(conditions, values, call.params.get("created"))
    return _cut(account, call, conditions, values)


def _add(conditions: list[str], values: list[object], column: str, value: object) -> None:
    if value is None:
        return
    if column == "where":
        conditions.append(str(value))
    elif isinstance(value, list):
        conditions.append(f"{column} IN ({', '.join('?' * len(value))})")
        values.extend(value)
    else:
        conditions.append(f"{column} = ?")
        values.append(value)


def _add_created(conditions: list[str], values: list[object], created: object) -> None:
    if isinstance(created, dict):
        for name, value in created.items():
            conditions.append(f"created {_BOUNDS[name]} ?")
            values.append(value)
    elif created is not None:
        conditions.append("created = ?")
        values.append(created)


def _cut(account: Account, call: Call, conditions: list[str], values: list[object]) -> Object:
    limit = size(call)
    backwards = call.params.get("ending_before")
    cursor = backwards or call.params.get("starting_after")
    if cursor:
        place = account.store.place(str(cursor))
        if place is None:
            name = "ending_before" if backwards else "starting_after"
            raise NotFoundError(str(values[0]), str(cursor), name)
        conditions.append(f"(created, number) {'>' if backwards else '<'} (?, ?)")
        values.extend(place)
    order = "created ASC, number ASC" if backwards else "created DESC, number DESC"
    found = account.store.select(" AND ".join(conditions), values, order=order, limit=limit + 1)
    rows = found[:limit]
    if backwards:
        rows.reverse()
    return listed(rows, call.operation.split(" ")[1].replace("{id}", call.id), has_more=len(found) > limit)


def size(call: Call) -> int:
    """Give how many rows a page of this call has.

    Raises:
        ApiError: Fewer than one, or more than a hundred, are asked for.
    """
    limit = call.params.get("limit", 10)
    if not 1 <= limit <= _MOST:
        raise ApiError(
            f"Invalid limit: must be between 1 and {_MOST}.", code="parameter_invalid_integer", param="limit"
        )
    return int(limit)


def page_of(rows: list[Object], call: Call) -> Object:
    """Give one page of rows that are already at hand."""
    limit, start = size(call), 0
    cursor = call.params.get("starting_after")
    if cursor:
        start = next((number + 1 for number, row in enumerate(rows) if row["id"] == cursor), len(rows))
    url = call.operation.split(" ")[1].replace("{id}", call.id)
    return listed(rows[start : start + limit], url, has_more=len(rows) > start + limit)
