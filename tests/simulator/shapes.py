"""Compares the shape of two JSON values: keys and types, at every depth."""

from collections.abc import Iterator

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None


def kind(value: Json) -> str:
    """Return the name of a JSON type."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return {type(None): "null", str: "string", list: "array", dict: "object"}[
        type(value)
    ]


def differences(recorded: Json, answered: Json, path: str = "$") -> Iterator[str]:
    """Yield where two values differ in shape.

    Each element of an array must have the shape of one of the recorded elements. An empty array says nothing about
    its elements, so it must be empty in both or in none.
    """
    if kind(recorded) != kind(answered):
        yield f"{path}: {kind(recorded)} was recorded, answered was {kind(answered)} {answered!r:.80}"
    elif isinstance(recorded, dict) and isinstance(answered, dict):
        for key in recorded.keys() - answered.keys():
            yield f"{path}.{key} is missing"
        for key in answered.keys() - recorded.keys():
            yield f"{path}.{key} was not recorded"
        for key in sorted(recorded.keys() & answered.keys()):
            yield from differences(recorded[key], answered[key], f"{path}.{key}")
    elif isinstance(recorded, list) and isinstance(answered, list):
        if bool(recorded) != bool(answered):
            yield f"{path}: {len(recorded)} elements were recorded, answered were {len(answered)}"
            return
        for index, element in enumerate(answered):
            tries = [
                list(differences(one, element, f"{path}[{index}]")) for one in recorded
            ]
            if all(tries):
                yield from min(tries, key=len)
