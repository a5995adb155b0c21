"""What the data have that a model may ask for, and, where they lack it, what to say and do about it."""

from __future__ import annotations

from dataclasses import dataclass

from core.interactions import side_columns
from core.recommend.types import ModelInfo
from core.store import Query, Store


@dataclass(frozen=True)
class Has:
    """What a workspace has beside behaviour.

    Attributes:
        times: events have times.
        users, items: known users and items, how many.
        user_columns: attributes of users that models may look at; item_columns: of items, `title` among them.
    """

    times: bool
    users: int
    items: int
    user_columns: tuple[str, ...] = ()
    item_columns: tuple[str, ...] = ()


def has(store: Store) -> Has:
    """What the data have: a few counts, no row of a person."""
    counts = store.rows(Query("SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM items) AS items"))[0]
    return Has(
        store.as_of() is not None,
        int(counts["users"]),
        int(counts["items"]),
        side_columns(store, "user"),
        side_columns(store, "item"),
    )


def lacks(line: ModelInfo, has: Has) -> str:
    """Why a model cannot serve on these data, and what to load; "" where it can.

    Only what it always asks for counts: a parameter that asks for more is left out of the page instead.
    """
    if line.needs.get("item_side") == "" and not has.item_columns:
        return "It needs titles or attributes of items, which these data lack: load a file of items."
    if line.needs.get("user_side") == "" and not has.user_columns:
        return (
            "It needs attributes of users (country, age band, …), which these data lack: load a file of users, with "
            "values that many of them share."
        )
    return ""


def idle(line: ModelInfo, has: Has) -> tuple[str, ...]:
    """The parameters that play no part on these data: they ask for times, or columns of users, that are not there."""
    there = {"times": has.times, "user_side": bool(has.user_columns), "item_side": bool(has.item_columns)}
    return tuple(param for need, param in line.needs.items() if param and not there[need])
