"""Users and items with a single event: nothing to repair, but most models can say little about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import pyarrow as pa

from core.quality.per_user import Ints, buying, column, numbers, per_item, per_user, percent, raw_ids
from core.quality.types import KEY, Asked, Finding, Kind, Param, Selection
from core.store import Query

_MEANS = {
    "users": "A model learns a user's taste from what the user did: for those with one event it falls back on what is "
    "popular (a cold start), and no test can hold an event back to judge by. They count in reach and revenue.",
    "items": "Methods that learn from who took what can hardly recommend an item with one event (a cold start); those "
    "that look at category and text can. They count in revenue.",
}


def detect(asked: Asked) -> list[Finding]:
    """A note each on users and on items with one event, where there are any."""
    return [finding for finding in (_finding(asked, "users"), _finding(asked, "items")) if finding]


def _finding(asked: Asked, scope: Literal["users", "items"]) -> Finding | None:
    table, what = _table(asked, scope), scope[:-1]
    once = _once(asked, scope)
    count, of = len(once), table.num_rows
    if not count:
        return None
    facts: dict[str, float] = {"share_of_events": count / float(column(table, "n").sum())}
    if scope == "items":
        facts["items_of_one_user"] = int(column(table, "one_user").sum())
    else:
        facts["buyers_with_one_order"] = int((column(buying(asked), "orders") == 1).sum())
    names = raw_ids(asked, scope, once[:8])
    code = f"one_off_{what}"
    return Finding(
        code,
        "note",
        f"{count:,} of {of:,} {scope} ({percent(count, of)}) have a single event.",
        _MEANS[scope],
        scope,
        count,
        of,
        selection=Selection.of(code),
        examples=tuple({what: names[int(no)], "events": 1} for no in once[:8]),
        facts=facts,
        users=count if scope == "users" else None,
    )


def _table(asked: Asked, scope: Literal["users", "items"]) -> pa.Table:
    return per_user(asked) if scope == "users" else per_item(asked)


def _once(asked: Asked, scope: Literal["users", "items"]) -> Ints:
    table = _table(asked, scope)
    once: Ints = numbers(table, KEY[scope])[column(table, "n") == 1]
    return once


def _choose_users(asked: Asked, params: Mapping[str, Param]) -> Query | pa.Array:
    return pa.array(_once(asked, "users"), pa.int64())


def _choose_items(asked: Asked, params: Mapping[str, Param]) -> Query | pa.Array:
    return pa.array(_once(asked, "items"), pa.int64())


KINDS: tuple[Kind, ...] = (
    Kind("one_off_user", "users", "users with a single event", {}, _choose_users),
    Kind("one_off_item", "items", "items with a single event", {}, _choose_items),
)
