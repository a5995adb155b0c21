"""Models of ratings: closed forms by hand, dense twins, formulas that add up, and what is at the edges."""

from __future__ import annotations

import inspect
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import Refusal
from core.progress import Step
from core.recommend import (
    RATING_MODELS,
    RATING_NAMES,
    RatingModel,
    Ratings,
    make_rating,
    rating_info,
    rating_spec,
    rating_spec_from_json,
)
from core.recommend.ratings.kernel import Kernel
from core.recommend.ratings.knn import Neighbours
from core.recommend.ratings.vectors import solve_rows
from tests.recommend.ratings import twins_ratings as twins


@pytest.fixture(scope="module")
def r() -> Ratings:
    """40 users, 30 items, 2 tastes, half stars from 0.5 to 5; a user and an item without a rating at the end."""
    rng = np.random.default_rng(5)
    taste, kind = rng.integers(2, size=40), rng.integers(2, size=30)
    seen = rng.random((40, 30)) < np.where(taste[:, None] == kind[None, :], 0.5, 0.15)
    users, items = np.nonzero(seen)
    liked = np.where(taste[users] == kind[items], 0.8, -0.8) + rng.normal(0, 0.5, 40)[users]
    values = np.clip(np.round((3 + liked + rng.normal(0, 0.5, len(users))) * 2) / 2, 0.5, 5)
    return Ratings.of(users, items, values, shape=(41, 31))


@pytest.fixture(scope="module")
def fitted(r: Ratings) -> dict[str, RatingModel]:
    return {name: make_rating(quick(name)).fit(r, seed=3) for name in RATING_NAMES}


_QUICK: dict[str, dict[str, int | str]] = {
    "kernel": {"directions": 6},
    "blend": {"folds": 2, "parts": "kernel,als,user-knn"},
}


def quick(name: str) -> Any:
    return rating_spec(name, _QUICK.get(name, {}))


def everyone(r: Ratings) -> tuple[Any, Any]:
    rows, columns = np.indices((r.shape[0] + 1, r.shape[1] + 1)) - 1
    return rows.ravel(), columns.ravel()


def test_the_baseline_by_hand() -> None:
    # two users, one item, ratings 0 and 1, both ridges 1. mean 1/2; b_i = 0 by symmetry; b_u = -+ (1/2) / (1 + 1)
    found = make_rating(rating_spec("baseline", {"caution_users": 1, "caution_items": 1})).fit(
        Ratings.of([0, 1], [0, 0], [0.0, 1.0])
    )
    assert found.predict([0, 1, -1], [0, 0, 0]).tolist() == pytest.approx([0.25, 0.75, 0.5])


def test_the_baseline_solves_the_normal_equations(r: Ratings) -> None:
    found = make_rating(rating_spec("baseline")).fit(r)
    b_u, b_i = twins.biases(r, 5.0, 3.0)
    assert found.biases.user == pytest.approx(b_u, abs=1e-8)
    assert found.biases.item == pytest.approx(b_i, abs=1e-8)


@pytest.mark.parametrize("name", ["item-knn", "user-knn"])
@pytest.mark.parametrize("way", ["pearson-baseline", "pearson", "adjusted-cosine"])
@pytest.mark.parametrize("opposites", [False, True])
def test_neighbours_are_the_weighted_average(r: Ratings, name: str, way: str, opposites: bool) -> None:
    spec = rating_spec(
        name, {"similarity": way, "opposites": opposites, "neighbours": 4, "shrink": 5, "least_common": 3}
    )
    found = make_rating(spec).fit(r)
    full = twins.dense(r)
    asked = [(0, 0), (3, 7), (12, 29), (39, 4), (40, 2), (2, 30)]
    for user, item in asked:
        if way == "adjusted-cosine":
            want = adjusted(r, full, user, item, spec, name)
        else:
            want = twins.knn(r, user, item, spec, name.removesuffix("-knn"))
        assert found.raw([user], [item])[0] == pytest.approx(want, abs=1e-8)


def adjusted(r: Ratings, full: Any, user: int, item: int, spec: Any, name: str) -> float:
    """As twins.knn, off the mean of all that a judge gave (or an item got), not only of the two compared."""
    b_u, b_i = twins.biases(r, 5.0, 3.0)
    expected = r.mean + b_u[:, None] + b_i[None, :]
    base = expected[user, item]
    if name == "user-knn":
        full, expected, user, item = full.T, expected.T, item, user
    seen = ~np.isnan(full)
    x = np.where(seen, full - (np.where(seen, full, 0).sum(1) / np.maximum(seen.sum(1), 1))[:, None], 0)
    n = seen.T.astype(float) @ seen
    size = np.sqrt((x**2).T @ seen * (seen.T @ x**2))
    value = np.divide(x.T @ x, size, out=np.zeros_like(size), where=size > 1e-9) * n / (n + spec["shrink"])
    value[n < spec["least_common"]] = 0
    value = value if spec["opposites"] else np.maximum(value, 0)
    near = [j for j in np.flatnonzero(seen[user]) if j != item and value[item, j] != 0]
    near = sorted(near, key=lambda j: (-abs(value[item, j]), j))[: spec["neighbours"]]
    below = sum(abs(value[item, j]) for j in near)
    above = sum(value[item, j] * (full[user, j] - expected[user, j]) for j in near)
    return float(base + (above / below if below else 0))


@pytest.mark.parametrize("name", ["user-knn", "item-knn"])
@pytest.mark.parametrize("scale", [1.0, 1e-4, 1e5])
def test_what_rounding_leaves_is_no_likeness(name: str, scale: float) -> None:
    """Equal ratings have no variance, and some pairs no covariance: neither makes a neighbour, on any scale."""
    rng = np.random.default_rng(0)
    users, items = np.nonzero(rng.random((20, 15)) < 0.4)
    r = Ratings.of(users, items, rng.integers(1, 6, len(users)) * scale * 1.1, shape=(20, 15))
    model = make_rating(rating_spec(name, {"similarity": "pearson", "least_common": 2, "shrink": 0})).fit(r)
    assert isinstance(model, Neighbours)
    side, full = (0, twins.dense(r)) if name == "user-knn" else (1, twins.dense(r).T)
    found = model.similar(np.arange(r.shape[side]))
    none = some = 0
    for a, b in combinations(range(r.shape[side]), 2):
        both = ~np.isnan(full[a] + full[b])
        x, y = (np.round(full[one][both] / scale / 1.1).astype(int).tolist() for one in (a, b))
        n = len(x)
        if n >= 2 and n * sum(p * q for p, q in zip(x, y, strict=True)) > sum(x) * sum(y):  # whole numbers: exact
            some += 1
            assert found[a, b] > 0.01
        else:
            none += 1
            assert found[a, b] == found[b, a] == 0
    assert none > 30
    assert some > 10


def test_one_neighbour_by_hand() -> None:
    # user 2 rated item 0 only; items 0 and 1 go up and down together, so item 1 is as far above its baseline as item 0
    r = Ratings.of([0, 0, 1, 1, 2], [0, 1, 0, 1, 0], [1.0, 1.0, 5.0, 5.0, 5.0])
    found = make_rating(rating_spec("item-knn", {"similarity": "pearson", "shrink": 0})).fit(r)
    why = found.formula(2, 1)
    (near,) = why.neighbours
    assert (near.of, near.row, near.rating) == ("item", 0, 5.0)
    assert near.similarity == pytest.approx(1.0)
    assert near.part == pytest.approx(5.0 - near.expected)
    assert why.raw == pytest.approx(why.baseline + near.part)


def test_the_kernel_is_the_gaussian_process(r: Ratings, fitted: dict[str, RatingModel]) -> None:
    found = fitted["kernel"]
    assert isinstance(found, Kernel)
    rows, columns = (g.ravel() for g in np.indices(r.shape))
    want = twins.kernel(r, found.items, found.spec)
    assert found.raw(rows, columns).reshape(r.shape) == pytest.approx(want, abs=1e-4)


def test_als_users_are_ridge_regressions(r: Ratings, fitted: dict[str, RatingModel]) -> None:
    found: Any = fitted["als"]
    rest = twins.dense(r) - found.biases.mean - found.biases.user[:, None] - found.biases.item[None, :]
    for user in (0, 5, 39):
        mine = np.flatnonzero(~np.isnan(rest[user]))
        q = found.items[mine]
        want = np.linalg.solve(q.T @ q + found.ridge * np.eye(q.shape[1]), q.T @ rest[user, mine])
        assert found.users[user] == pytest.approx(want, abs=1e-9)
    assert not found.users[40].any()
    assert solve_rows(r.matrix(), found.items, 1.0).shape == (41, 16)


@pytest.mark.parametrize("name", ["svd", "svdpp"])
def test_descent_ends_where_the_loss_is_flat(r: Ratings, name: str) -> None:
    """More steps change little, and the loss is below that of the baseline."""
    some = make_rating(rating_spec(name, {"epochs": 400, "factors": 4, "caution": 2.0})).fit(r, seed=1)
    more = make_rating(rating_spec(name, {"epochs": 1200, "factors": 4, "caution": 2.0})).fit(r, seed=1)
    near, far = some.raw(r.users, r.items), more.raw(r.users, r.items)
    assert np.sqrt(np.mean((near - far) ** 2)) < 0.05
    base = make_rating(rating_spec("baseline")).fit(r).raw(r.users, r.items)
    assert np.mean((far - r.values) ** 2) < np.mean((base - r.values) ** 2)


def test_the_blend_weighs_what_predicts(r: Ratings, fitted: dict[str, RatingModel]) -> None:
    found: Any = fitted["blend"]
    assert (found.weights >= 0).all()
    assert 0 < found.weights.sum() < 1.6
    rows, columns = everyone(r)
    parts = np.array([p.raw(rows, columns) for p in found.parts])
    assert found.raw(rows, columns) == pytest.approx(r.mean + found.weights @ (parts - r.mean), abs=1e-9)
    shares = sum(share for _, _, share in found.shares(3, 7))
    assert found.raw([3], [7])[0] == pytest.approx(r.mean + shares)


@pytest.mark.parametrize("name", RATING_NAMES)
class TestEveryModel:
    def test_formulas_add_up(self, r: Ratings, fitted: dict[str, RatingModel], name: str) -> None:
        for user, item in [(0, 0), (3, 7), (39, 29), (40, 3), (4, 30), (-1, 3), (3, -1), (-1, -1)]:
            why = fitted[name].formula(user, item)
            parts = sum(n.part for n in why.neighbours) + sum(part for _, part in why.others)
            assert why.baseline + parts == pytest.approx(why.raw, abs=1e-6)
            assert why.prediction == fitted[name].predict([user], [item])[0] == np.clip(why.raw, r.low, r.high)
            assert why.clipped == ("lies outside the scale" in why.text)
            assert f"Prediction {why.prediction:.3f}." in why.text
        if name != "baseline":
            assert fitted[name].formula(3, 7).neighbours

    def test_strangers_get_the_baseline_of_what_is_known(
        self, r: Ratings, fitted: dict[str, RatingModel], name: str
    ) -> None:
        model = fitted[name]
        mean, b = r.mean, model.biases
        found = model.raw([-1, -1, 40, 3, 3], [-1, 4, 4, -1, 30])
        assert found[:2] == pytest.approx([mean, mean + b.item[4]])
        assert found[2] == pytest.approx(mean + b.item[4], abs=1e-4)
        assert found[3] == pytest.approx(mean + b.user[3])

    def test_comes_back_from_its_arrays(
        self, r: Ratings, fitted: dict[str, RatingModel], name: str, tmp_path: Path
    ) -> None:
        fitted[name].save(tmp_path)
        arrays = {path.stem: np.load(path) for path in tmp_path.glob("*.npy")}
        again = make_rating(fitted[name].spec).load(r, arrays)
        rows, columns = everyone(r)
        assert (again.raw(rows, columns) == fitted[name].raw(rows, columns)).all()
        assert again.formula(3, 7) == fitted[name].formula(3, 7)

    def test_the_same_seed_gives_the_same_model(self, r: Ratings, fitted: dict[str, RatingModel], name: str) -> None:
        again = make_rating(fitted[name].spec).fit(r, seed=3)
        rows, columns = everyone(r)
        assert (again.raw(rows, columns) == fitted[name].raw(rows, columns)).all()

    @pytest.mark.parametrize(
        "edge",
        [
            Ratings.of([0], [0], [4.0]),
            Ratings.of([0, 0, 0, 0], [0, 1, 2, 3], [1.0, 2.0, 0.0, 5.0]),
            Ratings.of([0, 1, 2, 3], [0, 0, 0, 0], [1.0, 2.0, 0.0, 5.0]),
            Ratings.of([0, 0, 1, 1, 2], [0, 1, 0, 2, 1], [3.0] * 5),
            Ratings.of([0, 0, 1, 1, 2, 2], [0, 1, 0, 2, 1, 2], [0.0, 100.0, 30.0, 72.5, 0.0, 100.0]),
        ],
        ids=["one rating", "one user", "one item", "all equal", "0 to 100"],
    )
    def test_edges(self, name: str, edge: Ratings) -> None:
        model = make_rating(quick(name)).fit(edge)
        rows, columns = everyone(edge)
        found = model.predict(rows, columns)
        assert np.isfinite(found).all()
        assert found.min() >= edge.low
        assert found.max() <= edge.high
        if edge.low == edge.high:
            assert set(found) == {edge.low}
        why = model.formula(0, 0)
        assert why.baseline + sum(n.part for n in why.neighbours) == pytest.approx(why.raw, abs=1e-6)

    def test_refuses_rows_that_cannot_be(self, r: Ratings, fitted: dict[str, RatingModel], name: str) -> None:
        with pytest.raises(IndexError):
            fitted[name].predict([41], [0])
        with pytest.raises(IndexError):
            fitted[name].predict([0], [-2])

    def test_its_line_is_whole(self, name: str) -> None:
        line = rating_info(name)
        assert all((line.plain, line.term, line.when, line.source))
        assert issubclass(type(make_rating(rating_spec(name))), RatingModel)
        assert not inspect.isabstract(type(make_rating(rating_spec(name))))
        assert rating_spec_from_json(rating_spec(name).as_json()) == rating_spec(name)


def test_models_can_be_cancelled(r: Ratings) -> None:
    from core.progress import Cancelled

    class Stop(Step):
        def cancelled(self) -> bool:
            return True

    for name in ("kernel", "als", "svd", "svdpp", "blend"):
        with pytest.raises(Cancelled):
            make_rating(rating_spec(name)).fit(r, step=Stop())


def test_names_are_unique() -> None:
    assert (
        len({line.plain for line in RATING_MODELS}) == len({line.name for line in RATING_MODELS}) == len(RATING_MODELS)
    )


@pytest.mark.parametrize("parts", ["", "kernel,kernel", "blend", "kernel,magic"])
def test_a_blend_of_nothing_is_refused(parts: str) -> None:
    with pytest.raises(Refusal, match="parts of a blend") as caught:
        rating_spec("blend", {"parts": parts})
    assert caught.value.code == "bad_parts"


def test_ratings_hold_each_pair_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        Ratings.of([0, 0], [1, 1], [1.0, 2.0])


def test_ratings_travel_as_arrays(r: Ratings) -> None:
    again = Ratings.from_arrays(r.to_arrays())
    assert (again.values == r.values).all()
    assert (again.low, again.high, again.shape, again.times) == (r.low, r.high, r.shape, None)
