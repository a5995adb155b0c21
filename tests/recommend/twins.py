"""Each model's formula once more, from DESIGN.md's table, in dense float64 and with no cut: slow, and easy to read.

A twin takes the matrix as the model values it (users, items), the model's parameters and what the model learnt (only
iALS looks at that: its factors depend on a random start), and gives the score (u, i), the parts by item (u, j, i) and
the parts by user (u, w, i), each a dense array; None for a view the model does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from core.interactions import Array
from tests.recommend import twins_factors, twins_knn, twins_new
from tests.recommend.twins_linear import attention, slim


class Told(NamedTuple):
    score: Array
    items: Array | None
    users: Array | None


def dense(weights: Array, values: str) -> Array:
    """The matrix as `values` has it."""
    if values == "once":
        return (weights > 0).astype(np.float64)
    return np.log2(1 + weights).astype(np.float64) if values == "log" else weights.astype(np.float64)


def popular(v: Array, params: Mapping[str, Any], learnt: Mapping[str, Array]) -> Told:
    each = v if params["count"] == "weight" else (v > 0).astype(np.float64)
    return Told(np.tile(each.sum(axis=0), (len(v), 1)), None, np.tile(each, (len(v), 1, 1)))


def ease(v: Array, params: Mapping[str, Any], learnt: Mapping[str, Array]) -> Told:
    # Steck 2019, the program under section 3.1
    p = np.linalg.inv(v.T @ v + params["ridge"] * np.eye(v.shape[1]))
    b = p / -np.diag(p)
    np.fill_diagonal(b, 0)
    k = np.linalg.inv(v @ v.T + params["ridge"] * np.eye(len(v)))
    own = np.einsum("uw,wi->uwi", np.eye(len(v)), v)
    return Told(v @ b, np.einsum("uj,ji->uji", v, b), own - np.einsum("uw,wi,i->uwi", k, v, 1 / np.diag(p)))


def puresvd(v: Array, params: Mapping[str, Any], learnt: Mapping[str, Array]) -> Told:
    values, items = np.linalg.eigh(v.T @ v)
    kept = items[:, np.argsort(-values)[: params["factors"]]]
    others, users = np.linalg.eigh(v @ v.T)
    takers = users[:, np.argsort(-others)[: params["factors"]]]
    return Told(
        v @ kept @ kept.T,
        np.einsum("uj,ji->uji", v, kept @ kept.T),
        np.einsum("uw,wi->uwi", takers @ takers.T, v),
    )


def ials(v: Array, params: Mapping[str, Any], learnt: Mapping[str, Array]) -> Told:
    # Hu, Koren and Volinsky 2008, equations 4 and 5, section 5; the items' step last but one, the users' last
    before, y = learnt["users_before"].astype(np.float64), learnt["items"].astype(np.float64)
    c, one = 1 + params["alpha"] * v, np.eye(y.shape[1])
    each = [params["ridge"] * (np.maximum((v > 0).sum(axis=a), 1) / 20) ** params["frequency"] for a in (1, 0)]
    taken = c * (v > 0)
    of_users = [np.linalg.inv((y.T * c[u]) @ y + each[0][u] * one) for u in range(len(v))]
    of_items = [np.linalg.inv((before.T * c[:, i]) @ before + each[1][i] * one) for i in range(v.shape[1])]
    z = np.stack([of_users[u] @ y.T @ taken[u] for u in range(len(v))])
    again = np.stack([of_items[i] @ before.T @ taken[:, i] for i in range(v.shape[1])])
    items = np.stack([np.einsum("ik,kl,jl,j->ji", again, of_users[u], y, taken[u]) for u in range(len(v))])
    users = np.stack([np.einsum("uk,kl,wl,w->uw", z, of_items[i], before, taken[:, i]) for i in range(v.shape[1])], 2)
    return Told(z @ again.T, items, users)


TWINS: dict[str, Callable[[Array, Mapping[str, Any], Mapping[str, Array]], Told]] = {
    "popular": popular,
    **twins_knn.TWINS,
    "ease": ease,
    "slim": lambda *given: Told(*slim(*given)),
    "puresvd": puresvd,
    "ials": ials,
    "content": lambda *asked: Told(*twins_new.content(*asked)),
    "demographic": lambda *asked: Told(*twins_new.demographic(*asked)),
    "attention": lambda *given: Told(*attention(*given)),
    "nmf": twins_factors.nmf,
    "bpr": twins_factors.bpr,
}


from tests.recommend import twins_mix  # noqa: E402  # its twins are made of those above

TWINS |= twins_mix.TWINS
