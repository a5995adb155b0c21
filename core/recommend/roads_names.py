"""Users and items of roads by name: raw ids to numbers, numbers to what people read."""

from __future__ import annotations

import json
from typing import Literal

import numpy as np

from core.errors import Refusal
from core.interactions import Array, Interactions
from core.recommend.roads_types import Listed
from core.recommend.topk import topk
from core.store import Query, Store, ident


def number_of(store: Store, what: Literal["user", "item"], raw: str) -> int:
    """user_no or item_no of a raw id. Raises Refusal `unknown_user`, `unknown_item`."""
    found = store.rows(Query(f"SELECT {what}_no AS no FROM {what}s WHERE {what}_id = ?", (raw,)))
    if not found:
        hint = f"Check how the id is written (upper and lower case, leading zeros), or search for the {what}."
        raise Refusal(f"unknown_{what}", f"These data have no {what} {raw!r}.", hint)
    return int(found[0]["no"])


def users_named(ids: tuple[str, ...]) -> Query:
    """The query for the user_no of these raw ids, however many; ids that nobody has yield nothing."""
    told = json.dumps(list(ids))
    return Query("SELECT user_no FROM users WHERE user_id IN (SELECT unnest(from_json(?, '[\"VARCHAR\"]')))", (told,))


def listed(store: Store, items: tuple[tuple[int, float], ...]) -> tuple[Listed, ...]:
    """(item_no, score) as ids and titles, in their order."""
    role = Query("SELECT column_name AS name FROM columns WHERE table_name = 'items' AND role = 'title'")
    titles = [str(row["name"]) for row in store.rows(role)]
    label = ", ".join([*(f"{ident(title)}::VARCHAR" for title in titles), "item_id"])
    marks = ", ".join("?" * len(items)) or "NULL"
    asked = Query(
        f"SELECT item_no AS no, item_id AS id, coalesce({label}) AS label FROM items WHERE item_no IN ({marks})",
        tuple(no for no, _ in items),
    )
    known = {int(row["no"]): row for row in store.rows(asked)}
    return tuple(Listed(str(known[no]["id"]), str(known[no]["label"]), score) for no, score in items if no in known)


def numbered(x: Interactions, items: Array, scores: Array) -> tuple[tuple[int, float], ...]:
    """(item_no, score) of columns; -1 is left out."""
    kept = items >= 0
    return tuple(zip(x.items.numbers[items[kept]].tolist(), scores[kept].tolist(), strict=True))


def best_rows(x: Interactions, scores: Array, k: int) -> tuple[tuple[str, float], ...]:
    """(raw id, score) of the k users with the highest of the finite scores (n_users,), best first."""
    rows, values = topk(np.ascontiguousarray(scores[None, :], dtype=np.float32), k)
    return tuple((x.users.raw(row), value) for row, value in zip(rows[0], values[0].tolist(), strict=True) if row >= 0)
