"""How long models of ratings are told to take: the work counted against enumeration, and what it must grow with."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from core.recommend import RATING_MODELS, ParamValue, Ratings, RatingsSize, rating_seconds, rating_spec

NAMES = [line.name for line in RATING_MODELS]
SIZE = RatingsSize(1_000_000, 6_000, 4_000, 3e8, 1e9)


@pytest.fixture(scope="module")
def r() -> Ratings:
    rng = np.random.default_rng(5)
    users, items = np.nonzero(rng.random((40, 1)) * rng.random((1, 30)) > 0.3)
    return Ratings.of(users, items, rng.integers(1, 6, len(users)), shape=(40, 30))


def test_pairs_are_those_that_enumeration_finds(r: Ratings) -> None:
    size = RatingsSize.of(r)
    both = list(product(range(len(r)), repeat=2))
    assert size.by_users == sum(r.users[a] == r.users[b] for a, b in both)
    assert size.by_items == sum(r.items[a] == r.items[b] for a, b in both)
    assert (size.ratings, size.users, size.items) == (len(r), 40, 30)


def test_a_share_is_what_drawing_gives_on_average(r: Ratings) -> None:
    rng = np.random.default_rng(1)
    drawn = [RatingsSize.of(r.only(rng.random(len(r)) < 0.7)) for _ in range(2_000)]
    told = RatingsSize.of(r).share(0.7)
    for name in ("ratings", "by_users", "by_items"):
        assert getattr(told, name) == pytest.approx(np.mean([getattr(d, name) for d in drawn]), rel=0.01)
    assert RatingsSize.of(r).share(1.0) == RatingsSize.of(r)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("predict", [False, True])
def test_it_grows_with_the_ratings_and_never_says_nothing(name: str, predict: bool) -> None:
    model = rating_spec(name)
    steps = [rating_seconds(model, SIZE.share(share), predict=predict) for share in (0.01, 0.1, 0.5, 1.0)]
    assert steps[0] > 0
    assert steps == sorted(steps)
    assert rating_seconds(model, SIZE, predict=True) >= rating_seconds(model, SIZE)


@pytest.mark.parametrize(
    ("name", "less", "more", "least", "most"),
    [
        ("svd", {"epochs": 60}, {"epochs": 120}, 1.8, 2.01),
        ("svdpp", {"factors": 8}, {"factors": 16}, 1.8, 2.5),
        ("als", {"epochs": 5}, {"epochs": 15}, 2.8, 3.01),
        ("als", {"factors": 32}, {"factors": 64}, 2.5, 4.01),
        ("kernel", {"directions": 30}, {"directions": 60}, 2.0, 8.0),
        ("user-knn", {"similarity": "adjusted-cosine"}, {"similarity": "pearson"}, 1.4, 1.8),
    ],
)
def test_settings_count(
    name: str, less: dict[str, ParamValue], more: dict[str, ParamValue], least: float, most: float
) -> None:
    a, b = (rating_seconds(rating_spec(name, given), SIZE, predict=True) for given in (less, more))
    assert least <= b / a <= most


def test_neighbours_take_what_comparing_takes() -> None:
    """Users are compared over items: many ratings of each item make that slow, many of each user do not."""
    wide = RatingsSize(1_000_000, 100_000, 1_000, 2e7, 5e9)
    slow, quick = (rating_seconds(rating_spec(name), wide, predict=True) for name in ("user-knn", "item-knn"))
    assert slow > 30 * quick
    assert rating_seconds(rating_spec("user-knn"), wide) < 1, "it compares when it is asked, not before"


def test_a_blend_takes_longer_than_its_parts_on_each_inner_fold() -> None:
    parts = ("kernel", "svdpp")
    blend = rating_spec("blend", {"parts": ",".join(parts), "folds": 4})
    inner = SIZE.share(0.75)
    each = [rating_seconds(rating_spec(name), inner, predict=True) for name in parts]
    last = [rating_seconds(rating_spec(name), SIZE) for name in parts]
    assert rating_seconds(blend, SIZE) == pytest.approx(4 * sum(each) + sum(last))
