"""What holds of every feature table: nothing from after its moment, gaps that say why, names, marks, one JSON form."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refusal
from core.features import FAMILIES, FeatureSpec, features, spec_from_json, target
from core.features.names import distinct, safe
from core.store import Query
from tests.features.small_shop import AS_OF, add, opened, shop
from tests.prepared import new_store


@pytest.mark.parametrize("table", ["users", "items"])
def test_nothing_after_as_of_leaks_in(tmp_path: Path, table: str) -> None:
    tables = shop(5, rows=800, users=12, items=8)
    events = tables["events"]
    before = tables | {"events": events[events.at_utc < pd.Timestamp(AS_OF)]}
    later = events.assign(at_utc=pd.Timestamp(AS_OF) + pd.to_timedelta(range(len(events)), unit="min"))
    later = later.assign(channel="planted", device="planted", weather="planted", value=9e6, rating=99.0, session="x")
    later.loc[later.index % 2 == 0, "event"] = "planted"
    spec = FeatureSpec(table=table, as_of=AS_OF)  # type: ignore[arg-type]
    with opened(tmp_path / "w.duckdb", before) as store:
        clean = features(store, spec)
        add(store, {"users": pd.DataFrame({"user_id": ["late"]}), "items": pd.DataFrame({"item_id": ["late"]})})
        add(store, {"events": later.assign(user_id=later.user_id.where(later.index % 3 > 0, "late"))})
        planted = features(store, spec)
    assert planted.columns == clean.columns
    # spreads and entropies hang on the order in which threads bring their rows, in the last digit
    pd.testing.assert_frame_equal(planted.rows().to_pandas(), clean.rows().to_pandas(), rtol=1e-12, atol=0)


def test_windows_begin_with_the_first_moment_and_end_before_as_of(tmp_path: Path) -> None:
    at = [
        AS_OF - timedelta(days=7),
        AS_OF - timedelta(days=7, microseconds=1),
        AS_OF,
        AS_OF - timedelta(microseconds=1),
    ]
    with new_store(tmp_path / "w.duckdb") as store:
        add(store, {"users": pd.DataFrame({"user_id": ["a"]}), "items": pd.DataFrame({"item_id": ["i"]})})
        rows = pd.DataFrame({"user_id": "a", "item_id": "i", "event": "view", "at_utc": at})
        add(store, {"events": rows})
        found = features(store, FeatureSpec(as_of=AS_OF, windows=(7,))).rows().to_pylist()[0]
        assert (found["views_7d"], found["views_all"]) == (2, 3)
        earlier = features(store, FeatureSpec(as_of=AS_OF - timedelta(days=7), windows=(7,))).rows().to_pylist()[0]
        assert (earlier["views_7d"], earlier["views_all"]) == (1, 1)
        assert found["favourite_category"] is None


def test_orders_of_one_sitting_are_no_pace(tmp_path: Path) -> None:
    """In Online Retail two orders a minute apart made somebody 494,432 times overdue."""
    with new_store(tmp_path / "w.duckdb") as store:
        add(store, {"users": pd.DataFrame({"user_id": ["a", "b"]}), "items": pd.DataFrame({"item_id": ["i"]})})
        at = [AS_OF - timedelta(days=30), AS_OF - timedelta(days=30, minutes=-1)]
        at += [AS_OF - timedelta(days=20), AS_OF - timedelta(days=10)]
        rows = {"user_id": ["a", "a", "b", "b"], "item_id": "i", "event": "purchase", "at_utc": at}
        add(store, {"events": pd.DataFrame(rows | {"order_id": ["1", "2", "3", "4"]})})
        a, b = features(store, FeatureSpec(as_of=AS_OF)).rows().to_pylist()
    assert a["order_gap_mean"] == pytest.approx(1 / 1440)
    assert a["overdue_ratio"] == pytest.approx(30 - 1 / 1440)
    assert b["overdue_ratio"] == 1


def test_without_times_purchases_or_rows_there_are_reasons_and_no_crash(tmp_path: Path) -> None:
    with new_store(tmp_path / "empty.duckdb") as store:
        for table in ("users", "items"):
            for missing in ("leave", "median", "neighbours"):
                empty = features(store, FeatureSpec(table=table, missing=missing))
                assert empty.rows().num_rows == 0
                assert any("No event has a time." in note for note in empty.notes)
    with new_store(tmp_path / "plain.duckdb") as store:
        add(store, {"users": pd.DataFrame({"user_id": ["a", "b"]}), "items": pd.DataFrame({"item_id": ["i"]})})
        add(store, {"events": pd.DataFrame({"user_id": ["a"], "item_id": ["i"], "event": ["view"]})})
        plain = features(store, FeatureSpec(min_events=0))
        a, b = plain.rows().to_pylist()
        assert (a["views_all"], b["views_all"], a["items_all"]) == (1, 0, 1)
        assert a["views_30d"] is None
        assert a["orders_all"] is None
        assert plain.column("views_30d").missing_meaning == "No event has a time."
        assert plain.column("orders_all").missing_meaning == "The data have no purchase before as_of."
        assert plain.column("sessions_all").missing_meaning == "No event names a session."
        assert features(store, FeatureSpec()).rows().num_rows == 1  # b has no event
        assert features(store, FeatureSpec(table="items")).rows().to_pylist()[0]["popularity_rank"] == 1
        with pytest.raises(Refusal, match="No event has a time"):
            target(store, FeatureSpec(), 30)
        with pytest.raises(Refusal, match="has no feature 'views_8d'"):
            plain.column("views_8d")


def test_attributes_and_what_a_repair_filled(tmp_path: Path) -> None:
    tables = shop(6, rows=600, users=10)
    with opened(tmp_path / "w.duckdb", tables) as store:
        with store.atomic() as writer:
            writer.run("INSERT INTO repair_cells SELECT 1, 'users', user_no, 'age' FROM users WHERE user_id = 'u03'")
        table = features(store, FeatureSpec(as_of=AS_OF, families=("demographic",), min_events=0))
    rows = table.rows().to_pandas().set_index("user_id")
    people = tables["users"].set_index("user_id")
    assert list(rows.columns) == [
        "attr_country", "attr_age", "attr_age_filled", "attr_vip", "attr_joined_age_days",
    ]  # fmt: skip
    assert rows.attr_age_filled.tolist() == [u == "u03" for u in rows.index]
    assert rows.attr_age.equals(people.age.rename("attr_age"))
    age: Any = (pd.Timestamp(AS_OF) - pd.to_datetime(people.joined)).dt.total_seconds() / 86_400
    assert rows.attr_joined_age_days.equals(age.where(age >= 0).rename("attr_joined_age_days"))
    assert table.made_of["filled_by_repairs"] == {"age": 1}


@pytest.mark.parametrize("missing", ["median", "neighbours"])
def test_missing_values_are_filled_and_marked(tmp_path: Path, missing: str) -> None:
    with opened(tmp_path / "w.duckdb", shop(7, rows=500, users=30)) as store:
        left = features(store, FeatureSpec(as_of=AS_OF)).rows().to_pandas()
        table = features(store, FeatureSpec(as_of=AS_OF, missing=missing))  # type: ignore[arg-type]
    filled = table.rows().to_pandas()
    checked = 0
    for name in left.columns[1:]:
        gap = left[name].isna()
        if not gap.any() or gap.all():
            continue
        checked += 1
        assert filled[f"{name}_missing"].tolist() == gap.tolist()
        assert filled[name].notna().all()
        pd.testing.assert_series_equal(filled[name][~gap], left[name][~gap], check_dtype=False)
        if missing == "median" and left[name].dtype == "float64":
            assert (filled[name][gap] == left[name].median()).all()
    assert checked > 10


def test_neighbours_against_scikit_learn(tmp_path: Path) -> None:
    import numpy as np
    from sklearn.impute import KNNImputer
    from sklearn.preprocessing import StandardScaler

    with opened(tmp_path / "w.duckdb", shop(8, rows=400, users=25)) as store:
        spec = FeatureSpec(as_of=AS_OF, families=("recency", "value"))
        left = features(store, spec).rows().to_pandas().iloc[:, 1:]
        mine = features(store, FeatureSpec(**{**spec.__dict__, "missing": "neighbours"})).rows().to_pandas()
    left = left.loc[:, left.notna().any()]
    scaler = StandardScaler().fit(left)
    other = scaler.inverse_transform(KNNImputer(n_neighbors=5).fit_transform(scaler.transform(left)))
    assert np.allclose(mine[left.columns].to_numpy(), other)


def test_a_target_needs_enough_days_after(tmp_path: Path) -> None:
    tables = shop(9, rows=900, users=20)
    events = tables["events"]
    with opened(tmp_path / "w.duckdb", tables) as store:
        spec, made = target(store, FeatureSpec(as_of=AS_OF), 30)
        with pytest.raises(Refusal, match=r"There are 40\.0 days of data after .* 60 are needed"):
            target(store, FeatureSpec(as_of=AS_OF), 60)
        latest, _ = target(store, FeatureSpec(), 10)
        with pytest.raises(Refusal, match="no event 'dance'"):
            target(store, FeatureSpec(), 10, "dance")
    until = pd.Timestamp(AS_OF) + pd.Timedelta(days=30)
    buys = events[(events.event == "purchase") & (events.at_utc >= pd.Timestamp(AS_OF)) & (events.at_utc < until)]
    labels = dict(zip(made.ids.to_pylist(), made.values.to_pylist(), strict=True))
    assert {u for u, label in labels.items() if label} == set(buys.user_id.dropna())
    assert spec.as_of == AS_OF
    last = events.at_utc.max()
    assert latest.as_of == datetime(last.year, last.month, last.day) + timedelta(days=1) - timedelta(days=10)


def test_hostile_names_become_safe_ones(tmp_path: Path) -> None:
    tables = shop(10, rows=300, users=6)
    tables["events"]["channel"] = ["'; DROP TABLE events; --", "⟦1|true⟧"] * 150
    with opened(tmp_path / "w.duckdb", tables) as store:
        table = features(store, FeatureSpec(as_of=AS_OF))
        assert store.rows(Query("SELECT count(*) AS n FROM events"))[0]["n"] == 300
    names = [c.name for c in table.columns]
    assert len(set(names)) == len(names)
    assert {"share_channel_drop_table_events", "share_channel_1_true"} <= set(names)
    shares = table.rows().select(["share_channel_drop_table_events", "share_channel_1_true"]).to_pandas()
    assert (shares.sum(axis=1) == 1).all()


@given(st.lists(st.text(max_size=20), unique=True, max_size=12))
def test_names_are_ascii_and_unique(texts: list[str]) -> None:
    names = distinct(texts, frozenset({"other"}))
    assert len(set(names) | {"other"}) == len(texts) + 1
    assert all(name.isascii() and name.replace("_", "a").isalnum() for name in names)
    assert [safe(text) for text in texts] == [safe(text) for text in texts]


@pytest.mark.parametrize(
    "spec",
    [FeatureSpec(), FeatureSpec("items", AS_OF, (1, 400), ("price", "quality"), 3, "median", 5)],
)
def test_a_spec_goes_through_json(spec: FeatureSpec) -> None:
    assert spec_from_json(json.loads(json.dumps(spec.as_json()))) == spec


@pytest.mark.parametrize(
    "raw",
    [{"table": "shops"}, {"windows": [30, 7]}, {"windows": [0]}, {"families": ["price"]}, {"top": 999}, {"x": 1},
     {"missing": "zero"}, {"min_events": -1}, {"as_of": "soon"}, {"windows": 7}],
)  # fmt: skip
def test_a_bad_spec_is_refused(raw: dict) -> None:
    with pytest.raises(Refusal) as refused:
        spec_from_json(raw)
    assert refused.value.code == "bad_spec"


def test_every_family_has_features(tmp_path: Path) -> None:
    with opened(tmp_path / "w.duckdb", shop(11, rows=400, users=8)) as store:
        for table in ("users", "items"):
            found = features(store, FeatureSpec(table=table, as_of=AS_OF))
            assert [*dict.fromkeys(c.family for c in found.columns)] == list(FAMILIES[table])
            types = {"number": pa.float64(), "category": pa.string(), "boolean": pa.bool_()}
            assert [f.type for f in found.rows().schema][1:] == [types[c.type] for c in found.columns]
            assert all(c.definition.endswith((".", "later than usual.")) for c in found.columns)
