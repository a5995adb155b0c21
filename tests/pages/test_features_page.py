"""The page Features without a browser: the table and its choices, definitions, what tells, one feature, the files."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.features import FAMILIES, FeatureSpec, features, ids_between
from core.jobs import runner_for
from core.progress import no_step
from core.segments import count
from core.store import Store, close_workspace, list_workspaces, open_workspace, workspace_path
from pages._ui import features_away, features_jobs, features_one
from pages._ui.features_ask import Asked
from tests.features import small_shop
from tests.pages.drive import opened, settled, words
from tests.segments.world import World, event, prepare, put

TABS = ("Table", "What they mean", "Which of them tell something", "One feature", "Take it away")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LIMELIGHT_HOME", str(folder))
    yield folder
    for name in list_workspaces():
        close_workspace(open_workspace(name, create=False))


@pytest.fixture
def shop(home: Path) -> Store:
    path = workspace_path("shop")
    path.parent.mkdir(parents=True, exist_ok=True)
    small_shop.opened(path, small_shop.shop()).close()
    return open_workspace("shop", create=False)


def small(*events: dict[str, object]) -> Store:
    store = open_workspace("shop")
    prepare(store)
    put(store, World(events=tuple(events)))
    return store


def page(tab: str = "Table", **address: str) -> AppTest:
    """The page at a tab; what is chosen by the address."""
    at = opened("home", ws="shop")
    for name, value in {"show": tab, **address}.items():
        at.query_params[name] = value
    at.switch_page("../features.py").run()
    return settled(at)


def metric(at: AppTest, label: str) -> str:
    return next(str(m.value) for m in at.main.metric if m.label == label)


def test_table_and_choices(shop: Store) -> None:
    at = page()
    made = features(shop, FeatureSpec())
    assert metric(at, "Users") == f"{made.rows().num_rows:,}"
    assert metric(at, "Features") == f"{len(made.columns):,}"
    shown = at.main.dataframe[0].value
    assert list(shown.columns) == made.rows().column_names
    assert shown["user_id"].tolist() == made.rows().column("user_id").to_pylist()
    at.selectbox(key="sort_by").set_value("orders_all").run()
    shown = at.main.dataframe[0].value
    assert shown.columns[1] == "orders_all"
    assert shown["orders_all"].is_monotonic_decreasing
    assert len(runner_for(shop).jobs()) == 1, "the same table is not made twice"

    at.segmented_control(key="of").set_value("Items").run()
    at = settled(at)
    assert metric(at, "Items") == str(features(shop, FeatureSpec(table="items")).rows().num_rows)
    at.multiselect(key="families_items").set_value(["popularity"]).run()
    at.text_input(key="windows").set_value("14 ; 5").run()
    at = settled(at)
    names = list(at.main.dataframe[0].value.columns)
    assert {"item_id", "views_5d", "views_14d", "views_all"} <= set(names)
    assert not [name for name in names if name.startswith(("share_", "attr_")) or name.endswith("_30d")]
    at.text_input(key="windows").set_value("a week").run()
    assert "“a week” is not a list of days" in words(at)


def test_filled_values_are_counted_and_said(shop: Store) -> None:
    at = page(missing="Middle value, marked")
    made = features(shop, FeatureSpec(missing="median"))
    assert metric(at, "Features") == str(len(made.columns))
    assert metric(at, "With a value missing") == "0"
    assert "Shaded values were filled in" in words(at)


def test_what_they_mean(shop: Store) -> None:
    at = page("What they mean")
    made = features(shop, FeatureSpec())
    tables = at.main.table
    rows = pd.concat([t.value for t in tables])
    told = [name.replace("*", "").replace("\\", "") for name in rows["Feature"]]
    assert told == [column.name for column in made.columns], "every column is defined, in the table's order"
    assert not rows["Definition"].str.contains("as_of").any()
    found = at.text_input(key="find_feature").set_value("weekend").run()
    assert len(found.main.table) == 1
    found.text_input(key="find_feature").set_value("no such word").run()
    assert "No feature has “no such word”" in words(found)


def test_which_tell_something(shop: Store) -> None:
    at = page("Which of them tell something", tell_most="3", tell_days="20")
    assert "20 days earlier" in words(at)
    at.button(key="tell").click().run()
    at = settled(at)
    table = at.main.table[0].value
    assert len(table) == 3
    assert "of the users bought in the 20 days after" in words(at)
    assert "tells most" in words(at)
    assert "left out, and why" in " ".join(e.label for e in at.main.expander)
    at.date_input(key="up_to").set_value(shop.as_of().date()).run()  # type: ignore[union-attr]
    last = at.date_input(key="up_to").value
    assert isinstance(last, date)
    at.date_input(key="up_to").set_value(last - pd.Timedelta(days=3)).run()
    at = settled(at)
    assert "3 days of data, but 20 are needed" in words(at)
    at.segmented_control(key="tell_users").set_value("One of the features").run()
    at.selectbox(key="tell_feature").set_value("orders_all").run()
    at.button(key="tell").click().run()
    at = settled(at)
    assert len(at.main.table[0].value) == 3


def test_one_feature_and_its_people(shop: Store) -> None:
    at = page("One feature", feature="orders_all")
    made = features(shop, FeatureSpec())
    orders = made.rows().column("orders_all").to_pandas()
    assert metric(at, "Half have at most") == f"{orders.median():g}"
    people = (orders >= orders.quantile(0.75)).sum()
    assert f"**{people} users** with orders_all" in words(at)
    assert [b.key for b in at.main.button if b.key == "feature_rule"]
    at.selectbox(key="feature").set_value("attr_country").run()
    assert "have no value" in words(at)
    assert (
        f"**{(made.rows().column('attr_country').to_pandas() == at.multiselect[-1].value[0]).sum()} users**"
        in words(at)
    )


def test_a_segment_is_offered_only_where_it_chooses_the_same(shop: Store) -> None:
    made = features(shop, FeatureSpec())
    asked = Asked(FeatureSpec(), date(2026, 7, 1), date(2026, 7, 1))
    said = 0
    for column in made.columns:
        rule = features_one._rule(asked, column.name, 1, 3)
        if rule is not None:
            said += 1
            assert count(shop, rule) == len(ids_between(made, column.name, 1, 3)), column.name
    assert said == 25, "orders, views, carts, events and days, in four windows and ever"
    assert features_one._rule(asked, "orders_all", 0, 3) is None


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_files_and_their_definitions(shop: Store, tmp_path: Path, form: str) -> None:
    made = features(shop, FeatureSpec(table="items"))
    out = tmp_path / "out"
    features_away._both(shop, made, f"features-items.{form}", form, out, no_step)
    with zipfile.ZipFile(out) as packed:
        assert packed.namelist() == [f"features-items.{form}", f"features-items.{form}.json"]
        packed.extractall(tmp_path)
    table = tmp_path / f"features-items.{form}"
    read = pd.read_csv(table) if form == "csv" else pd.read_parquet(table)
    told = json.loads((tmp_path / f"features-items.{form}.json").read_text("utf-8"))
    assert len(read) == made.rows().num_rows == told["rows"]
    assert list(read.columns) == ["item_id", *(column["name"] for column in told["columns"])]
    assert all(column["definition"] and column["family"] in FAMILIES["items"] for column in told["columns"])
    assert told["file"] == f"features-items.{form}"
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.endswith(".part")) == []


def test_no_users() -> None:
    small(event(None, "view", "2026-01-01", item="a"), event(None, "purchase", "2026-01-02", item="a", value=3))
    at = page()
    assert "No event names a user" in words(at)
    at.segmented_control(key="of").set_value("Items").run()
    assert metric(settled(at), "Items") == "1"


def test_no_times_and_no_purchases() -> None:
    small(*(event(f"u{n}", "view", item=f"i{n % 5}") for n in range(30)))
    at = page("Which of them tell something")
    assert "No event has a time, so nothing says who bought next" in words(at)
    assert metric(at, "Data up to") == "–"


def test_no_purchases() -> None:
    small(*(event(f"u{n}", "view", "2026-01-01", item=f"i{n % 5}") for n in range(30)))
    at = page("Which of them tell something")
    assert "The data have no purchases up to this day" in words(at)
    for tab in TABS:
        assert not page(tab).exception


def test_what_is_kept_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features_jobs, "_kept", type(features_jobs._kept)())
    monkeypatch.setattr(features_jobs, "_MOST_BYTES", 100)
    for n, size in enumerate((60, 30, 20, 500)):
        features_jobs._keep(f"k{n}", n, size)
        assert features_jobs._look(f"k{n}") == n, "the last one stays, however large"
    assert [features_jobs._look(f"k{n}") for n in range(4)] == [None, None, None, 3]
