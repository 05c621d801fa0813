"""What an event tells: the object as everyone may see it, and what it was before."""

from membership.sandbox.objects import PRIVATE, Object, copied


def public(thing: Object) -> Object:
    """Give an object without what only the sandbox knows of it."""
    return {key: copied(value) for key, value in thing.items() if key != PRIVATE}


def changes(before: Object, after: Object) -> Object:
    """Give the fields that changed with their earlier values, as `previous_attributes` has them.

    Objects inside are compared field by field; lists are given whole.
    """
    previous: Object = {}
    for key in before.keys() | after.keys():
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict) and "data" not in old:
            previous[key] = changes(old, new)
        elif isinstance(old, dict) and isinstance(new, dict):
            previous[key] = {"data": old["data"]}
        else:
            previous[key] = old
    return previous
