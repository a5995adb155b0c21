"""Why a user is matched to an item: a model's explanation in raw ids, titles and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import Refusal
from core.explain.alike import shared_with
from core.explain.past import Past, pasts
from core.explain.sentence import Reasons, sentence
from core.explain.tables import as_text, category_column, item_labels, number_of
from core.explain.types import LabelledView, Part, Recommended, Why
from core.explain.words import deed, one_line
from core.interactions import Array, IdMap
from core.recommend import Explanation, Recommender, View
from core.store import Query, Store, ident

_NAMED = 3  # the most items that a sentence names
_ITSELF = "this very item"


@dataclass(frozen=True)
class _Labels:
    """What is asked of the workspace once for all that is explained about one user."""

    past: dict[int, Past]
    titles: dict[int, str]
    used: tuple[str, ...] | None = field(default=None)

    def title(self, items: IdMap, column: int) -> str:
        return self.titles.get(int(items.numbers[column]), items.raw(column))


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
    labels = _labels(store, model, row, np.concatenate([[column], told.items.rows[items], _top(told.items)]))
    return Why(
        user,
        x.items.raw(column),
        labels.title(x.items, column),
        model.spec,
        told.score,
        told.base,
        _view(told.items, items, _item_parts(model, told, items, labels)),
        _view(told.users, users, _user_parts(model, told, users)),
        _sentence(model, told, labels, rank),
        _seen(model, row, column),
        rank,
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
    labels = _labels(store, model, row, np.concatenate([items[items >= 0], *(_top(t.items) for t in told)]))
    categories = _categories(store, x.items.numbers[items[items >= 0]])
    return [
        Recommended(
            rank,
            x.items.raw(t.item),
            labels.title(x.items, t.item),
            categories.get(int(x.items.numbers[t.item])),
            t.score,
            _sentence(model, t, labels),
        )
        for rank, t in enumerate(told, start=1)
    ]


def _labels(store: Store, model: Recommender, row: int, columns: Array) -> _Labels:
    x = model.x
    past = pasts(store, int(x.users.numbers[row]), x.until)
    words = x.facts.get("words")
    titles = item_labels(store, x.items.numbers[columns.astype(np.int64)])
    return _Labels(past, titles, None if words is None else tuple(words))


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


def _top(view: View) -> Array:
    """Columns of the parts that a sentence may name."""
    best = np.lexsort((view.rows, -view.values))[:_NAMED]
    return view.rows[best[view.values[best] > 0]]


def _view(view: View, shown: Array, parts: tuple[Part, ...]) -> LabelledView:
    rest = np.delete(view.values, shown)
    return LabelledView(view.of, view.exact, view.fidelity, view.how, parts, len(rest), float(rest.sum()))


def _share(told: Explanation, value: float) -> float | None:
    moved = told.score - told.base
    return value / moved if np.isfinite(moved) and moved else None


def _item_parts(model: Recommender, told: Explanation, shown: Array, labels: _Labels) -> tuple[Part, ...]:
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


def _seen(model: Recommender, row: int, column: int) -> bool:
    x = model.x.matrix
    return bool(np.isin(column, x.indices[x.indptr[row] : x.indptr[row + 1]]))


def _rank(model: Recommender, row: int, column: int) -> int | None:
    """The place of an item among all that the user has not seen, from 1; ties as in lists; None where it has none."""
    x = model.x.matrix
    if _seen(model, row, column):
        return None
    scores = np.asarray(model.score(np.array([row]))[0], dtype=np.float32)
    if not np.isfinite(scores[column]):
        return None
    before = scores > scores[column]
    before[:column] |= scores[:column] == scores[column]
    before[x.indices[x.indptr[row] : x.indptr[row + 1]]] = False
    return 1 + int(before.sum())


def _sentence(model: Recommender, told: Explanation, labels: _Labels, rank: int | None = None) -> str:
    x, items = model.x, []
    for column in _top(told.items).tolist():
        past = labels.past.get(int(x.items.numbers[column]))
        event = None if past is None else past.strongest(labels.used)
        name = _ITSELF if column == told.item else labels.title(x.items, column)
        items.append((event, name, float(told.items.values[told.items.rows == column][0])))
    seen = None
    if _seen(model, told.user, told.item):
        past = labels.past.get(int(x.items.numbers[told.item]))
        seen = (None if past is None else past.strongest(labels.used)) or ""
    impersonal = model.scores_everyone and not len(told.items.rows) and not told.items.exact
    values = told.items.values
    return sentence(
        Reasons(
            known=bool(np.isfinite(told.score)),
            history=bool(x.matrix.indptr[told.user + 1] > x.matrix.indptr[told.user]),
            seen=seen,
            took=_took(labels.used),
            everyone=len(told.users.rows) if impersonal else None,
            items=tuple(items),
            n=int((values > 0).sum()),
            of=float(values[values > 0].sum()),
            whole=not told.base and not bool((values < 0).any()),
            against=bool((values < 0).any() and values.sum() <= 0),
            exact=told.items.exact,
            speakers=int(((told.users.values > 0) & (told.users.rows != told.user)).sum()),
            rank=rank,
        )
    )


def _took(used: tuple[str, ...] | None) -> str:
    """What all who are in an item's column have in common: with several kinds of event no more than an interest."""
    if not used:
        return "took it"
    return deed(used[0], "it") if len(used) == 1 else "took an interest in it"


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
