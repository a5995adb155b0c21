"""What the hidden tastes of a model are about: told by the items and users at their ends, and what these share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.errors import Refusal
from core.explain.tables import category_column, item_labels, own_columns, pairs, remembered, title
from core.interactions import Array, IdMap
from core.recommend import Readable, Recommender, readable
from core.store import Query, Store

_LEAST_ITEMS = 3  # items that must share something before it is said
_SURE = 2.6  # standard errors above the usual share (as the traits of an item's buyers)
_LOOKED = 20  # items at an end that are looked through for what they share
_NEAR = 0.25  # of the strongest item's value: the others are not about this taste
_MOST_SHARED = 3
_LETTERS = 3  # of a word worth naming


@dataclass(frozen=True)
class Pole:
    """An item or user at an end of a taste.

    Attributes:
        id: raw id; label: what people call it.
        value: 1 for the item (user) that the taste is strongest in at either end, less for others; never below 0.
    """

    id: str
    label: str
    value: float


@dataclass(frozen=True)
class Common:
    """What items at an end share: `items` of `of` items looked at, and how many times its usual share that is.

    Attributes:
        kind: "category" (a value of the items' category column) or "word" (a word of their titles).
    """

    kind: Literal["category", "word"]
    value: str
    items: int
    of: int
    lift: float


@dataclass(frozen=True)
class TasteEnd:
    """One end of a taste: its most typical items and users, strongest first; what the items share; and in words."""

    items: tuple[Pole, ...]
    users: tuple[Pole, ...]
    common: tuple[Common, ...]
    words: str


@dataclass(frozen=True)
class TasteOf:
    """One hidden taste of a model.

    Attributes:
        number: from 1, the weightiest first; also the column of `core.recommend.rotate.readable`, from 0, plus 1.
        weight: its share, 0 to 1; `of` says of what: "scores squared" or (tastes that only add) "scores".
        high: the end by which it is called.
        low: the other end; None where tastes only add.
    """

    number: int
    weight: float
    of: str
    high: TasteEnd
    low: TasteEnd | None


def tastes(store: Store, model: Recommender, *, most: int = 8, found: Readable | None = None) -> tuple[TasteOf, ...]:
    """Every hidden taste of a fitted iALS, PureSVD, NMF or BPR, weightiest first, with `most` items and users an end.

    `found`: what `readable` said of the model, where it is known already.
    The model must hold raw ids (fitted or loaded here, not in a worker). Raises Refusal `no_tastes`, `bad_most`.
    """
    if most < 1:
        raise Refusal("bad_most", f"{most} items cannot be listed.", "Ask for 1 or more.")
    found = found or readable(model)
    teller = _Teller(store, model, found, most)
    return tuple(
        TasteOf(
            k + 1,
            float(found.weights[k]),
            found.of,
            teller.end(k, 1.0),
            teller.end(k, -1.0) if found.ends == 2 else None,
        )
        for k in range(len(found.weights))
    )


class _Teller:
    """What the ends of all tastes of one model have in common."""

    def __init__(self, store: Store, model: Recommender, found: Readable, most: int) -> None:
        self._store, self._x, self._found, self._most = store, model.x, found, most
        self._shared = [
            (kind, *_columns(model.x.items, *said))
            for kind, said in (("category", _categories(store)), ("word", _words(store)))
        ]
        # only the ends are named: looked up once for all tastes
        ends = [_top(sign * found.items[:, k], most) for k in range(len(found.weights)) for sign in (1.0, -1.0)]
        named = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *ends]))
        self._labels = item_labels(store, model.x.items.numbers[named])

    def end(self, k: int, sign: float) -> TasteEnd:
        items = sign * self._found.items[:, k]
        near = np.where(items >= _NEAR * items.max(initial=0.0), items, 0.0)
        common = self._common(_top(near, _LOOKED))
        told = self._poles(self._x.items, items, np.abs(items).max(initial=0.0))
        users = sign * self._found.users[:, k]
        return TasteEnd(
            told, self._poles(self._x.users, users, np.abs(users).max(initial=0.0)), common, _said(told, common)
        )

    def _poles(self, ids: IdMap, values: Array, largest: float) -> tuple[Pole, ...]:
        labels = self._labels if ids.what == "item" else {}
        return tuple(
            Pole(ids.raw(row), labels.get(int(ids.numbers[row]), ids.raw(row)), float(values[row] / largest))
            for row in _top(values, self._most).tolist()
        )

    def _common(self, rows: Array) -> tuple[Common, ...]:
        """The surest categories, then the surest words, that set these items apart."""
        found: list[Common] = []
        for kind, values, columns, codes in self._shared:
            usual = np.bincount(codes, minlength=len(values)) / max(1, self._x.shape[1])
            count = np.bincount(codes[np.isin(columns, rows)], minlength=len(values))
            share = count / max(1, len(rows))
            error = np.sqrt(usual * (1 - usual) / max(1, len(rows)))
            sure = (share - usual) / np.maximum(error, 1e-12)
            kept = np.flatnonzero((count >= _LEAST_ITEMS) & (sure > _SURE))
            for place in kept[np.lexsort((kept, -sure[kept]))][:_MOST_SHARED]:
                lift = float(share[place] / usual[place])
                found.append(Common(kind, values[place], int(count[place]), len(rows), lift))  # type: ignore[arg-type]
        return tuple(found[:_MOST_SHARED])


def _top(values: Array, most: int) -> Array:
    """Rows of the largest values above 0, largest first, ties by row."""
    above = np.flatnonzero(values > 0)
    if len(above) > most:
        edge = np.partition(values[above], len(above) - most)[len(above) - most]
        above = above[values[above] >= edge]
    found: Array = above[np.lexsort((above, -values[above]))][:most]
    return found


def _said(items: tuple[Pole, ...], common: tuple[Common, ...]) -> str:
    """One sentence on an end."""
    if not items:
        return "No item lies at this end."
    if not common:
        return "Nothing that the data name is shared; it is seen most in " + _listed([p.label for p in items[:3]]) + "."
    parts = [
        f"{one.items:,} of {one.of:,} items are “{one.value}” ({one.lift:,.1f} times the usual share)"
        if one.kind == "category"
        else f"{one.items:,} of {one.of:,} titles say “{one.value}” ({one.lift:,.1f} times as often as usual)"
        for one in common
    ]
    text = "; ".join(parts) + "."
    return text[0].upper() + text[1:]


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def _categories(store: Store) -> tuple[Array, Array]:
    column = category_column(store)
    if column is None:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=object)
    return _read(store, pairs(store, "items", column))


def _words(store: Store) -> tuple[Array, Array]:
    if not any(role == "title" for role, _ in own_columns(store, "items").values()):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=object)
    split = f"SELECT item_no, unnest(regexp_split_to_array(lower({title(store)}), '[^\\p{{L}}]+')) AS value FROM items"
    return _read(store, f"SELECT DISTINCT item_no, value FROM ({split}) WHERE length(value) >= {_LETTERS}")


def _read(store: Store, sql: str) -> tuple[Array, Array]:
    """(item_no, value) pairs, in a fixed order."""

    def read() -> tuple[Array, Array]:
        table = store.read(Query(f"SELECT item_no, value FROM ({sql}) ORDER BY item_no, value"))
        return np.asarray(table["item_no"], dtype=np.int64), np.asarray(table["value"].to_pylist(), dtype=object)

    return remembered(store, ("taste words", sql), read)


def _columns(items: IdMap, numbers: Array, values: Array) -> tuple[list[str], Array, Array]:
    """The distinct values; and of every pair that the matrix has: its column, and its value's place among them."""
    columns = items.rows(numbers)
    kept = columns >= 0
    names, codes = np.unique(values[kept].astype(str), return_inverse=True)
    return [str(name) for name in names], columns[kept], codes
