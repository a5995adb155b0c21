"""Why a user is matched to an item: a model's explanation in raw ids, titles and words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import Refusal
from core.explain.alike import shared_with
from core.explain.past import pasts
from core.explain.spoke import spoke, spoke_in_words
from core.explain.tables import as_text, category_column, item_labels, number_of
from core.explain.telling import Labels, has_seen, told_in_words, top_items
from core.explain.types import LabelledView, Part, Recommended, Why
from core.explain.words import one_line
from core.interactions import Array, IdMap
from core.recommend import Explanation, Recommender, View
from core.store import Query, Store, ident


def why(store: Store, model: Recommender, user: str, item: str | None, *, most: int | None = None) -> Why:
    """Why `model` gives this user this item (None = the first of the user's list), both views taken apart.

    `most` keeps the largest parts of each view; the rest is counted in `others` and `others_value`.
    Raises Refusal `unknown_user`, `unknown_item` where the matrix lacks them, `nothing_to_recommend`, `bad_most`.
    """
    if most is not None and most < 0:
        raise Refusal("bad_most", f"{most} parts cannot be shown.", "Give 0 or more, or nothing for all.")
    x = model.x
    row = x.users.row(user)
    if item is None:
        column = int(model.recommend(np.array([row]), 1).items[0, 0])
        if column < 0:
            raise Refusal(
                "nothing_to_recommend",
                f"The model has nothing to suggest to the user {user!r}.",
                "They may have seen every item, or have no history; choose another user, or name an item.",
            )
    else:
        column = x.items.row(item)
    told = model.explain(row, column)
    items, users = _largest(told.items, most, x.items), _largest(told.users, most, x.users)
    rank = _rank(model, row, column)
    labels = _labels(store, model, row, np.concatenate([[column], told.items.rows[items], top_items(told.items)]))
    return Why(
        user,
        x.items.raw(column),
        labels.title(x.items, column),
        model.spec,
        told.score,
        told.base,
        _view(told.items, items, _item_parts(model, told, items, labels)),
        _view(told.users, users, _user_parts(model, told, users)),
        told_in_words(model, told, labels, rank),
        has_seen(model, row, column),
        rank,
        spoke(told),
        spoke_in_words(told),
    )


def recommended(
    store: Store, model: Recommender, user: str, k: int = 10, *, among: Sequence[str] | None = None
) -> list[Recommended]:
    """The user's list, best first, each line with its reason; fewer than k where less can be scored.

    `among`: raw ids of the items to choose from; those that the model's matrix lacks cannot be scored and are left out.
    Raises Refusal `unknown_user`, `unknown_item` for an item that the data do not have, `bad_k`.
    """
    if k < 1:
        raise Refusal("bad_k", f"{k} items cannot be listed.", "Ask for 1 or more.")
    x = model.x
    row = x.users.row(user)
    columns = None if among is None else _columns(store, x.items, among)
    items = model.recommend(np.array([row]), k, among=columns).items[0]
    told = [model.explain(row, int(column)) for column in items if column >= 0]
    labels = _labels(store, model, row, np.concatenate([items[items >= 0], *(top_items(t.items) for t in told)]))
    categories = _categories(store, x.items.numbers[items[items >= 0]])
    return [
        Recommended(
            rank,
            x.items.raw(t.item),
            labels.title(x.items, t.item),
            categories.get(int(x.items.numbers[t.item])),
            t.score,
            told_in_words(model, t, labels),
        )
        for rank, t in enumerate(told, start=1)
    ]


def _labels(store: Store, model: Recommender, row: int, columns: Array) -> Labels:
    x = model.x
    past = pasts(store, int(x.users.numbers[row]), x.until)
    words = x.facts.get("words")
    titles = item_labels(store, x.items.numbers[columns.astype(np.int64)])
    return Labels(past, titles, None if words is None else tuple(words))


def _largest(view: View, most: int | None, names: IdMap) -> Array:
    """Places in a view: the `most` largest parts by absolute value, largest first, then by raw id."""
    size = np.abs(view.values)
    places = np.arange(len(size))
    if most is not None and most < len(size):
        if not most:
            return places[:0]
        places = np.flatnonzero(size >= np.partition(size, len(size) - most)[len(size) - most])
    ids = names.ids.take(pa.array(view.rows[places])).to_pylist() if names.ids is not None else []
    order = sorted(range(len(places)), key=lambda n: (-size[places[n]], ids[n]))
    return places[np.array(order[:most], dtype=np.int64)]


def _view(view: View, shown: Array, parts: tuple[Part, ...]) -> LabelledView:
    rest = np.delete(view.values, shown)
    return LabelledView(view.of, view.exact, view.fidelity, view.how, parts, len(rest), float(rest.sum()))


def _share(told: Explanation, value: float) -> float | None:
    moved = told.score - told.base
    return value / moved if np.isfinite(moved) and moved else None


def _item_parts(model: Recommender, told: Explanation, shown: Array, labels: Labels) -> tuple[Part, ...]:
    items, parts = model.x.items, []
    for column, value in zip(told.items.rows[shown].tolist(), told.items.values[shown].tolist(), strict=True):
        past = labels.past.get(int(items.numbers[column]))
        note = "" if past is None else past.note()
        parts.append(Part(items.raw(column), labels.title(items, column), value, _share(told, value), note))
    return tuple(parts)


def _user_parts(model: Recommender, told: Explanation, shown: Array) -> tuple[Part, ...]:
    users, rows = model.x.users, told.users.rows[shown]
    common = shared_with(model.x, told.user, rows).tolist() if len(rows) else []
    parts = []
    for row, value, n in zip(rows.tolist(), told.users.values[shown].tolist(), common, strict=True):
        common_items = "no items" if not n else "1 item" if n == 1 else f"{n:,} items"
        note = "this user" if row == told.user else f"{common_items} in common"
        parts.append(Part(users.raw(row), users.raw(row), value, _share(told, value), note))
    return tuple(parts)


def _rank(model: Recommender, row: int, column: int) -> int | None:
    """The place of an item among all that the user has not seen, from 1; ties as in lists; None where it has none."""
    x = model.x.matrix
    if has_seen(model, row, column):
        return None
    scores = np.asarray(model.score(np.array([row]))[0], dtype=np.float32)
    if not np.isfinite(scores[column]):
        return None
    before = scores > scores[column]
    before[:column] |= scores[:column] == scores[column]
    before[x.indices[x.indptr[row] : x.indptr[row + 1]]] = False
    return 1 + int(before.sum())


def _columns(store: Store, items: IdMap, among: Sequence[str]) -> Array:
    places = pc.index_in(pa.array(list(among), pa.string()), value_set=items.ids).to_pylist()
    for raw, place in zip(among, places, strict=True):
        if place is None:
            number_of(store, "items", raw)
    return np.array([place for place in places if place is not None], dtype=np.int64)


def _categories(store: Store, item_nos: Array) -> dict[int, str]:
    """item_no -> its category, or its categories with commas; items without one are left out."""
    column = category_column(store)
    if column is None or not len(item_nos):
        return {}
    marks = ", ".join("?" * len(item_nos))
    query = Query(
        f"SELECT item_no, {ident(column)} AS category FROM items WHERE item_no IN ({marks})", tuple(item_nos.tolist())
    )
    told = {int(row["item_no"]): one_line(as_text(row["category"])) for row in store.rows(query)}
    return {no: text for no, text in told.items() if text}
