"""Mean, median, mode and constant against pandas; what is refused; rows and types."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Refusal
from core.quality import Fill
from core.quality.ask import ask
from core.quality.fill import fill_choices, fill_values
from core.store import Query
from tests.examples import examples
from tests.prepared import new_store
from tests.quality.fill_world import World, filled, table_of

NUMBERS = st.one_of(st.none(), st.integers(-5, 5).map(float), st.floats(-1e6, 1e6, allow_subnormal=False))
ROWS = st.lists(st.tuples(NUMBERS, st.sampled_from(["a", "b", "c", None]), st.booleans()), min_size=1, max_size=40)


@given(ROWS, st.sampled_from(["mean", "median", "mode"]), st.booleans())
@settings(max_examples=examples(15))
def test_figures_are_those_of_pandas_over_the_rows_that_are_not_chosen(
    rows: list[tuple[float | None, str | None, bool]], method: Any, grouped: bool
) -> None:
    frame = pd.DataFrame(rows, columns=["x", "g", "chosen"]).astype({"x": float, "g": object, "chosen": bool})
    frame.insert(0, "event_no", np.arange(len(frame)) + (1 << 40))
    world = World(events=frame)
    keys = frame.event_no[frame.chosen].tolist()
    known = frame[~frame.chosen & frame.x.notna()]
    fill = Fill("x", method, group="g" if grouped else None)
    if known.empty:
        with pytest.raises(Refusal, match="no value in any row"):
            filled(world, fill, keys=keys)
        return

    def figure(values: pd.Series) -> float:  # mode: pandas gives all ties, smallest first
        return float(values.mode().iloc[0] if method == "mode" else values.agg(method))

    overall = figure(known.x)
    of_group = {g: figure(part.x) for g, part in known.groupby("g")} if grouped else {}
    expected = frame[frame.chosen].set_index("event_no").g.map(lambda g: of_group.get(g, overall))
    got = filled(world, fill, keys=keys)
    assert got.index.tolist() == expected.index.tolist()
    np.testing.assert_allclose(got.to_numpy(float), expected.to_numpy(float), rtol=1e-9, atol=1e-9)


def typed() -> World:
    return World(
        users="""
        SELECT * FROM (VALUES
          (1, 'u1', 1::INTEGER, 1.25::DECIMAL(18,4), DATE '2026-01-01', TIMESTAMP '2026-01-01 00:00:00', true, 'b',
           ['x'], TIME '10:00'),
          (2, 'u2', 2, 2.50, DATE '2026-01-04', TIMESTAMP '2026-01-02 00:00:00', true, 'a', ['x'], TIME '10:00'),
          (3, 'u3', 2, 9.99, DATE '2026-01-04', TIMESTAMP '2026-01-02 12:00:00', false, 'b', ['y'], TIME '11:00'),
          (4, 'u4', 6, 1.00, DATE '2026-01-09', TIMESTAMP '2026-01-09 00:00:00', true, 'a', ['y'], TIME '10:00'),
          (5, 'u5', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL))
        t(user_no, user_id, whole, money, day, moment, flag, word, tags, clock)
        """
    )  # fmt: skip


@pytest.mark.parametrize(("column", "method", "value", "expected", "kind"), [
    ("whole", "mean", None, 3, pa.int32()),  # 2.75, and only whole numbers fit
    ("whole", "median", None, 2, pa.int32()),
    ("whole", "mode", None, 2, pa.int32()),
    ("whole", "constant", "7", 7, pa.int32()),
    ("money", "mean", None, Decimal("3.6850"), pa.decimal128(18, 4)),
    ("money", "constant", 0.5, Decimal("0.5000"), pa.decimal128(18, 4)),
    ("day", "mean", None, date(2026, 1, 5), pa.date32()),  # 4.5 days after the first: 3.5 rounds up from the 1st
    ("day", "median", None, date(2026, 1, 4), pa.date32()),
    ("day", "constant", "2026-02-03", date(2026, 2, 3), pa.date32()),
    ("moment", "median", None, datetime(2026, 1, 2, 6), pa.timestamp("us")),
    ("flag", "mode", None, True, pa.bool_()),
    ("flag", "constant", "false", False, pa.bool_()),
    ("word", "mode", None, "a", pa.string()),  # two each: the smaller
    ("word", "constant", 5.0, "5", pa.string()),
    ("clock", "mode", None, datetime(2026, 1, 1, 10).time(), pa.time64("us")),
])  # fmt: skip
def test_values_have_the_type_of_their_column(column: str, method: Any, value: Any, expected: Any, kind: Any) -> None:
    table = table_of(typed(), Fill(column, method, value), "users", Query("SELECT 5"))
    assert table.column("value").to_pylist() == [expected]
    assert table.schema.field("value").type == kind


@pytest.mark.parametrize(("fill", "code"), [
    (Fill("whole", "constant", "many"), "bad_fill"),
    (Fill("whole", "constant", 2.5), "bad_fill"),
    (Fill("whole", "constant", 1e12), "bad_fill"),
    (Fill("money", "constant", "nan"), "bad_fill"),
    (Fill("money", "constant", True), "bad_fill"),
    (Fill("money", "constant"), "bad_fill"),
    (Fill("word", "constant", "  "), "bad_fill"),
    (Fill("day", "constant", "soon"), "bad_fill"),
    (Fill("flag", "constant", "perhaps"), "bad_fill"),
    (Fill("word", "mean"), "bad_fill"),
    (Fill("flag", "median"), "bad_fill"),
    (Fill("money", "interpolate"), "bad_fill"),  # users have no time
    (Fill("tags", "mode"), "bad_fill"),
    (Fill("user_id", "constant", "x"), "bad_fill"),
    (Fill("money", "mean", group="tags"), "bad_fill"),
    (Fill("money", "mean", group="money"), "bad_fill"),
    (Fill("money", "neighbours", group="word"), "bad_fill"),
    (Fill("money", "neighbours", using=("clock",)), "bad_fill"),
    (Fill("money", "neighbours", neighbours=0), "bad_fill"),
    (Fill("money", "iterative", using=("money",)), "bad_fill"),
    (Fill("money", "iterative", using=("nothing",)), "no_such_column"),
    (Fill("nothing", "mean"), "no_such_column"),
    (Fill("money", "mean", group="nothing"), "no_such_column"),
])  # fmt: skip
def test_what_does_not_fit_is_refused_in_words(fill: Fill, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        fill_values(typed().asked(), fill, "users", Query("SELECT 5"))
    assert caught.value.code == code
    assert caught.value.hint


@pytest.mark.parametrize("method", ["mean", "mode", "neighbours", "iterative"])
def test_a_column_without_any_value_is_refused(method: Any) -> None:
    world = World(users="SELECT x::INTEGER AS user_no, 'u' AS user_id, NULL::DOUBLE AS age, x AS z FROM range(9) t(x)")
    with pytest.raises(Refusal) as caught:
        filled(world, Fill("age", method), "users")
    assert caught.value.code == "nothing_known"
    assert fill_choices(world.asked(), "users", "age") == ("constant",)


def test_the_price_of_events_by_item_and_by_category_of_items() -> None:
    world = World(
        events="""SELECT * FROM (VALUES
          (1::BIGINT, 1, 1, 2.0, 10::DECIMAL(18,4)), (2, 1, 1, 1.0, 7), (3, 1, 2, 1.0, 100), (4, 1, 1, 3.0, NULL),
          (5, 1, 3, 2.0, NULL), (6, 1, 4, 0.0, 5), (7, 1, 1, -2.0, -10), (8, 1, NULL, 1.0, NULL))
          t(event_no, user_no, item_no, quantity, value)""",
        items="SELECT * FROM (VALUES (1, 'i1', 'x'), (2, 'i2', 'y'), (3, 'i3', 'y'), (4, 'i4', 'x')) "
        "t(item_no, item_id, category)",
    )  # fmt: skip
    keys = [4, 5, 6, 8]  # price: 5, 7, 100, 5 (a return) are known
    assert filled(world, Fill("price", "median", group="item"), keys=keys).tolist() == [5, 6, 6, 6]
    by_category = filled(world, Fill("price", "median", group="items.category"), keys=keys)
    assert by_category.tolist() == [5, 100, 5, 6]
    assert by_category.tolist() == filled(world, Fill("price", "median", group="category"), keys=keys).tolist()
    with pytest.raises(Refusal, match="missing, so is the other"):
        filled(world, Fill("price", "neighbours", using=("value",)), keys=keys)


def test_outliers_that_are_replaced_take_no_part_nor_do_infinite_values() -> None:
    world = World(
        users="SELECT x::INTEGER AS user_no, 'u' AS user_id, CASE x WHEN 3 THEN 1e9 WHEN 4 THEN 'inf'::DOUBLE "
        "WHEN 5 THEN 'nan'::DOUBLE ELSE x END AS spent FROM range(6) t(x)"
    )
    assert filled(world, Fill("spent", "mean"), "users", [3]).tolist() == [1.0]


def test_a_temp_table_of_a_writer_is_seen(tmp_path: Path) -> None:
    with new_store(tmp_path / "w.duckdb") as store, store.atomic() as writer:
        writer.run("INSERT INTO users SELECT x, 'u' || x FROM range(5) t(x)")
        writer.run("ALTER TABLE users ADD COLUMN age INTEGER")
        writer.run("ALTER TABLE users ADD COLUMN visits DOUBLE")
        writer.run("UPDATE users SET visits = user_no, age = CASE WHEN user_no < 4 THEN user_no * 10 END")
        writer.run("CREATE TEMP TABLE chosen_rows AS SELECT 4 AS key UNION ALL SELECT 4")
        for fill, expected in (
            (Fill("age", "mean"), 15),
            (Fill("age", "mode"), 0),
            (Fill("age", "constant", "33"), 33),
            (Fill("age", "neighbours", neighbours=2), 25),
            (Fill("age", "iterative"), 30),  # never above the values known
        ):
            with writer.repaired():
                made = fill_values(ask(writer, None), fill, "users", "chosen_rows")
                rows = writer.rows(made) if isinstance(made, Query) else made.to_pylist()
            assert rows == [{"key": 4, "value": expected}], fill


def test_what_suits_a_column() -> None:
    world = typed()
    choices = {c: fill_choices(world.asked(), "users", c) for c in world.asked().columns["users"]}
    assert choices["money"] == ("median", "mean", "mode", "neighbours", "iterative", "constant")
    assert choices["word"] == choices["flag"] == ("mode", "neighbours", "iterative", "constant")
    assert choices["clock"] == ("mode", "constant")
    assert choices["tags"] == choices["user_id"] == ()
    titles = World(items="SELECT x::INTEGER AS item_no, 'i' AS item_id, 'title ' || x AS title FROM range(99) t(x)")
    assert fill_choices(titles.asked(), "items", "title") == ("constant",)
    events = World(
        events="SELECT x AS event_no, TIMESTAMP '2026-01-01' AS at_utc, x::DOUBLE AS dwell, 's' AS session "
        "FROM range(9) t(x)"
    )
    assert "interpolate" in fill_choices(events.asked(), "events", "dwell")
    assert fill_choices(events.asked(), "events", "session") == ("constant",)
    assert fill_choices(events.asked(), "events", "user") == ()
