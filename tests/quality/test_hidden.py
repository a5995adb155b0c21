"""The hidden-value test on data where the best fill is known; its figures against pandas and scikit-learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, mean_absolute_error, root_mean_squared_error

from core.errors import Refusal
from core.quality import Fill, FillMethod
from core.quality.ask import ask
from core.quality.clusters import clusters
from core.quality.fill import fill_values
from core.quality.fill_column import column_of
from core.quality.hidden import HiddenTest, hidden_value_test
from core.store import Query, Store
from tests.prepared import copied
from tests.quality.fill_world import World, filled

ROWS = 3_000


def shop(seed: int = 1) -> World:
    """Events whose columns follow from their item, from time, from other columns, or from nothing."""
    draw = np.random.default_rng(seed)
    item = draw.integers(1, 30, ROWS)
    minutes = np.sort(draw.choice(500_000, ROWS, replace=False))
    frame = pd.DataFrame({"event_no": np.arange(ROWS), "event": "purchase", "item_no": item, "user_no": item})
    frame["at_utc"] = (pd.Timestamp("2026-01-01") + pd.to_timedelta(minutes, unit="m")).astype("datetime64[us]")
    frame["quantity"] = draw.integers(1, 5, ROWS).astype(float)
    skewed = draw.exponential(1, ROWS) ** 2  # so that the median is closer than the mean
    frame["by_item"] = 20.0 * item + skewed
    frame["in_time"] = minutes / 100 + draw.normal(0, 1, ROWS)
    frame["noise"] = draw.normal(100, 20, ROWS)
    frame["a"], frame["b"] = draw.normal(0, 1, ROWS), draw.normal(0, 1, ROWS)
    frame["sum"] = 10 * frame.a - 7 * frame.b + draw.normal(0, 1, ROWS)
    frame["kind"] = np.where(frame.a + frame.b > 0.6, "x", np.where(frame.a < frame.b, "y", "z"))
    frame["coin"] = draw.choice(["heads", "tails"], ROWS)
    gaps = {"by_item": draw.random(ROWS) < 0.1, "noise": (item < 5), "coin": draw.random(ROWS) < 0.1}
    for name, gap in gaps.items():
        frame.loc[gap, name] = None
    return World(events=frame)


WORLD = shop()


def test_median_by_group_wins_where_the_group_says_it() -> None:
    test = hidden_value_test(WORLD, "events", "by_item", methods=("median", "mean", "interpolate"), group="item")
    assert test.best == Fill("by_item", "median", group="item")
    assert test.scores[0].against is not None
    assert test.scores[0].against < 0.05
    assert test.scores[0].gain[0] > 0
    assert "the median per item is off by" in test.verdict
    assert "less error" in test.verdict
    assert test.missing == ROWS - test.known > 0
    assert test.warning == ""  # missing at random


def test_the_line_in_time_wins_where_time_says_it() -> None:
    test = hidden_value_test(WORLD, "events", "in_time", methods=("interpolate",), group="item")
    assert test.best == Fill("in_time", "interpolate")
    assert test.scores[0].within is not None
    assert test.scores[0].within > 0.9


def test_the_iterative_model_wins_where_columns_add_up() -> None:
    test = hidden_value_test(WORLD, "events", "sum", methods=("neighbours", "iterative"), using=("a", "b"))
    assert [s.fill.method for s in test.scores[:2]] == ["iterative", "neighbours"]
    assert test.best == Fill("sum", "iterative", using=("a", "b"))


@pytest.mark.parametrize("seed", range(3))
def test_nothing_wins_on_noise(seed: int) -> None:
    methods: tuple[FillMethod, ...] = ("interpolate", "median", "neighbours", "iterative")
    test = hidden_value_test(WORLD, "events", "noise", methods=methods, group="item", using=("a", "b"), seed=seed)
    assert test.best is None
    assert "No method" in test.verdict
    assert "next to nothing of its own row" in test.verdict


def test_categories_are_judged_by_the_share_right() -> None:
    test = hidden_value_test(WORLD, "events", "kind", using=("a", "b"))
    assert test.kind == "categories"
    assert test.best is not None
    assert test.scores[0].right > 0.9
    coin = hidden_value_test(WORLD, "events", "coin", using=("a", "b"))
    assert coin.best is None
    assert coin.plain == Fill("coin", "mode")
    assert 0.4 < coin.scores[0].right < 0.6


def test_figures_are_those_of_scikit_learn_for_the_fills_that_repairs_use() -> None:
    frame = WORLD.base.sql("SELECT event_no, by_item, kind, item_no FROM events").df().set_index("event_no")
    known = frame.by_item.dropna()
    test = hidden_value_test(WORLD, "events", "by_item", methods=("median",), group="item", share=0.3, seed=5)
    assert test.hidden == test.judged == int(len(known) * 0.3)
    query = Query(
        "SELECT event_no FROM events WHERE by_item IS NOT NULL ORDER BY hash(event_no, 5::BIGINT) LIMIT ?",
        (test.hidden,),
    )
    keys = [int(row["event_no"]) for row in WORLD.rows(query)]
    for score in test.scores:
        said, true = filled(WORLD, score.fill, keys=keys), known[keys].sort_index()
        assert score.error == pytest.approx(mean_absolute_error(true, said))
        assert score.rmse == pytest.approx(root_mean_squared_error(true, said))
        assert score.within == pytest.approx(((said - true).abs() <= 0.1 * true.abs()).mean())
        assert score.against == pytest.approx(score.error / (true - true.mean()).abs().mean())
        assert score.interval[0] < score.error < score.interval[1]
        assert score.answered == len(keys)
    kinds = hidden_value_test(WORLD, "events", "kind", methods=(), share=0.3, seed=5)
    query = Query("SELECT event_no FROM events ORDER BY hash(event_no, 5::BIGINT) LIMIT ?", (kinds.hidden,))
    true = frame.kind[[int(row["event_no"]) for row in WORLD.rows(query)]]
    commonest = frame.kind.drop(true.index).mode().iloc[0]
    assert kinds.scores[0].right == pytest.approx(accuracy_score(true, [commonest] * len(true)))
    assert hidden_value_test(WORLD, "events", "kind", methods=(), share=0.3, seed=6).scores != kinds.scores


def test_missing_values_that_stand_together_are_said() -> None:
    asked = WORLD.asked()
    found = clusters(asked, "events", column_of(asked, "events", "noise"))  # missing for items 1 to 4, and only there
    assert {c.by: round(c.strength, 6) for c in found} == {"item": 1.0, "user": 1.0}
    assert clusters(asked, "events", column_of(asked, "events", "coin")) == ()
    test = hidden_value_test(WORLD, "events", "noise", methods=())
    assert "stand together: they go with 'item' (wholly)" in test.warning
    assert "harder to fill than this test says" in test.warning


def test_too_little_to_hide_and_nothing_to_compare_are_refused() -> None:
    few = World(
        users="SELECT x::INTEGER AS user_no, 'u' AS user_id, x AS age, 'title ' || x AS word FROM range(90) t(x)"
    )
    for column, share, code in (
        ("age", 0.1, "too_few_values"),
        ("age", 0.6, "bad_share"),
        ("word", 0.5, "bad_fill"),
        ("shoe", 0.5, "no_such_column"),
    ):
        with pytest.raises(Refusal) as caught:
            hidden_value_test(few, "users", column, share=share)
        assert caught.value.code == code
    fails = hidden_value_test(few, "users", "age", methods=("neighbours", "interpolate"), share=0.5)
    assert {fill.method for fill, _ in fails.failed} == {"neighbours", "interpolate"}


def test_the_sample_as_a_store(sample_workspace: Path, tmp_path: Path) -> None:
    with Store(copied(sample_workspace, tmp_path)) as store:
        price = hidden_value_test(store, "events", "price", methods=("median",), group="item")
        assert isinstance(price, HiddenTest)
        assert price.best is not None  # a shop's prices hang on its items
        assert price.best.group == "item"
        asked = ask(store, None)
        made = fill_values(asked, Fill("birth_year", "neighbours"), "users", Query(
            "SELECT user_no FROM users WHERE birth_year IS NULL"
        ))  # fmt: skip
        assert not isinstance(made, Query)
        missing = store.rows(Query("SELECT count(*) AS n FROM users WHERE birth_year IS NULL"))[0]["n"]
        assert made.num_rows == missing > 0
        assert made["value"].null_count == 0
