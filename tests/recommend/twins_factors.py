"""Twins (see tests/recommend/twins.py) of the factor models that came later: NMF and BPR."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.optimize import nnls

from core.interactions import Array
from tests.recommend import twins


def nmf(v: Array, params: Mapping[str, Any], learnt: Mapping[str, Array]) -> twins.Told:
    """Non-negative least squares by scipy (Lawson and Hanson), each row by itself: items', then users'."""
    before = learnt["users_before"].astype(np.float64)
    items, of_items = _nonnegative(v.T, before, params["ridge"])
    # what is learnt is kept in float32: the users are solved against that, not against what it was before rounding
    users, of_users = _nonnegative(v, learnt["items"].astype(np.float64), params["ridge"])
    by_item = np.einsum("ik,ukj,uj->uji", items, of_users, v)
    by_user = np.einsum("uk,ikw,wi->uwi", users, of_items, v)
    return twins.Told(users @ items.T, by_item, by_user)


def _nonnegative(v: Array, other: Array, ridge: float) -> tuple[Array, Array]:
    """Solutions (n, k), and for each the matrix (k, m) that makes it of its row: zero outside its entries above 0."""
    k = other.shape[1]
    gram = other.T @ other
    left = gram + (ridge + 1e-6 * np.trace(gram) / k) * np.eye(k)
    root = np.linalg.cholesky(left + 1e-300 * np.eye(k)) if np.trace(gram) + ridge else np.eye(k)
    found, made = np.zeros((len(v), k)), np.zeros((len(v), k, len(other)))
    for n, row in enumerate(v):
        z = nnls(root.T, np.linalg.solve(root, other.T @ row))[0]
        free = np.flatnonzero(z > 0)
        made[n, free] = np.linalg.solve(left[np.ix_(free, free)], other[:, free].T) if len(free) else 0
        found[n] = made[n] @ row
    return found, made


def bpr(v: Array, params: Mapping[str, Any], learnt: Mapping[str, Array]) -> twins.Told:
    """Tastes times tastes, plus the bias; the views are measured."""
    users, items = learnt["users"].astype(np.float64), learnt["items"].astype(np.float64)
    return twins.Told(users[:, :-1] @ items[:, :-1].T + items[:, -1], None, None)
