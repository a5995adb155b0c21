"""Dense twins of the neighbours and of the walks: see twins.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from core.interactions import Array


class Told(NamedTuple):
    score: Array
    items: Array | None
    users: Array | None


def user_knn(v: Array, params: Mapping[str, Any], learnt: Mapping[str, Array]) -> Told:
    v = weighted(v, params["weighting"])
    n = numbers(v, params)
    below = denominators(n, params)
    shared = np.einsum("uj,wj->uwj", n, n) / below[:, :, None]
    shared[np.arange(len(v)), np.arange(len(v))] = 0
    alike = shared.sum(axis=2)
    return Told(alike @ v, np.einsum("uwj,wi->uji", shared, v), np.einsum("uw,wi->uwi", alike, v))


def item_knn(v: Array, params: Mapping[str, Any], learnt: Mapping[str, Array]) -> Told:
    v = weighted(v.T, params["weighting"]).T
    n = numbers(v, params)
    below = denominators(n.T, params)  # (i, j): the own side is the item that may be recommended
    shared = np.einsum("wi,wj->ijw", n, n) / below[:, :, None]
    shared[np.arange(v.shape[1]), np.arange(v.shape[1])] = 0
    together = shared.sum(axis=2)
    return Told(v @ together.T, np.einsum("uj,ij->uji", v, together), np.einsum("uj,ijw->uwi", v, shared))


def walk(v: Array, params: Mapping[str, Any], learnt: Mapping[str, Array]) -> Told:
    taken, done = v.sum(axis=0), v.sum(axis=1, keepdims=True)
    first = (v / np.where(done == 0, 1, done)) ** params["alpha"]
    back = (v / np.where(taken == 0, 1, taken)) ** params["alpha"]  # (w, j)
    last = first / np.where(taken == 0, 1, taken) ** params.get("beta", 0.0)
    ways = np.einsum("wj,wi->jwi", back, last)
    ways[np.arange(v.shape[1]), :, np.arange(v.shape[1])] = 0
    return Told(
        np.einsum("uj,jwi->ui", first, ways),
        np.einsum("uj,jwi->uji", first, ways),
        np.einsum("uj,jwi->uwi", first, ways),
    )


def weighted(v: Array, kind: str) -> Array:
    """Rows are documents, columns terms."""
    n, df, lengths = len(v), (v > 0).sum(axis=0), v.sum(axis=1, keepdims=True)
    if kind == "tf-idf":
        return np.asarray(v * (np.log((1 + n) / (1 + df)) + 1))
    if kind == "bm25":
        below = v + 1.2 * (0.25 + 0.75 * lengths / max(lengths.mean(), 1e-9))
        idf = np.log(1 + (n - df + 0.5) / (df + 0.5))
        return np.asarray(2.2 * v / np.where(below == 0, 1, below) * idf)
    return v


def numbers(v: Array, params: Mapping[str, Any]) -> Array:
    """What is summed over what two share."""
    return (v > 0).astype(np.float64) if params["similarity"] in ("jaccard", "tversky") else v


def denominators(n: Array, params: Mapping[str, Any]) -> Array:
    """(own row, other row); 1 where it would be 0."""
    shared, sizes, shrink = n @ n.T, (n**2).sum(axis=1), params["shrink"]
    own, other = np.meshgrid(sizes, sizes, indexing="ij")
    if params["similarity"] == "jaccard":
        below = own + other - shared + shrink
    elif params["similarity"] == "tversky":
        below = shared + params["own_only"] * (own - shared) + params["other_only"] * (other - shared) + shrink
    else:
        power = params["asymmetry"] if params["similarity"] == "asymmetric" else 0.5
        below = (own + shrink) ** power * (other + shrink) ** (1 - power)
    return np.where((below == 0) | (shared == 0), 1, below)


TWINS: dict[str, Callable[[Array, Mapping[str, Any], Mapping[str, Array]], Any]] = {
    "user-knn": user_knn,
    "item-knn": item_knn,
    "p3alpha": walk,
    "rp3beta": walk,
}
