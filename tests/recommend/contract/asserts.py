"""What the checks of the suite say about one answer."""

from __future__ import annotations

from typing import get_args

import numpy as np

from core.interactions import Array, Interactions
from core.recommend import Explanation, Recommender, RecTable, ViewName
from tests.recommend.contract.matrices import SILENT_USER

VIEWS: tuple[ViewName, ...] = get_args(ViewName)


def check_explained(model: Recommender, user: int, item: int) -> Explanation:
    """One explanation, by all that can be said of any."""
    told = model.explain(user, item)
    assert (told.user, told.item) == (user, item)
    given_score = float(model.score(np.array([user]), np.array([item]))[0, 0])
    for of in VIEWS:
        view, rows = told.view(of), model.x.shape[1 if of == "items" else 0]
        assert view.of == of
        assert view.how
        assert view.rows.dtype == np.int64
        assert view.values.dtype == np.float64
        assert len(view.rows) == len(view.values) == len(set(view.rows.tolist()))
        assert ((view.rows >= 0) & (view.rows < rows)).all()
        assert np.isfinite(view.values).all()
        assert (view.values != 0).all()
        assert 0 <= view.fidelity <= 1
        size = float(np.abs(view.values).sum())
        if view.exact:
            assert view.fidelity == 1
            assert abs(told.base + view.values.sum() - told.score) <= max(1e-6 * abs(told.score), 1e-9 * size, 1e-12)
        # float32 keeps some seven digits of the parts, not of their difference
        assert abs(told.score - given_score) <= 1e-4 * max(abs(told.score), size) + 1e-6
    return told


def assert_same_answers(one: Recommender, two: Recommender) -> None:
    """Scores, lists and explanations equal to the byte."""
    users = np.arange(one.x.shape[0])
    assert one.score(users).tobytes() == two.score(users).tobytes()
    a, b = one.recommend(users, 5), two.recommend(users, 5)
    assert a.items.tobytes() == b.items.tobytes()
    assert a.scores.tobytes() == b.scores.tobytes()
    for user, item in ((0, 1), (3, 3), (12, 29), (SILENT_USER, 0)):
        said, again = one.explain(user, item), two.explain(user, item)
        assert np.array_equal([said.score, said.base], [again.score, again.base], equal_nan=True)
        for of in VIEWS:
            first, second = said.view(of), again.view(of)
            assert first.rows.tobytes() == second.rows.tobytes()
            assert first.values.tobytes() == second.values.tobytes()
            assert (first.exact, first.fidelity, first.how) == (second.exact, second.fidelity, second.how)


def assert_close(one: Array, two: Array, share: float, size: float | None = None) -> None:
    """Equal to `share` of the largest (or of `size`); NaN only against NaN."""
    one, two = np.asarray(one, dtype=np.float64), np.asarray(two, dtype=np.float64)
    size = size or np.nanmax(np.abs(two), initial=1e-9)
    np.testing.assert_allclose(one, two, rtol=share, atol=share * size, equal_nan=True)


def check_table(listed: RecTable, x: Interactions) -> None:
    assert listed.users.dtype == np.int64
    assert listed.items.dtype == np.int32
    assert listed.scores.dtype in (np.float32, np.float64)
    assert listed.items.shape == listed.scores.shape == (x.shape[0], listed.k)
    assert (np.isnan(listed.scores) == (listed.items == -1)).all()
    assert (listed.items < x.shape[1]).all()


def parts_of(x: Interactions) -> tuple[Array, Array, Array]:
    return x.matrix.data, x.matrix.indices, x.matrix.indptr
