"""Laws of explanations, for every model of the registry and both views."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from core.interactions import Array, Interactions
from core.recommend import NAMES, Param, Recommender, View, info, make, spec
from tests.examples import examples
from tests.recommend.contract.asserts import check_explained
from tests.recommend.contract.matrices import shop, sided, with_history
from tests.recommend.twins import TWINS, dense
from tests.recommend.twins_mix import TEXTS

WIDE = {"neighbours": 1000}  # the twins cut nothing off
QUICK = {"epochs": 3}  # laws hold after any number of rounds


@st.composite
def matrices(draw: st.DrawFn) -> Array:
    """Small matrices of whole weights, with much zero and many ties."""
    users, items = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    weight = st.one_of(st.just(0), st.integers(0, 9))
    cells = draw(st.lists(weight, min_size=users * items, max_size=users * items))
    return np.array(cells, dtype=np.float32).reshape(users, items)


def values_of(param: Param) -> st.SearchStrategy[Any]:
    """Any value in a parameter's range."""
    if param.name in QUICK:
        return st.just(QUICK[param.name])
    if param.kind == "choice":
        return st.sampled_from(param.choices)
    if param.kind == "bool":
        return st.booleans()
    if param.kind == "text":
        return st.just(TEXTS.get(param.name, str(param.default)))
    assert param.low is not None
    assert param.high is not None
    if param.kind == "int":
        return st.integers(int(param.low), min(int(param.high), 60))
    return st.floats(param.low, param.high)


@st.composite
def params_of(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """Any parameters the model takes."""
    return {p.name: draw(values_of(p)) for p in info(name).params}


@pytest.mark.parametrize("name", NAMES)
def test_what_is_called_exact_adds_up(name: str) -> None:
    @settings(max_examples=examples(12))
    @given(matrices(), params_of(name))
    def law(weights: Array, params: dict[str, Any]) -> None:
        x = sided(Interactions.of(weights))
        model = make(spec(name, params)).fit(x, seed=1)
        for user in with_history(x):
            for item in range(x.shape[1]):
                check_explained(model, int(user), item)

    law()


@pytest.mark.parametrize("name", NAMES)
def test_scores_and_parts_are_those_of_the_formula(name: str) -> None:
    """Against the dense twin: every score, every part of every view, and nothing left out of what is called exact."""

    @settings(max_examples=examples(12))
    @given(matrices(), params_of(name))
    def law(weights: Array, params: dict[str, Any]) -> None:
        params = {**params, **{k: v for k, v in WIDE.items() if k in params}}
        v = dense(weights, params.get("values", "sum"))
        cut = 0
        if name == "puresvd":  # equal strengths at the cut: which direction is kept would be chance
            strengths = np.append(np.linalg.svd(v, compute_uv=False), 0.0)
            cut = min(params["factors"], (int((strengths > 1e-9).sum()) + 1) // 2)
            assume(strengths[cut] < 0.99 * strengths[cut - 1] and (strengths[cut] == 0 or strengths[cut] > 1e-3))
            assume(np.linalg.matrix_rank(v) >= 2)
        x = sided(Interactions.of(weights))
        model = make(spec(name, params)).fit(x, seed=1)
        if name == "puresvd":
            params = {**params, "factors": cut}
        learnt = model.arrays()  # type: ignore[attr-defined]
        twin = TWINS[name](v, params, learnt)
        # What is learnt is kept in float32: a score of 2e-8 between items that share nobody, where scores are about 1,
        # is what its rounding leaves, and two right formulas leave different ones (seen with iALS).
        grain = 8 * float(np.finfo(np.float32).eps) * max(np.abs(twin.score).max(), 1e-2)
        if name == "ials" and params["alpha"] > 1e4 * params["ridge"]:  # hardly held back: rounding is multiplied
            grain *= 8
        room = 1e-3 * np.abs(twin.score).max() + 1e-6 * v.max()
        if info(name).family == "blend":  # what rounding leaves in a part is divided by how far its scores spread
            # a part can be many times the score that parts of both signs leave
            sizes = [np.abs(np.nan_to_num(view)).max() for view in twin if view is not None]
            grain = 1e-3 * max(*sizes, 1e-2)
        for user in with_history(x):
            np.testing.assert_allclose(model.score(np.array([user]))[0], twin.score[user], rtol=1e-3, atol=room)
            for item in range(x.shape[1]):
                told = model.explain(int(user), item)
                assert_parts(told.items, None if twin.items is None else twin.items[user, :, item], grain)
                assert_parts(told.users, None if twin.users is None else twin.users[user, :, item], grain)
                size = np.abs(told.users.values).sum() + 1e-9
                assert abs(told.score - twin.score[user, item]) <= 1e-6 * size + grain

    law()


def test_every_model_has_a_twin() -> None:
    assert set(TWINS) == set(NAMES)


def assert_parts(view: View, wanted: Array | None, grain: float) -> None:
    """The view's parts are the twin's, those it leaves out are 0."""
    if wanted is None:  # measured, or there is no such view
        assert not view.exact
        return
    assert view.exact
    got = np.zeros(len(wanted))
    got[view.rows] = view.values
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6 * np.abs(wanted).sum() + grain)


def _together(model: Recommender) -> Array:
    found = {name: np.asarray(array) for name, array in model.arrays().items()}  # type: ignore[attr-defined]
    size = len(found["indptr"]) - 1
    kept: Array = csr_matrix((found["data"], found["indices"], found["indptr"]), shape=(size, size)).toarray()
    return kept


def _linear(model: Recommender) -> Array:
    p = model.arrays()["p"].astype(np.float64)  # type: ignore[attr-defined]
    return np.where(np.eye(len(p)) > 0, 0, -p / np.diag(p))


def _directions(model: Recommender) -> Array:
    items: Array = model.arrays()["items"]  # type: ignore[attr-defined]
    return items @ items.T


FIXED: dict[str, Callable[[Recommender], Array]] = {
    "item-knn": _together,
    "ease": _linear,
    "puresvd": _directions,
}
"""Models whose score is the history times a square of items: that square, as the model keeps it."""


@pytest.mark.parametrize("name", FIXED)
def test_taking_a_cited_event_away_lowers_the_score_by_its_part(name: str) -> None:
    """With the fit held fixed, and exactly so: score(u, i) - score(u without j, i) is the part of j."""
    x = shop()
    params = {"factors": 4} if name == "puresvd" else {}
    model = make(spec(name, params)).fit(x)
    square = FIXED[name](model)
    v = dense(x.matrix.toarray(), model.spec["values"])
    looked = 0
    for user in with_history(x)[::4]:
        for item in range(0, 29, 3):
            told = model.explain(int(user), item)
            for cited, part in zip(told.items.rows, told.items.values, strict=True):
                less = v[user].copy()
                less[cited] = 0
                fall = v[user] @ square[:, item] - less @ square[:, item]
                assert abs(fall - part) <= 1e-5 * abs(part) + 1e-6 * np.abs(told.items.values).sum()
                looked += 1
    assert looked > 300


@pytest.mark.parametrize("name", ["item-knn", "ease"])
def test_the_same_by_asking_the_model(name: str) -> None:
    """The fitted arrays, loaded beside a matrix that lacks the event: the score falls by the part."""
    x = shop()
    model = make(spec(name)).fit(x)
    item = 1
    user = int(np.argmax(np.diff(x.matrix.indptr) * (x.matrix.toarray()[:, item] == 0)))
    told = model.explain(user, item)
    assert len(told.items.rows) > 3
    for cited, part in zip(told.items.rows, told.items.values, strict=True):
        weights = x.matrix.toarray()
        weights[user, cited] = 0
        less = make(spec(name)).load(Interactions.of(weights), model.arrays())  # type: ignore[attr-defined]
        fall = model.score(np.array([user]))[0, item] - less.score(np.array([user]))[0, item]
        assert fall == pytest.approx(part, rel=1e-3, abs=1e-5 * np.abs(told.items.values).sum())


def test_users_without_history_have_no_reasons() -> None:
    x = sided(Interactions.of(np.array([[1.0, 2], [0, 0]])))
    for name in NAMES:
        model = make(spec(name)).fit(x)
        assert np.isnan(model.explain(1, 0).score) or model.scores_everyone
