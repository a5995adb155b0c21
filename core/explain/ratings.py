"""Why a predicted rating: the formula of one pair, in raw ids and titles."""

from __future__ import annotations

from dataclasses import replace

from core.errors import Refusal
from core.explain.tables import item_labels
from core.interactions import IdMap
from core.recommend import RatingModel, RatingWhy
from core.store import Query, Store


def rating_why(store: Store, model: RatingModel, user: str, item: str) -> RatingWhy:
    """The formula of one pair by raw ids, its neighbours with id and label.

    `model` is fitted on `build_ratings(store)`. A user or item without ratings is predicted by the other alone.
    Raises Refusal `unknown_user`, `unknown_item` where the data do not have it, or neither of the two has a rating.
    """
    for what, raw in (("user", user), ("item", item)):
        _check(store, what, raw)
    r = model.r
    row, column = _row(r.user_map, user), _row(r.item_map, item)
    if row < 0 and column < 0:
        raise Refusal(
            "unknown_user",
            f"Neither the user {user!r} nor the item {item!r} has a rating.",
            "Check how the ids are written.",
        )
    why = model.formula(row, column)
    items = [near.row for near in why.neighbours if near.of == "item"]
    labels = item_labels(store, r.item_map.numbers[items]) if items else {}
    told = []
    for near in why.neighbours:
        raw = (r.item_map if near.of == "item" else r.user_map).raw(near.row)
        label = labels.get(int(r.item_map.numbers[near.row]), raw) if near.of == "item" else raw
        told.append(replace(near, id=raw, label=label))
    return replace(why, neighbours=tuple(told))


def _check(store: Store, what: str, raw: str) -> None:
    if not store.rows(Query(f"SELECT 1 FROM {what}s WHERE {what}_id = ?", (raw,))):
        raise Refusal(f"unknown_{what}", f"These data have no {what} {raw!r}.", "Check how the id is written.")


def _row(ids: IdMap, raw: str) -> int:
    try:
        return ids.row(raw)
    except Refusal:
        return -1
