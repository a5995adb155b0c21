"""Finding users and items by what people type, drawing one at random, and who took an item."""

from __future__ import annotations

import random

from core.explain.tables import ACTS, IS_TRADE, KEPT, before, clean, number_of, title
from core.explain.types import Found
from core.explain.words import one_line
from core.store import Query, Store


def find_users(store: Store, text: str, limit: int = 20) -> list[Found]:
    """Users whose id is, begins with, or contains `text`, in that order, upper and lower case alike.

    Within each, those with most events first, then by id. Without text: the users with most purchases, then events
    (the most events of all are often a robot's).
    """
    found = Query("SELECT user_no AS no, user_id AS id, user_id AS label, ") + _place(text, "user_id", "user_id")
    return _found(store, "user_no", found + " AS place FROM users", limit, some=bool(text.strip()))


def find_items(store: Store, text: str, limit: int = 20) -> list[Found]:
    """Items by id or title: the id is `text`, begins with it, the title begins with it, or either contains it.

    Upper and lower case alike; within each, those with most events first, then by id. Without text: the items with
    most events.
    """
    label = title(store)
    found = Query(f"SELECT item_no AS no, item_id AS id, {label} AS label, ") + _place(text, "item_id", label)
    return _found(store, "item_no", found + " AS place FROM items", limit, some=bool(text.strip()))


def draw_user(store: Store, members: Query | None, *, seed: int) -> str | None:
    """The id of a user drawn at random among those who did something (impressions are no deed); None without any.

    `members` yields the user_no to draw among (a segment); None = all. The same data and seed give the same user.
    """
    # DISTINCT first: the join then holds one row a user, not one an event
    active = Query(f"SELECT DISTINCT user_no FROM events WHERE {ACTS} AND user_no IS NOT NULL") + before(store.as_of())
    among = Query("user_no IN (") + active + ")"
    if members is not None:
        among = among + " AND user_no IN (SELECT user_no FROM (" + members + "))"
    placed = "SELECT user_id, row_number() OVER (ORDER BY user_id) AS place, count(*) OVER () AS n FROM users WHERE "
    chance = Query(") WHERE place = 1 + floor(? * n)::BIGINT", (random.Random(seed).random(),))
    drawn = store.rows(Query("SELECT user_id FROM (" + placed) + among + chance)
    return str(drawn[0]["user_id"]) if drawn else None


def item_users(store: Store, item: str, event: str | None) -> Query:
    """The users (`user_no`, each once) with such an event on the item; None = any event but an impression.

    "purchase" means bought and kept: those who returned all they bought of it are left out, as in
    `ItemPortrait.buyers`. Raises Refusal `unknown_item`.
    """
    no, until = number_of(store, "items", item), before(store.as_of())
    known = Query("SELECT user_no FROM events WHERE item_no = ? AND user_no IS NOT NULL", (no,)) + until
    if event == "purchase":
        return known + f" AND {IS_TRADE} GROUP BY user_no HAVING {KEPT}"
    did = Query(f" AND {ACTS}") if event is None else Query(" AND event = ?", (clean(event),))
    return known + did + " GROUP BY user_no"


def _place(text: str, own: str, label: str) -> Query:
    """SQL: how well a row answers to `text`, 0 best; NULL = not at all. No pattern: every sign stands for itself."""
    wanted = clean(text).strip()
    if not wanted:
        return Query("0")
    tests = [f"{own} = ?", f"lower({own}) = lower(?)"]
    tests += [f"starts_with(lower({column}), lower(?))" for column in (own, label)]
    tests += [f"contains(lower({column}), lower(?))" for column in (own, label)]
    cases = "".join(f" WHEN {test} THEN {min(place, 4)}" for place, test in enumerate(tests))
    return Query(f"CASE{cases} END", (wanted,) * len(tests))


def _found(store: Store, no: str, candidates: Query, limit: int, *, some: bool) -> list[Found]:
    query = (
        Query("WITH found AS MATERIALIZED (SELECT * FROM (")
        + candidates
        + f") WHERE place IS NOT NULL), counted AS (SELECT {no} AS no, count(*) AS events,"
        + " count(*) FILTER (event = 'purchase') AS bought FROM events "
        + (f"WHERE {no} IN (SELECT no FROM found)" if some else f"WHERE {no} IS NOT NULL")
        + before(store.as_of())
        + f" GROUP BY {no}) SELECT id, label, coalesce(events, 0) AS events FROM found LEFT JOIN counted USING (no) "
        + ("ORDER BY place, " if some or no != "user_no" else "ORDER BY bought DESC NULLS LAST, ")
        + Query("events DESC, id LIMIT ?", (max(0, limit),))
    )
    return [Found(str(r["id"]), one_line(str(r["label"])), int(r["events"])) for r in store.rows(query)]
