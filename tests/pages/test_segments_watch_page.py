"""The page Segments without a browser: segments side by side, their overlap, their size over time, who moved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.segments import (
    ByLoyalty,
    Compare,
    Did,
    Last,
    Not,
    Rfm,
    Segment,
    count,
    flows,
    freeze,
    get_segment,
    movement,
    overlap,
    profiles,
    save_segment,
    sizes,
)
from core.store import Store, close_workspace, list_workspaces, open_workspace
from tests.pages.drive import FRAME, settled, words
from tests.segments.people import PEOPLE
from tests.segments.world import prepare, put

TWICE = Segment("Twice", Did("purchase", compare=Compare("at_least", 2)))
BUYERS = Segment("Buyers *all*", Did("purchase"))
LATELY = Segment("Lately", Did("purchase", window=Last(10)))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LIMELIGHT_HOME", str(folder))
    yield folder
    for name in list_workspaces():
        close_workspace(open_workspace(name, create=False))


@pytest.fixture
def shop() -> Store:
    store = open_workspace("shop")
    prepare(store)
    put(store, PEOPLE)
    return store


@pytest.fixture
def three(shop: Store) -> Store:
    for segment in (TWICE, BUYERS, LATELY):
        save_segment(shop, segment)
    return shop


def page(**said: str | list[str]) -> AppTest:
    """The page opened by a link."""
    at = AppTest.from_file(str(FRAME), default_timeout=60)
    at.query_params |= {"ws": "shop", **said}
    at.switch_page("../segments.py").run()
    return settled(at)


def table(at: AppTest, column: str) -> list[dict[str, str]]:
    """The rows of the table that has a column of that name."""
    found = [d.value for d in at.main.dataframe if column in d.value.columns]
    assert found, [list(d.value.columns) for d in at.main.dataframe]
    return [{str(name): str(value) for name, value in row.items()} for row in found[0].to_dict("records")]


def test_side_by_side_shows_each_profile(three: Store) -> None:
    at = page(who="Compare", segments=["Twice", "Buyers *all*"])
    found = profiles(three, (TWICE, BUYERS))
    rows = {row["Figure"]: row for row in table(at, "Figure")}
    for name, one in zip(("Everyone", "Twice", "Buyers *all*"), (found.everyone, *found.segments), strict=True):
        assert rows["Members"][name] == str(one.users)
        assert rows["Repeat rate"][name] == (f"{one.repeat_rate * 100:.1f} %" if one.repeat_rate is not None else "–")
    assert rows["Days since the last order"]["Unit"] == "days, median"
    assert at.main.subheader[-1].value == "Twice", "of the first segment the users are open"
    at.selectbox(key="apart").set_value("Buyers *all*").run()
    assert f"**{found.segments[1].users} users**" in words(at)


def test_an_intersection_opens_is_kept_and_chooses_the_same_users(three: Store) -> None:
    at = page(who="Compare", compare="Overlap", segments=["Twice", "Buyers *all*"], part="Buyers *all*")
    found = overlap(three, (TWICE, BUYERS))
    users = next(one.users for one in found.intersections if one.names == (BUYERS.name,))
    assert f"**{users} users**" in words(at)
    assert "in none of “Twice”" in words(at)
    at.text_input(key="part_name").set_value("Once").run()
    at.button(key="part_save").click().run()
    assert not at.exception
    assert count(three, get_segment(three, "Once").rule) == users == 4
    assert table(settled(at), "Of either")[0]["Both"] == "1"


def test_ready_made_segments_need_none_saved(shop: Store) -> None:
    at = page(who="Compare")
    assert "No segment has been saved yet" in words(at)
    at.button(key="pick_loyalty").click().run()
    settled(at)
    assert len(at.multiselect(key="segments").value) == 6
    rows = {row["Figure"]: row for row in table(at, "Figure")}
    assert sum(int(rows["Members"][name]) for name in rows["Members"] if name.startswith("Loyalty")) == 5
    at.multiselect(key="segments").set_value([]).run()
    assert "No segment has been saved yet" in words(at), "where it began"


def test_a_segment_that_is_gone_leaves_the_others(three: Store) -> None:
    at = page(who="Compare", segments=["Twice", "Nobody knows"])
    assert at.multiselect(key="segments").value == ["Twice"]


def test_sizes_over_time_and_what_stays_constant(three: Store) -> None:
    save_segment(three, Segment("Kept", TWICE.rule))
    freeze(three, "Kept")
    at = page(who="Over time", segments=["Lately", "Kept"], steps="Days", periods="8")
    rows = table(at, "End of")
    points = sizes(three, LATELY, "days", 8)
    assert [row["Lately"].split(" ")[0] for row in rows] == [str(point.users) for point in reversed(points)]
    assert {row["Kept"].split(" ")[0] for row in rows} == {"1"}
    assert "“Kept” stays constant" in words(at)
    at.segmented_control(key="as_share").set_value("Share of users seen").run()
    assert not at.exception
    replaced = Segment("Lately", Did("purchase", window=Last(1)))
    save_segment(three, replaced, replace=True)
    rows = table(settled(at), "End of")
    points = sizes(three, replaced, "days", 8)
    assert [row["Lately"].split(" ")[0] for row in rows] == [str(p.users) for p in reversed(points)], "a new rule"


def test_movement_its_bands_and_its_sums(three: Store) -> None:
    link = {"who": "Over time", "watch": "Movement", "split": "Loyalty stages", "moved_from": "2024-03-21"}
    at = page(**link)
    last = three.as_of()
    assert last is not None
    found = movement(three, ByLoyalty(), datetime(2024, 3, 22), last)
    sums = flows(found)
    metrics = {m.label: m.value for m in at.main.metric}
    assert (metrics["Moved"], metrics["Stayed"], metrics["Not yet seen"]) == tuple(
        str(n) for n in (sums.moved, sums.stayed, sums.new)
    )
    rows = {row["Part"]: row for row in table(at, "Came")}
    assert {part.part or "in none": str(part.now) for part in sums.parts} == {
        name: row["On 1 Apr 2024" if "On 1 Apr 2024" in row else list(row)[-1]] for name, row in rows.items()
    }
    band = next(one for one in found.bands if one.was is not None and one.now is not None)
    at.selectbox(key="was").set_value(band.was).run()
    at.selectbox(key="now").set_value(band.now).run()
    at.text_input(key="band_name").set_value("Movers").run()
    at.button(key="band_save").click().run()
    assert not at.exception
    assert count(three, get_segment(three, "Movers").rule) == band.users
    assert page(**link, was=str(band.was), now=str(band.now)).main.subheader[0].value.replace("\\", "") == (
        f"{band.was} to {band.now}"
    ), "a link opens the same band"


@pytest.mark.parametrize("split", ["RFM", "ABC", "Saved segments"])
def test_every_split_says_what_was_held_fixed(three: Store, split: str) -> None:
    at = page(who="Over time", watch="Movement", split=split)
    assert "“Not yet seen”: no event of any kind by the first date" in words(at)
    assert table(at, "Came")


def test_movement_without_clusters_or_time_between_leads_on(three: Store) -> None:
    at = page(who="Over time", watch="Movement", split="Clusters")
    assert "No clusters have been kept yet" in words(at)
    at.segmented_control(key="split").set_value("Loyalty stages").run()
    at.date_input(key="moved_to").set_value(date(2024, 3, 1)).run()
    at.date_input(key="moved_from").set_value(date(2024, 3, 1)).run()
    assert not at.exception
    assert "Choose an earlier first date" in words(at)


def test_flows_add_up(three: Store) -> None:
    save_segment(three, Segment("Others", Not(Rfm(("Champions",)))))
    sums = flows(movement(three, ByLoyalty(), datetime(2024, 3, 22)))
    assert sums.moved + sums.stayed + sums.apart + sums.new == sums.users == 6
    for part in sums.parts:
        assert part.was == part.stayed + part.lost
        assert part.now == part.stayed + part.gained + part.new
    assert sum(part.now for part in sums.parts) == 6
