"""Nearest neighbours and the iterative model against scikit-learn called directly."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer
from sklearn.linear_model import BayesianRidge, LogisticRegression

from core.errors import Refusal
from core.progress import Cancelled, Step
from core.quality import Fill, fill_model
from core.quality.ask import ask
from core.quality.fill import fill_values
from core.store import Query
from tests.quality.fill_world import World, filled


def people(seed: int, rows: int = 240) -> pd.DataFrame:
    """Users whose y follows from a, b and their kind, with gaps in y and a."""
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame({"user_no": np.arange(rows, dtype=np.int32), "user_id": [f"u{n}" for n in range(rows)]})
    frame["a"], frame["b"] = draw.normal(50, 20, rows), draw.gamma(2, 3, rows)
    frame["kind"] = draw.choice(["new", "old", "vip"], rows).astype(object)
    frame["y"] = 2 * frame.a - 5 * frame.b + frame.kind.map({"new": 0, "old": 40, "vip": 90}) + draw.normal(0, 5, rows)
    frame["class"] = np.where(frame.y > 150, "high", np.where(frame.y > 80, "middle", "low")).astype(object)
    gap = draw.random(rows) < 0.2
    frame.loc[gap, ["y", "class"]] = None
    frame.loc[draw.random(rows) < 0.15, "a"] = np.nan
    frame.loc[draw.random(rows) < 0.1, "kind"] = None
    return frame


def encoded(frame: pd.DataFrame) -> np.ndarray:
    """As the docs say: numbers standardised by the rows with a value of y; categories one-hot, missing a value too."""
    known = frame[frame.y.notna()]
    numbers = [(frame[c] - known[c].mean()) / known[c].std(ddof=0) for c in ("a", "b")]
    words = [frame.kind.eq(level) for level in ("new", "old", "vip")] + [frame.kind.isna()]
    return np.column_stack([*numbers, *words]).astype(float)


@pytest.mark.parametrize(("seed", "gaps"), [(0, True), (1, True), (2, False)])
def test_neighbours_are_those_of_knn_imputer(seed: int, gaps: bool) -> None:
    frame = people(seed)
    if not gaps:
        frame["a"] = frame.a.fillna(0.5)
    fill = Fill("y", "neighbours", using=("a", "b", "kind"), neighbours=4)
    got = filled(World(users=frame), fill, "users")
    both = np.column_stack([frame.y, encoded(frame)])
    expected = KNNImputer(n_neighbors=4).fit(both[frame.y.notna()]).transform(both)[frame.y.isna(), 0]
    np.testing.assert_allclose(got.to_numpy(), expected, rtol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_categories_are_what_most_neighbours_have(seed: int) -> None:
    frame = people(seed)
    got = filled(World(users=frame), Fill("class", "neighbours", using=("a", "b", "kind"), neighbours=5), "users")
    x, known = encoded(frame), frame["class"].notna().to_numpy()
    # votes are means of one-hot columns: KNNImputer is asked for each of them
    levels = sorted(frame["class"].dropna().unique())
    target = np.column_stack([np.where(known, frame["class"].eq(level), np.nan) for level in levels]).astype(float)
    shares = []
    for n in range(len(levels)):
        both = np.column_stack([target[:, n], x])
        shares.append(KNNImputer(n_neighbors=5).fit(both[known]).transform(both)[~known, 0])
    expected = [levels[n] for n in np.argmax(np.round(shares, 6), axis=0)]  # first = smallest of equals
    assert got.tolist() == expected


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.filterwarnings("ignore:.*Early stopping")
def test_iterative_is_iterative_imputer(seed: int) -> None:
    frame = people(seed)
    got = filled(World(users=frame), Fill("y", "iterative", using=("a", "b", "kind")), "users")
    matrix = np.column_stack([frame.y, encoded(frame)])
    low, high = np.nanmin(matrix, axis=0), np.nanmax(matrix, axis=0)
    imputer = IterativeImputer(estimator=BayesianRidge(), min_value=low, max_value=high, random_state=0)
    expected = imputer.fit_transform(matrix)[frame.y.isna(), 0]
    # not to the last digit: the order of rows and the scale of y differ, and turns end when little moves any more
    assert np.abs(got.to_numpy() - expected).max() < 0.02 * frame.y.std()
    truth_known = frame.y.dropna()
    assert got.between(truth_known.min(), truth_known.max()).all()


def test_iterative_categories_are_a_logistic_regression() -> None:
    frame = people(7)
    frame["a"] = frame.a.fillna(50.0)
    got = filled(World(users=frame), Fill("class", "iterative", using=("a", "b", "kind")), "users")
    x, known = encoded(frame), frame["class"].notna()
    expected = LogisticRegression(max_iter=300).fit(x[known], frame["class"][known]).predict(x[~known])
    assert (got.to_numpy() == expected).mean() > 0.97  # a row on the border may fall to either side


def test_the_same_question_has_the_same_answer_and_rows_learnt_from_are_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(users=people(3))
    monkeypatch.setattr(fill_model, "LEARN", {"neighbours": 60, "iterative": 60})
    monkeypatch.setattr(fill_model, "BATCH", 7)
    for method in ("neighbours", "iterative"):
        first = filled(world, Fill("y", method), "users")
        assert len(first) > 14
        pd.testing.assert_series_equal(first, filled(world, Fill("y", method), "users"))
    monkeypatch.setattr(fill_model, "MOST", {"neighbours": 10})
    with pytest.raises(Refusal) as caught:
        filled(world, Fill("y", "neighbours"), "users")
    assert caught.value.code == "too_many_rows"


def test_whole_numbers_dates_and_flags_keep_their_kind() -> None:
    world = World(
        users="SELECT x::INTEGER AS user_no, 'u' || x AS user_id, x % 2 = 0 AS even, x % 3 AS third, "
        "CASE WHEN x < 90 THEN (x // 10)::SMALLINT END AS tens, "
        "CASE WHEN x < 90 THEN DATE '2026-01-01' + (x % 2)::INTEGER * 10 END AS day, "
        "CASE WHEN x < 90 THEN x % 2 = 0 END AS flag FROM range(100) t(x)"
    )
    for method in ("neighbours", "iterative"):
        flags = filled(world, Fill("flag", method, using=("even",)), "users")
        assert flags.tolist() == [n % 2 == 0 for n in range(90, 100)]
        tens = filled(world, Fill("tens", method, using=("even", "third")), "users")
        assert tens.dtype == np.int16
        assert tens.between(0, 8).all()
    days = filled(world, Fill("day", "neighbours", using=("even",)), "users")
    assert pd.to_datetime(days).dt.day.tolist() == [1 if n % 2 == 0 else 11 for n in range(90, 100)]


def test_columns_that_tell_nothing_are_refused_and_no_rows_are_no_answer() -> None:
    world = World(
        users="SELECT x::INTEGER AS user_no, 'u' AS user_id, 1 AS same, NULL::DOUBLE AS nothing, "
        "'name ' || x AS name, CASE WHEN x < 90 THEN x END AS y, x AS z FROM range(100) t(x)"
    )
    with pytest.raises(Refusal, match="tell rows apart"):
        filled(world, Fill("y", "iterative", using=("same", "nothing")), "users")
    assert filled(world, Fill("y", "neighbours", neighbours=1), "users").tolist() == [89] * 10
    assert filled(world, Fill("y", "neighbours"), "users", [1_000]).empty


def test_work_can_be_stopped() -> None:
    class Stop(Step):
        def cancelled(self) -> bool:
            return True

    asked = ask(World(users=people(1)), None, step=Stop())
    with pytest.raises(Cancelled):
        fill_values(asked, Fill("y", "iterative"), "users", Query("SELECT user_no FROM users WHERE y IS NULL"))
