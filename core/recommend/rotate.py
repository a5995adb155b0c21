"""The hidden tastes of a fitted model, turned so that each can be read: the scores stay what they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from threadpoolctl import threadpool_limits

from core.errors import Refusal
from core.interactions import Array
from core.recommend.types import Recommender

FACTOR_MODELS: tuple[str, ...] = ("ials", "puresvd", "nmf", "bpr")
"""Models that have tastes to tell of."""
_TURNS = 200
_STILL = 1e-8  # a turn that gains less than this share ends the search
_NOTHING = 1e-6  # directions weaker than this share of the strongest are rounding noise


@dataclass(frozen=True, eq=False)
class Readable:
    """Tastes in a form that can be told: users @ items.T + bias is the model's score of users with history.

    Attributes:
        users: float64 (n_users, k), 0 for users without history; items: float64 (n_items, k): strongest taste first.
        bias: float64 (n_items,): what all users alike are drawn by; zeros for PureSVD and NMF.
        weights: float64 (k,), falling, sums to 1: the share of each taste; `of` says of what.
        of: "scores squared" (two-ended tastes) or "scores" (tastes that only add).
        ends: 2 where a taste has a pole at either end, 1 where it only adds.
    """

    users: Array
    items: Array
    bias: Array
    weights: Array
    of: Literal["scores squared", "scores"]
    ends: Literal[1, 2]


def readable(model: Recommender) -> Readable:
    """The tastes of a fitted iALS, PureSVD, NMF or BPR. Raises Refusal `no_tastes` for any other model.

    The factors of iALS and BPR are defined only up to a change of axes. First what the mean user is drawn by is set
    aside (`bias`), or the first taste would be popularity and hide the others. The rest is brought into the one form in
    which users' columns are orthonormal (singular vectors of the scores), then turned by varimax (Kaiser 1958) on the
    items: each taste is to hang on few items. PureSVD keeps its directions, which have an order and a meaning of their
    own; NMF keeps its themes, which no turn would leave above 0.
    """
    learnt: dict[str, Array] = model.arrays() if model.spec.model in FACTOR_MODELS else {}  # type: ignore[attr-defined]
    if not learnt:
        raise Refusal(
            "no_tastes",
            f"The model {model.spec.model} has no hidden tastes to tell of.",
            f"Fit one of these: {', '.join(FACTOR_MODELS)}.",
        )
    users, items = (learnt[name].astype(np.float64) for name in ("users", "items"))
    bias = np.zeros(len(items))
    if model.spec.model == "nmf":
        return _adding(users, items, bias)
    if model.spec.model == "bpr":
        users, items, bias = users[:, :-1], items[:, :-1], items[:, -1]
    with threadpool_limits(1, user_api="blas"):  # they would round by how many they are
        if model.spec.model == "puresvd":
            items = items * learnt["strengths"].astype(np.float64)
        else:
            active = np.diff(model.x.matrix.indptr) > 0
            usual = users[active].mean(axis=0) if active.any() else np.zeros(users.shape[1])
            bias = bias + items @ usual
            users, items = _principal(np.where(active[:, None], users - usual, 0.0), items)
            turn = varimax(items)
            users, items = users @ turn, items @ turn
    return _ordered(users, items, bias, (items**2).sum(axis=0), "scores squared", 2)


def varimax(items: Array) -> Array:
    """float64 (k, k), orthogonal: turns the columns of `items` so that the variance of their squares is greatest."""
    n, k = items.shape
    turn, reached = np.eye(k), 0.0
    for _ in range(_TURNS):
        turned = items @ turn
        pull = items.T @ (turned**3 - turned * ((turned**2).sum(axis=0) / max(1, n)))
        u, s, vt = np.linalg.svd(pull)
        turn, before, reached = u @ vt, reached, float(s.sum())
        if reached <= before * (1 + _STILL):
            break
    return turn


def _principal(users: Array, items: Array) -> tuple[Array, Array]:
    """The same products, with orthonormal columns of users, strongest first; what is nothing but noise left out."""
    q, r = np.linalg.qr(users)
    p, t = np.linalg.qr(items)
    a, s, bt = np.linalg.svd(r @ t.T, full_matrices=False)
    kept = s > _NOTHING * s.max(initial=0.0)
    return q @ a[:, kept], p @ (bt.T[:, kept] * s[kept])


def _adding(users: Array, items: Array, bias: Array) -> Readable:
    return _ordered(users, items, bias, users.sum(axis=0) * items.sum(axis=0), "scores", 1)


def _ordered(users: Array, items: Array, bias: Array, weights: Array, of: Any, ends: Any) -> Readable:
    """Strongest first, without those of no weight; of two ends the one that fewer items make is the upper one."""
    order = np.argsort(-weights, kind="stable")
    order = order[weights[order] > 0]
    users, items, weights = users[:, order], items[:, order], weights[order]
    if ends == 2:
        signs = np.where((items**3).sum(axis=0) < 0, -1.0, 1.0)
        users, items = users * signs, items * signs
    return Readable(users, items, bias, weights / (weights.sum() or 1.0), of, ends)
