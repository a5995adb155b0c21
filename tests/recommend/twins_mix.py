"""The twins of blends: each part's own twin, standardised row by row in dense float64, and added up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import assume

from core.interactions import Array
from core.recommend import Spec, parts, spec
from tests.recommend import twins

TEXTS = {"parts": "ease=0.7,item-knn=0.3", "short": "item-knn", "long": "ease"}
"""Parts whose twins give both views."""


def blend(v: Array, params: Mapping[str, Any], learnt: Mapping[str, Array]) -> twins.Told:
    named = parts(spec("blend", dict(params)))
    return _standardised(v, [part for part, _ in named], np.array([weight for _, weight in named]), learnt)


def stack(v: Array, params: Mapping[str, Any], learnt: Mapping[str, Array]) -> twins.Told:
    named = parts(spec("stack", dict(params)))
    return _standardised(v, [part for part, _ in named], learnt["weights"], learnt)


def switch(v: Array, params: Mapping[str, Any], learnt: Mapping[str, Array]) -> twins.Told:
    (short, _), (long, _) = parts(spec("switch", dict(params)))
    one, two = _part(v, short, 0, learnt), _part(v, long, 1, learnt)
    of_long = (v > 0).sum(axis=1) >= params["items"]
    assert one.items is not None
    assert two.items is not None
    assert one.users is not None
    assert two.users is not None
    return twins.Told(
        np.where(of_long[:, None], two.score, one.score),
        np.where(of_long[:, None, None], two.items, one.items),
        np.where(of_long[:, None, None], two.users, one.users),
    )


def _standardised(v: Array, named: list[Spec], weights: Array, learnt: Mapping[str, Array]) -> twins.Told:
    score, items, users = np.zeros(v.shape), np.zeros(()), np.zeros(())
    for n, (part, weight) in enumerate(zip(named, weights / weights.sum(), strict=True)):
        told = _part(v, part, n, learnt)
        spread, most = told.score.std(axis=1), np.abs(told.score).max(axis=1)
        # of nearly equal scores float32 knows the spread to few digits; of quite equal ones it must say: none
        assume(((spread <= 1e-12 * most) | (spread > 1e-2 * most)).all())
        scale = np.where(spread > 1e-9 * most, weight / np.where(spread == 0, 1, spread), 0.0)
        score += (told.score - told.score.mean(axis=1, keepdims=True)) * scale[:, None]
        assert told.items is not None
        assert told.users is not None
        items = items + told.items * scale[:, None, None]
        users = users + told.users * scale[:, None, None]
    return twins.Told(score, items, users)


def _part(v: Array, part: Spec, place: int, learnt: Mapping[str, Array]) -> twins.Told:
    params = dict(part.params)
    mine = {name[3:]: array for name, array in learnt.items() if name.startswith(f"p{place}_")}
    return twins.TWINS[part.model](twins.dense(v, str(params.get("values", "sum"))), params, mine)


TWINS = {"blend": blend, "stack": stack, "switch": switch}
