"""Blends: what they say by hand, which part spoke, silent parts, weights that are learnt, and folding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from core.errors import Refusal
from core.interactions import Array, Interactions
from core.progress import Step, no_step
from core.recommend import Explanation, Spec, blend, make, spec, stack
from core.recommend.base import Model
from core.recommend.blend import says, shifts
from core.recommend.parts import read_parts
from core.recommend.stack import hide_last, learn, picked_from
from core.recommend.switch import Switch
from tests.recommend.contract.matrices import SILENT_USER, shop


def test_scores_are_the_weighted_z_scores_of_the_parts() -> None:
    x = shop()
    model = make(spec("blend", {"parts": "ease=3,item-knn=1"})).fit(x)
    whole = np.zeros(x.shape)
    for name, weight in (("ease", 0.75), ("item-knn", 0.25)):
        scores = make(spec(name)).fit(x).score(np.arange(40)).astype(np.float64)
        whole += weight * (scores - scores.mean(axis=1, keepdims=True)) / scores.std(axis=1, keepdims=True)
    np.testing.assert_allclose(model.score(np.arange(40)), whole, rtol=1e-4, atol=1e-4)


def test_a_part_that_cannot_score_is_silent_and_the_others_have_its_say() -> None:
    weights = says(np.array([0.5, 0.3, 0.2]), np.array([[True, True], [False, True], [True, True]]))
    np.testing.assert_allclose(weights[:, 0], [5 / 7, 0, 2 / 7])
    np.testing.assert_allclose(weights[:, 1], [0.5, 0.3, 0.2])
    assert says(np.array([1.0, 0.0]), np.array([[False], [True]])).tolist() == [[0.0], [1.0]]
    scores, mean, scale, speaks = shifts(np.array([[1.0, 3.0, np.nan], [2.0, 2.0, 2.0], [np.nan] * 3]))
    assert np.isnan(scores[0, 2])
    assert mean.tolist() == [2.0, 2.0, 0.0]
    assert scale.tolist() == [1.0, 0.0, 0.0]
    assert speaks.tolist() == [True, True, False]


def test_a_user_without_history_is_answered_by_the_part_that_can() -> None:
    x = shop()
    model = make(spec("blend", {"parts": "ease=0.9,popular=0.1"})).fit(x)
    assert model.scores_everyone
    counts = np.bincount(x.matrix.indices, minlength=30)
    z = (counts - counts.mean()) / counts.std()
    np.testing.assert_allclose(model.score(np.array([SILENT_USER]))[0], z, rtol=1e-5)
    told = model.explain(SILENT_USER, 4)
    assert [(part.model, share) for part, share in told.spoke] == [("ease", 0.0), ("popular", np.sign(z[4]))]
    assert told.score == pytest.approx(z[4])
    assert told.base + told.users.values.sum() == pytest.approx(told.score)
    assert told.users.exact
    assert not told.items.exact
    assert not make(spec("blend")).scores_everyone


def test_what_spoke_is_each_parts_share_of_the_score() -> None:
    x = shop()
    model = make(spec("blend", {"parts": "ease=0.6,item-knn=0.4"})).fit(x)
    parts = [make(spec(name)).fit(x) for name in ("ease", "item-knn")]
    for user, item in ((0, 3), (5, 11), (12, 20)):
        told = model.explain(user, item)
        rows = [part.score(np.array([user]))[0].astype(np.float64) for part in parts]
        adds = [w * (row[item] - row.mean()) / row.std() for w, row in zip((0.6, 0.4), rows, strict=True)]
        assert told.score == pytest.approx(sum(adds), rel=1e-4)
        shares = np.array(adds) / np.abs(adds).sum()
        np.testing.assert_allclose([share for _, share in told.spoke], shares, rtol=1e-4)


def test_the_views_of_inexact_parts_are_measured_by_how_much_those_move() -> None:
    x = shop()
    told = make(spec("blend", {"parts": "ease=0.5,popular=0.5"})).fit(x).explain(0, 4)
    assert told.users.exact
    assert not told.items.exact
    assert 0 < told.items.fidelity < 1


def test_weights_are_learnt_from_what_was_hidden() -> None:
    """One part knows the hidden items, the other says noise: nearly all the say is the first's; caution evens it."""
    rng = np.random.default_rng(0)
    apart = rng.normal(size=(300, 50, 2))
    apart[:, 0, 0] += 3.0
    learnt = learn(apart, 0.001)
    assert learnt.sum() == pytest.approx(1.0)
    assert learnt[0] > 0.9
    assert np.abs(learn(apart, 1e7) - 0.5).max() < 0.01
    against = apart.copy()
    against[:, 0, 1] -= 3.0  # a part that puts hidden items last has no say, not a negative one
    assert learn(against, 0.001).tolist() == pytest.approx([1.0, 0.0])


def test_learnt_weights_are_those_of_a_search_by_hand() -> None:
    rng = np.random.default_rng(1)
    apart = rng.normal(size=(200, 20, 2))
    apart[:, 0] += [1.0, 0.6]

    def loss(w: Array) -> float:
        margin = (apart - apart[:, :1]) @ w
        off = w - w.mean()
        return float(np.log(np.exp(margin).sum(axis=1)).sum() + 5 * (off @ off + 1e-3 * (w @ w)))

    grid = np.linspace(0, 2, 81)
    best = min(((a, b) for a in grid for b in grid), key=lambda w: loss(np.array(w)))
    assert learn(apart, 1.0)[0] == pytest.approx(best[0] / sum(best), abs=0.02)


def test_the_last_item_is_hidden_and_never_among_the_others() -> None:
    matrix = shop().matrix
    seen = np.random.default_rng(2).permutation(matrix.nnz)
    x = Interactions(matrix, shop().users, shop().items, first_seen=seen)
    users, items, rest = hide_last(x, 2000, 0)
    assert len(users) == (np.diff(matrix.indptr) >= 2).sum()
    assert rest.matrix.nnz == matrix.nnz - len(users)
    for user, item in zip(users, items, strict=True):
        places = range(matrix.indptr[user], matrix.indptr[user + 1])
        assert matrix.indices[max(places, key=lambda place: seen[place])] == item
        assert rest.matrix[user, item] == 0
    assert len(hide_last(x, 7, 0)[0]) == 7
    chosen = picked_from(x, users, items, 0)
    dense = matrix.toarray()
    for user, item, row in zip(users, items, chosen, strict=True):
        assert row[0] == item
        assert all(dense[user, other] == 0 for other in row[1:] if other != item)


def test_a_stack_leans_on_the_part_that_foresees(monkeypatch: pytest.MonkeyPatch) -> None:
    """On two tastes item-knn knows what comes next, popularity does not."""
    rng = np.random.default_rng(3)
    taste = np.where(np.arange(120)[:, None] % 3 == np.arange(60)[None, :] % 3, 0.4, 0.01)
    x = Interactions.of(rng.random((120, 60)) < taste)
    model = make(spec("stack", {"parts": "item-knn,popular"})).fit(x)
    assert isinstance(model, stack.Stack)
    assert model.weights[0] > 0.7
    assert "weights" in model.arrays()
    few = make(spec("stack", {"parts": "item-knn,popular"})).fit(Interactions.of(x.matrix[:10]))
    assert isinstance(few, stack.Stack)
    assert few.weights.tolist() == [0.5, 0.5], "too few users to learn from"


def test_a_switch_goes_by_the_length_of_the_history() -> None:
    x = shop()
    model = make(spec("switch", {"short": "popular", "long": "ease", "items": 8})).fit(x)
    long = np.diff(x.matrix.indptr) >= 8
    assert 5 < long.sum() < 38
    assert model.scores_everyone
    ease, popular = (make(spec(name)).fit(x).score(np.arange(40)) for name in ("ease", "popular"))
    np.testing.assert_allclose(model.score(np.arange(40)), np.where(long[:, None], ease, popular), rtol=1e-5)
    user = int(np.flatnonzero(long)[0])
    assert [share for _, share in model.explain(user, 3).spoke] == [0.0, 1.0]
    with pytest.raises(Refusal) as refused:
        Switch(spec("switch", {"short": "ease,popular"}))
    assert refused.value.code == "bad_parts"


@pytest.mark.parametrize("text", ["[" * 3900, "[{}]", "[1]", '[{"model": "ease", "weight": "much"}]', "ease=0", " , "])
def test_what_does_not_name_models_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_parts(text)
    assert refused.value.code == "bad_parts"


class Pairs(Model):
    """A model that folds: a history times the items' common users; for tests of what rests on folding."""

    folds: ClassVar[Literal["exactly", "nearly", "no"]] = "exactly"

    def fit(self, x: Interactions, *, seed: int = 0, step: Step = no_step) -> Self:
        self.x = x
        once = (x.matrix > 0).astype(np.float64)
        self._pairs = (once.T @ once).toarray() ** (0.5 if self.spec.model == "slim" else 1.0)
        return self

    def load(self, x: Interactions, arrays: Mapping[str, Array]) -> Self:
        self.x, self._pairs = x, np.asarray(arrays["pairs"])
        return self

    def arrays(self) -> dict[str, Array]:
        return {"pairs": self._pairs}

    def _score(self, users: Array, items: Array | None) -> Array:
        return self._fold(self.x.matrix[users], items, users, None)

    def _fold(self, histories: csr_matrix, items: Array | None, own: Array, seen: Array | None) -> Array:
        assert seen is None or len(seen) == histories.nnz
        scores: Array = (histories > 0).astype(np.float64) @ self._pairs
        return scores if items is None else scores[:, items]

    def explain(self, user: int, item: int) -> Explanation:
        return self._unsaid(user, item)


def test_a_blend_folds_when_all_its_parts_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def pretended(of: Spec) -> Any:
        return Pairs(of) if of.model in ("slim", "nmf") else make(of)

    monkeypatch.setattr(blend, "make", pretended)
    x = shop()
    for model in (
        blend.Blend(spec("blend", {"parts": "slim=0.5,nmf=0.5"})).fit(x),
        Switch(spec("switch", {"short": "slim", "long": "nmf"})).fit(x),
    ):
        assert model.folds == "exactly"
        users = np.delete(np.arange(40), SILENT_USER)
        seen = np.arange(x.matrix.nnz)
        folded = model.fold(x.matrix[users], own=users, seen=seen)
        np.testing.assert_allclose(folded, model.score(users), rtol=1e-5)
        some = np.array([4, 0, 29])
        np.testing.assert_allclose(model.fold(x.matrix[users], some), folded[:, some], rtol=1e-5)
        assert np.isnan(model.fold(csr_matrix(np.zeros((1, 30), dtype=np.float32)))).all()

    class Still(Pairs):
        folds: ClassVar[Literal["exactly", "nearly", "no"]] = "no"

    monkeypatch.setattr(blend, "make", lambda of: Still(of) if of.model == "nmf" else pretended(of))
    mixed = blend.Blend(spec("blend", {"parts": "slim=0.5,nmf=0.5"})).fit(x)
    assert mixed.folds == "no"
    with pytest.raises(Refusal) as refused:
        mixed.fold(x.matrix[:1])
    assert refused.value.code == "cannot_fold"
    assert "nmf" in refused.value.message
