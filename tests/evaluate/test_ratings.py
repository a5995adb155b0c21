"""Models of ratings judged on folds: errors by hand, the same folds for all, stored runs, refusals, the command."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from core.__main__ import main
from core.errors import Refusal
from core.evaluate import (
    RATINGS_TASK,
    RatingsComparison,
    RatingsSpec,
    compare_ratings,
    get_run,
    list_runs,
    prepare_ratings,
    publish_ratings,
    ratings_from_json,
    ratings_to_json,
    write_ratings,
)
from core.evaluate.ratings_task import dealt, measure_ratings, ratings_task
from core.evaluate.ratings_words import judge_ratings
from core.explain import rating_why
from core.jobs.task import ALLOWED, find
from core.recommend import Ratings, build_ratings, make_rating, rating_spec
from core.store import Query, Store
from tests.behaviour.world import E, build

BOTH = (rating_spec("baseline"), rating_spec("kernel", {"directions": 4}))


@pytest.fixture(scope="module")
def r() -> Ratings:
    rng = np.random.default_rng(2)
    users, items = np.nonzero(rng.random((60, 20)) < 0.4)
    values = np.clip(np.round(3 + rng.normal(0, 1, 60)[users] + rng.normal(0, 0.5, len(users))), 1, 5)
    return Ratings.of(users, items, values, np.arange(len(users)) * 10)


@pytest.fixture(scope="module")
def found(r: Ratings) -> RatingsComparison:
    return measure_ratings(RatingsSpec(BOTH, 3, 1), r)


def rated(path: Path, rows: list[tuple[str, str, str | None, float | None]]) -> Store:
    """A workspace of ratings: user, item, time, rating."""
    store = build(path, [E(user, item, "rating", at) for user, item, at, _ in rows], titles={"i0": "The first"})
    values = pa.table({"n": list(range(len(rows))), "rating": pa.array([v for *_, v in rows], pa.float64())})
    with store.atomic() as w, w.table("incoming_ratings", values):
        w.run(
            "UPDATE events SET rating = incoming_ratings.rating FROM incoming_ratings"
            " WHERE (event_no & ((1::BIGINT << 40) - 1)) = incoming_ratings.n"
        )
    return store


@pytest.fixture
def store(tmp_path: Path) -> Any:
    rng = np.random.default_rng(4)
    rows: list[tuple[str, str, str | None, float | None]] = [
        (f"u{u}", f"i{i}", f"2025-01-{1 + (u * 7 + i) % 28:02}", float(rng.integers(0, 11)) / 2)
        for u in range(15)
        for i in range(8)
        if (u + i) % 3
    ]
    with rated(tmp_path / "w.duckdb", rows) as made:
        yield made


def test_errors_are_those_of_each_fold_fitted_by_itself(r: Ratings, found: RatingsComparison) -> None:
    of, _ = dealt(r, found.spec)
    assert np.bincount(of).max() - np.bincount(of).min() <= 1
    for score in found.models:
        errors = np.empty(len(r))
        for fold in range(3):
            out = of == fold
            model = make_rating(score.spec).fit(r.only(~out), seed=1)
            errors[out] = model.predict(r.users[out], r.items[out]) - r.values[out]
        assert score.metrics["mse"].value == pytest.approx(np.mean(errors**2))
        assert score.metrics["rmse"].value == pytest.approx(np.sqrt(np.mean(errors**2)))
        assert score.metrics["mae"].value == pytest.approx(np.mean(np.abs(errors)))
        each = [np.sqrt(np.mean(errors[of == fold] ** 2)) for fold in range(3)]
        assert score.each == pytest.approx(each)
        assert score.spread == pytest.approx(np.std(each, ddof=1))
        for measured in score.metrics.values():
            assert measured.low < measured.value < measured.high


def test_intervals_keep_a_users_ratings_together(r: Ratings, found: RatingsComparison) -> None:
    """The bootstrap's spread is near that of the ratio estimate over users, worked out by the delta method."""
    of, _ = dealt(r, found.spec)
    model, score = make_rating, found.models[0]
    errors = np.empty(len(r))
    for fold in range(3):
        out = of == fold
        errors[out] = model(score.spec).fit(r.only(~out), seed=1).predict(r.users[out], r.items[out]) - r.values[out]
    sums, counts = np.bincount(r.users, errors**2), np.bincount(r.users)
    mse = sums.sum() / counts.sum()
    error = np.sqrt(((sums - mse * counts) ** 2).sum()) / counts.sum()
    measured = score.metrics["mse"]
    assert (measured.high - measured.low) / 2 == pytest.approx(1.96 * error, rel=0.15)


def test_a_models_equal_is_no_winner(r: Ratings) -> None:
    """Sixty users have no thousand neighbours: the two predict the same."""
    two = [rating_spec("user-knn", {"neighbours": n}) for n in (999, 1000)]
    found = measure_ratings(RatingsSpec((rating_spec("baseline"), *two), 3), r)
    (same,) = [d for d in found.differences if "baseline" not in (d.a, d.b)]
    assert (same.difference, same.low, same.high, same.p) == (0, 0, 0, 1)
    said = judge_ratings(found.models[1:], [same], 467)
    assert said.winner is None
    assert len(said.tied) == 2
    assert "no difference can be shown" in said.text
    assert "Only 467 ratings" in said.text
    assert all(d.difference <= 0 for d in found.differences)


def test_the_split_by_time_judges_the_latest(r: Ratings) -> None:
    spec = RatingsSpec(BOTH, 5, 0, "time")
    of, split = dealt(r, spec)
    assert split == "time"
    assert r.times is not None
    assert r.times[of == 0].min() > r.times[of < 0].max()
    assert (of == 0).sum() == len(r) // 5
    told = measure_ratings(spec, r)
    assert told.facts["judged"] == len(r) // 5
    assert "latest" in told.notes[0]
    assert told.models[0].spread is None
    timeless = measure_ratings(RatingsSpec(BOTH[:1], 2, 0, "time"), replace(r, times=None))
    assert timeless.split == "folds"
    assert "no times" in timeless.notes[0]


def test_the_same_seed_gives_the_same_figures(r: Ratings, found: RatingsComparison) -> None:
    again = measure_ratings(found.spec, r)
    assert [m.metrics for m in again.models] == [m.metrics for m in found.models]
    assert again.differences == found.differences


def test_comes_back_from_json(found: RatingsComparison) -> None:
    assert ratings_from_json(json.loads(json.dumps(ratings_to_json(found), allow_nan=False))) == found


def test_a_worker_can_be_asked_and_the_run_is_kept(store: Store, tmp_path: Path) -> None:
    spec = RatingsSpec(BOTH, 2)
    arrays = prepare_ratings(store, spec)
    assert find(RATINGS_TASK, ALLOWED) is ratings_task
    result = ratings_task(spec.as_json(), arrays, tmp_path)

    class Done:
        def __init__(self) -> None:
            self.result = result

    with store.atomic(data=False) as writer:
        told = publish_ratings(writer, Done())
    run = get_run(store, told["run_id"])
    assert run.kind == "ratings"
    assert run.answer == ratings_from_json(result)
    assert not run.stale
    assert [one.run_id for one in list_runs(store, "ratings")] == [told["run_id"]]
    assert list_runs(store, "compare") == []
    direct = compare_ratings(store, spec)
    assert [m.metrics for m in direct.models] == [m.metrics for m in ratings_from_json(result).models]


def test_the_table_is_written(found: RatingsComparison, tmp_path: Path) -> None:
    assert write_ratings(found, tmp_path / "t.csv") == 2
    with (tmp_path / "t.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert float(rows[0]["rmse"]) <= float(rows[1]["rmse"])
    assert {row["model"] for row in rows} == {"baseline", "kernel"}


def test_the_latest_rating_of_a_pair_counts_and_zero_is_a_rating(tmp_path: Path) -> None:
    rows: list[tuple[str, str, str | None, float | None]] = [
        ("ann", "mug", "2025-01-02", 4.5),
        ("ann", "mug", "2025-01-01", 1.0),  # earlier, though later in the file
        ("ann", "tea", "2025-01-01", 0.0),
        ("bob", "mug", None, 3.0),
        ("bob", "tea", "2025-01-01", None),  # rated without saying how
        ("bob", "cup", "2025-01-01", 2.0),
        ("bob", "cup", "2025-01-01", 2.5),  # at once: the higher
    ]
    with rated(tmp_path / "w.duckdb", [(u, i, t, v) for u, i, t, v in rows]) as store:
        r = build_ratings(store)
        told = {(r.user_map.raw(u), r.item_map.raw(i)): v for u, i, v in zip(r.users, r.items, r.values, strict=True)}
        assert told == {("ann", "mug"): 4.5, ("ann", "tea"): 0.0, ("bob", "mug"): 3.0, ("bob", "cup"): 2.5}
        assert (r.low, r.high, r.mean) == (0.0, 4.5, 2.5)
        assert r.times is not None
        assert r.times.min() == np.iinfo(np.int64).min


def test_where_nothing_was_rated(tmp_path: Path) -> None:
    with build(tmp_path / "w.duckdb", [E("ann", "mug", "view", "2025-01-01")]) as store:
        with pytest.raises(Refusal) as caught:
            build_ratings(store)
        assert caught.value.code == "no_ratings"
    with rated(tmp_path / "x.duckdb", [("ann", "mug", None, 3.0)]) as store:
        with pytest.raises(Refusal) as caught:
            prepare_ratings(store, RatingsSpec(BOTH))
        assert caught.value.code == "too_few_ratings"


@pytest.mark.parametrize(
    "given", [{"folds": 1}, {"folds": 21}, {"seed": -1}, {"split": "magic"}, {"models": (BOTH[0], BOTH[0])}]
)
def test_bad_questions_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as caught:
        RatingsSpec(**{"models": BOTH, **given})
    assert caught.value.code == "bad_comparison"


def test_the_baseline_is_always_there() -> None:
    assert [m.model for m in RatingsSpec((BOTH[1],)).models] == ["baseline", "kernel"]


def test_a_formula_in_ids_and_titles(store: Store) -> None:
    model = make_rating(rating_spec("item-knn", {"least_common": 1})).fit(build_ratings(store))
    why = rating_why(store, model, "u2", "i1")
    assert why.neighbours
    for near in why.neighbours:
        assert near.label == ("The first" if near.id == "i0" else near.id)
        (asked,) = store.rows(
            Query(
                "SELECT rating FROM events JOIN users USING (user_no) JOIN items USING (item_no)"
                " WHERE user_id = 'u2' AND item_id = ?",
                (near.id,),
            )
        )
        assert float(asked["rating"]) == pytest.approx(near.rating)
    above = sum(n.similarity * (n.rating - n.expected) for n in why.neighbours)
    assert why.raw == pytest.approx(why.baseline + above / sum(abs(n.similarity) for n in why.neighbours))
    with pytest.raises(Refusal):
        rating_why(store, model, "nobody", "nothing")


def test_the_command(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(store.path)
    store.close()

    def call(*words: str) -> tuple[int, dict[str, Any]]:
        code = main(["predict-ratings", "--workspace", path, "--json", *words])
        return code, json.loads(capsys.readouterr().out)

    out = str(tmp_path / "m.csv")
    code, told = call("--folds", "2", "--models", "als,item-knn", "--param", "als.factors=2", "--out", out)
    assert code == 0
    assert [m["model"] for m in told["models"]] == ["baseline", "als", "item-knn"]
    assert {"rmse", "mae", "mse", "seconds"} <= set(told["models"][0])
    assert (told["folds"], told["seed"], told["users"], told["items"]) == (2, 0, 15, 8)
    assert told["rows"] == 3
    assert told["models"][1]["params"]["factors"] == 2
    code, told = call("--user", "u2", "--item", "i1", "--models", "svdpp")
    assert code == 0
    base = told["baseline"]
    total = base["mean"] + base["user"] + base["item"] + sum(n["part"] for n in told["neighbours"])
    assert total == pytest.approx(told["raw"])
    assert call("--user", "u2")[0] == 2
    assert call("--models", "magic")[1]["error"]["code"] == "unknown_model"


def test_where_every_rating_is_the_same_there_is_nothing_to_predict() -> None:
    users, items = np.nonzero(np.random.default_rng(0).random((30, 12)) < 0.5)
    found = measure_ratings(RatingsSpec(BOTH), Ratings.of(users, items, np.full(len(users), 4.0)))
    assert found.verdict.text == "Every rating is 4: there is nothing to predict."
    assert found.verdict.winner is None
    assert found.models[0].metrics["rmse"].value == 0


def test_ids_that_the_data_do_not_have_are_refused(tmp_path: Path) -> None:
    """A typing mistake must not get a prediction; a user who has rated nothing does, from the item alone."""
    events = [E(f"u{n}", f"i{n % 3}", "rating", "2025-01-01") for n in range(9)] + [
        E("new", "i0", "view", "2025-01-02")
    ]
    with build(tmp_path / "w.duckdb", events) as store:
        with store.atomic() as writer:
            writer.run("UPDATE events SET rating = 1 + user_no % 5 WHERE event = 'rating'")
        model = make_rating(rating_spec("baseline")).fit(build_ratings(store))
        for user, item, code in (("nobody", "i0", "unknown_user"), ("u0", "nothing", "unknown_item")):
            with pytest.raises(Refusal) as refused:
                rating_why(store, model, user, item)
            assert refused.value.code == code
        assert rating_why(store, model, "new", "i0").user == -1
