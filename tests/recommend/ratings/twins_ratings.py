"""Models of ratings once more, densely and slowly, straight from their formulas."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.recommend import Ratings


def dense(r: Ratings) -> Any:
    """(n_users, n_items) with NaN where nothing was rated."""
    full = np.full(r.shape, np.nan)
    full[r.users, r.items] = r.values
    return full


def biases(r: Ratings, ridge_user: float, ridge_item: float) -> tuple[Any, Any]:
    """b_u and b_i by the normal equations of all at once."""
    n, m = r.shape
    design = np.zeros((len(r), n + m))
    design[np.arange(len(r)), r.users] = 1
    design[np.arange(len(r)), n + r.items] = 1
    ridge = np.diag([ridge_user] * n + [ridge_item] * m)
    found = np.linalg.solve(design.T @ design + ridge, design.T @ (r.values - r.values.mean()))
    return found[:n], found[n:]


def similarity(full: Any, a: int, b: int, way: str, expected: Any) -> tuple[float, int]:
    """Of two columns of `full`, over the rows that have both; and how many those are."""
    both = np.flatnonzero(~np.isnan(full[:, a]) & ~np.isnan(full[:, b]))
    if not len(both):
        return 0.0, 0
    if way == "pearson-baseline":
        x, y = (full[both, k] - expected[both, k] for k in (a, b))
    elif way == "adjusted-cosine":
        means = np.nanmean(full[both], axis=1)
        x, y = full[both, a] - means, full[both, b] - means
    else:
        x, y = full[both, a] - full[both, a].mean(), full[both, b] - full[both, b].mean()
    size = np.sqrt((x**2).sum() * (y**2).sum())
    return (float(np.clip((x * y).sum() / size, -1, 1)) if size > 1e-9 else 0.0), len(both)


def knn(r: Ratings, user: int, item: int, spec: Any, by: str) -> float:
    """Baseline + sum sim (r - b) / sum |sim| over the most alike."""
    b_u, b_i = biases(r, spec["caution_users"], spec["caution_items"])
    expected = r.values.mean() + b_u[:, None] + b_i[None, :]
    full = dense(r)
    base = expected[user, item]
    if by == "user":
        full, expected, user, item = full.T, expected.T, item, user
    told = []
    for other in range(full.shape[1]):
        if other == item or np.isnan(full[user, other]):
            continue
        value, n = similarity(full, item, other, spec["similarity"], expected)
        value *= n / (n + spec["shrink"])
        if n >= spec["least_common"] and (value > 0 or spec["opposites"]):
            told.append((-abs(value), other, value, full[user, other] - expected[user, other]))
    best = sorted(told)[: spec["neighbours"]]
    below = sum(abs(v) for _, _, v, _ in best)
    return float(base + (sum(v * e for _, _, v, e in best) / below if below > 0 else 0.0))


def kernel(r: Ratings, items: Any, spec: Any) -> Any:
    """All predictions (n_users, n_items), unclipped: the Gaussian process over pairs, by its covariance matrix."""
    places = np.asarray(items)

    def covariance(u: Any, i: Any, v: Any, j: Any) -> Any:
        same = (u[:, None] == v[None, :]).astype(float)
        own = same * (1 / spec["caution_users"] + places[i] @ places[j].T / spec["caution"])
        return own + (i[:, None] == j[None, :]) / spec["caution_items"]

    u, i = r.users, r.items
    alpha = np.linalg.solve(covariance(u, i, u, i) + np.eye(len(r)), r.values - r.values.mean())
    rows, columns = (g.ravel() for g in np.indices(r.shape))
    return (r.values.mean() + covariance(rows, columns, u, i) @ alpha).reshape(r.shape)
