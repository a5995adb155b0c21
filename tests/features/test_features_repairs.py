"""Features see the data as repaired: who is excluded is no row, what is filled is marked, and manifests list why."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd

from core.features import FeatureSpec, features, features_manifest
from core.quality import Exclude, Fill, Repair, Selection, add_repair, listed
from core.store import Store
from tests.features.small_shop import AS_OF, opened, shop
from tests.prepared import copied


def test_what_repairs_fill_is_marked_and_whom_they_exclude_is_gone(tmp_path: Path) -> None:
    tables = shop(14, rows=500, users=12)
    people, events = tables["users"].set_index("user_id"), tables["events"]
    repairs = (
        Repair(Selection.of("missing", table="users", column="country"), Fill("country", "constant", "NL")),
        Repair(Selection.of("missing", table="users", column="age"), Fill("age", "median"), "as agreed"),
        Repair(Selection.of("ids", table="users", ids=("u03", "u07")), Exclude()),
    )
    spec = FeatureSpec(as_of=AS_OF, families=("demographic", "frequency"))
    with opened(tmp_path / "w.duckdb", tables) as store:
        before = features(store, spec).rows().to_pandas().set_index("user_id")
        with store.atomic() as writer:
            for repair in repairs:
                add_repair(writer, repair)
        table = features(store, spec)
        goods = features(store, FeatureSpec("items", AS_OF, families=("popularity",)))
        said = features_manifest(store, table)
        assert said["repairs"] == listed(store)
    assert [each["repair"].get("note", "") for each in said["repairs"]] == ["", "as agreed", ""]
    assert all(each["words"] for each in said["repairs"])
    rows = table.rows().to_pandas().set_index("user_id")
    assert set(before.index) - set(rows.index) == {"u03", "u07"}
    people = people.loc[rows.index]
    assert rows.attr_country.tolist() == people.country.fillna("NL").tolist()
    assert rows.attr_age.tolist() == people.age.fillna(tables["users"].age.median()).tolist()
    for name in ("country", "age"):
        assert rows[f"attr_{name}_filled"].tolist() == people[name].isna().tolist()
        assert said["made_of"]["filled_by_repairs"][name] > 0
    unchanged = [c for c in before if c.startswith(("events_", "orders_"))]
    pd.testing.assert_frame_equal(rows[unchanged], before.loc[rows.index, unchanged])
    kept = events[(events.at_utc < pd.Timestamp(AS_OF)) & ~events.user_id.isin(["u03", "u07"])]
    views = kept[kept.event == "view"].item_id.value_counts()
    assert goods.rows().to_pandas().set_index("item_id").views_all.to_dict() == views.to_dict()


def test_bots_of_the_sample_are_no_users_once_excluded(sample_workspace: Path, sample: Path, tmp_path: Path) -> None:
    with (sample / "truth_users.csv").open(encoding="utf-8") as file:
        roles = {row["user_id"]: row["role"] for row in csv.DictReader(file)}
    spec = FeatureSpec(families=("frequency",), windows=())
    with Store(copied(sample_workspace, tmp_path)) as store:
        before = features(store, spec).rows().to_pandas().set_index("user_id")
        with store.atomic() as writer:
            add_repair(writer, Repair(Selection("bot"), Exclude()))
        after = features(store, spec).rows().to_pandas().set_index("user_id")
    gone = before.index.difference(after.index)
    bots = [user for user in before.index if roles.get(user) == "bot"]
    assert len(bots) > 5
    assert len(set(bots) & set(gone)) >= 0.9 * len(bots)
    assert len(gone) <= len(bots) / 0.9
    pd.testing.assert_frame_equal(after, before.loc[after.index])
