"""Twins of popularity's kin: content and demographic models (see twins.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from core.interactions import Array, Interactions
from tests.recommend.contract.matrices import sided

Parts = tuple[Array, Array | None, Array | None]


def content(v: Array, params: Mapping[str, Any], learnt: Mapping[str, Array]) -> Parts:
    """The vectors are those learnt (test_described holds them against scikit-learn's)."""
    size = int(learnt["indices"].max(initial=-1)) + 1
    t = csr_matrix((learnt["data"], learnt["indices"], learnt["indptr"]), shape=(v.shape[1], size)).toarray()
    alike = t.astype(np.float64) @ t.T.astype(np.float64)
    return v @ alike, np.einsum("uj,ji->uji", v, alike), None


def demographic(v: Array, params: Mapping[str, Any], learnt: Mapping[str, Array]) -> Parts:
    """Value by value and user by user; ages and likes are told again from the table, six users have no bands."""
    took = (v > 0).astype(np.float64)
    n, m = took.shape
    table = sided(Interactions.of(v)).user_side
    assert table is not None
    has = [set() for _ in range(n)]  # type: list[set[tuple[str, Any]]]
    for name in ("country", "likes"):
        for user, cell in enumerate(table[name].to_pylist()):
            has[user] |= {(name, value) for value in (cell if isinstance(cell, list) else [cell]) if value is not None}
    for user, age in enumerate(table["age"].to_pylist()):
        if age is not None:
            has[user].add(("age", age))
    active = took.any(axis=1)
    p = (took.sum(axis=0) + 0.5) / (active.sum() + 1)
    caution, strength = params["caution"], params["strength"]
    score, users = np.tile(np.log(p), (n, 1)), np.zeros((n, n, m))
    spoke = np.zeros(n, dtype=bool)
    for user in range(n):
        for value in has[user]:
            group = np.array([value in theirs for theirs in has]) & active
            if not group.any():
                continue
            spoke[user] = True
            count = took[group].sum(axis=0)
            score[user] += strength * np.log((count + caution * p) / (group.sum() + caution) / p)
            # lifted from where nobody of the group took it, each of those who did in equal parts
            lift = strength * np.log((count + caution * p) / (caution * p)) / np.maximum(count, 1)
            users[user] += np.outer(group, np.ones(m)) * took * lift
    everyone = took.sum(axis=0)
    users[~spoke] = took * np.log((everyone + 0.5) / 0.5) / np.maximum(everyone, 1)
    return score, None, users
