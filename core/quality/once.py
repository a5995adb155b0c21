"""Users and items with a single event: nothing to repair, but most models can say little about them."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from core.quality.ask import one
from core.quality.per_user import buying, column, percent, raw_ids
from core.quality.types import Asked, Finding, Kind, Param, Scope, Selection
from core.store import Query

_USERS = Query("SELECT user_no FROM events WHERE user_no IS NOT NULL GROUP BY user_no HAVING count(*) = 1")
_ITEMS = Query("SELECT item_no FROM events WHERE item_no IS NOT NULL GROUP BY item_no HAVING count(*) = 1")
_MEANS = {
    "users": "A model learns a user's taste from what the user did: for those with one event it falls back on what is "
    "popular (a cold start), and no test can hold an event back to judge by. They count in reach and revenue.",
    "items": "Methods that learn from who took what can hardly recommend an item with one event (a cold start); those "
    "that look at category and text can. They count in revenue.",
}


def detect(asked: Asked) -> list[Finding]:
    """A note each on users and on items with one event, where there are any."""
    found = []
    for scope, code, query in (("users", "one_off_user", _USERS), ("items", "one_off_item", _ITEMS)):
        finding = _finding(asked, "users" if scope == "users" else "items", code, query)
        if finding:
            found.append(finding)
    return found


def _finding(asked: Asked, scope: Scope, code: str, query: Query) -> Finding | None:
    key = f"{scope[:-1]}_no"
    row = one(
        asked,
        Query(
            "SELECT count(*) AS n, count(*) FILTER (events = 1) AS once, count(*) FILTER (one_user) AS one_user, "
            "coalesce(sum(events), 0)::DOUBLE AS events FROM (SELECT count(*) AS events, "
            f"min(user_no) = max(user_no) AND count(user_no) = count(*) AS one_user FROM events "
            f"WHERE {key} IS NOT NULL GROUP BY {key})"
        ),
    )
    count, of = int(row["once"]), int(row["n"])
    if not count:
        return None
    some = asked.reader.rows(Query(f"{query.sql} ORDER BY {key} LIMIT 8"), step=asked.step)
    facts: dict[str, float] = {"share_of_events": count / row["events"]}
    if scope == "items":
        facts["items_of_one_user"] = int(row["one_user"])
    else:
        facts["buyers_with_one_order"] = int((column(buying(asked), "orders") == 1).sum())
    names = raw_ids(asked, scope, [int(r[key]) for r in some])
    return Finding(
        code,
        "note",
        f"{count:,} of {of:,} {scope} ({percent(count, of)}) have a single event.",
        _MEANS[scope],
        scope,
        count,
        of,
        selection=Selection.of(code),
        examples=tuple({scope[:-1]: name, "events": 1} for name in names.values()),
        facts=facts,
        users=count if scope == "users" else None,
    )


def _choose_users(asked: Asked, params: Mapping[str, Param]) -> Query | pa.Array:
    return _USERS


def _choose_items(asked: Asked, params: Mapping[str, Param]) -> Query | pa.Array:
    return _ITEMS


KINDS: tuple[Kind, ...] = (
    Kind("one_off_user", "users", "users with a single event", {}, _choose_users),
    Kind("one_off_item", "items", "items with a single event", {}, _choose_items),
)
