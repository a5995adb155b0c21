"""A map of users: those with like tastes stand near one another. Runs in a worker."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, diags_array
from scipy.sparse.linalg import svds

from core.errors import Refusal
from core.interactions import Array, Interactions
from core.progress import Step

_DIRECTIONS = 32
_NEAR = 10  # neighbours that the check of the map looks at
_LEAST_ITEMS = 3
_LEAST_USERS = 30


def map_task(params: dict[str, Any], arrays: Mapping[str, Array], folder: Path, step: Step) -> dict[str, Any]:
    """Places of users on a plane, by t-SNE (van der Maaten and Hinton 2008) of their main tastes.

    params: most (users drawn), seed, keep (user_no of users who must be among them). Arrays: an Interactions.
    Leaves in `folder` users.npy (int32 user_no, rising) and places.npy (float32 (n, 2)). The result: users, of (users
    with at least 3 items), directions, near (10 or fewer), kept (mean share of each user's `near` most alike who are
    among the `near` nearest on the map), by_chance (what that share would be if places were dealt at random).
    Raises Refusal `too_few_users` below 30 users with at least 3 items.
    """
    x = Interactions.from_arrays(arrays)
    rows, of = _drawn(x, int(params["most"]), int(params["seed"]), params.get("keep") or [])
    step.report(0.05, "finding the main tastes")
    vectors = _vectors(x.matrix, rows, int(params["seed"]))
    step.report(0.3, "drawing the map")
    places = _flat(vectors, int(params["seed"]))
    step.report(0.9, "checking the map")
    near = min(_NEAR, len(rows) - 1)
    kept = _kept(vectors, places, near)
    np.save(folder / "users.npy", x.users.numbers[rows].astype(np.int32), allow_pickle=False)
    np.save(folder / "places.npy", places.astype(np.float32), allow_pickle=False)
    chance = near / (len(rows) - 1)
    return {
        "users": len(rows),
        "of": of,
        "directions": vectors.shape[1],
        "near": near,
        "kept": kept,
        "by_chance": chance,
    }


def _drawn(x: Interactions, most: int, seed: int, keep: list[int]) -> tuple[Array, int]:
    able = np.flatnonzero(np.diff(x.matrix.indptr) >= _LEAST_ITEMS)
    if len(able) < _LEAST_USERS:
        raise Refusal(
            "too_few_users",
            f"Only {len(able):,} users have {_LEAST_ITEMS} items or more: too few for a map.",
            "Choose a longer period, or let more kinds of behaviour count.",
        )
    wanted = x.users.rows(keep)
    wanted = np.intersect1d(wanted[wanted >= 0], np.flatnonzero(np.diff(x.matrix.indptr)))
    others = np.setdiff1d(able, wanted)
    room = max(0, min(most - len(wanted), len(others)))
    drawn = np.random.default_rng(seed).choice(others, room, replace=False)
    return np.sort(np.concatenate([wanted, drawn])), len(able)


def _vectors(x: csr_matrix, rows: Array, seed: int) -> Array:
    """float64 (n, directions), of length 1: log-weighted rows on their strongest common directions."""
    logs = csr_matrix((np.log2(1 + x.data.astype(np.float64)), x.indices, x.indptr), shape=x.shape)
    logs = csr_matrix(diags_array(_over(np.sqrt(np.asarray(logs.multiply(logs).sum(axis=1)).ravel()))) @ logs)
    k = min(_DIRECTIONS, min(logs.shape) - 1)
    if k < 1:
        made = logs[rows].toarray()
    else:
        start = np.random.default_rng(seed).standard_normal(min(logs.shape))
        _, _, vt = svds(logs, k=k, v0=start)
        made = np.asarray(logs[rows] @ vt.T)
    lengths = np.linalg.norm(made, axis=1)
    return np.asarray(made * _over(lengths)[:, None])


def _over(lengths: Array) -> Array:
    return np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)


def _flat(vectors: Array, seed: int) -> Array:
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    perplexity = float(min(30, max(5, len(vectors) // 8)))
    with threadpool_limits(1):  # threads that wait for one another on busy cores took minutes instead of seconds
        made = TSNE(2, perplexity=perplexity, init="pca", random_state=seed, metric="euclidean").fit_transform(vectors)
    return np.asarray(made, dtype=np.float64)


def _kept(vectors: Array, places: Array, near: int) -> float:
    alike = vectors @ vectors.T
    np.fill_diagonal(alike, -np.inf)
    squares = (places**2).sum(axis=1)
    apart = squares[:, None] + squares[None] - 2 * places @ places.T
    np.fill_diagonal(apart, np.inf)
    true = np.argpartition(-alike, near - 1, axis=1)[:, :near]
    shown = np.argpartition(apart, near - 1, axis=1)[:, :near]
    mask = np.zeros(alike.shape, dtype=bool)
    np.put_along_axis(mask, true, True, axis=1)
    return float(np.take_along_axis(mask, shown, axis=1).mean())
