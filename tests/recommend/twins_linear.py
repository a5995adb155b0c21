"""Dense twins of SLIM and of the attention-weighted profile: see tests/recommend/twins.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from core.interactions import Array


def slim(v: Array, params: Mapping[str, Any], learnt: Mapping[str, Array]) -> tuple[Array, Array, Array]:
    """Coordinate descent until nothing moves; the users' parts from the equations of what is left above 0."""
    n, l1, l2 = v.shape[1], params["l1"], params["l2"]
    gram = v.T @ v
    s = np.zeros((n, n))
    users = np.zeros((len(v), len(v), n))
    for i in range(n):
        for _ in range(20_000):
            before = s[:, i].copy()
            for j in range(n):
                rest = gram[j, i] - gram[j] @ s[:, i] + gram[j, j] * s[j, i]
                s[j, i] = 0.0 if i == j else max(0.0, rest - l1) / (gram[j, j] + l2)
            if np.abs(s[:, i] - before).max() <= 1e-15:
                break
        links = np.flatnonzero(s[:, i] > 1e-9)
        inverse = np.linalg.inv(gram[np.ix_(links, links)] + l2 * np.eye(len(links)))
        less = 1 - l1 / gram[links, i]
        users[:, :, i] = (v[:, links] @ inverse * less) @ v[:, links].T * v[:, i]
    return v @ s, np.einsum("uj,ji->uji", v, s), users


def attention(v: Array, params: Mapping[str, Any], learnt: Mapping[str, Array]) -> tuple[Array, Array, None]:
    """Pair by pair, without times."""
    vectors = learnt["items"]
    scaled = vectors * learnt["scales"]
    lengths = np.linalg.norm(scaled, axis=1)
    items = np.zeros((len(v), v.shape[1], v.shape[1]))
    for u in range(len(v)):
        for i in range(v.shape[1]):
            others = [j for j in np.flatnonzero(v[u]) if j != i]
            dots = np.array([vectors[j] @ vectors[i] for j in others])
            size = np.array([lengths[j] * lengths[i] for j in others])
            near = np.array([scaled[j] @ scaled[i] for j in others])
            alike = np.divide(near, size, out=np.zeros_like(near), where=size > 0)
            pull = np.exp(params["focus"] * (alike - 1))
            weights = pull / pull.sum() ** params["smooth"] if others else pull
            items[u, others, i] = weights * v[u, others] * dots
    return items.sum(axis=1), items, None
