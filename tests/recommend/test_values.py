"""Attributes as yes and no: against pandas, and what careless code would break on."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from core.interactions import Array
from core.recommend.values import MOST_VALUES, values_of


def dense(side: pa.Table) -> tuple[list[str], Array]:
    made = values_of(side, side.num_rows)
    return [f"{column}: {value}" for column, value in made.names], made.matrix.toarray()


def test_texts_lists_and_flags_as_pandas_has_them() -> None:
    rng = np.random.default_rng(1)
    town = [["Berlin", "Köln", "Ulm", None][n] for n in rng.integers(0, 4, 300)]
    tags = [rng.choice(["new", "sale", "eco"], rng.integers(0, 4), replace=False).tolist() for _ in range(300)]
    flag = [bool(v) for v in rng.integers(0, 2, 300)]
    names, matrix = dense(pa.table({"town": town, "tags": pa.array(tags, pa.list_(pa.string())), "new": flag}))
    wanted = pd.concat(
        [
            pd.get_dummies(pd.Series(town), prefix="town", prefix_sep=": "),
            pd.Series(tags).str.join("|").str.get_dummies().add_prefix("tags: "),
            pd.get_dummies(pd.Series(flag).map({True: "yes", False: "no"}), prefix="new", prefix_sep=": "),
        ],
        axis=1,
    )
    assert names == list(wanted.columns)
    np.testing.assert_array_equal(matrix, wanted.to_numpy(dtype=np.float64))


def test_numbers_and_dates_fall_into_bands_of_about_a_fifth() -> None:
    rng = np.random.default_rng(2)
    price, day = rng.gamma(2, 40, 1000), [date.fromordinal(730_000 + int(n)) for n in rng.integers(0, 900, 1000)]
    cost = [Decimal(f"{n}.50") for n in rng.integers(0, 500, 1000)]
    for column in (price, day, cost):
        names, matrix = dense(pa.table({"it": column}))
        assert len(names) == 5
        assert (matrix.sum(axis=1) == 1).all()
        assert 150 <= matrix.sum(axis=0).min() <= matrix.sum(axis=0).max() <= 250
    names, matrix = dense(pa.table({"it": price}))
    edges = np.quantile(price, [0.2, 0.4, 0.6, 0.8], method="higher")
    np.testing.assert_array_equal(matrix.argmax(axis=1), np.digitize(price, edges))
    assert names[0] == f"it: below {edges[0]:g}"


def test_what_is_missing_or_strange_says_nothing() -> None:
    far = [datetime(2020, 1, 1), None, datetime(9999, 12, 31), datetime(1, 1, 1)]
    side = pa.table(
        {
            "empty": pa.nulls(4, pa.string()),
            "nothing": pa.nulls(4),
            "blank": ["", "  ", None, "\x00\x1f"],
            "one": ["same", "same", "same", "same"],
            "number": [float("nan"), float("inf"), -float("inf"), 3.0],
            "far": pa.array(far, pa.timestamp("us")),
            "pair": pa.array([{"a": 1}] * 4),
            "none in it": pa.array([[], None, ["", None], ["x", "x"]], pa.list_(pa.string())),
        }
    )
    names, matrix = dense(side)
    assert [name for name in names if not name.startswith("far")] == [
        "blank: \x00",
        "one: same",
        "number: 3",
        "none in it: x",
    ]
    assert len(names) == 7
    assert matrix.max() == 1
    assert values_of(None, 3).matrix.shape == (3, 0)
    assert values_of(pa.table({"a": ["x"]}).select([]), 3).matrix.shape == (3, 0)
    with pytest.raises(ValueError, match="2 rows are told of"):
        values_of(pa.table({"a": ["x", "y"]}), 3)


def test_the_most_frequent_values_count_and_names_of_everybody_do_not() -> None:
    town = [f"town {n % 350}" for n in range(2000)]
    side = pa.table({"town": town, "nick": [f"nick {n}" for n in range(2000)], "few": [f"f{n}" for n in range(2000)]})
    made = values_of(side, 2000)
    assert made.texts == ("nick", "few")
    assert len(made.names) == MOST_VALUES
    counts = pd.Series(town).value_counts()
    assert (np.asarray(made.matrix.sum(axis=0)).ravel() == counts.max()).all()
    small = pa.table({"nick": [f"nick {n}" for n in range(30)]})
    assert len(values_of(small, 30).names) == 30, "among thirty users nothing is too many"
