"""The view "Alike" of the page Segments without a browser: clusters and look-alikes, from a button to a segment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from core.jobs import runner_for
from core.segments import (
    Clustering,
    ClusterSpec,
    InGroup,
    LookalikeSpec,
    Segment,
    clusters,
    count,
    get_group,
    get_segment,
    keep_clusters,
    keep_lookalikes,
    list_groups,
    lookalikes,
    save_segment,
)
from core.segments.groups import write_group
from core.store import Query, Store, close_workspace, list_workspaces, open_workspace
from tests.behaviour.world import E, build
from tests.pages.drive import opened, settled, words

ITEMS, USERS = 12, 120


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("LIMELIGHT_HOME", str(folder))
    yield folder
    for name in list_workspaces():
        store = open_workspace(name, create=False)
        runner_for(store).close()
        close_workspace(store)


@pytest.fixture
def shop(home: Path) -> Store:
    """Half of the users buys from the left half of the shop, the others from the right; every third is a member."""
    events = [
        E(f"u{u}", f"i{u % 2 * 6 + (u // 2 + n) % 6}", "purchase", f"2025-03-{1 + n + u % 7:02d}", value=2.0)
        for u in range(USERS)
        for n in range(5)
    ]
    categories = {f"i{n}": "left" if n < ITEMS // 2 else "right" for n in range(ITEMS)}
    build(home / "shop.duckdb", events, categories=categories).close()
    return open_workspace("shop", create=False)


def page(view: str = "Clusters", **address: str) -> AppTest:
    at = opened("segments", ws="shop")
    for name, value in address.items():
        at.query_params[name] = value
    at.segmented_control(key="who").set_value("Alike").run()
    if view != "Clusters":
        at.segmented_control(key="alike").set_value(view).run()
    assert not at.exception, at.exception
    return at


def press(at: AppTest, key: str) -> AppTest:
    at.button(key=key).click().run()
    assert not at.exception, at.exception
    return at


def keep(store: Store, name: str = "Tastes") -> Clustering:
    answer, members, model = clusters(store, ClusterSpec(k=2, min_events=1, tried=(2, 3)))
    with store.atomic(data=False) as writer:
        keep_clusters(writer, name, answer, members, model)
    return answer


def test_clusters_from_the_button_to_a_segment(shop: Store) -> None:
    at = page()
    at.number_input(key="clusters_least").set_value(1).run()
    at = settled(press(at, "clusters_find"))
    group = list_groups(shop, "clusters")[0]
    assert group.name.startswith("2 clusters by taste, ")
    assert at.query_params["group"] in (group.name, [group.name])
    assert at.main.subheader[0].value.replace("\\", "") == group.name
    table = at.main.table[0].value
    assert table["Users"].tolist() == ["60", "60"]
    assert table["Cluster"].tolist() == ["**Left**", "**Right**"]
    stored = shop.rows(Query("SELECT * FROM jobs"))
    assert "map_users" not in json.dumps(stored, default=str)  # users' numbers are nobody's business after the job

    at.selectbox(key="cluster").set_value("Left").run()
    at.text_input(key="cluster_save_0_name").set_value("Left-handed").run()
    press(at, "cluster_save_0_save")
    assert get_segment(shop, "Left-handed").rule == InGroup(group.name, (0,))
    assert count(shop, get_segment(shop, "Left-handed").rule) == 60

    press(at, "clusters_delete_do")
    assert "Left-handed" in words(at)
    assert list_groups(shop, "clusters")
    assert "Exactly this" not in words(at)
    press(at, "clusters_find")
    assert "Exactly this has been done" in words(at)
    assert len(list_groups(shop)) == 1


def test_clusters_and_a_kept_group_are_renamed_and_the_segments_follow(shop: Store) -> None:
    keep(shop)
    save_segment(shop, Segment("L", InGroup("Tastes", (0,))))
    at = page()
    at.selectbox(key="cluster").set_value("Left").run()
    at.text_input(key="cluster_name_Tastes_0").set_value("Lefties").run()
    press(at, "cluster_rename_do")
    assert at.selectbox(key="cluster").value == "Lefties"
    assert get_group(shop, "Tastes").parts[0] == "Lefties"
    at.text_input(key="clusters_new_Tastes").set_value("Hands").run()
    press(at, "clusters_rename_do")
    assert at.selectbox(key="alike_clusters").value == "Hands"
    assert get_segment(shop, "L").rule == InGroup("Hands", (0,))


def test_a_link_opens_its_group_and_one_that_is_gone_is_said(shop: Store) -> None:
    keep(shop, "First")
    keep(shop, "Second")
    assert page().selectbox(key="alike_clusters").value == "Second"
    assert page(group="First").selectbox(key="alike_clusters").value == "First"
    assert "“Third”, which is not kept here" in words(page(group="Third"))


def test_new_users_are_assigned_and_the_page_says_how_many(shop: Store) -> None:
    keep(shop)
    with shop.atomic(data=False) as writer:
        writer.run(Query("DELETE FROM grouping_members WHERE user_id IN ('u0', 'u2', 'u4')"))
    at = page()
    assert at.main.table[0].value["Users"].tolist() == ["57", "60"]
    at = press(at, "clusters_assign")
    at = settled(at)
    assert at.main.table[0].value["Users"].tolist() == ["60", "60"]
    assert "3 users came into a cluster" in words(at)


def test_look_alikes_without_a_segment_say_how_to_make_one(shop: Store) -> None:
    at = page("Look-alikes")
    assert "none has been saved yet" in words(at)
    press(at, "lookalikes_to_rule")
    assert at.segmented_control(key="who").value == "Rules"


def seed(store: Store) -> None:
    """Thirty of those who buy on the left."""
    members = pa.table({"user_id": [f"u{n}" for n in range(0, 60, 2)]})
    with store.atomic(data=False) as writer:
        write_group(writer, "A list", "list", members, words="a list", spec={})
    save_segment(store, Segment("Some", InGroup("A list")))


def test_look_alikes_from_the_button_to_a_segment(shop: Store) -> None:
    seed(shop)
    at = page("Look-alikes")
    at = settled(press(at, "lookalikes_find"))
    group = list_groups(shop, "lookalike")[0]
    assert group.name.startswith("Look-alikes of Some, ")
    shown = {m.label: m.value for m in at.main.metric}
    assert shown["Members of the segment"] == "30"
    assert shown["Others to choose from"] == "90"
    assert at.slider(key="closest").value == 30
    at.slider(key="closest").set_value(20).run()
    assert "20 users" in words(at)
    at.text_input(key=f"lookalikes_save_{group.name}_name").set_value("Like some").run()
    press(at, f"lookalikes_save_{group.name}_save")
    assert get_segment(shop, "Like some").rule == InGroup(group.name, closest=20)
    left = shop.rows(Query("SELECT user_id FROM grouping_members WHERE rank <= 20"))
    assert sum(int(row["user_id"][1:]) % 2 == 0 for row in left) >= 18  # nearly all buy on the left


def test_kept_look_alikes_open_again_with_their_warnings_first(shop: Store) -> None:
    seed(shop)
    found = lookalikes(shop, LookalikeSpec("Some", "taste", size=88))
    with shop.atomic(data=False) as writer:
        keep_lookalikes(writer, "Like them", found)
    at = page("Look-alikes", lookalikes="Like them", closest="40")
    assert at.selectbox(key="alike_lookalikes").value == "Like them"
    assert [str(w.value) for w in at.main.warning], "a list of nearly everybody must be warned of"
    press(at, "lookalike_delete_do")
    assert not list_groups(shop, "lookalike")
    assert "has been deleted" in words(at)
