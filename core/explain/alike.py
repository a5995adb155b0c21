"""How alike two users are, and by what; which items go together. Cosine over everything, shrunken.

Vectors: a pair of user and item counts log2(1 + weight), so that one pair with hundreds of events does not decide
alone. cosine = sum over shared items of a x b / (|a| |b|), with the lengths |a|, |b| over *all* of a user's items: one
shared item among many is not 1.0, as it would be over shared items alone. Similarity = cosine x n / (n + shrink), n
shared items: below 1 always, so that little in common never looks like certainty.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import Refusal
from core.explain.tables import item_labels
from core.explain.types import GoesWith, SharedItem, SimilarUser
from core.interactions import Array, Interactions
from core.store import Store

SHRINK = 10.0
MOST_ITEMS = 50
LEAST_TOGETHER = 3  # users who took both: below that a pair of items is an accident


def similar_users(
    store: Store, x: Interactions, user: str, k: int = 10, *, shrink: float = SHRINK
) -> list[SimilarUser]:
    """The k users most alike, best first, ties by raw id; fewer where fewer share anything.

    Exact: the shrunken value of every user of the matrix is computed, then the best are taken.
    Raises Refusal `unknown_user` for a user the matrix does not have, `bad_shrink`, `bad_k`.
    """
    _check(shrink)
    if k < 1:
        raise Refusal("bad_k", f"{k} users cannot be listed.", "Ask for 1 or more.")
    row = x.users.row(user)
    cosine, shared = _cosines(x, row)
    cosine[row] = shared[row] = 0
    similarity = _shrunken(cosine, shared, shrink)
    best = _best(similarity, k, x)
    return _labelled(store, x, [_pair(x, row, other, shrink) for other in best])


def alike(store: Store, x: Interactions, user: str, other: str, *, shrink: float = SHRINK) -> SimilarUser | None:
    """How alike `other` is to `user`; None where they share no item.

    The same both ways round. Raises Refusal `unknown_user`, `same_user`, `bad_shrink`.
    """
    _check(shrink)
    if user == other:
        raise Refusal("same_user", "A user cannot be compared with themselves.", "Choose two different users.")
    found = _pair(x, x.users.row(user), x.users.row(other), shrink)
    return _labelled(store, x, [found])[0] if found.shared else None


def shared_with(x: Interactions, row: int, others: Array) -> Array:
    """int64 (len(others),): how many items each of these rows shares with the user's row."""
    mine = np.zeros(x.shape[1], dtype=np.int64)
    mine[x.matrix.indices[x.matrix.indptr[row] : x.matrix.indptr[row + 1]]] = 1
    them = x.matrix[others]
    return np.add.reduceat(np.append(mine[them.indices], 0), them.indptr[:-1]) * (np.diff(them.indptr) > 0)


def goes_with(store: Store, x: Interactions, item: str, k: int = 10, *, shrink: float = SHRINK) -> tuple[GoesWith, ...]:
    """The k items most alike by the users who took both (at least 3), best first, ties by raw id.

    Cosine over users of log2(1 + weight), shrunken by users in common. Lift = P(both) / (P(one) P(other)) over the
    users of the matrix who did anything: 1 = as often together as by chance. Empty for an item the matrix lacks.
    """
    column = int(pc.index(x.items.ids, pa.scalar(item, pa.string())).as_py())
    if column < 0:
        return ()
    n_items = x.shape[1]
    n_users = int((np.diff(x.matrix.indptr) > 0).sum())  # a wide matrix also has rows of users who did nothing
    sizes = _sizes(x)
    theirs = x.matrix[_rows(x, np.flatnonzero(x.matrix.indices == column))]
    weights = _log(theirs.data)
    mine = np.repeat(weights[theirs.indices == column], np.diff(theirs.indptr))
    together = np.bincount(theirs.indices, minlength=n_items)
    products = np.bincount(theirs.indices, weights=weights * mine, minlength=n_items)
    cosine = products / np.maximum(sizes.items * sizes.items[column], np.finfo(float).tiny)
    similarity = np.where(together >= LEAST_TOGETHER, _shrunken(cosine, together, shrink), 0.0)
    similarity[column] = 0
    best = _best(similarity, k, x, by_item=True)
    labels = item_labels(store, x.items.numbers[best])
    return tuple(
        GoesWith(
            x.items.raw(other),
            labels.get(int(x.items.numbers[other]), x.items.raw(other)),
            int(together[other]),
            float(together[other] * n_users / (sizes.takers[other] * sizes.takers[column])),
            float(similarity[other]),
        )
        for other in best
    )


def _check(shrink: float) -> None:
    if not 0 <= shrink < float("inf"):
        raise Refusal("bad_shrink", f"The shrinkage cannot be {shrink}.", "Give 0 (none) or more; 10 is usual.")


@dataclass(frozen=True, eq=False)
class _Sizes:
    """Lengths of all rows and columns, float64 (n_users,) and (n_items,), and users of each item, int64 (n_items,)."""

    users: Array
    items: Array
    takers: Array


_known: WeakKeyDictionary[Interactions, _Sizes] = WeakKeyDictionary()


def _sizes(x: Interactions) -> _Sizes:
    """Reckoned once for each matrix."""
    if x not in _known:
        n_users, n_items = x.shape
        squares = _log(x.matrix.data) ** 2
        rows = np.repeat(np.arange(n_users), np.diff(x.matrix.indptr))
        columns = x.matrix.indices
        _known[x] = _Sizes(
            np.sqrt(np.bincount(rows, weights=squares, minlength=n_users)),
            np.sqrt(np.bincount(columns, weights=squares, minlength=n_items)),
            np.bincount(columns, minlength=n_items),
        )
    return _known[x]


def _log(weights: Array) -> Array:
    return np.asarray(np.log2(1 + weights.astype(np.float64)))


def _rows(x: Interactions, places: Array) -> Array:
    """The row of each place in the matrix's data."""
    return np.searchsorted(x.matrix.indptr, places, side="right") - 1


def _cosines(x: Interactions, row: int) -> tuple[Array, Array]:
    """float64 and int64 (n_users,): the cosine of each row with the one row, and the items shared."""
    n_users, n_items = x.shape
    columns, begin = _row(x, row)
    mine = np.zeros(n_items)
    mine[columns] = _log(x.matrix.data[begin : begin + len(columns)])
    places = np.flatnonzero(mine[x.matrix.indices])
    rows = _rows(x, places)
    products = _log(x.matrix.data[places]) * mine[x.matrix.indices[places]]
    lengths = _sizes(x).users
    dots = np.bincount(rows, weights=products, minlength=n_users)
    shared = np.bincount(rows, minlength=n_users)
    return dots / np.maximum(lengths * lengths[row], np.finfo(float).tiny), shared


def _shrunken(cosine: Array, shared: Array, shrink: float) -> Array:
    return cosine * shared / np.maximum(shared + shrink, np.finfo(float).tiny)


def _best(similarity: Array, k: int, x: Interactions, *, by_item: bool = False) -> list[int]:
    """Places of the k greatest above 0, greatest first; those equal to the twelfth digit by raw id."""
    rounded = np.round(similarity, 12)
    some = np.flatnonzero(rounded > 0)
    if len(some) > k:
        least = np.partition(rounded[some], len(some) - k)[len(some) - k]
        some = some[rounded[some] >= least]
    names = x.items if by_item else x.users
    return sorted((int(place) for place in some), key=lambda p: (-rounded[p], names.raw(p)))[:k]


def _pair(x: Interactions, row: int, other: int, shrink: float) -> SimilarUser:
    """How alike two rows are; labels are still raw ids."""
    (mine, my_place), (theirs, their_place) = _row(x, row), _row(x, other)
    shared, here, there = np.intersect1d(mine, theirs, assume_unique=True, return_indices=True)
    a, b = _log(x.matrix.data[my_place + here]), _log(x.matrix.data[their_place + there])
    lengths = _sizes(x).users
    products = a * b
    total = float(products.sum())
    # two users with the same one item may round to a hair above 1
    cosine = min(total / float(lengths[row] * lengths[other]), 1.0) if len(shared) else 0.0
    listed = sorted(
        range(len(shared)), key=lambda n: (-round(float(products[n]) / total, 12), x.items.raw(int(shared[n])))
    )
    items = tuple(
        SharedItem(
            x.items.raw(int(shared[n])),
            x.items.raw(int(shared[n])),
            float(products[n] / total),
            float(x.matrix.data[my_place + here[n]]),
            float(x.matrix.data[their_place + there[n]]),
        )
        for n in listed[:MOST_ITEMS]
    )
    rest = float(sum(products[n] for n in listed[MOST_ITEMS:]) / total) if len(shared) else 0.0
    n = len(shared)
    return SimilarUser(x.users.raw(other), cosine * n / (n + shrink) if n else 0.0, cosine, n, items, rest)


def _row(x: Interactions, row: int) -> tuple[Array, int]:
    """Columns of a row, and where its data begin."""
    begin = int(x.matrix.indptr[row])
    return x.matrix.indices[begin : x.matrix.indptr[row + 1]], begin


def _labelled(store: Store, x: Interactions, users: list[SimilarUser]) -> list[SimilarUser]:
    """The same with items' titles, asked for once."""
    wanted = sorted({item.item for user in users for item in user.items})
    places = pc.index_in(pa.array(wanted, pa.string()), value_set=x.items.ids).to_numpy(zero_copy_only=False)
    numbers = dict(zip(wanted, x.items.numbers[places.astype(np.int64)].tolist(), strict=True))
    labels = item_labels(store, numbers.values())
    return [
        replace(user, items=tuple(replace(i, label=labels.get(numbers[i.item], i.label)) for i in user.items))
        for user in users
    ]
