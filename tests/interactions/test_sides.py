"""Titles and attributes beside the matrix: row by row, typed, without ids and without contacts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from core.interactions import Interactions, build, side_of
from core.store import Query, Store
from tests.behaviour.world import CATEGORIES, SHOP, TITLES
from tests.behaviour.world import build as shop_of
from tests.prepared import copied


def test_the_sample_as_pandas_reads_it(sample_workspace: Path, sample: Path, tmp_path: Path) -> None:
    with Store(copied(sample_workspace, tmp_path)) as store:
        x = build(store, needs={"user_side", "item_side"})
        users, items = x.user_side, x.item_side
        assert users is not None
        assert items is not None
        mails = {str(row["value"]) for row in store.rows(Query("SELECT DISTINCT value FROM contact_facts"))}
    assert users.num_rows == x.shape[0]
    assert items.num_rows == x.shape[1]
    assert items.column_names[0] == "title"
    assert {"country", "gender", "birth_year", "loyalty_tier"} <= set(users.column_names)
    assert not {"email", "phone", "consent_email", "user_id", "user_no"} & set(users.column_names)
    text = {str(v) for name in users.column_names for v in users[name].to_pylist()}
    assert mails
    assert not mails & text
    file = pd.read_csv(sample / "items.csv", dtype=str, keep_default_na=False).drop_duplicates("item_id", keep="last")
    told = {str(row["item_id"]): {str(k): str(v) for k, v in row.items()} for row in file.to_dict("records")}
    tags, titles = items["tags"].to_pylist(), items["title"].to_pylist()
    assert pa.types.is_list(items["tags"].type)
    for row in range(0, x.shape[1], 7):
        line = told.get(x.items.raw(row), {"tags": "", "title": ""})
        if line["tags"]:
            assert sorted(tags[row]) == sorted(line["tags"].split("|"))
        if line["title"]:
            assert titles[row] == line["title"].strip()


def test_rows_follow_the_numbers_and_go_to_a_worker_and_back(tmp_path: Path) -> None:
    with shop_of(tmp_path / "shop.duckdb", SHOP, titles=TITLES, categories=CATEGORIES) as store:
        x = build(store, needs={"item_side", "user_side"}, wide=True)
        assert x.item_side is not None
        told = dict(zip(map(x.items.raw, range(len(x.items))), x.item_side["title"].to_pylist(), strict=True))
        assert told == {item: TITLES.get(item) for item in told}
        again = Interactions.from_arrays(x.to_arrays())
        assert again.item_side is not None
        assert again.item_side.equals(x.item_side)
        assert again.user_side is not None
        assert again.user_side.num_rows == x.shape[0]
        some = np.array(
            [row["item_no"] for row in store.rows(Query("SELECT item_no FROM items WHERE item_id <> 'mug'"))]
        )
        assert "A mug" not in side_of(store, "item", np.sort(some))["title"].to_pylist()
        with pytest.raises(ValueError, match="no item has"):
            side_of(store, "item", np.array([10_000]))


def test_what_tells_everybody_apart_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "users.duckdb"
    with Store(path) as store:
        with store.atomic() as w:
            w.run("INSERT INTO users (user_no, user_id) SELECT n, 'u' || n FROM range(400) t(n)")
            for column, value in (
                ("nickname", "'nick ' || user_no"),
                ("town", "'town ' || user_no % 60"),
                ("Title", "CASE WHEN user_no % 2 = 0 THEN 'Dr' END"),
                ("empty", "NULL"),
            ):
                w.run(f"ALTER TABLE users ADD COLUMN {column} VARCHAR")
                w.run(f"UPDATE users SET {column} = {value}")
            w.run("ALTER TABLE users ADD COLUMN points INTEGER")
            w.run("UPDATE users SET points = user_no")
        side = side_of(store, "user", np.arange(400))
        assert side.column_names == ["town", "Title", "empty", "points"]
        assert side["points"].to_pylist() == list(range(400))
        assert pa.types.is_integer(side["points"].type)


def test_a_workspace_without_columns(tmp_path: Path) -> None:
    with shop_of(tmp_path / "bare.duckdb", SHOP) as store:
        x = build(store, needs={"user_side", "item_side"})
        assert x.user_side is not None
        assert x.user_side.num_rows == x.shape[0]
        assert x.item_side is not None
        assert x.item_side["title"].null_count == x.shape[1]
