"""The k best of each row of scores, exactly, ties included, on all cores."""

from __future__ import annotations

import numpy as np

from core.interactions import Array

GROUP = 16  # columns looked at as one; more would leave more to look at singly, fewer more groups to choose from
_AGAIN = 8  # groups taken together once more
_WIDE = 32  # the same where scores are equal
_NEAR = 400_000  # scores that a core's cache holds


def topk(scores: Array, k: int, heads: Array | None = None) -> tuple[Array, Array]:
    """Columns int32 (n, k) and values float32 (n, k) of the k greatest of each row, greatest first.

    `scores` is float32 (n, m), C-ordered. Equal values: the smaller column first. -inf and NaN are never taken: where
    a row runs out the column is -1 and the value NaN. `heads` is what `group_heads` found in them, for those who go
    through the scores anyway.

    Why groups suffice: where k groups hold a value of t or more, the k-th greatest value is t or more, so all of the
    k best lie in groups that reach t. Where exactly k do, and exactly k of their columns reach the k-th greatest
    value, there was no choice to make; the other rows are done again by `_careful`.

    >>> topk(np.array([[1, 3, 3, np.nan]], dtype=np.float32), 2)[0]
    array([[1, 2]], dtype=int32)
    """
    n, m = scores.shape
    if not scores.size:
        return _filled(np.empty((n, 0), dtype=np.int64), np.empty((n, 0), dtype=np.float32), k)
    groups = m // GROUP
    if groups <= 2 * k:
        return _careful(scores, k)
    if heads is None:
        heads = np.empty((n, groups), dtype=np.float32)
        for part in near(n, m):
            group_heads(scores[part], heads[part])
    heads = _without_nan(scores, heads)
    inside = groups * GROUP
    chosen, one_way = _reaching_wide(heads, k)
    columns = (chosen[:, :, None] + np.arange(0, inside, groups)).reshape(n, -1)
    if inside < m:
        columns = np.concatenate([columns, np.broadcast_to(np.arange(inside, m), (n, m - inside))], axis=1)
    values = np.fmax(_picked(scores, columns), np.float32(-np.inf))
    places, still = _reaching(values, k)
    columns, values = _picked(columns, places), _picked(values, places)
    order = np.argsort(_keys(values, columns), axis=1)[:, ::-1]
    items, best = _filled(np.take_along_axis(columns, order, axis=1), np.take_along_axis(values, order, axis=1), k)
    again = np.flatnonzero(~(one_way & still))
    if len(again):
        items[again], best[again] = _careful(scores[again], k)
    return items, best


def group_heads(scores: Array, out: Array | None = None) -> Array:
    """float32 (n, m // 16): the greatest of each group of columns, NaN where the group holds one.

    Group g: columns g, g + groups, g + 2 groups, ...; those left over are in none.
    """
    n, m = scores.shape
    groups = m // GROUP
    # NaN is let through: looking out for it here would be a pass of its own over all scores
    found: Array = np.maximum.reduce(scores[:, : groups * GROUP].reshape(n, GROUP, groups), axis=1, out=out)
    return found


def _without_nan(scores: Array, heads: Array) -> Array:
    """`heads` with each group's greatest of what is not NaN, -inf where that is nothing."""
    rows = np.flatnonzero(np.isnan(heads.max(axis=1)))
    if not len(rows):
        return heads
    groups = heads.shape[1]
    heads = heads.copy()
    some = scores[rows, : groups * GROUP].reshape(len(rows), GROUP, groups)
    heads[rows] = np.fmax.reduce(some, axis=1, initial=-np.inf)
    return heads


def near(n: int, m: int) -> list[slice]:
    """The rows of a block (n, m) of float32 in parts that stay near the processor through a few passes."""
    rows = max(1, _NEAR // max(m, 1))
    return [slice(begin, min(begin + rows, n)) for begin in range(0, n, rows)]


def _reaching_wide(values: Array, k: int) -> tuple[Array, Array]:
    """`_reaching`, through groups once more: choosing among few is several times quicker than among many."""
    n, m = values.shape
    groups = m // _AGAIN
    if groups <= 4 * k:
        return _reaching(values, k)
    inside = groups * _AGAIN
    best = np.maximum.reduce(values[:, :inside].reshape(n, _AGAIN, groups), axis=1)
    chosen, one_way = _reaching(best, k)
    columns = (chosen[:, :, None] + np.arange(0, inside, groups)).reshape(n, -1)
    if inside < m:
        columns = np.concatenate([columns, np.broadcast_to(np.arange(inside, m), (n, m - inside))], axis=1)
    places, still = _reaching(_picked(values, columns), k)
    return _picked(columns, places), one_way & still


def _picked(values: Array, columns: Array) -> Array:
    """np.take_along_axis(values, columns, axis=1), in a third of its time for few columns."""
    n, m = values.shape
    flat = columns + np.arange(0, n * m, m)[:, None]
    return np.asarray(np.ascontiguousarray(values).reshape(-1)[flat])


def _reaching(values: Array, k: int) -> tuple[Array, Array]:
    """Places (n, k) of the values that reach each row's k-th greatest, and whether these are k (else any k places)."""
    edge = values.shape[1] - k
    reach = values >= np.partition(values, edge, axis=1)[:, edge : edge + 1]
    one_way = np.count_nonzero(reach, axis=1) == k
    reach[~one_way] = np.arange(values.shape[1]) < k
    # flat: several times quicker than finding rows and columns
    return np.flatnonzero(reach).reshape(-1, k) % values.shape[1], one_way


def _careful(scores: Array, k: int) -> tuple[Array, Array]:
    """`topk` where equal values have to be told apart.

    Why groups suffice here: let e be among a row's k best, and order groups of neighbouring columns by their greatest
    value, ties to the left. If k groups came before e's, each would hold an element before e: e would not be one of
    the k best.
    """
    n, m = scores.shape
    groups = m // _WIDE
    if groups > 2 * k:
        head = scores[:, : groups * _WIDE].reshape(n, groups, _WIDE)
        best = np.fmax.reduce(head, axis=2)
        places = _largest(_keys(best, np.arange(groups)), k)[:, :, None] * _WIDE + np.arange(_WIDE)
        tail = np.broadcast_to(np.arange(groups * _WIDE, m), (n, m - groups * _WIDE))
        columns = np.concatenate([places.reshape(n, -1), tail], axis=1)
        values = np.take_along_axis(scores, columns, axis=1)
    else:
        columns, values = np.broadcast_to(np.arange(m), (n, m)), scores
    chosen = _largest(_keys(values, columns), min(k, columns.shape[1]))
    return _filled(np.take_along_axis(columns, chosen, axis=1), np.take_along_axis(values, chosen, axis=1), k)


def _keys(values: Array, columns: Array) -> Array:
    """int64 that sort as (value, smaller column first): no two of a row are equal."""
    clean = np.where(np.isnan(values), np.float32(-np.inf), values).astype(np.float32) + np.float32(0)  # -0 is 0
    bits = clean.view(np.int32)
    ordered = np.where(bits < 0, bits ^ np.int32(0x7FFFFFFF), bits).astype(np.int64)
    return (ordered << 32) | (np.int64(0xFFFFFFFF) - columns)


def _largest(keys: Array, k: int) -> Array:
    """Places of the k greatest of each row, greatest first."""
    if keys.shape[1] > k:
        places = np.argpartition(keys, keys.shape[1] - k, axis=1)[:, -k:]
        keys = np.take_along_axis(keys, places, axis=1)
        order = np.argsort(keys, axis=1)[:, ::-1]
        return np.take_along_axis(places, order, axis=1)
    return np.argsort(keys, axis=1)[:, ::-1]


def _filled(columns: Array, values: Array, k: int) -> tuple[Array, Array]:
    n, found = columns.shape
    items = np.full((n, k), -1, dtype=np.int32)
    scores = np.full((n, k), np.nan, dtype=np.float32)
    taken = np.isfinite(values)
    items[:, :found] = np.where(taken, columns, -1)
    scores[:, :found] = np.where(taken, values, np.nan)
    return items, scores
