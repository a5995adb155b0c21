"""Choosing features: bits against scikit-learn, copies and constants left out, planted truths found."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import mutual_info_score

from core.errors import Refusal
from core.features import FeatureSpec, FeatureTable, Target, features, select, write_features
from core.features.mutual import classes, information
from core.features.scan import feature
from core.store import Store
from tests.features.small_shop import AS_OF, opened, shop
from tests.prepared import copied


def _table(**columns: pa.Array) -> FeatureTable:
    rows = len(next(iter(columns.values())))
    kinds = {pa.float64(): "number", pa.string(): "category", pa.bool_(): "boolean"}
    made = tuple(feature(n, "value", "", f"{n}.", type=kinds[c.type]) for n, c in columns.items())  # type: ignore[arg-type]
    ids = pa.array([f"u{n}" for n in range(rows)])
    return FeatureTable(FeatureSpec(), made, pa.table([ids, *columns.values()], names=["user_id", *columns]))


def test_bits_against_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    x = classes(pa.array(rng.normal(size=4_000)))
    y = (x + rng.integers(0, 4, 4_000)) // 4
    joint = np.histogram2d(x, y, bins=(x.max() + 1, y.max() + 1))[0]
    chance = ((joint > 0).sum() - 8 - (joint.sum(axis=0) > 0).sum() + 1) / 8_000 / np.log(2)
    assert np.isclose(information(joint), mutual_info_score(x, y) / np.log(2) - chance)
    noise = np.histogram2d(x, rng.integers(0, 5, 4_000), bins=(8, 5))[0]
    assert information(noise) < 0.004
    assert classes(pa.array([1.0, None, 2.0, 2.0])).tolist() == [0, 2, 1, 1]
    assert classes(pa.array(["b", None, "a", "b"])).tolist() == [0, 2, 1, 0]


def test_what_tells_most_and_not_twice_is_chosen() -> None:
    rng = np.random.default_rng(2)
    n = 3_000
    strong, second, noise = rng.normal(size=n), rng.normal(size=n), rng.normal(size=n)
    goal = strong + 0.7 * second + 0.3 * rng.normal(size=n) > 0
    table = _table(
        noise=pa.array(noise),
        strong=pa.array(strong),
        near_copy=pa.array(strong + 0.05 * rng.normal(size=n)),
        copy=pa.array(strong),
        second=pa.array(np.where(rng.random(n) < 0.1, np.nan, second), from_pandas=True),
        same=pa.array(np.ones(n)),
        empty=pa.nulls(n, pa.float64()),
        goal=pa.array(goal),
    )
    choice = select(table, "goal", k=2)
    assert [c.name for c in choice.chosen] == ["strong", "second"]
    assert choice.chosen[0].stability > 0.5
    assert dict(choice.left_out) == {
        "copy": "It has the same values as strong.",
        "same": "It is the same for all rows, or nearly all.",
        "empty": "No row has a value.",
    }
    assert 0.99 < choice.target_bits <= 1
    assert choice == select(table, "goal", k=2)
    assert "noise" not in [c.name for c in select(table, "goal", k=3).chosen[:2]]
    for bad, code in (("same", "bad_target"), ("empty", "too_few_rows"), ("nothing", "no_such_feature")):
        with pytest.raises(Refusal) as refused:
            select(table, bad)
        assert refused.value.code == code


def test_attributes_foretell_later_days_only_if_let_in_and_with_a_warning() -> None:
    rng = np.random.default_rng(3)
    n = 1_000
    buys = rng.random(n) < 0.4
    names = ["attr_tier", "attr_tier_filled", "attr_joined_age_days", "orders", "same"]
    families = ["demographic"] * 3 + ["frequency"] * 2
    made = tuple(feature(name, family, "", f"{name}.") for name, family in zip(names, families, strict=True))
    cells = [buys + 0.1 * rng.normal(size=n), rng.normal(size=n), rng.normal(size=n), buys + rng.normal(size=n)]
    ids = pa.array([f"u{k}" for k in range(n)])
    told = pa.table([ids, *(pa.array(c) for c in cells), pa.array(np.ones(n))], names=["user_id", *names])
    table = FeatureTable(FeatureSpec(as_of=AS_OF), made, told)
    later = Target("buys", "Buys.", ids, pa.array(buys))
    choice = select(table, later, k=3, rounds=2)
    assert [c.name for c in choice.chosen] == ["orders"]
    why = "Known only as of the last load; it may have been set after 2026-06-01 00:00 (UTC)."
    assert {name: text for name, text in choice.left_out if text == why} == dict.fromkeys(names[:3], why)
    assert " 1 feature was left out: constant" in choice.statement
    assert "3 attributes were left out too: known only as of the last load." in choice.statement
    assert choice.warnings == ()
    let_in = select(table, later, k=2, rounds=2, attributes=True)
    assert let_in.chosen[0].name == "attr_tier"
    assert let_in.warnings == (f"attr_tier: {why}",)
    assert "attributes were" not in let_in.statement
    # a feature of the table is of the same moment as they are
    assert select(table, "orders", k=1, rounds=2).chosen[0].name == "attr_tier"
    only = FeatureTable(table.spec, made[:3], told.select([0, 1, 2, 3]))
    with pytest.raises(Refusal, match="None of 3 features can be chosen") as refused:
        select(only, later)
    assert "let the attributes in" in str(refused.value.hint)


def test_the_sample_tells_loyal_from_one_off(sample_workspace: Path, sample: Path, tmp_path: Path) -> None:
    with (sample / "truth_users.csv").open(encoding="utf-8") as file:
        roles = {row["user_id"]: row["role"] for row in csv.DictReader(file)}
    with Store(copied(sample_workspace, tmp_path)) as store:
        table = features(store, FeatureSpec(families=("frequency", "rhythm", "tenure")))
    rows = table.rows().to_pandas().set_index("user_id")
    rows["role"] = rows.index.map(roles)
    loyal, once, lapsing, new = (rows[rows.role == role] for role in ("loyal", "one-off", "lapsing", "new"))
    assert 38 * 0.7 < loyal.order_gap_mean.median() < 50 * 1.2  # mean days between orders, as planted
    assert once.orders_all.median() == 1
    assert once.order_gap_mean.isna().mean() > 0.9
    assert lapsing.overdue_ratio.median() > 2 > loyal.overdue_ratio.median()
    assert new.tenure_days.max() < 90
    told = FeatureTable(
        table.spec,
        (*table.columns, feature("loyal", "rhythm", "", "Loyal.", type="boolean")),
        table.rows().append_column("loyal", pa.array([roles.get(u) == "loyal" for u in rows.index])),
    )
    best = select(told, "loyal", k=3, rounds=5).chosen[0]
    assert best.name.startswith(("orders_", "order_gap"))
    assert best.stability >= 0.6


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_files_hold_the_table_and_its_definitions(tmp_path: Path, form: str) -> None:
    tables = shop(12, rows=400, users=8)
    tables["users"].loc[:3, "country"] = "=1+1"
    with opened(tmp_path / "w.duckdb", tables) as store:
        table = features(store, FeatureSpec(as_of=AS_OF))
        file = tmp_path / f"f.{form}"
        file.write_text("old")
        sidecar = write_features(store, table, file)
        with pytest.raises(Refusal, match="workspace itself"):
            write_features(store, table, store.path)
        with pytest.raises(Refusal, match="does not exist"):
            write_features(store, table, tmp_path / "no" / "f.csv")
        assert list(store.exports.iterdir()) == []
    said = json.loads(sidecar.read_text("utf-8"))
    assert [c["name"] for c in said["columns"]] == table.rows().column_names[1:]
    assert said["as_of"] == "2026-06-01T00:00:00"
    assert len(said["digest"]) == 64
    assert said["repairs"] == []
    if form == "parquet":
        read = pq.read_table(file)
        assert read.cast(table.rows().schema).equals(table.rows())
        assert read.schema.field("orders_all").metadata[b"unit"] == b"orders"
        return
    with file.open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    for row, mine in zip(rows, table.rows().to_pylist(), strict=True):
        for name, value in mine.items():
            if value is None:
                assert row[name] == ""
            elif isinstance(value, float):
                assert float(row[name]) == value
            elif isinstance(value, bool):
                assert row[name] == str(value).lower()
            else:
                assert row[name] == ("'=1+1" if value == "=1+1" else value)
    assert any(row["attr_country"] == "'=1+1" for row in rows)
