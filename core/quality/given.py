"""What an analyst gave as the parameter of a rule, checked before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from core.errors import Refusal
from core.quality.types import Param


def amount(params: Mapping[str, Param], name: str, *, low: float = 0.0) -> float:
    """A number of at least `low`. Raises Refusal `bad_selection`."""
    value = params.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value < float("inf"):
        raise Refusal("bad_selection", f"{name!r} is {value!r}.", f"It must be a number of at least {low:g}.")
    return float(value)


def people_table(params: Mapping[str, Param]) -> Literal["users", "items"]:
    """The table, users or items. Raises Refusal `bad_selection`."""
    value = params.get("table")
    if value == "users":
        return "users"
    if value == "items":
        return "items"
    raise Refusal("bad_selection", f"The table is {value!r}.", "It must be users or items.")


def truth(params: Mapping[str, Param], name: str) -> bool:
    """Yes or no. Raises Refusal `bad_selection`."""
    value = params.get(name)
    if not isinstance(value, bool):
        raise Refusal("bad_selection", f"{name!r} is {value!r}.", "It must be true or false.")
    return value


def words(params: Mapping[str, Param], name: str) -> tuple[str, ...]:
    """At least one text. Raises Refusal `bad_selection`."""
    value = params.get(name)
    value = (value,) if isinstance(value, str) else value
    if not isinstance(value, tuple) or not value or not all(isinstance(word, str) for word in value):
        raise Refusal("bad_selection", f"{name!r} is {value!r}.", "It must be one or more texts.")
    return value


def pattern(params: Mapping[str, Param], name: str) -> str:
    """A regular expression, not yet read. Raises Refusal `bad_selection`."""
    value = params.get(name)
    if not isinstance(value, str) or not value:
        raise Refusal("bad_selection", f"{name!r} is {value!r}.", "It must be a text, as in test|qa|demo.")
    return value
