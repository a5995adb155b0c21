"""The k best of each row of scores, exactly, ties included, on all cores."""

from __future__ import annotations

import numpy as np

from core.interactions import Array

_GROUP = 32  # columns; a row's k best lie in its k best groups, so only those are looked at one by one


def topk(scores: Array, k: int) -> tuple[Array, Array]:
    """Columns int32 (n, k) and values float32 (n, k) of the k greatest of each row, greatest first.

    `scores` is float32 (n, m), C-ordered. Equal values: the smaller column first. -inf and NaN are never taken: where
    a row runs out the column is -1 and the value NaN.

    Why groups suffice: let e be among a row's k best, and order groups of neighbouring columns by their greatest
    value, ties to the left. If k groups came before e's, each would hold an element before e: e would not be one of
    the k best.

    >>> topk(np.array([[1, 3, 3, np.nan]], dtype=np.float32), 2)[0]
    array([[1, 2]], dtype=int32)
    """
    n, m = scores.shape
    groups = m // _GROUP
    if groups > 2 * k:
        head = scores[:, : groups * _GROUP].reshape(n, groups, _GROUP)
        best = np.fmax.reduce(head, axis=2)  # fmax leaves NaN aside
        places = _largest(_keys(best, np.arange(groups)), k)[:, :, None] * _GROUP + np.arange(_GROUP)
        tail = np.broadcast_to(np.arange(groups * _GROUP, m), (n, m - groups * _GROUP))
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
